import { randomUUID } from 'node:crypto'
import type { Persisted } from '../support/persist.ts'
import type { Refusal } from './requests.ts'
import type { Channel, PaymentRequest, Refund, XenditState } from './state.ts'

const reasons = ['FRAUDULENT', 'DUPLICATE', 'REQUESTED_BY_CUSTOMER', 'CANCELLATION', 'OTHERS']
const refundableChannels: readonly Channel[] = ['QRIS', 'DANA', 'CARDS']

export interface Refunds {
  /** What `POST /refunds` makes. An equal key is answered with what it made before. */
  create(body: Record<string, unknown>, key: string | null): Refund | Refusal
  /** Somebody gives money back on the dashboard: it has no reference of the merchant's. */
  byDashboard(request: PaymentRequest, amount: number): void
  /** All that is left of a paid one, on the dashboard; where nothing is, nothing happens. */
  giveRestBack(requestId: string | null): void
  /** The bank says how it ended. */
  settle(refund: Refund, failureCode?: string): void
  ofRequest(requestId: string): Refund[]
}

export function refundBook(store: Persisted<XenditState>, options: { now: () => number, notify: (event: string, refund: Refund) => void, /** What becomes of one by itself. */ fate: () => '' | 'hold' | 'fail' }): Refunds {
  const { state } = store
  const refuse = (status: number, error_code: string, message: string): Refusal => ({ status, error_code, message })
  const going = (requestId: string) => self.ofRequest(requestId).filter(refund => refund.status !== 'FAILED')
  const leftOf = (request: PaymentRequest) => request.amount - going(request.id).reduce((sum, refund) => sum + refund.amount, 0)
  const add = (request: PaymentRequest, made: Pick<Refund, 'referenceId' | 'key' | 'amount' | 'reason'>): Refund => {
    const at = options.now()
    const refund: Refund = { id: `rfd-${randomUUID()}`, requestId: request.id, paymentId: request.paymentId, ...made, currency: request.currency, channel: request.channel, status: 'PENDING', createdAt: at, updatedAt: at, failureCode: null }
    state.refunds.push(refund)
    store.touch()
    return refund
  }
  /** Null: it can be given back. */
  function check(request: PaymentRequest | undefined, amount: number, reason: unknown): Refusal | null {
    if (!request) return refuse(404, 'DATA_NOT_FOUND', 'payment_request_id was not found')
    if (typeof reason !== 'string' || !reasons.includes(reason)) return refuse(400, 'API_VALIDATION_ERROR', 'reason is not one of those that are known')
    if (request.status !== 'SUCCEEDED') return refuse(400, 'INELIGIBLE_TRANSACTION_STATUS', 'the payment has not succeeded')
    if (!refundableChannels.includes(request.channel)) return refuse(403, 'REFUND_NOT_SUPPORTED', `refunds are not supported by ${request.channel}`)
    if (going(request.id).some(refund => refund.status === 'PENDING')) return refuse(400, 'REFUND_IN_PROGRESS', 'another refund of this payment is in progress')
    const left = leftOf(request)
    return Number.isSafeInteger(amount) && amount > 0 && amount <= left ? null : refuse(400, 'REFUND_AMOUNT_EXCEEDED', `at most ${left} can be given back`)
  }
  const self: Refunds = {
    ofRequest: requestId => state.refunds.filter(refund => refund.requestId === requestId),
    create(body, key) {
      const before = key === null ? undefined : state.refunds.find(refund => refund.key === key)
      if (before) return before
      const request = state.paymentRequests.find(one => one.id === body.payment_request_id)
      const amount = body.amount === undefined ? request?.amount ?? 0 : Number(body.amount)
      const refused = check(request, amount, body.reason)
      if (refused || !request) return refused ?? refuse(404, 'DATA_NOT_FOUND', 'payment_request_id was not found')
      const refund = add(request, { referenceId: typeof body.reference_id === 'string' ? body.reference_id : null, key, amount, reason: String(body.reason) })
      const fate = options.fate()
      if (fate !== 'hold') self.settle(refund, fate === 'fail' ? 'ACCOUNT_NOT_FOUND' : undefined)
      return refund
    },
    byDashboard(request, amount) {
      self.settle(add(request, { referenceId: null, key: null, amount, reason: 'OTHERS' }))
    },
    giveRestBack(requestId) {
      const request = state.paymentRequests.find(one => one.id === requestId && one.status === 'SUCCEEDED')
      const left = request ? leftOf(request) : 0
      if (request && left > 0) self.byDashboard(request, left)
    },
    settle(refund, failureCode) {
      if (refund.status !== 'PENDING') return
      Object.assign(refund, { status: failureCode ? 'FAILED' : 'SUCCEEDED', failureCode: failureCode ?? null, updatedAt: options.now() })
      store.touch()
      options.notify(failureCode ? 'refund.failed' : 'refund.succeeded', refund)
    },
  }
  return self
}
