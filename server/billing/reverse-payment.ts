import { isZero, min, subtract, zero } from '#shared/money/money.ts'
import { actorLabel } from '../kernel/ports.ts'
import { auditStaff, hint, recordTransition } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { isDeposit } from './deposit.ts'
import { takeBackDeposit } from './settle-deposit.ts'
import { paymentCause, splitOf } from './book-payment.ts'
import { reversalEntry } from './ledger.ts'
import type { BillingStores, PaymentBooking } from './ports.ts'

export type PaymentReversal = PaymentBooking & { readonly cause: 'denied' | 'refunded' | 'charged_back' }

/**
 * Takes a booked payment back; see `ReversePayment`. Credit that came from it goes first, the rest is owed on the invoice again (or, where
 * the invoice is closed, on the client's credit). Paid periods stay on record: the calendar reminds and suspends by the reopened invoice.
 */
export const reversePayment = (deps: BillingDeps) => async (stores: BillingStores, reversal: PaymentReversal): Promise<void> => {
  const invoice = await stores.invoices.lock(reversal.invoiceId)
  if (!invoice) return
  const booked = await stores.ledger.linesOf(paymentCause(reversal.gateway), reversal.paymentId)
  const reversed = [...await stores.ledger.linesOf('payment_reversed', reversal.paymentId), ...await stores.ledger.linesOf('refund', reversal.paymentId)]
  if (booked.length === 0 || reversed.length > 0) return
  const now = deps.clock.now()
  const original = splitOf(booked)
  const fromCredit = min(reversal.amount, original.toCredit)
  const fromInvoice = min(subtract(reversal.amount, fromCredit), original.toInvoice)
  const takesInvoice = invoice.status === 'paid' || invoice.status === 'issued'
  const none = zero(reversal.amount.currency)
  const parts = takesInvoice ? { toInvoice: fromInvoice, toCredit: fromCredit } : { toInvoice: none, toCredit: { ...fromInvoice, amount: fromInvoice.amount + fromCredit.amount } }
  await stores.ledger.post(reversalEntry({ causeId: reversal.paymentId, at: now, memo: `${invoice.number ?? invoice.id} ${reversal.cause}`, actor: actorLabel(reversal.actor), clientId: invoice.clientId, invoiceId: invoice.id }, reversal.gateway, reversal.cause === 'refunded' ? 'refund' : 'payment_reversed', parts))
  if (invoice.status === 'paid' && !isZero(parts.toInvoice)) {
    if (isDeposit(invoice)) await takeBackDeposit(deps)(stores, { invoice, causeId: reversal.paymentId, actor: reversal.actor, amount: parts.toInvoice })
    await stores.invoices.setReopened(invoice.id)
    await recordTransition(stores, { entity: 'invoice', id: invoice.id, from: 'paid', to: 'issued', cause: reversal.cause, actor: reversal.actor, at: now })
  }
  await auditStaff(stores, { actor: reversal.actor, action: `payment.${reversal.cause}`, entity: 'invoice', entityId: invoice.id, after: { paymentId: reversal.paymentId, amount: reversal.amount.amount.toString() } })
  hint(stores, 'invoice', invoice.id, invoice.clientId)
}
