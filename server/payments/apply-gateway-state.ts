import { DriverError } from '#shared/errors/driver-error.ts'
import type { GatewayName, PaymentMethod } from '#shared/vocabulary/payments.ts'
import type { PaymentBooking } from '../billing/ports.ts'
import { applyReturns } from './apply-returns.ts'
import type { PaymentDeps } from './deps.ts'
import { movePayment, park } from './move-payment.ts'
import type { Applied } from './move-payment.ts'
import { gatewayActor } from './payment.ts'
import { decidePayment } from './payment-lifecycle.ts'
import type { GatewayState, Payment, PaymentStores } from './ports.ts'
import { feeOf } from './refund.ts'
import { takeBuyerFee } from './take-buyer-fee.ts'

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
  if (decision.act === 'park') return park(stores, payment, decision.reason, at)
  if (decision.act === 'return') return applyReturns(deps)(stores, { payment, state, cause: input.cause, actor })
  if (decision.money === 'reverse' && (await stores.refunds.ofPayment(payment.id)).some(refund => refund.status !== 'failed')) return park(stores, payment, 'needs_review', at)
  const settles = decision.money === 'book'
  await movePayment(stores, payment, decision.to, input.cause, actor, at, { gatewayTransactionId: state.gatewayTransactionId, problem: null, ...(settles ? { settledAt: at, settledAmount: state.amount, ...(state.channel ? { channel: state.channel } : {}) } : {}) })
  await stores.payments.markChecked(payment.id, at, null)
  const booking = { paymentId: payment.id, invoiceId: payment.invoiceId, clientId: payment.clientId, gateway: payment.gateway, amount: payment.amount, at, actor, memo: payment.gatewayOrderId ?? payment.id }
  if (settles) await book(deps, stores, payment, booking, state)
  else if (decision.money === 'reverse') {
    await deps.reversePayment(stores, { ...booking, feeInvoiceId: payment.feeInvoiceId, cause: 'denied' })
    await deps.bookGatewayFee(stores, { ...booking, fee: null })
  }
  return { outcome: 'applied', reason: decision.to }
})

/** Books what was settled, the buyer's fee in it, and what the gateway keeps. */
async function book(deps: PaymentDeps, stores: PaymentStores, payment: Payment, booking: PaymentBooking & { readonly gateway: GatewayName, readonly memo: string }, state: GatewayState): Promise<void> {
  await takeBuyerFee(deps, stores, payment, await deps.bookPayment(stores, { ...booking, expectedCredit: payment.fee }), booking.actor)
  const rule = await feeRuleOf(stores, booking.gateway, payment.method, state.channel)
  if (rule) await deps.bookGatewayFee(stores, { ...booking, fee: feeOf(state.amount, rule) })
}

/** By what was chosen on a payment page, where a rule names it. */
const feeRuleOf = async (stores: PaymentStores, gateway: GatewayName, method: PaymentMethod, channel: PaymentMethod | undefined) =>
  (channel ? await stores.feeRules.find(gateway, channel) : null) ?? await stores.feeRules.find(gateway, method)
