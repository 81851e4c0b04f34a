import { DriverError } from '#shared/errors/driver-error.ts'
import { methodsOfGateway } from '#shared/vocabulary/payments.ts'
import { noInstructions } from '#server/payments/ports.ts'
import type { PaymentGateway } from '#server/payments/ports.ts'
import { notificationCheck, timedCheck } from '../check.ts'
import { xenditApi } from './api.ts'
import type { Refused, XenditAddress } from './api.ts'
import { readReturns, refundDays, refundReference } from './refunds.ts'
import { readExpiry, readState, sessionBody } from './transform.ts'
import { xenditWebhooks } from './webhook.ts'

export interface XenditOptions extends XenditAddress {
  /** Proves webhooks; empty: none is believed. */
  readonly callbackToken: string
  /** Real time, which `expires_at` is written in. */
  readonly wallNow: () => Date
}

const isSessionId = (text: string | null | undefined): text is string => typeof text === 'string' && /^ps-[\w-]{1,80}$/.test(text)
const refusedTo = (what: string, { refused, code, message }: Refused) => new DriverError('permanent', `Xendit refused to ${what}: ${refused} ${code} ${message}`)

/**
 * Xendit's hosted page by Payment Sessions. A session is found by its own id only, so an attempt whose start was never answered cannot be
 * looked up: its link has reached nobody and lapses by itself, and should a notification name it all the same, it is read by that id.
 */
export function xenditGateway(options: XenditOptions): PaymentGateway {
  const api = xenditApi(options)

  async function paymentOf(requestId: string | null) {
    if (requestId === null) return null
    const payment = await api.readPaymentRequest(requestId)
    if (!('refused' in payment)) return payment
    if (payment.refused === 404) return null
    throw refusedTo('show a payment', payment)
  }
  async function read(sessionId: string) {
    const session = await api.readSession(sessionId)
    if (!('refused' in session)) return session
    if (session.refused === 404) return null
    throw refusedTo('show a session', session)
  }

  async function returnsOf(orderId: string, requestId: string) {
    const list = await api.listRefunds(requestId)
    if (!('refused' in list)) return readReturns(orderId, list)
    if (list.refused === 404) return []
    throw refusedTo('show refunds', list)
  }

  return {
    name: 'xendit',
    methods: methodsOfGateway('xendit'),
    async start(charge) {
      if (charge.method !== 'xendit') throw new DriverError('permanent', 'Xendit does not take this method')
      const session = await api.createSession(sessionBody(charge, options.wallNow()))
      // 409: an earlier call with this order id had its effect.
      if ('refused' in session) throw session.refused === 409 ? new DriverError('unknown_outcome', `Xendit knows ${charge.orderId} already`) : refusedTo('start a session', session)
      if (!session.payment_link_url) throw new DriverError('unknown_outcome', 'Xendit made a session without an address')
      return { gatewayTransactionId: session.payment_session_id, expiresAt: readExpiry(session, charge), instructions: { ...noInstructions, redirectUrl: session.payment_link_url, token: session.payment_session_id } }
    },
    async read({ gatewayTransactionId, notifiedId }) {
      const sessionId = [gatewayTransactionId, notifiedId].find(isSessionId)
      const session = sessionId === undefined ? null : await read(sessionId)
      if (!session) return null
      const payment = await paymentOf(session.payment_request_id)
      return readState(session, payment, payment?.status.toUpperCase() === 'SUCCEEDED' ? await returnsOf(session.reference_id, payment.payment_request_id) : [])
    },
    async cancel({ token }) {
      if (!isSessionId(token)) return true
      const answer = await api.cancelSession(token)
      if (!('refused' in answer)) return true
      const session = await read(token)
      if (!session) return true
      if (session.status === 'ACTIVE') throw refusedTo('cancel a session', answer)
      return session.status === 'CANCELED'
    },
    refund: {
      days: refundDays,
      async request({ orderId, gatewayTransactionId, refundKey, amount }) {
        const session = isSessionId(gatewayTransactionId) ? await read(gatewayTransactionId) : null
        if (!session?.payment_request_id) throw new DriverError('permanent', `Xendit knows no payment of ${orderId}`)
        const answer = await api.createRefund(refundKey, { payment_request_id: session.payment_request_id, reference_id: refundReference(orderId, refundKey), amount: Number(amount.amount), currency: amount.currency, reason: 'REQUESTED_BY_CUSTOMER' })
        if (!('refused' in answer)) return
        // Another one of this payment is on its way: Xendit takes them one after the other.
        if (answer.code === 'REFUND_IN_PROGRESS') throw new DriverError('retryable', `Xendit is still giving back another part of ${orderId}`, { afterSeconds: 60 })
        throw refusedTo('give money back', answer)
      },
    },
    verify: xenditWebhooks(options).verify,
    async check() {
      const live = options.secretKey.startsWith('xnd_production_')
      const probe = (call: () => Promise<object>) => async () => {
        const answer = await call()
        // A session that cannot exist: only who is let in is told so.
        if ('refused' in answer && answer.refused !== 404 && answer.refused !== 400) throw new Error(`Xendit answered ${String(answer.refused)}`)
      }
      return [await timedCheck('api', live, probe(() => api.readSession('ps-000000000000000000000000'))), await timedCheck('page', live, probe(() => api.readPaymentRequest('pr-00000000-0000-0000-0000-000000000000'))), notificationCheck(options.callbackToken)]
    },
  }
}
