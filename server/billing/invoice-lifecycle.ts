import type { InvoiceStatus } from '#shared/vocabulary/billing.ts'

/** `paid` if and only if the ledger says that nothing is owed; back to `issued` when a payment is taken back. */
export const invoiceTransitions: Readonly<Record<InvoiceStatus, readonly InvoiceStatus[]>> = {
  draft: ['issued', 'void'],
  issued: ['paid', 'void', 'uncollectible'],
  paid: ['issued'],
  void: [],
  uncollectible: [],
}
export const initialInvoiceStatus: InvoiceStatus = 'draft'
