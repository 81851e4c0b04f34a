import { join } from 'node:path'
import { keptCertificate } from '../support/certificate.ts'
import { faultBox } from '../support/faults.ts'
import type { FaultBox } from '../support/faults.ts'
import { persisted } from '../support/persist.ts'
import { json, serve } from '../support/server.ts'
import type { RunningServer, SimReply, SimRequest } from '../support/server.ts'
import { backupCalls } from './backups.ts'
import { calls as accountCalls, Refusal } from './calls.ts'
import { noWhmFaults } from './faults.ts'
import type { WhmFaults } from './faults.ts'
import { packageCalls } from './packages.ts'
import { serverPages } from './pages.ts'
import { freshState } from './state.ts'
import type { SimToken, WhmState } from './state.ts'
import { webCalls } from './web.ts'

export interface WhmOptions { /** 0 (the default) takes a free port. */ readonly port?: number, /** Keeps state and certificate here; without it everything is in memory. */ readonly dataDir?: string, /** HTTPS with a self-signed certificate, unless false. */ readonly tls?: boolean, readonly now?: () => number }
export interface WhmSimulator extends RunningServer {
  readonly faults: FaultBox<WhmFaults>
  /** The server itself: tests look at it and change it. */
  readonly state: WhmState
  /** Pages for people under `/whm`; null for every other address. */
  readonly pages: (request: SimRequest) => SimReply | null
  readonly fingerprint: string | null
  readonly caPem: string | null
  /** With all rights that a connection needs; the other tokens stand in `state.tokens`. */
  readonly token: { readonly id: string, readonly secret: string }
  /** Every call that was answered or carried out, `METHOD name`, newest last (bounded). */
  readonly journal: string[]
}

const calls = { ...accountCalls, ...packageCalls, ...webCalls, ...backupCalls }
const denied = (): SimReply => json(403, { cpanelresult: { apiversion: '2', error: 'Access denied', data: { reason: 'Access denied', result: '0' }, type: 'text' } })

/** A WHM server on loopback, speaking API 1: its tokens and rights, packages, accounts, its way to fail with status 200. */
export async function startWhmSimulator(options: WhmOptions = {}): Promise<WhmSimulator> {
  const now = options.now ?? Date.now
  const certificate = options.tls === false ? null : keptCertificate(options.dataDir && join(options.dataDir, 'whm'), 'web1.simulator.test')
  const store = persisted(options.dataDir ? join(options.dataDir, 'whm.json') : undefined, () => freshState({ now: now(), secrets: Boolean(options.dataDir) }))
  const { state } = store
  store.touch()
  const faults = faultBox(noWhmFaults)
  const journal: string[] = []

  const answer = (command: string, result: 0 | 1, reason: string, data: unknown = {}): SimReply => {
    const flag = (value: unknown) => faults.current.stringFlags && (value === 0 || value === 1) ? String(value) : value
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ metadata: { command, version: 1, result, reason }, data }, (key, value: unknown) => key === 'version' ? value : flag(value)) }
  }
  const tokenOf = (request: SimRequest): SimToken | undefined => {
    const [, user, secret] = /^whm ([^:]+):(.+)$/.exec(request.headers.authorization ?? '') ?? []
    return state.tokens.find(token => token.user === user && token.secret === secret)
  }

  const handler = (request: SimRequest): SimReply => {
    const token = tokenOf(request)
    if (!token) return denied()
    const command = /^\/json-api\/([a-z_]+)$/.exec(request.path)?.[1] ?? ''
    const params = { ...Object.fromEntries(request.url.searchParams), ...(request.method === 'POST' ? Object.fromEntries(new URLSearchParams(request.body.toString())) : {}) }
    const definition = calls[command]
    // Without it the answer would have the layout of API 0, which nobody here reads.
    if (params['api.version'] !== '1') return json(200, { data: { result: '0', reason: 'API 0 is not simulated: send api.version=1' } })
    if (!definition) return answer(command, 0, `Unknown app “${command}” requested.`)
    const may = definition.acl === null || token.acls.includes('all') || token.acls.includes(definition.acl)
    if (!may) return faults.current.denyByStatus ? denied() : answer(command, 0, `Permission denied: ${command} needs the privilege ${definition.acl}.`)
    journal.push(`${request.method} ${command}`)
    if (journal.length > 50_000) journal.shift()
    const { refuseCalls, refuseReason, lieAbout } = faults.current
    if (refuseCalls && new RegExp(refuseCalls).test(command)) return answer(command, 0, refuseReason)
    try {
      const data = definition.handle({ state, token, params, now: now(), lie: lieAbout !== '' && new RegExp(lieAbout).test(command) })
      store.touch()
      return answer(command, 1, definition.reason ?? 'OK', data)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return answer(command, 0, error.message)
    }
  }
  const server = await serve({ port: options.port ?? 0, ...(certificate ? { tls: certificate } : {}), faults: faults.current, handler, refuse: () => json(faults.current.failStatus, {}) })
  const [full] = state.tokens
  if (!full) throw new Error('the simulator has no token')
  return {
    ...server, faults, state, journal, fingerprint: certificate?.fingerprint ?? null, caPem: certificate?.cert ?? null, token: { id: full.user, secret: full.secret },
    pages: serverPages({ state, faults, now, changed: store.touch }),
    async close() {
      store.flush()
      await server.close()
    },
  }
}
