import type { BillingDeps } from './deps.ts'
import type { BillingStores, PaymentBooking } from './ports.ts'
import { returnMoney } from './return-money.ts'

export type PaymentReversal = PaymentBooking & { readonly feeInvoiceId?: string | null, readonly cause: 'denied' | 'charged_back' }

/**
 * Takes a booked payment back whole; see `ReversePayment`. Credit that came from it goes first, the rest is owed on the invoice again (or,
 * where the invoice is closed, on the client's credit). Paid periods stay on record: the calendar reminds and suspends by the reopened
 * invoice.
 */
export const reversePayment = (deps: BillingDeps) => async (stores: BillingStores, { cause, ...booking }: PaymentReversal): Promise<void> => {
  await returnMoney(deps)(stores, { ...booking, returnId: booking.paymentId, earlier: [], way: booking.gateway ? 'gateway' : 'bank', cause: 'payment_reversed', consequence: 'reopen', word: cause, strict: false, mail: null })
}
