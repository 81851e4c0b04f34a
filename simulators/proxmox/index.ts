import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { keptCertificate } from '../support/certificate.ts'
import { faultBox } from '../support/faults.ts'
import type { FaultBox } from '../support/faults.ts'
import { persisted } from '../support/persist.ts'
import { serve } from '../support/server.ts'
import type { RunningServer, SimReply, SimRequest } from '../support/server.ts'
import { calls } from './calls.ts'
import { consoleDoor } from './console/door.ts'
import type { ConsoleDoor } from './console/door.ts'
import { noProxmoxFaults } from './faults.ts'
import type { ProxmoxFaults } from './faults.ts'
import { machinePages } from './pages.ts'
import { verifyParameters } from './parameters.ts'
import { data, refusal, Refusal } from './replies.ts'
import { freshState } from './state.ts'
import type { ProxmoxState, SimToken } from './state.ts'
import { taskRunner } from './tasks.ts'
import type { TaskRunner } from './task-runner.ts'

export interface ProxmoxOptions {
  /** 0 (the default) takes a free port. */
  readonly port?: number
  /** Keeps state and certificate here; without it everything is in memory. */
  readonly dataDir?: string
  /** A point release of 8 or 9; only for a fresh state. */
  readonly version?: string
  /** How slow tasks are: 1 as a quick real node, 0 (the default) finished before the answer. Also scales the three seconds of a refused log-in. */
  readonly delayFactor?: number
  /** Every task takes exactly so long, whatever it does. */
  readonly taskSeconds?: number
  /** HTTPS with a self-signed certificate, unless false. */
  readonly tls?: boolean
  /** Whether refusals repeat the status text in the body, as since January 2025 (the default). */
  readonly messageInBody?: boolean
  readonly now?: () => number
}
export interface ProxmoxSimulator extends RunningServer {
  readonly faults: FaultBox<ProxmoxFaults>
  /** The data centre itself: tests look at it and change it. */
  readonly state: ProxmoxState
  readonly tasks: TaskRunner
  /** Screens of machines, and who looks at them. */
  readonly consoles: ConsoleDoor
  /** Pages for people under `/proxmox`; null for every other address. Served by the control server: this one's certificate is unknown to browsers. */
  readonly pages: (request: SimRequest) => SimReply | null
  /** SHA-256 of the certificate, `AA:BB:…`; null over plain HTTP. */
  readonly fingerprint: string | null
  /** The certificate as PEM, as a CA to trust; null over plain HTTP. */
  readonly caPem: string | null
  /** With all rights that a connection needs; the other tokens stand in `state.tokens`. */
  readonly token: { readonly id: string, readonly secret: string }
  /** Every call that was answered or carried out, `METHOD /path` without the base, newest last (bounded). */
  readonly journal: string[]
}

const routes = Object.keys(calls).map((call) => {
  const [method = '', path = ''] = call.split(' ')
  const names: string[] = []
  const pattern = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    names.push(name)
    // Volume ids and networks hold slashes; nothing else does.
    return name === 'volume' || name === 'cidr' ? '(.+)' : '([^/]+)'
  })
  return { call, method, names, pattern: new RegExp(`^${pattern}$`) }
})
const base = '/api2/json'

/** A Proxmox VE cluster on loopback: its wire protocol, its tasks, its refusals, its state. */
export async function startProxmoxSimulator(options: ProxmoxOptions = {}): Promise<ProxmoxSimulator> {
  const now = options.now ?? Date.now
  const delayFactor = options.delayFactor ?? 0
  const certificate = options.tls === false ? null : keptCertificate(options.dataDir, 'pve-jkt1.simulator.test')
  const store = persisted(options.dataDir ? join(options.dataDir, 'proxmox.json') : undefined, () => freshState({ version: options.version ?? '9.2.3', now: now(), secrets: Boolean(options.dataDir) }))
  const { state } = store
  // A state that was kept before there were any.
  state.backups ??= []
  store.touch()
  const faults = faultBox(noProxmoxFaults)
  const tasks = taskRunner(store, { delayFactor, now, faults, ...(options.taskSeconds === undefined ? {} : { taskSeconds: options.taskSeconds }) })
  const journal: string[] = []

  const authenticate = (header: string | undefined): SimToken => {
    if (!header) throw new Refusal(401, 'No ticket')
    const [, id, secret] = /^PVEAPIToken[= ]([^=]+)=(.+)$/.exec(header) ?? []
    if (!id) throw new Refusal(401, 'No ticket')
    const token = state.tokens.find(t => t.id === id)
    if (!token) throw new Refusal(401, `no such token '${id.split('!')[1] ?? ''}' for user '${id.split('!')[0]}'`)
    if (token.secret !== secret) throw new Refusal(401, 'invalid token value!')
    return token
  }

  const consoles = consoleDoor({ state, now, authenticate })
  const parameters = (request: SimRequest): Record<string, string> => {
    if (request.headers['transfer-encoding']) throw new Refusal(501, 'chunked transfer encoding not supported')
    if (request.method === 'DELETE' && request.body.length > 0) throw new Refusal(501, 'Unexpected content for method \'DELETE\'')
    const query = Object.fromEntries(request.url.searchParams)
    if (request.body.length === 0 || request.method === 'GET') return query
    if (request.body.length > 512 * 1024) throw new Refusal(501, 'for data too large')
    const type = request.headers['content-type'] ?? ''
    if (type.startsWith('application/json')) return { ...query, ...Object.fromEntries(Object.entries(JSON.parse(request.body.toString()) as Record<string, unknown>).map(([key, value]) => [key, typeof value === 'boolean' ? String(Number(value)) : String(value)])) }
    if (!type.startsWith('application/x-www-form-urlencoded')) throw new Refusal(501, `unsupported content type '${type}'`)
    return { ...query, ...Object.fromEntries(new URLSearchParams(request.body.toString())) }
  }

  const answer = (request: SimRequest): unknown => {
    const token = authenticate(request.headers.authorization)
    const path = request.path.slice(base.length)
    const route = routes.find(r => r.method === request.method && r.pattern.test(path))
    if (!request.path.startsWith(base) || !route) throw new Refusal(501, `Method '${request.method} ${path}' not implemented`)
    const found = route.pattern.exec(path)
    const parts: Record<string, string> = { ...Object.fromEntries(route.names.map((name, i) => [name, decodeURIComponent(found?.[i + 1] ?? '')])), guest: /^\w+ \/nodes\/\{node\}\/lxc/.test(route.call) ? 'lxc' : 'qemu' }
    const node = state.nodes.find(n => n.name === parts.node)
    if (node && !node.online) throw new Refusal(595, 'No route to host')
    const params = parameters(request)
    const definition = calls[route.call]
    if (!definition) throw new Refusal(501, `Method '${request.method} ${path}' not implemented`)
    const [where, ...privileges] = definition.needs ?? ['/']
    const missing = privileges.filter(privilege => !token.privileges.includes(privilege))
    if (missing.length) throw new Refusal(403, `Permission check failed (${where.replace(/\{(\w+)\}/g, (_, name: string) => parts[name] ?? '')}, ${missing.join('|')})`)
    const errors = verifyParameters(route.call, params)
    if (parts.vmid && !(Number(parts.vmid) >= 100)) errors.vmid = 'value must have a minimum value of 100'
    if (Object.keys(errors).length) throw new Refusal(400, 'Parameter verification failed.', errors)
    journal.push(`${request.method} ${path}`)
    if (journal.length > 50_000) journal.shift()
    return definition.handle({ state, tasks, consoles, faults, token, now: now(), changed: store.touch, path: parts, params })
  }

  const handler = async (request: SimRequest): Promise<SimReply> => {
    try {
      return data(answer(request))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      if (error.status === 401) await pause(3000 * delayFactor, undefined, { ref: false })
      return refusal(error, options.messageInBody ?? true)
    }
  }
  const server = await serve({ port: options.port ?? 0, ...(certificate ? { tls: certificate } : {}), faults: faults.current, handler, upgrade: consoles.upgrade, refuse: () => refusal(new Refusal(faults.current.failStatus, faults.current.failMessage || 'Simulated fault'), options.messageInBody ?? true) })
  const full = state.tokens.find(t => t.id === 'gardu@pve!gardu') ?? state.tokens[0]
  if (!full) throw new Error('the simulator has no token')
  return {
    ...server, faults, state, tasks, consoles, journal, pages: machinePages({ state, tasks, faults, now, changed: store.touch }), fingerprint: certificate?.fingerprint ?? null, caPem: certificate?.cert ?? null, token: { id: full.id, secret: full.secret },
    async close() {
      tasks.close()
      consoles.close()
      await server.close()
    },
  }
}
