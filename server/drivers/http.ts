import { promises as dns } from 'node:dns'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { BlockList, connect as connectTcp, isIP } from 'node:net'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import axios from 'axios'
import type { AxiosResponse } from 'axios'
import { DriverError } from '#shared/errors/driver-error.ts'

/** How the remote proves who it is: a public CA, the operator's own CA, or exactly one certificate (SHA-256, `AA:BB:…`). */
export type TlsTrust = { readonly mode: 'system' } | { readonly mode: 'ca', readonly caPem: string } | { readonly mode: 'fingerprint', readonly fingerprint: string } | { readonly mode: 'thumbprint', readonly sha1: string }

export type Resolve = (host: string) => Promise<string>

export interface HttpClientOptions {
  /** Names the remote in messages: `Proxmox`, `Midtrans`. */
  readonly name: string
  /** Scheme, host, port and an optional path prefix, without a trailing slash. */
  readonly baseUrl: string
  readonly tls?: TlsTrust
  /** The address that a host is spoken to at; asked for each connection. Default: `resolveHost`. @throws ConnectFailure */
  readonly resolve?: Resolve
  /** Sent with every request; may carry credentials. */
  readonly headers?: Readonly<Record<string, string>>
  /** Values that must not appear in any message, whatever the remote echoes. */
  readonly secrets?: readonly string[]
  /** DNS, TCP and TLS together. Default 5 s. */
  readonly connectMilliseconds?: number
  /** The whole request, connecting included. Default 15 s. */
  readonly totalMilliseconds?: number
  /** Redirects followed by reads; for clients without credentials only. Default 0. */
  readonly redirects?: number
  /** Greater answers are refused. Default 8 MiB. */
  readonly maxBytes?: number
  /** How often a read is sent again after a broken connection. Default 2. */
  readonly readRetries?: number
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** A request that changes nothing although its method is not GET (SOAP asks by POST): sent again after a broken connection, never an unknown outcome. */
  readonly safe?: boolean
  /** Begins with `/`; segments are encoded by the caller. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>>
  readonly json?: unknown
  /** Sent as it is, with the `content-type` of `headers`. */
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly totalMilliseconds?: number
  /** The caller stops waiting; a write then has an unknown outcome. */
  readonly signal?: AbortSignal
}

/** Any status: what it means is the driver's business. `statusText` is kept: some remotes put their message only there. */
export interface HttpReply { readonly status: number, readonly statusText: string, readonly headers: Readonly<Record<string, string>>, readonly body: string }

export interface HttpClient {
  /**
   * Sends one request and answers whatever status came.
   * @throws DriverError `retryable`: nothing was sent (DNS, connection refused, connect time-out), or a read broke off;
   * `action_required`: the certificate is not the trusted one (nothing was sent); `unknown_outcome`: a write was sent and no answer came.
   */
  request(request: HttpRequest): Promise<HttpReply>
  /** Takes the secrets out of a text. */
  redact(text: string): string
  /** Closes idle connections. */
  close(): void
}

/** Where no request of ours may go: link-local networks and the metadata services of clouds. Private networks are allowed, hypervisors live there. */
const forbidden = new BlockList()
forbidden.addSubnet('169.254.0.0', 16, 'ipv4')
forbidden.addAddress('100.100.100.200', 'ipv4')
forbidden.addAddress('192.0.0.192', 'ipv4')
forbidden.addSubnet('0.0.0.0', 8, 'ipv4')
forbidden.addSubnet('224.0.0.0', 4, 'ipv4')
forbidden.addSubnet('fe80::', 10, 'ipv6')
forbidden.addAddress('fd00:ec2::254', 'ipv6')
forbidden.addSubnet('ff00::', 8, 'ipv6')
forbidden.addAddress('::', 'ipv6')

/** Refuses link-local and metadata addresses, also when a name resolves to one. */
export const isForbiddenAddress = (address: string): boolean => forbidden.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** A failure before the first byte of the request: it certainly did not happen. */
export class ConnectFailure extends Error {
  readonly step: 'dns' | 'tcp' | 'tls'
  /** The certificate that the remote showed, when there was one. */
  readonly fingerprint: string | undefined
  constructor(step: 'dns' | 'tcp' | 'tls', message: string, options: { cause?: unknown, fingerprint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ConnectFailure'
    this.step = step
    this.fingerprint = options.fingerprint
  }
}

const said = (error: unknown): string => error instanceof Error ? (error as NodeJS.ErrnoException).code ?? error.message : String(error)

/** The first address of a host that may be spoken to. @throws ConnectFailure */
export async function resolveHost(host: string): Promise<string> {
  const found = isIP(host)
    ? [{ address: host }]
    : await dns.lookup(host, { all: true }).catch((error: unknown) => {
        throw new ConnectFailure('dns', `the name ${host} cannot be resolved (${said(error)})`, { cause: error })
      })
  const address = found.find(entry => !isForbiddenAddress(entry.address))?.address
  if (!address || found.some(entry => isForbiddenAddress(entry.address))) throw new ConnectFailure('dns', `${host} is a link-local or metadata address, which is refused`)
  return address
}

/** @throws ConnectFailure */
export function openTcp(address: string, port: number, milliseconds: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: address, port, noDelay: true, keepAlive: true })
    const fail = (error: unknown) => {
      clearTimeout(timer)
      socket.destroy()
      reject(new ConnectFailure('tcp', `no connection to ${address} port ${port} (${said(error)})`, { cause: error }))
    }
    const timer = setTimeout(() => fail(new Error(`no answer within ${milliseconds} ms`)), milliseconds)
    socket.once('error', fail)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', fail)
      resolve(socket)
    })
  })
}

function tlsOptions(trust: TlsTrust, host: string): ConnectionOptions {
  const common: ConnectionOptions = { minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'], ...(isIP(host) ? {} : { servername: host }) }
  switch (trust.mode) {
    case 'system': return common
    case 'ca': return { ...common, ca: trust.caPem }
    // The chain says nothing here: the certificate itself is compared, before the socket is handed to a request.
    case 'fingerprint': case 'thumbprint': return { ...common, rejectUnauthorized: false }
  }
}

/** TLS over an open connection; resolves only when the certificate is the trusted one. @throws ConnectFailure with the fingerprint that was shown */
export function secure(socket: Socket, host: string, trust: TlsTrust, milliseconds: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    let tls: TLSSocket
    const fail = (message: string, cause?: unknown) => {
      clearTimeout(timer)
      const shown = tls?.getPeerCertificate()?.fingerprint256
      socket.destroy()
      reject(new ConnectFailure('tls', message, { ...(cause === undefined ? {} : { cause }), ...(shown ? { fingerprint: shown } : {}) }))
    }
    const timer = setTimeout(() => fail(`TLS with ${host} was not agreed within ${milliseconds} ms`), milliseconds)
    try {
      tls = connectTls({ ...tlsOptions(trust, host), socket, host })
    } catch (error) {
      fail(`TLS with ${host} is not possible: ${error instanceof Error ? error.message : String(error)}`, error)
      return
    }
    const onError = (error: Error) => fail(`the certificate or TLS of ${host} was refused: ${error.message}`, error)
    tls.once('error', onError)
    tls.once('secureConnect', () => {
      const { fingerprint256: shown, fingerprint: sha1 } = tls.getPeerCertificate()
      if ((trust.mode === 'fingerprint' && shown !== trust.fingerprint.toUpperCase()) || (trust.mode === 'thumbprint' && sha1 !== trust.sha1)) {
        fail(`the certificate of ${host} is not the pinned one: it shows ${shown ?? 'none'}`)
        return
      }
      clearTimeout(timer)
      tls.off('error', onError)
      resolve(tls)
    })
  })
}

/** The certificate that a server shows, trusted or not: only looked at, nothing is sent over this connection. @throws ConnectFailure */
export async function shownCertificate(address: string, port: number, host: string, milliseconds: number): Promise<{ readonly fingerprint: string, readonly subject: string, readonly validTo: string }> {
  const socket = await openTcp(address, port, milliseconds)
  return new Promise((resolve, reject) => {
    const tls = connectTls({ socket, host, rejectUnauthorized: false, ...(isIP(host) ? {} : { servername: host }) })
    const end = (error?: Error) => {
      clearTimeout(timer)
      const shown = error ? null : tls.getPeerCertificate()
      socket.destroy()
      if (shown?.fingerprint256) resolve({ fingerprint: shown.fingerprint256, subject: [shown.subject?.CN ?? host].flat().join(', '), validTo: shown.valid_to })
      else reject(new ConnectFailure('tls', `TLS with ${host} is not possible (${error?.message ?? 'no certificate'})`, error ? { cause: error } : {}))
    }
    const timer = setTimeout(() => end(new Error(`no answer within ${milliseconds} ms`)), milliseconds)
    tls.once('error', end)
    tls.once('secureConnect', () => end())
  })
}

export interface Way { readonly resolve: Resolve, readonly trust: TlsTrust | null, readonly milliseconds: number }
/** DNS, TCP and TLS (null: none), each checked. @throws ConnectFailure */
export async function dial(host: string, port: number, { resolve, trust, milliseconds }: Way): Promise<Socket> {
  const started = performance.now()
  const left = () => Math.max(1, Math.round(milliseconds - (performance.now() - started)))
  const address = await Promise.race([resolve(host), pause(milliseconds, undefined, { ref: false }).then(() => {
    throw new ConnectFailure('dns', `the name ${host} was not resolved within ${milliseconds} ms`)
  })])
  const socket = await openTcp(address, port, left())
  return trust ? secure(socket, host, trust, left()) : socket
}

type Connected = (error: Error | null, socket: Duplex) => void

/** An agent whose connections exist only after every check has passed: a request is never written to an unproven remote. */
function guardedAgent(secureScheme: boolean, keepAlive: boolean, way: Way): HttpAgent {
  const options = { keepAlive, maxSockets: 16, maxFreeSockets: 4, maxCachedSessions: 0, timeout: 30_000 }
  const agent = secureScheme ? new HttpsAgent(options) : new HttpAgent(options)
  const createConnection = (target: { host?: string | null, port?: number | string | null }, connected: Connected) => {
    dial(target.host ?? '', Number(target.port), secureScheme ? way : { ...way, trust: null }).then(socket => connected(null, socket), error => connected(error as Error, undefined as unknown as Duplex))
  }
  return Object.assign(agent, { createConnection })
}

const connectFailureOf = (error: unknown): ConnectFailure | null => {
  for (let inner = error, depth = 0; inner instanceof Error && depth < 5; inner = inner.cause, depth++) if (inner instanceof ConnectFailure) return inner
  return null
}

/**
 * The one way to speak HTTP to a remote system: bounded in time and size, TLS proven before anything is sent, no redirects to elsewhere,
 * no proxy from the environment, secrets out of every message. Only reads are repeated by themselves. Reads share connections; each write
 * gets a fresh one, because a kept connection that the remote has just closed would leave the write's outcome unknown for no reason.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { name, baseUrl, tls: trust = { mode: 'system' }, resolve = resolveHost, headers = {}, secrets = [], connectMilliseconds: milliseconds = 5_000, totalMilliseconds = 15_000, redirects = 0, maxBytes = 8 * 1_048_576, readRetries = 2 } = options
  if (!/^https?:$/.test(new URL(baseUrl).protocol)) throw new DriverError('permanent', `${name}: only http and https addresses can be spoken to`)
  const way: Way = { resolve, trust, milliseconds }
  const agents = {
    kept: { http: guardedAgent(false, true, way), https: guardedAgent(true, true, way) },
    fresh: { http: guardedAgent(false, false, way), https: guardedAgent(true, false, way) },
  }
  const hidden = secrets.filter(secret => secret.length > 3).flatMap(secret => [secret, encodeURIComponent(secret)])
  const redact = (text: string) => hidden.reduce((shown, secret) => shown.replaceAll(secret, '[redacted]'), text)

  const failure = (error: unknown, read: boolean, timedOut: boolean): DriverError => {
    const early = connectFailureOf(error)
    if (early?.step === 'tls') return new DriverError('action_required', redact(`${name}: ${early.message}`), { who: 'sysadmin', cause: early })
    if (early) return new DriverError('retryable', redact(`${name}: ${early.message}`), { cause: early })
    const what = redact(`${name}: ${timedOut ? 'no answer in time' : `the connection broke (${said(error)})`}`)
    // The original error carries the request with its credentials: only its message goes on.
    return read ? new DriverError('retryable', what) : new DriverError('unknown_outcome', `${what}, the request may have had its effect`)
  }

  async function send(request: HttpRequest): Promise<HttpReply | { readonly failed: DriverError, readonly repeatable: boolean }> {
    const read = request.safe ?? request.method === 'GET'
    const pool = read ? agents.kept : agents.fresh
    const deadline = AbortSignal.timeout(request.totalMilliseconds ?? totalMilliseconds)
    const data = request.form ? new URLSearchParams(request.form).toString() : request.json !== undefined ? JSON.stringify(request.json) : request.text
    const type = request.form ? 'application/x-www-form-urlencoded' : request.json !== undefined ? 'application/json' : undefined
    const query = request.query && Object.keys(request.query).length > 0 ? `?${new URLSearchParams(request.query).toString()}` : ''
    try {
      const reply: AxiosResponse<string> = await axios.request<string>({
        method: request.method, url: `${baseUrl}${request.path}${query}`, ...(data === undefined ? {} : { data }), headers: { accept: 'application/json', ...(type ? { 'content-type': type } : {}), ...headers, ...request.headers },
        httpAgent: pool.http, httpsAgent: pool.https, proxy: false, maxRedirects: read ? redirects : 0, responseType: 'text', transformResponse: [body => body as unknown], transformRequest: [body => body as unknown], validateStatus: () => true,
        maxContentLength: maxBytes, maxBodyLength: maxBytes, signal: request.signal ? AbortSignal.any([deadline, request.signal]) : deadline,
      })
      return { status: reply.status, statusText: reply.statusText, headers: Object.fromEntries(Object.entries(reply.headers).map(([key, value]) => [key.toLowerCase(), String(value)])), body: reply.data ?? '' }
    } catch (error) {
      return { failed: failure(error, read, deadline.aborted), repeatable: read && !deadline.aborted && !request.signal?.aborted && connectFailureOf(error)?.step !== 'tls' }
    }
  }

  return {
    async request(request) {
      for (let attempt = 0; ; attempt++) {
        const outcome = await send(request)
        if ('status' in outcome) return outcome
        if (!outcome.repeatable || attempt >= readRetries) throw outcome.failed
        await pause(150 * 3 ** attempt)
      }
    },
    redact,
    close() {
      for (const { http, https } of Object.values(agents)) {
        http.destroy()
        https.destroy()
      }
    },
  }
}
