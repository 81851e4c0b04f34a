import type { Persisted } from '../support/persist.ts'
import { chargeOf, methodDetails, newTransactionId, refundable } from './methods.ts'
import type { Notifier } from './notifications.ts'
import type { ReadRequest } from './requests.ts'
import { amountText, localTime } from './state.ts'
import type { MidtransState, Refund, SnapMethod, SnapSession, Transaction } from './state.ts'

export class GatewayRefusal extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}
/** The dashboard offers it, and the API takes it. */
export const isRefundable = (transaction: Transaction): boolean => refundable.has(transaction.paymentType) && ['settlement', 'partial_refund'].includes(transaction.status)
const unmodifiable = () => new GatewayRefusal('412', 'Merchant cannot modify the status of the transaction')

export interface Transactions {
  find(id: string): Transaction | undefined
  charge(input: ReadRequest & { paymentType: string, bank: string | null, expiresAt: number | null, snapToken: string | null, notifyUrls: string[] }): { transaction: Transaction, message: string }
  choose(session: SnapSession, method: SnapMethod): Transaction
  /** The buyer pays. Late money on an expired or cancelled transaction is taken, too: banks do that. */
  pay(transaction: Transaction): void
  fail(transaction: Transaction): void
  expire(transaction: Transaction): void
  cancel(transaction: Transaction): void
  /** A settlement taken back by the bank minutes later (Permata, Mandiri bill). */
  reverse(transaction: Transaction): void
  refund(transaction: Transaction, input: { amount: number | null, key: string | null, reason: string }): Refund
  /** The bank confirms what was given back: the second notification. */
  confirm(transaction: Transaction): void
  /** The buyer's bank takes the rest, or this much, back. */
  chargeback(transaction: Transaction, amount?: number): void
  /** Ends what is past its time. */
  sweep(): void
}

export function transactions(store: Persisted<MidtransState>, options: { baseUrl: () => string, now: () => number, notifier: Notifier, holdRefunds: () => boolean }): Transactions {
  const { state } = store
  const move = (transaction: Transaction, status: Transaction['status']) => {
    transaction.status = status
    if (status === 'settlement') transaction.settledAt = options.now()
    store.touch()
    options.notifier.send(transaction)
  }
  const self: Transactions = {
    find: id => state.transactions.find(t => t.id === id || t.orderId === id),
    charge(input) {
      if (state.transactions.some(t => t.orderId === input.orderId)) throw new GatewayRefusal('406', 'The request could not be completed due to a conflict with the current state of the target resource, please try again')
      const id = newTransactionId()
      const method = methodDetails({ state, paymentType: input.paymentType, bank: input.bank, amount: input.amount, id, baseUrl: options.baseUrl() })
      if (!method) throw new GatewayRefusal('402', 'Payment channel is not activated.')
      const createdAt = options.now()
      const transaction: Transaction = {
        id, orderId: input.orderId, amount: input.amount, paymentType: method.paymentType, details: method.details, actions: method.actions, status: 'pending', createdAt, settledAt: null,
        expiresAt: input.expiresAt ?? createdAt + method.lifetime, items: input.items, customer: input.customer, snapToken: input.snapToken, notifyUrls: input.notifyUrls, refunds: [],
      }
      state.transactions.push(transaction)
      if (!state.usedOrderIds.includes(input.orderId)) state.usedOrderIds.push(input.orderId)
      store.touch()
      options.notifier.send(transaction)
      return { transaction, message: method.message }
    },
    choose(session, method) {
      const present = session.transactionId === null ? undefined : self.find(session.transactionId)
      if (present) return present
      const { paymentType, bank } = chargeOf[method]
      const expiresAt = session.expiry ? (session.expiry.startAt ?? options.now()) + session.expiry.milliseconds : null
      const { transaction } = self.charge({ orderId: session.orderId, amount: session.amount, items: session.items, customer: session.customer, paymentType, bank, expiresAt, snapToken: session.token, notifyUrls: session.notifyUrls })
      session.transactionId = transaction.id
      return transaction
    },
    pay(transaction) {
      if (['pending', 'expire', 'cancel'].includes(transaction.status)) move(transaction, 'settlement')
    },
    fail(transaction) {
      if (transaction.status === 'pending') move(transaction, 'deny')
    },
    expire(transaction) {
      if (transaction.status !== 'pending') throw unmodifiable()
      move(transaction, 'expire')
    },
    cancel(transaction) {
      if (transaction.status !== 'pending' && transaction.status !== 'capture') throw unmodifiable()
      move(transaction, 'cancel')
    },
    reverse(transaction) {
      if (transaction.status === 'settlement') move(transaction, 'deny')
    },
    refund(transaction, input) {
      if (!isRefundable(transaction)) throw unmodifiable()
      if (input.key && transaction.refunds.some(r => r.refund_key === input.key)) throw new GatewayRefusal('406', 'Duplicate refund key')
      const left = transaction.amount - transaction.refunds.reduce((sum, r) => sum + Number(r.refund_amount), 0)
      const amount = input.amount ?? left
      if (!Number.isInteger(amount) || amount < 1 || amount > left) throw new GatewayRefusal('414', 'Refund amount is larger than remaining amount')
      const refund: Refund = { refund_chargeback_id: state.nextNumber++, refund_amount: amountText(amount), created_at: localTime(options.now()), reason: input.reason, refund_key: input.key ?? `refund-${state.nextNumber}`, refund_method: 'refund' }
      transaction.refunds.push(refund)
      move(transaction, amount === left ? 'refund' : 'partial_refund')
      // The final notification is the second, when the bank has confirmed.
      if (!options.holdRefunds()) self.confirm(transaction)
      return refund
    },
    confirm(transaction) {
      for (const refund of transaction.refunds) refund.bank_confirmed_at ??= localTime(options.now())
      move(transaction, transaction.status)
    },
    chargeback(transaction, amount) {
      const left = transaction.amount - transaction.refunds.reduce((sum, r) => sum + Number(r.refund_amount), 0)
      const taken = Math.min(amount ?? left, left)
      if (!['settlement', 'partial_refund', 'partial_chargeback'].includes(transaction.status) || taken < 1) return
      transaction.refunds.push({ refund_chargeback_id: state.nextNumber++, refund_amount: amountText(taken), created_at: localTime(options.now()), reason: 'chargeback', refund_method: 'chargeback' })
      move(transaction, taken === left ? 'chargeback' : 'partial_chargeback')
    },
    sweep() {
      for (const transaction of state.transactions) if (transaction.status === 'pending' && transaction.expiresAt <= options.now()) self.expire(transaction)
    },
  }
  return self
}
