import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chownSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from 'node:tls'

/** The system components that the tests use for real, and how a person gets them. */
export const components = {
  postgresql: { packages: ['postgresql'], find: () => globSync('/usr/lib/postgresql/*/bin/initdb').sort().at(-1)?.replace(/initdb$/, '') ?? null, hint: 'PostgreSQL 15 or newer (Debian: apt-get install postgresql)' },
  redis: { packages: ['redis-server'], find: () => onPath('redis-server'), hint: 'Redis 7 or newer (Debian: apt-get install redis-server)' },
  vcsim: { packages: ['golang-go', 'golang-github-vmware-govmomi-dev'], find: () => existsSync('/usr/share/gocode/src/github.com/vmware/govmomi/simulator') ? onPath('go') : null, hint: 'Go and VMware\'s simulator (Debian: apt-get install golang-go golang-github-vmware-govmomi-dev)' },
  qemu: { packages: ['qemu-system-x86'], find: () => onPath('qemu-system-x86_64'), hint: 'QEMU (Debian: apt-get install --no-install-recommends qemu-system-x86)' },
  pdns: { packages: ['pdns-server', 'pdns-backend-sqlite3', 'sqlite3'], find: () => globSync('/usr/lib/*/pdns/libgsqlite3backend.so').length > 0 && onPath('sqlite3') ? onPath('pdns_server') ?? (existsSync('/usr/sbin/pdns_server') ? '/usr/sbin/pdns_server' : null) : null, hint: 'PowerDNS Authoritative Server (Debian: apt-get install --no-install-recommends pdns-server pdns-backend-sqlite3 sqlite3)' },
  proxmoxer: { packages: ['python3-proxmoxer', 'python3-requests'], find: () => spawnSync('/usr/bin/python3', ['-c', 'import proxmoxer, requests']).status === 0 ? '/usr/bin/python3' : null, hint: 'proxmoxer (Debian: apt-get install python3-proxmoxer python3-requests)' },
  chromium: { packages: ['chromium', 'fonts-liberation'], find: () => onPath('chromium') ?? onPath('chromium-browser') ?? onPath('google-chrome'), hint: 'Chromium (Debian: apt-get install chromium fonts-liberation)' },
} as const
export type ComponentName = keyof typeof components

function onPath(name: string): string | null {
  const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' })
  return found.status === 0 ? found.stdout.trim() : null
}

export const freePort = (): Promise<number> => new Promise((resolve, reject) => {
  const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resolve(port))
  })
})

/** Debian starts what it installs, on the ports where the world would look for it: here nothing is started but by a test. */
function withoutDaemons(install: () => void): void {
  const policy = '/usr/sbin/policy-rc.d'
  const mine = !existsSync(policy)
  if (mine) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    install()
  } finally {
    if (mine) rmSync(policy, { force: true })
  }
}

/** On Debian as root a missing component is installed; elsewhere it is left out, by name. Answers where each one is. */
export function findComponents(say: (line: string) => void): Record<ComponentName, string | null> {
  const names = Object.keys(components) as ComponentName[]
  const missing = names.filter(name => !components[name].find())
  if (missing.length > 0 && existsSync('/etc/debian_version') && process.getuid?.() === 0) {
    const packages = missing.flatMap(name => components[name].packages)
    say(`installing ${packages.join(' ')} …`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' })
    withoutDaemons(() => execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env, stdio: 'ignore' }))
  }
  const found = Object.fromEntries(names.map(name => [name, components[name].find()])) as Record<ComponentName, string | null>
  for (const name of names) if (!found[name]) say(`left out: what needs ${components[name].hint}`)
  return found
}

export interface Running { readonly url: string, stop(): Promise<void> }

/** A server that can be lost for a while, for tests of what then happens. */
export interface Interruptible extends Running {
  /** Ends as in a crash: every connection is cut, nothing is tidied up. */
  halt(): void
  /** Is there again, at the same address, with everything that was committed. */
  resume(): void
}

/**
 * A PostgreSQL cluster of its own in a temporary folder, on loopback, gone afterwards. As root it runs as the system user `postgres`.
 * `durable`: a commit waits for the disk, as in production; tests need not.
 */
export async function startPostgres(bin: string, { durable = false }: { readonly durable?: boolean } = {}): Promise<Interruptible> {
  const folder = mkdtempSync(join(tmpdir(), 'gardu-postgres-'))
  const port = await freePort()
  const root = process.getuid?.() === 0
  if (root) {
    const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
    chownSync(folder, id('-u'), id('-g'))
  }
  const run = (command: string, args: string[]) => root ? spawnSync('runuser', ['-u', 'postgres', '--', join(bin, command), ...args], { encoding: 'utf8' }) : spawnSync(join(bin, command), args, { encoding: 'utf8' })
  const data = join(folder, 'data')
  const made = run('initdb', ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8'])
  if (made.status !== 0) throw new Error(made.stderr)
  const resume = () => {
    const started = run('pg_ctl', ['-D', data, '-w', '-l', join(folder, 'log'), '-o', `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=${durable ? 'on' : 'off'} -c max_connections=300`, 'start'])
    if (started.status !== 0) throw new Error(`${started.stdout}${started.stderr}`)
  }
  const halt = () => void run('pg_ctl', ['-D', data, '-m', 'immediate', 'stop'])
  resume()
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`, halt, resume,
    async stop() {
      halt()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A Redis of its own on loopback that keeps nothing; `at`: a port where one was before. */
export async function startRedis(command: string, at?: number): Promise<Running> {
  const port = at ?? await freePort()
  const child = spawn(command, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: ['ignore', 'pipe', 'ignore'] })
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', chunk => String(chunk).includes('Ready to accept connections') && resolve())
    child.once('exit', code => reject(new Error(`redis-server ended with ${code}`)))
  })
  return {
    url: `redis://127.0.0.1:${port}/0`,
    async stop() {
      child.removeAllListeners('exit')
      child.kill('SIGTERM')
      for (let i = 0; i < 100 && child.exitCode === null && child.signalCode === null; i++) await pause(20)
    },
  }
}

/** VMware's simulator, built once per version of its launcher and kept under `.data`. `go`: the command that builds it. */
export function buildVcsim(go: string, say: (line: string) => void): string {
  const source = 'simulators/vcsim/main.go'
  const folder = join('.data', 'vcsim')
  const binary = join(folder, createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16))
  if (existsSync(binary)) return resolve(binary)
  say(`building ${source} …`)
  mkdirSync(folder, { recursive: true })
  // Under another name until it is whole: who is interrupted leaves nothing that looks built.
  const unfinished = `${binary}.${process.pid}`
  execFileSync(go, ['build', '-o', unfinished, source], { env: { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '', GOCACHE: resolve(folder, 'cache') }, stdio: ['ignore', 'ignore', 'inherit'] })
  renameSync(unfinished, binary)
  return resolve(binary)
}

export interface Vcsim extends Running { readonly username: string, readonly password: string, /** SHA-256 of the certificate that it made for itself, with colons. */ readonly fingerprint: string }

/** Of the certificate that is shown there, whoever signed it. */
const fingerprintOf = (host: string): Promise<string> => new Promise((resolve, reject) => {
  const [name, port] = host.split(':')
  const socket = connect({ host: name, port: Number(port), rejectUnauthorized: false }, () => {
    resolve(socket.getPeerCertificate().fingerprint256)
    socket.destroy()
  }).once('error', reject)
})

/** A vCenter or a stand-alone ESXi of vcsim, on loopback with TLS; its inventory is gone afterwards. `port` 0: any. */
export async function startVcsim(binary: string, mode: 'vcenter' | 'esxi', { port = 0, template = 'debian-12', screens }: { readonly port?: number, readonly template?: string, /** Where tickets for screens lead: `host:port`, and the SHA-1 of the certificate there. */ readonly screens?: { readonly at: string, readonly sha1: string } } = {}): Promise<Vcsim> {
  const username = 'gardu'
  const password = 'vcsim-password'
  // It ends by itself when its input ends, so that it does not outlive whoever started it.
  const child = spawn(binary, [...(mode === 'esxi' ? ['-esx'] : []), '-l', `127.0.0.1:${port}`, '-username', username, '-password', password, '-template', template, ...(screens ? ['-webmks', screens.at, '-thumbprint', screens.sha1] : [])], { stdio: ['pipe', 'pipe', 'ignore'] })
  const host = await new Promise<string>((ready, reject) => {
    let said = ''
    child.stdout.on('data', (chunk) => {
      said += String(chunk)
      const found = /READY (\S+)/.exec(said)?.[1]
      if (found) ready(found)
    })
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`vcsim ended with ${code}`)))
  })
  return {
    url: `https://${host}`, username, password, fingerprint: await fingerprintOf(host),
    async stop() {
      child.removeAllListeners('exit')
      child.kill('SIGTERM')
      for (let i = 0; i < 100 && child.exitCode === null && child.signalCode === null; i++) await pause(20)
    },
  }
}

export interface PowerDns extends Running { /** Where it answers as a name server. */ readonly dnsPort: number, readonly apiKey: string }

/** A PowerDNS Authoritative Server of its own on loopback, with an empty SQLite database that is gone afterwards. `at`: the port of its API, where one was before. */
export async function startPowerDns(command: string, at?: number): Promise<PowerDns> {
  const folder = mkdtempSync(join(tmpdir(), 'gardu-pdns-'))
  const [port, dnsPort] = [at ?? await freePort(), await freePort()]
  const database = join(folder, 'zones.sqlite')
  const schema = ['/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql', '/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql'].find(path => existsSync(path))
  if (!schema) throw new Error('the schema of pdns-backend-sqlite3 is missing')
  execFileSync('sqlite3', [database], { input: readFileSync(schema) })
  const apiKey = 'pdns-api-key-of-a-test'
  const settings = {
    'launch': 'gsqlite3', 'gsqlite3-database': database, 'local-address': '127.0.0.1', 'local-port': dnsPort, 'socket-dir': folder, 'daemon': 'no', 'guardian': 'no', 'disable-syslog': 'yes', 'security-poll-suffix': '',
    'webserver': 'yes', 'webserver-address': '127.0.0.1', 'webserver-port': port, 'webserver-allow-from': '127.0.0.1', 'api': 'yes', 'api-key': apiKey, 'cache-ttl': 0, 'query-cache-ttl': 0, 'negquery-cache-ttl': 0, 'zone-cache-refresh-interval': 0,
  }
  const child = spawn(command, [`--config-dir=${folder}`, ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', chunk => said = `${said}${String(chunk)}`.slice(-4000))
  const url = `http://127.0.0.1:${port}`
  const answers = () => fetch(`${url}/api/v1/servers/localhost`, { headers: { 'x-api-key': apiKey } }).then(reply => reply.ok, () => false)
  for (let i = 0; !await answers(); i++) {
    if (child.exitCode !== null || i > 500) throw new Error(`pdns_server did not start: ${said}`)
    await pause(20)
  }
  return {
    url, dnsPort, apiKey,
    async stop() {
      child.kill('SIGTERM')
      for (let i = 0; i < 150 && child.exitCode === null && child.signalCode === null; i++) await pause(20)
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
