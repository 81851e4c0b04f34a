import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { awaitFreeData, embeddedEnvironment, simulatorAddresses, spawnBound, startSimulators } from './embedded.ts'

/** `npm run demo`: builds if needed, then runs the whole product on this machine with everything embedded. `-- --reset` starts afresh. */
const port = Number(process.env.PORT ?? 3000)
const host = process.env.HOST ?? 'localhost'
// One address family for the server and for the simulators that call it: `localhost` may mean either.
const bind = host === 'localhost' ? '127.0.0.1' : host
const reachable = bind === '0.0.0.0' || bind === '::' ? '127.0.0.1' : bind
const dataDir = process.env.GARDU_DATA_DIR ?? '.data/demo'
const simulators = simulatorAddresses()
const server = '.output/server/index.mjs'
const children: ChildProcess[] = []
let stopping = false

const say = (text: string) => console.log(text)
function fail(text: string): never {
  console.error(`\n${text}`)
  for (const child of children) child.kill('SIGKILL')
  process.exit(1)
}

const free = (candidate: number, address: string) => new Promise<boolean>((resolve) => {
  const probe = createServer().once('error', () => resolve(false)).listen(candidate, address, () => probe.close(() => resolve(true)))
})

const sources = ['app.vue', 'error.vue', 'app.config.ts', 'nuxt.config.ts', 'package-lock.json', 'assets', 'components', 'composables', 'db', 'i18n', 'layouts', 'middleware', 'pages', 'plugins', 'public', 'server', 'shared']
function newest(path: string): number {
  if (!existsSync(path)) return 0
  const { mtimeMs } = statSync(path)
  return statSync(path).isDirectory() ? Math.max(0, ...readdirSync(path).map(name => newest(join(path, name)))) : mtimeMs
}
const upToDate = () => existsSync(server) && existsSync('.output/nitro.json') && statSync('.output/nitro.json').mtimeMs >= Math.max(...sources.map(newest))

/** Runs the build, showing that it goes on; its own words only if it fails. */
async function build(): Promise<void> {
  const started = performance.now()
  const tty = process.stdout.isTTY
  say('Building Gardu (the first time takes about a minute) …')
  const child = spawn(process.execPath, ['node_modules/nuxt/bin/nuxt.mjs', 'build'], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_ENV: 'production' } })
  children.push(child)
  const output: string[] = []
  let stage = 'preparing'
  const read = (chunk: Buffer) => {
    const text = chunk.toString()
    output.push(text)
    if (/Building client/i.test(text)) stage = 'pages for the browser'
    if (/Building server/i.test(text)) stage = 'pages for the server'
    if (/Building Nuxt Nitro|nitro.*building/i.test(text)) stage = 'the server'
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  let shown = ''
  const tick = setInterval(() => {
    const seconds = Math.round((performance.now() - started) / 1000)
    if (tty) process.stdout.write(`\r  ${stage} … ${seconds} s   `)
    else if (shown !== stage || seconds % 15 === 0) say(`  ${shown = stage} … ${seconds} s`)
  }, 1000)
  const code = await new Promise<number | null>(resolve => child.on('close', resolve))
  clearInterval(tick)
  children.splice(children.indexOf(child), 1)
  if (stopping) process.exit(0)
  if (code !== 0) fail(`The build failed:\n${output.join('').slice(-6000)}`)
  say(`${tty ? '\r' : ''}  built in ${Math.round((performance.now() - started) / 1000)} s          `)
}

function startServer(simulated: Record<string, string>): ChildProcess {
  const child = spawnBound([server], {
    ...process.env, GARDU_LOG_LEVEL: process.env.GARDU_LOG_LEVEL ?? 'warn', NODE_ENV: 'production', NITRO_SHUTDOWN_TIMEOUT: '8000', ...embeddedEnvironment({ dataDir, port, host, simulators }), HOST: bind, NITRO_HOST: bind, ...simulated,
  })
  children.push(child)
  return child
}

const isReady = () => fetch(`http://${reachable}:${port}/ready`, { signal: AbortSignal.timeout(5_000) }).then(reply => reply.ok, () => false)

const ended = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : new Promise<void>(resolve => child.once('close', () => resolve()))
/** The server first, so that what it still has to say is heard; then the simulators, whose state is written. */
async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  say('\nStopping …')
  for (const child of [...children].reverse()) {
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), 15_000)
    await ended(child)
    clearTimeout(late)
  }
  say('Stopped. Your data is kept; `npm run demo -- --reset` starts afresh.')
  process.exit(0)
}
process.on('SIGINT', stop)
process.on('SIGTERM', stop)

await awaitFreeData(dataDir).catch((error: Error) => fail(error.message))
if (!await free(port, bind)) fail(`Port ${port} is taken. Stop what uses it, or choose another: PORT=3001 npm run demo`)
for (const taken of Object.values(simulators)) if (!await free(taken, '127.0.0.1')) fail(`Port ${taken}, which a simulator needs, is taken. Choose another eight: GARDU_SIMULATOR_PORT=4500 npm run demo`)
if (process.argv.includes('--reset')) {
  rmSync(dataDir, { recursive: true, force: true })
  say(`Starting afresh: ${dataDir} was emptied.`)
}
if (!upToDate()) await build()
say('Starting the simulators …')
const { environment } = await startSimulators({ dataDir, simulators, app: `http://${reachable}:${port}`, started: child => children.push(child) }).catch((error: Error) => fail(error.message))
say('Starting Gardu …')
const started = performance.now()
const app = startServer(environment)
for (const child of children) child.once('close', (code) => {
  if (!stopping) fail(child === app ? `Gardu ended unexpectedly (${code}).` : `The simulators ended unexpectedly (${code}).`)
})
while (!stopping && !await isReady()) {
  if (performance.now() - started > 120_000) fail('Gardu was not ready after two minutes.')
  await pause(150)
}
if (!stopping) {
  const shown = `http://${host === '0.0.0.0' || host === '::' ? 'localhost' : host}:${port}`
  say(`
Gardu is ready (${((performance.now() - started) / 1000).toFixed(1)} s):  ${shown}

  Accounts (password Gardu-demo-2026)
    client@demo.gardu.test     buys and uses services      ${shown}/portal
    sysadmin@demo.gardu.test   hypervisors, plans, machines ${shown}/admin
    business@demo.gardu.test   prices and promo codes
    finance@demo.gardu.test    invoices and payments
    owner@demo.gardu.test      everything

  Simulators                   http://127.0.0.1:${simulators.control}
    payments (Midtrans)        http://127.0.0.1:${simulators.midtrans}
    payments (Xendit)          http://127.0.0.1:${simulators.xendit}
    hypervisor (Proxmox VE)    http://127.0.0.1:${simulators.control}/proxmox
    hosting server (WHM)       http://127.0.0.1:${simulators.control}/whm
    name server (PowerDNS)     http://127.0.0.1:${simulators.powerdns}
    sent mail                  http://127.0.0.1:${simulators.control}/inbox
    registry (RDAP)            http://127.0.0.1:${simulators.rdap}
    WhatsApp relay (webhooks)  http://127.0.0.1:${simulators.relay}

Ctrl-C stops everything; your data stays in ${dataDir}.`)
}
