import type { Money } from '#shared/money/money.ts'
import type { InvoiceStatus } from '#shared/vocabulary/billing.ts'
import type { Invoice } from './invoice-record.ts'

/** One of the two invoices of a late fee, as the other one's page names it. */
export interface FeeSide { readonly invoiceId: string, readonly number: string, readonly status: InvoiceStatus, readonly total: Money, readonly issuedAt: Date }

/** Which invoice is the late fee of which. A row stays when the fee is paid, waived or void: an invoice is late once. */
export interface LateFeeStore {
  /** Throws when the late invoice has a fee already. */
  insert(fee: { readonly lateInvoiceId: string, readonly feeInvoiceId: string }): Promise<void>
  /** The issued fee of an invoice, locked; null: none, or it is paid or closed. */
  lockUnpaidOf(lateInvoiceId: string): Promise<Invoice | null>
  feeOf(lateInvoiceId: string): Promise<FeeSide | null>
  lateInvoiceOf(feeInvoiceId: string): Promise<FeeSide | null>
  /** By the ids of fees the numbers of what they are for; other invoices are left out. */
  numbersOf(invoiceIds: readonly string[]): Promise<ReadonlyMap<string, string>>
}
