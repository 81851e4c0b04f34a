import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import QRCode from 'qrcode'
import { faultBox } from '../support/faults.ts'
import type { FaultBox } from '../support/faults.ts'
import { persisted } from '../support/persist.ts'
import { html, json, redirect, serve } from '../support/server.ts'
import type { RunningServer, SimReply, SimRequest } from '../support/server.ts'
import { noMidtransFaults } from './faults.ts'
import type { MidtransFaults } from './faults.ts'
import { notifier } from './notifications.ts'
import type { Notifier } from './notifications.ts'
import { finishAddress, missingPage, scanPage, snapPage, transactionsPage } from './pages.ts'
import { parseBody, readCustomExpiry, readEchannel, readRequest, readSnap } from './requests.ts'
import { freshState, snapMethods, statusCode, view } from './state.ts'
import type { MidtransState, SnapMethod, Transaction } from './state.ts'
import { GatewayRefusal, isRefundable, transactions } from './transactions.ts'
import type { Transactions } from './transactions.ts'

export interface MidtransOptions {
  /** 0 (the default) takes a free port. */
  readonly port?: number
  readonly dataDir?: string
  readonly serverKey?: string
  /** The application: notifications go to `<app>/api/webhooks/midtrans` unless a request overrides it. */
  readonly app?: string
  /** Milliseconds between a change and its notification (default 0). */
  readonly notificationLagMs?: number
  /** Shortens the vendor's retry intervals of 2 minutes to 3.5 hours (default: 1/6000, so 20 ms to 2 s). */
  readonly timeFactor?: number
  readonly now?: () => number
}
export interface MidtransSimulator extends RunningServer {
  readonly faults: FaultBox<MidtransFaults>
  readonly state: MidtransState
  readonly serverKey: string
  /** Acts of buyers and banks, by order id or transaction id. @throws when there is no such transaction. */
  readonly act: { pay(id: string): void, fail(id: string): void, expire(id: string): void, reverse(id: string): void, /** Given back on Midtrans' dashboard: all of it, or this much. */ refund(id: string, amount?: number): void, confirm(id: string): void, chargeback(id: string, amount?: number): void, /** A buyer's choice on the Snap page. */ choose(orderId: string, method: SnapMethod): void, notify(id: string): void }
  readonly notifications: Notifier
}

const core = (body: Record<string, unknown>): SimReply => json(200, body)
const day = 24 * 3_600_000

/** Midtrans on loopback: Snap with a page to click, Core API, signed notifications with retries. */
export async function startMidtransSimulator(options: MidtransOptions = {}): Promise<MidtransSimulator> {
  const now = options.now ?? Date.now
  const serverKey = options.serverKey ?? 'SB-Mid-server-simulator'
  const store = persisted(options.dataDir ? join(options.dataDir, 'midtrans.json') : undefined, freshState)
  const { state } = store
  const faults = faultBox(noMidtransFaults)
  const notifications = notifier(store, { serverKey, defaultUrl: `${options.app ?? 'http://127.0.0.1:3000'}/api/webhooks/midtrans`, lagMs: options.notificationLagMs ?? 0, timeFactor: options.timeFactor ?? 1 / 6000, now, faults })
  let baseUrl = ''
  const book = transactions(store, { baseUrl: () => baseUrl, now, notifier: notifications, holdRefunds: () => faults.current.holdRefunds })
  const remembered = new Map<string, { at: number, reply: SimReply }>()

  const authorized = (request: SimRequest) => request.headers.authorization === `Basic ${Buffer.from(`${serverKey}:`).toString('base64')}`
  const api = (request: SimRequest): SimReply | Promise<SimReply> => {
    const snap = request.path.startsWith('/snap/v1/')
    if (!authorized(request)) {
      return snap
        ? json(401, { error_messages: ['Access denied due to unauthorized transaction, please check client or server key'] })
        : json(401, { status_code: '401', status_message: 'Unknown Merchant server_key/id', id: randomUUID() })
    }
    // The key is global, longer ones are ignored, and only what succeeded is remembered, for five minutes; Permata's charges never are.
    const key = request.method === 'POST' && !/"bank"\s*:\s*"permata"/.test(request.body.toString()) ? request.headers['idempotency-key'] : undefined
    const usable = typeof key === 'string' && key.length <= 46 ? key : null
    const before = usable === null ? undefined : remembered.get(usable)
    if (before && before.at > now() - 5 * 60_000) return before.reply
    const reply = snap ? snapApi(request, { state, store, book, now, baseUrl }) : coreApi(request, { book, serverKey, now })
    if (usable !== null && succeeded(reply)) remembered.set(usable, { at: now(), reply })
    return reply
  }

  const pages = async (request: SimRequest): Promise<SimReply> => {
    const { path, method, url } = request
    if (path === '/') return html(200, transactionsPage(state))
    const form = () => new URLSearchParams(request.body.toString())
    const session = state.sessions.find(s => path === `/snap/v3/redirection/${s.token}`)
    if (session) {
      if (method === 'POST') {
        const wanted = snapMethods.find(m => m === form().get('method'))
        if (wanted && session.canceledAt === null && session.pageExpiresAt > now() && session.methods.includes(wanted)) book.choose(session, wanted)
        return redirect(path)
      }
      return html(200, snapPage(session, session.transactionId ? book.find(session.transactionId) : undefined, now()))
    }
    const qr = /^\/v[24]\/(?:qris|gopay)\/([^/]+)\/qr-code$/.exec(path)
    if (qr) {
      const text = book.find(qr[1] ?? '')?.details.qr_string
      return typeof text === 'string' ? { status: 200, headers: { 'content-type': 'image/png' }, body: await QRCode.toBuffer(text, { width: 480, margin: 1 }) } : json(404, { status_code: '404', status_message: 'Transaction doesn\'t exist.' })
    }
    if (path === '/scan') {
      const wanted = url.searchParams.get('q')?.trim()
      const found = wanted ? state.transactions.find(t => t.orderId === wanted || t.id === wanted || JSON.stringify(t.details).includes(JSON.stringify(wanted))) : undefined
      return found ? redirect(`/scan/${found.id}`) : html(wanted ? 404 : 200, scanPage(undefined))
    }
    const scan = /^\/scan\/([^/]+)$/.exec(path)
    if (scan) return html(200, scanPage(book.find(scan[1] ?? '')))
    const acted = /^\/simulator\/transactions\/([^/]+)\/(pay|fail|expire|reverse|refund|confirm|chargeback|notify)$/.exec(path)
    const transaction = acted ? book.find(acted[1] ?? '') : undefined
    if (acted && transaction && method === 'POST') {
      perform(transaction, acted[2] ?? '')
      return redirect(backFrom(transaction, form().get('back')))
    }
    return html(404, missingPage())
  }
  const perform = (transaction: Transaction, action: string) => {
    if (action === 'pay') book.pay(transaction)
    if (action === 'fail') book.fail(transaction)
    if (action === 'expire' && transaction.status === 'pending') book.expire(transaction)
    if (action === 'reverse') book.reverse(transaction)
    if (action === 'refund' && isRefundable(transaction)) book.refund(transaction, { amount: null, key: null, reason: 'dashboard' })
    if (action === 'confirm') book.confirm(transaction)
    if (action === 'chargeback') book.chargeback(transaction)
    if (action === 'notify') notifications.send(transaction)
  }
  const backFrom = (transaction: Transaction, back: string | null): string => {
    const session = state.sessions.find(s => s.token === transaction.snapToken)
    if (back === 'finish') return (session && finishAddress(session, transaction)) ?? (session ? `/snap/v3/redirection/${session.token}` : '/')
    // Only to a page of this server: never wherever a form says.
    return back && /^\/(?!\/)/.test(back) ? back : '/'
  }

  const isApi = (path: string) => /^\/snap\/v1\//.test(path) || (/^\/v2\//.test(path) && !/\/qr-code$/.test(path))
  const server = await serve({
    port: options.port ?? 0, faults: faults.current, exempt: path => !isApi(path),
    handler: async (request) => {
      book.sweep()
      return isApi(request.path) ? api(request) : pages(request)
    },
    refuse: () => json(faults.current.failStatus, { error_messages: ['Sorry, we encountered internal server error. We will fix this soon.'], status_code: String(faults.current.failStatus), status_message: 'Sorry, we encountered internal server error. We will fix this soon.' }),
  })
  baseUrl = server.url
  const clock = setInterval(book.sweep, 1000)
  clock.unref()
  notifications.pump()
  const known = (id: string): Transaction => {
    const found = book.find(id)
    if (!found) throw new Error(`no transaction ${id}: charge it or choose a method on its Snap page first`)
    return found
  }
  return {
    ...server, faults, state, serverKey, notifications,
    act: {
      pay: id => book.pay(known(id)), fail: id => book.fail(known(id)), expire: id => book.expire(known(id)), reverse: id => book.reverse(known(id)), confirm: id => book.confirm(known(id)), chargeback: (id, amount) => book.chargeback(known(id), amount),
      refund: (id, amount) => void book.refund(known(id), { amount: amount ?? null, key: null, reason: 'dashboard' }), notify: id => notifications.send(known(id)),
      choose(orderId, method) {
        const session = state.sessions.find(s => s.orderId === orderId)
        if (!session) throw new Error(`no Snap session for ${orderId}`)
        book.choose(session, method)
      },
    },
    async close() {
      clearInterval(clock)
      notifications.close()
      store.flush()
      await server.close()
    },
  }
}

const succeeded = (reply: SimReply): boolean => {
  if (reply.status >= 400) return false
  const code = (JSON.parse(String(reply.body)) as { status_code?: string }).status_code
  return code === undefined || Number(code) < 400
}

const overrides = (request: SimRequest): string[] => {
  const header = request.headers['x-override-notification']
  return typeof header === 'string' ? header.split(',').map(url => url.trim()).filter(Boolean).slice(0, 3) : []
}

function snapApi(request: SimRequest, context: { state: MidtransState, store: { touch(): void }, book: Transactions, now: () => number, baseUrl: string }): SimReply {
  const { state, store, book, now } = context
  const refuse = (status: number, ...messages: string[]) => json(status, { error_messages: messages })
  if (request.method === 'POST' && request.path === '/snap/v1/transactions') {
    const body = parseBody(request.body)
    if (!body) return refuse(400, 'The request body is not valid JSON')
    const { request: read, problems } = readRequest(body)
    const snap = readSnap(body)
    const all = [...problems, ...snap.problems]
    if (all.length === 0 && state.usedOrderIds.includes(read.orderId)) all.push('transaction_details.order_id has already been taken')
    if (all.length) return refuse(400, ...all)
    const token = randomUUID()
    state.usedOrderIds.push(read.orderId)
    state.sessions.push({ token, ...read, methods: snap.methods, finishUrl: snap.finishUrl, expiry: snap.expiry, createdAt: now(), pageExpiresAt: now() + day, canceledAt: null, transactionId: null, notifyUrls: overrides(request) })
    store.touch()
    return json(201, { token, redirect_url: `${context.baseUrl}/snap/v3/redirection/${token}` })
  }
  const cancel = /^\/snap\/v1\/transactions\/([^/]+)\/cancel$/.exec(request.path)
  if (request.method === 'POST' && cancel) {
    const session = state.sessions.find(s => s.token === cancel[1])
    if (!session) return refuse(404, 'token not found')
    if (session.canceledAt !== null) return refuse(400, 'token already canceled')
    if (session.transactionId && ['pending', 'settlement'].includes(book.find(session.transactionId)?.status ?? '')) return refuse(400, 'Transaction is on progress')
    session.canceledAt = now()
    store.touch()
    return json(200, { canceled_at: new Date(session.canceledAt).toISOString() })
  }
  return refuse(404, 'page not found')
}

function coreApi(request: SimRequest, context: { book: Transactions, serverKey: string, now: () => number }): SimReply {
  const { book, serverKey } = context
  const refuse = (code: string, message: string, more: Record<string, unknown> = {}) => core({ status_code: code, status_message: message, id: randomUUID(), ...more })
  const invalid = (problems: string[]) => refuse('400', 'One or more parameters in the payload is invalid.', { validation_messages: problems })
  try {
    if (request.method === 'POST' && request.path === '/v2/charge') {
      const body = parseBody(request.body)
      if (!body) return invalid(['The request body is not valid JSON'])
      const { request: read, problems } = readRequest(body)
      const custom = readCustomExpiry(body, context.now())
      if (Number.isNaN(custom)) problems.push('custom_expiry.order_time must be in format yyyy-MM-dd HH:mm:ss Z, expiry_duration and unit must be valid')
      const bank = (body.bank_transfer as { bank?: unknown } | undefined)?.bank
      if (body.payment_type === undefined) problems.push('payment_type is required')
      if (body.payment_type === 'bank_transfer' && typeof bank !== 'string') problems.push('bank_transfer.bank is required')
      if (body.payment_type === 'echannel') problems.push(...readEchannel(body))
      if (problems.length) return invalid(problems)
      const { transaction, message } = book.charge({ ...read, paymentType: String(body.payment_type), bank: typeof bank === 'string' ? bank : null, expiresAt: custom, snapToken: null, notifyUrls: overrides(request) })
      const { signature_key: _, ...shown } = view(transaction, '201', message, serverKey)
      return core({ ...shown, ...(transaction.actions.length ? { actions: transaction.actions } : {}) })
    }
    const [, id, action] = /^\/v2\/([^/]+)\/(status|cancel|expire|deny|approve|refund|refund\/online\/direct)$/.exec(request.path) ?? []
    if (!id || !action || (action === 'status') !== (request.method === 'GET')) return json(404, { status_code: '404', status_message: 'The requested resource is not found', id: randomUUID() })
    const transaction = book.find(decodeURIComponent(id))
    if (!transaction) return refuse('404', 'Transaction doesn\'t exist.')
    if (action === 'status') return core(view(transaction, statusCode(transaction.status), 'Success, transaction is found', serverKey))
    if (action === 'cancel') {
      book.cancel(transaction)
      return core(view(transaction, '200', 'Success, transaction is canceled', serverKey))
    }
    if (action === 'expire') {
      book.expire(transaction)
      return core(view(transaction, '407', 'Success, transaction is expired', serverKey))
    }
    if (action.startsWith('refund')) {
      const body = parseBody(request.body) ?? {}
      const refund = book.refund(transaction, { amount: typeof body.amount === 'number' ? body.amount : null, key: typeof body.refund_key === 'string' ? body.refund_key : null, reason: typeof body.reason === 'string' ? body.reason : '' })
      return core({ ...view(transaction, '200', 'Success, refund request is approved', serverKey), refund_chargeback_id: refund.refund_chargeback_id, refund_amount: refund.refund_amount, refund_key: refund.refund_key })
    }
    throw new GatewayRefusal('412', 'Merchant cannot modify the status of the transaction')
  } catch (error) {
    if (error instanceof GatewayRefusal) return refuse(error.code, error.message)
    throw error
  }
}
