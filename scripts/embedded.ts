import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lockFolder } from '#db/folder-lock.ts'

/**
 * The environment of the embedded modes (development, demo): everything on this machine, nothing to set up. Secrets are made at the first
 * start and kept in `<data>/secrets.json`, readable by the owner alone. What the caller's environment sets already stays.
 */
export function embeddedEnvironment(options: { readonly dataDir: string, readonly port: number, readonly host: string, readonly simulators: SimulatorAddresses }): Record<string, string> {
  mkdirSync(options.dataDir, { recursive: true })
  const file = join(options.dataDir, 'secrets.json')
  const fresh = () => ({ JWT_SECRET: randomBytes(48).toString('base64url'), NUXT_SESSION_PASSWORD: randomBytes(48).toString('base64url'), ENCRYPTION_KEY: randomBytes(32).toString('base64') })
  if (!existsSync(file)) {
    writeFileSync(file, JSON.stringify(fresh(), null, 2))
    chmodSync(file, 0o600)
  }
  const secrets = JSON.parse(readFileSync(file, 'utf8')) as ReturnType<typeof fresh>
  const { simulators } = options
  return {
    GARDU_MODE: 'embedded', GARDU_DEMO: '1', GARDU_DATA_DIR: options.dataDir, GARDU_BASE_URL: `http://${options.host === '0.0.0.0' ? 'localhost' : options.host}:${options.port}`,
    PORT: String(options.port), HOST: options.host, NITRO_PORT: String(options.port), NITRO_HOST: options.host, ...secrets,
    SMTP_URL: `smtp://127.0.0.1:${simulators.smtp}`, MIDTRANS_API_URL: `http://127.0.0.1:${simulators.midtrans}`, MIDTRANS_SNAP_URL: `http://127.0.0.1:${simulators.midtrans}`, MIDTRANS_SERVER_KEY: 'SB-Mid-server-simulator', RDAP_BOOTSTRAP_URL: `http://127.0.0.1:${simulators.rdap}/dns.json`,
    GARDU_WEBHOOK_ALLOW: `127.0.0.1:${simulators.relay}`, XENDIT_API_URL: `http://127.0.0.1:${simulators.xendit}`, XENDIT_SECRET_KEY: 'xnd_development_simulator', XENDIT_CALLBACK_TOKEN: 'simulator-callback-token-0001',
  }
}

/** Starts a Node program that ends when we do, however that is. */
export const spawnBound = (args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess => spawn(process.execPath, ['--import', new URL('end-with-parent.ts', import.meta.url).href, ...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env })

/** Waits until nobody uses this data any more: a server whose starter was killed needs some seconds to end. @throws FolderInUse */
export async function awaitFreeData(dataDir: string): Promise<void> {
  const lock = await lockFolder(join(dataDir, 'database'), { onWait: holder => console.log(`Waiting for ${holder}, which still uses ${dataDir} …`) })
  lock.release()
}

/** Loopback ports of the simulators; one after the other from a base that `GARDU_SIMULATOR_PORT` may move. */
export interface SimulatorAddresses { readonly control: number, readonly proxmox: number, readonly midtrans: number, readonly rdap: number, readonly smtp: number, readonly xendit: number, readonly relay: number, readonly whm: number, readonly powerdns: number }
export const simulatorAddresses = (base = Number(process.env.GARDU_SIMULATOR_PORT ?? 4400)): SimulatorAddresses => ({ control: base, proxmox: base + 1, midtrans: base + 2, rdap: base + 3, smtp: base + 4, xendit: base + 5, relay: base + 6, whm: base + 7, powerdns: base + 8 })

/**
 * Starts all simulators and waits until they listen. `environment` hands the server what it needs to use the simulated cluster.
 * @throws when they cannot start; their own words are on stderr.
 */
export async function startSimulators(options: { readonly dataDir: string, readonly simulators: SimulatorAddresses, readonly app: string, readonly started?: (child: ChildProcess) => void }): Promise<{ child: ChildProcess, environment: Record<string, string> }> {
  const dataDir = join(options.dataDir, 'simulators')
  const child = spawn(process.execPath, ['simulators/main.ts', '--data', dataDir, '--base-port', String(options.simulators.control), '--app', options.app, '--delay', process.env.GARDU_SIMULATOR_DELAY ?? '0.5'], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  options.started?.(child)
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('close', code => reject(new Error(`The simulators ended with ${code}.`)))
  })
  const { proxmox, whm, powerdns } = JSON.parse(readFileSync(join(dataDir, 'simulators.json'), 'utf8')) as { proxmox: object, whm: object, powerdns: object }
  return { child, environment: { GARDU_DEMO_PROXMOX: JSON.stringify(proxmox), GARDU_DEMO_WHM: JSON.stringify(whm), GARDU_DEMO_POWERDNS: JSON.stringify(powerdns) } }
}
