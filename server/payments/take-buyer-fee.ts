import { compare } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { Actor } from '../kernel/ports.ts'
import type { PaymentDeps } from './deps.ts'
import type { Payment, PaymentStores } from './ports.ts'

/** Invoices the buyer's fee of a payment that was just booked, and pays it from the credit that the booking left for it. */
export async function takeBuyerFee(deps: PaymentDeps, stores: PaymentStores, payment: Payment, booked: { readonly toInvoice: Money, readonly toCredit: Money }, actor: Actor): Promise<void> {
  // A second payment of what was paid already is credit whole: nothing was served that could cost.
  if (payment.fee.amount === 0n || booked.toInvoice.amount === 0n || compare(booked.toCredit, payment.fee) < 0) return
  const { invoiceId } = await deps.chargeBuyerFee(stores, { clientId: payment.clientId, total: payment.fee, method: payment.method, actor })
  await stores.payments.setStatus(payment.id, { status: 'settled', feeInvoiceId: invoiceId })
}
