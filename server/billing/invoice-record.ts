import type { Money } from '#shared/money/money.ts'
import type { InvoiceLineKind, InvoiceStatus } from '#shared/vocabulary/billing.ts'

export interface Party { readonly name: string, readonly address: string, readonly email: string | null, readonly phone: string | null, readonly npwp: string | null, readonly nik: string | null }
export interface InvoiceLine { readonly kind: InvoiceLineKind, readonly description: string, /** The description in both languages; the issue keeps that of the client. */ readonly texts?: { readonly id: string, readonly en: string }, readonly serviceId: string | null, readonly periodStart: Date | null, readonly periodEnd: Date | null, /** Absent: one. */ readonly quantity?: number, /** Of the whole line. */ readonly amount: Money, /** The code that gave this discount. */ readonly promoId?: string | null }
export interface Invoice {
  readonly id: string, readonly clientId: string, readonly orderId: string | null, readonly status: InvoiceStatus, readonly number: string | null
  readonly subtotal: Money, readonly discount: Money, readonly taxable: Money, readonly dpp: Money, readonly tax: Money, readonly total: Money, readonly taxRule: string
  readonly issuedAt: Date | null, readonly dueAt: Date | null, readonly paidAt: Date | null, readonly closedAt: Date | null, readonly closedReason: string | null, readonly buyer: Party, readonly seller: Party
  /** A draft's days from issue to due. */
  readonly termDays: number | null, readonly note: string | null, /** Given by Coretax: the invoice goes with this faktur pajak. */ readonly taxInvoiceNumber: string | null
}
export interface InvoiceWithClient extends Invoice { readonly clientName: string, readonly clientEmail: string }
