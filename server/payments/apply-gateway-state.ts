import { DriverError } from '#shared/errors/driver-error.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import type { PaymentDeps } from './deps.ts'
import { gatewayActor } from './payment.ts'
import { decidePayment } from './payment-lifecycle.ts'
import type { GatewayState, Payment, PaymentStores } from './ports.ts'

export interface Applied { readonly outcome: 'applied' | 'unchanged' | 'parked', readonly reason: string | null }

/** Pages of the buyer and of staff that show this payment or its invoice ask again. */
export function hintPayment(stores: PaymentStores, payment: Payment): void {
  for (const audience of [{ userId: payment.clientId }, 'staff'] as const) {
    stores.live.publish({ audience, name: 'payment', id: payment.id })
    stores.live.publish({ audience, name: 'invoice', id: payment.invoiceId })
  }
}

type Change = Omit<Parameters<PaymentStores['payments']['setStatus']>[1], 'status'>
/** Changes the state of a locked attempt and leaves the row that says why. */
export async function movePayment(stores: PaymentStores, payment: Payment, to: Payment['status'], cause: string, actor: Actor, at: Date, change: Change = {}): Promise<void> {
  await stores.payments.setStatus(payment.id, { status: to, ...change })
  await stores.transitions.record({ entity: 'payment', entityId: payment.id, from: payment.status, to, cause, actor: actorLabel(actor), at })
  hintPayment(stores, payment)
}

/**
 * Lets the gateway's word about an attempt, as read back, take effect: state and ledger in one transaction, under the locks of invoice and
 * attempt. The same word again, or an older one, has no effect. Money is never refused for the state of the invoice.
 */
export const applyGatewayState = (deps: PaymentDeps) => (input: { readonly paymentId: string, readonly state: GatewayState, readonly cause: string }): Promise<Applied> => deps.transact(async (stores) => {
  const payment = await stores.payments.lock(input.paymentId)
  if (!payment?.gateway) throw new DriverError('not_found', `payment ${input.paymentId} does not exist`)
  const { state } = input
  const at = deps.clock.now()
  const actor = gatewayActor(payment.gateway)
  const decision = decidePayment(payment, state)
  if (decision.act === 'none') {
    await stores.payments.markChecked(payment.id, at, null)
    return { outcome: 'unchanged', reason: decision.note }
  }
  if (decision.act === 'park') {
    await stores.payments.markChecked(payment.id, at, decision.reason)
    hintPayment(stores, payment)
    return { outcome: 'parked', reason: decision.reason }
  }
  const settles = decision.money === 'book'
  await movePayment(stores, payment, decision.to, input.cause, actor, at, { gatewayTransactionId: state.gatewayTransactionId, problem: null, ...(settles ? { settledAt: at, settledAmount: state.amount } : {}) })
  await stores.payments.markChecked(payment.id, at, null)
  const booking = { paymentId: payment.id, invoiceId: payment.invoiceId, clientId: payment.clientId, gateway: payment.gateway, amount: payment.amount, at, actor }
  if (settles) await deps.bookPayment(stores, booking)
  if (decision.money === 'reverse' && (decision.to === 'denied' || decision.to === 'refunded' || decision.to === 'charged_back')) await deps.reversePayment(stores, { ...booking, cause: decision.to })
  return { outcome: 'applied', reason: decision.to }
})
