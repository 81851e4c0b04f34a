import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { deliverer } from '../support/deliveries.ts'
import type { Deliverer } from '../support/deliveries.ts'
import { faultBox } from '../support/faults.ts'
import type { FaultBox } from '../support/faults.ts'
import { persisted } from '../support/persist.ts'
import { html, json, redirect, serve } from '../support/server.ts'
import type { RunningServer, SimReply, SimRequest } from '../support/server.ts'
import { noXenditFaults } from './faults.ts'
import type { XenditFaults } from './faults.ts'
import { missingPage, payPage, sessionsPage } from './pages.ts'
import { refundBook } from './refunds.ts'
import type { Refunds } from './refunds.ts'
import { parseBody, readSession } from './requests.ts'
import { sessionBook } from './sessions.ts'
import type { Sessions } from './sessions.ts'
import { businessId, channels, freshState, paymentRequestView, refundView, sessionView } from './state.ts'
import type { Channel, Refund, Session, XenditState } from './state.ts'

export interface XenditOptions {
  /** 0 (the default) takes a free port. */
  readonly port?: number
  readonly dataDir?: string
  readonly secretKey?: string
  readonly callbackToken?: string
  /** The application: webhooks go to `<app>/api/webhooks/xendit`. */
  readonly app?: string
  /** Milliseconds between a change and its webhook (default 0). */
  readonly notificationLagMs?: number
  /** Shortens the vendor's retry intervals of 15 minutes to 12 hours (default: 1/36000, so 25 ms to 1.2 s). */
  readonly timeFactor?: number
  readonly now?: () => number
}
export interface XenditSimulator extends RunningServer {
  readonly faults: FaultBox<XenditFaults>
  readonly state: XenditState
  readonly secretKey: string
  readonly callbackToken: string
  /** Acts of buyers and banks, by session id or reference. @throws when there is no such session. */
  readonly act: { pay(id: string, channel?: Channel): void, fail(id: string): void, expire(id: string): void, notify(id: string): void, /** Gives back on the dashboard. */ refund(id: string, amount: number): void, /** The bank confirms what waits. */ confirm(id: string): void }
  readonly notifications: Deliverer
}

const hour = 3_600_000
const retryAfter = [0.25, 0.75, 2, 3, 6, 12].map(hours => hours * hour)

/** Xendit on loopback: Payment Sessions with a page to click, reading of payment requests, webhooks with callback token and retries. */
export async function startXenditSimulator(options: XenditOptions = {}): Promise<XenditSimulator> {
  const now = options.now ?? Date.now
  const secretKey = options.secretKey ?? 'xnd_development_simulator'
  const callbackToken = options.callbackToken ?? 'simulator-callback-token-0001'
  const store = persisted(options.dataDir ? join(options.dataDir, 'xendit.json') : undefined, freshState)
  const { state } = store
  const faults = faultBox(noXenditFaults)
  const factor = options.timeFactor ?? 1 / 36_000
  const notifications = deliverer({ deliveries: state.deliveries, nextId: () => state.nextNumber++, touch: store.touch, faults: faults.current, intervals: retryAfter.map(ms => ms * factor), lagMs: options.notificationLagMs ?? 0, now })
  let baseUrl = ''
  const amount = (whole: number) => faults.current.amountsAsText ? String(whole) : whole

  const notify = (event: string, session: Session) => {
    const request = book.requestOf(session)
    const tampered = faults.current.tamperNotifications
    const about = tampered === 'status' ? { ...session, status: 'COMPLETED' as const } : session
    const data = event.startsWith('payment_session.') || tampered === 'status'
      ? sessionView(about, request?.paymentId ?? null, baseUrl, amount)
      : { ...request && paymentRequestView(request, amount), payment_id: request?.paymentId, failure_code: request?.failureCode }
    const name = tampered === 'status' ? 'payment_session.completed' : event
    notifications.send({
      about: session.referenceId, event: name, url: `${options.app ?? 'http://127.0.0.1:3000'}/api/webhooks/xendit`, headers: { 'x-callback-token': tampered === 'token' ? 'not-the-token' : callbackToken, 'webhook-id': randomUUID() },
      body: JSON.stringify({ event: name, business_id: businessId, created: new Date(now()).toISOString(), api_version: 'v3', data }),
    })
  }
  const book = sessionBook(store, { now, notify })
  /** As the vendor's own example has it: the whole event once more inside `data`. */
  const notifyRefund = (event: string, refund: Refund) => {
    const inner = { event, business_id: businessId, created: new Date(now()).toISOString(), data: refundView(refund, amount) }
    const session = state.sessions.find(one => one.paymentRequestId === refund.requestId)
    notifications.send({ about: session?.referenceId ?? refund.id, event, url: `${options.app ?? 'http://127.0.0.1:3000'}/api/webhooks/xendit`, headers: { 'x-callback-token': faults.current.tamperNotifications === 'token' ? 'not-the-token' : callbackToken, 'webhook-id': randomUUID() }, body: JSON.stringify({ ...inner, data: inner }) })
  }
  const refunds = refundBook(store, { now, notify: notifyRefund, fate: () => faults.current.refunds })
  const paidRequestOf = (session: Session) => {
    const request = book.requestOf(session)
    if (request?.status !== 'SUCCEEDED') throw new Error(`session ${session.id} is not paid`)
    return request
  }

  const pages = (request: SimRequest): SimReply => {
    const { path, method } = request
    if (path === '/') return html(200, sessionsPage(state))
    const shown = /^\/pay\/([^/]+)$/.exec(path)
    const session = shown ? book.find(shown[1] ?? '') : undefined
    if (session) return html(200, payPage(session))
    const [, id, action] = /^\/simulator\/sessions\/([^/]+)\/(pay|fail|expire|notify|refund|confirm)$/.exec(path) ?? []
    const acted = id ? book.find(id) : undefined
    if (!acted || method !== 'POST') return html(404, missingPage())
    const form = new URLSearchParams(request.body.toString())
    const channel = channels.find(one => one === form.get('channel'))
    if (action === 'pay') book.pay(acted, channel)
    if (action === 'fail') book.fail(acted, channel)
    if (action === 'expire') book.expire(acted)
    if (action === 'notify') notify('payment_session.completed', acted)
    if (action === 'refund') refunds.giveRestBack(acted.paymentRequestId)
    if (action === 'confirm') for (const refund of refunds.ofRequest(acted.paymentRequestId ?? '')) refunds.settle(refund)
    const back = form.get('back')
    // Only to a page of this server: never wherever a form says.
    return redirect(back && /^\/(?!\/)/.test(back) ? back : '/')
  }

  const isApi = (path: string) => /^\/(sessions|v3\/payment_requests|refunds)(\/|$)/.test(path)
  const authorization = `Basic ${Buffer.from(`${secretKey}:`).toString('base64')}`
  const server = await serve({
    port: options.port ?? 0, faults: faults.current, exempt: path => !isApi(path),
    handler(request) {
      book.sweep()
      if (!isApi(request.path)) return pages(request)
      if (request.headers.authorization !== authorization) return json(401, { error_code: 'INVALID_API_KEY', message: 'The API key provided is invalid. Please make sure to use the secret/public API key that you can obtain from the Xendit Dashboard.' })
      return api(request, { book, refunds, state, now, baseUrl, amount })
    },
    refuse() {
      const status = faults.current.failStatus
      const code = { 401: 'INVALID_API_KEY', 429: 'RATE_LIMIT_EXCEEDED' }[status] ?? 'SERVER_ERROR'
      return json(status, { error_code: code, message: 'refused on demand' }, status === 429 ? { 'rate-limit-limit': '60', 'rate-limit-remaining': '0', 'rate-limit-reset': '7.2' } : {})
    },
  })
  baseUrl = server.url
  const clock = setInterval(book.sweep, 1000)
  clock.unref()
  notifications.pump()
  const known = (id: string): Session => {
    const found = book.find(id)
    if (!found) throw new Error(`no session ${id}`)
    return found
  }
  return {
    ...server, faults, state, secretKey, callbackToken, notifications,
    act: { pay: (id, channel) => book.pay(known(id), channel), fail: id => book.fail(known(id)), expire: id => book.expire(known(id)), notify: id => notify('payment_session.completed', known(id)), refund: (id, whole) => refunds.byDashboard(paidRequestOf(known(id)), whole), confirm: id => refunds.ofRequest(known(id).paymentRequestId ?? '').forEach(refund => refunds.settle(refund)) },
    async close() {
      clearInterval(clock)
      notifications.close()
      store.flush()
      await server.close()
    },
  }
}

function api(request: SimRequest, { book, refunds, state, now, baseUrl, amount }: { book: Sessions, refunds: Refunds, state: XenditState, now: () => number, baseUrl: string, amount: (whole: number) => number | string }): SimReply {
  const refuse = (status: number, error_code: string, message: string) => json(status, { error_code, message })
  const show = (status: number, session: Session) => json(status, sessionView(session, book.requestOf(session)?.paymentId ?? null, baseUrl, amount))
  const missing = () => refuse(404, 'DATA_NOT_FOUND', 'The requested resource was not found.')
  const { method, path } = request
  if (method === 'POST' && path === '/sessions') {
    const body = parseBody(request.body)
    const read = body ? readSession(body, now()) : { status: 400, error_code: 'API_VALIDATION_ERROR', message: 'the body is not valid JSON' }
    const made = 'error_code' in read ? read : book.create(read)
    return 'error_code' in made ? json(made.status, { ...made, status: undefined }) : show(201, made)
  }
  const [, sessionId, action] = /^\/sessions\/([^/]+)(\/cancel)?$/.exec(path) ?? []
  if (sessionId && (action ? method === 'POST' : method === 'GET')) {
    const session = state.sessions.find(one => one.id === decodeURIComponent(sessionId))
    if (!session) return missing()
    const refused = action ? book.cancel(session) : null
    return refused ? json(refused.status, { ...refused, status: undefined }) : show(200, session)
  }
  const [, requestId] = /^\/v3\/payment_requests\/([^/]+)$/.exec(path) ?? []
  if (requestId && method === 'GET') {
    if (request.headers['api-version'] !== '2024-11-11') return refuse(400, 'API_VALIDATION_ERROR', 'header api-version is required')
    const found = state.paymentRequests.find(one => one.id === decodeURIComponent(requestId))
    return found ? json(200, paymentRequestView(found, amount)) : missing()
  }
  if (path === '/refunds' && method === 'POST') {
    const made = refunds.create(parseBody(request.body) ?? {}, [request.headers['idempotency-key']].flat()[0] ?? null)
    return 'error_code' in made ? json(made.status, { ...made, status: undefined }) : json(200, refundView(made, amount))
  }
  if (path === '/refunds' && method === 'GET') return json(200, { data: refunds.ofRequest(request.url.searchParams.get('payment_request_id') ?? '').toReversed().map(refund => refundView(refund, amount)), has_more: false })
  const [, refundId] = /^\/refunds\/([^/]+)$/.exec(path) ?? []
  const refund = refundId && method === 'GET' ? state.refunds.find(one => one.id === decodeURIComponent(refundId)) : undefined
  if (refund) return json(200, refundView(refund, amount))
  return missing()
}
