import type { Money } from '#shared/money/money.ts'
import type { TaxFigures } from '#shared/money/tax.ts'
import type { InvoiceLineKind } from '#shared/vocabulary/billing.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { Invoice, InvoiceLine, InvoiceWithClient, Party } from './invoice-record.ts'

/** An invoice that staff write by hand, before it has a number. Figures and parties are those of its last saving; the issue takes them anew. */
export interface Draft { readonly id: string, readonly clientId: string, readonly figures: TaxFigures & { readonly subtotal: Money, readonly discount: Money }, readonly termDays: number, readonly note: string | null, readonly buyer: Party, readonly seller: Party }
export interface DraftStore {
  insert(draft: Draft & { readonly createdAt: Date }, lines: readonly InvoiceLine[]): Promise<void>
  /** Replaces all of it but its making. */
  replace(draft: Draft, lines: readonly InvoiceLine[]): Promise<void>
  remove(invoiceId: string): Promise<void>
}

/** A line of an invoice as credit notes see it; `credited`: what earlier notes took back of it. */
export interface CreditedLine { readonly id: string, readonly kind: InvoiceLineKind, readonly serviceId: string | null, readonly description: string, readonly amount: Money, readonly credited: Money }
export interface NoteFigures { readonly taxable: Money, readonly dpp: Money, readonly tax: Money, readonly total: Money }
export interface CreditNote extends NoteFigures {
  readonly id: string, readonly invoiceId: string, readonly number: string, readonly reason: string, readonly issuedAt: Date
  /** What it took off the debt of its invoice, and what became the client's credit. */
  readonly toInvoice: Money, readonly toCredit: Money
}
export interface NewCreditNote extends CreditNote { readonly series: string, readonly year: number, readonly sequence: number, readonly actor: string }
export interface CreditNoteLine { readonly invoiceLineId: string, readonly description: string, readonly amount: Money }
/** A line as it is written: `unearned` of its amount had not been earned by then. */
export interface NewCreditNoteLine extends CreditNoteLine { readonly unearned: Money }
/** When a line earns: its own period or the one that was paid by it; null while that is unknown. Other lines earn on the day of issue. */
export interface LineEarning { readonly from: Date | null, readonly to: Date | null, /** What earlier notes took off the days that were left. */ readonly notes: readonly { readonly at: Date, readonly unearned: Money }[] }
export interface Credited extends NoteFigures { readonly toInvoice: Money, readonly toCredit: Money }

export interface CreditNoteStore {
  /** Every line of an invoice in its order, discounts included. */
  creditedLinesOf(invoiceId: string): Promise<CreditedLine[]>
  /** What all notes of an invoice took back together. */
  creditedOf(invoiceId: string): Promise<Credited>
  insert(note: NewCreditNote, lines: readonly NewCreditNoteLine[]): Promise<void>
  /** When each line of an issued invoice earns, by the line's id. */
  earningOf(invoiceId: string): Promise<ReadonlyMap<string, LineEarning>>
  /** The notes of an invoice, oldest first, at most a hundred. */
  listOf(invoiceId: string): Promise<CreditNote[]>
  find(noteId: string): Promise<CreditNote | null>
  linesOf(noteId: string): Promise<CreditNoteLine[]>
}

export interface TaxedInvoice { readonly invoice: Invoice, readonly lines: readonly CreditedLine[], readonly quantities: ReadonlyMap<string, number> }
export interface TaxDocumentStore {
  /** @throws AppError tax_number_taken when another invoice has it */
  setTaxInvoiceNumber(invoiceId: string, number: string | null): Promise<void>
  /** Invoices with PPN issued in a period and not void, in the order of their issue, one page after another. */
  taxedInvoices(period: { readonly from: Date, readonly to: Date, readonly after: { readonly issuedAt: Date, readonly id: string } | null, readonly limit: number }): Promise<TaxedInvoice[]>
}

/** Draws a credit note as PDF. Never called inside a transaction. */
export interface CreditNotePrinter { (document: { readonly note: CreditNote, readonly lines: readonly CreditNoteLine[], readonly invoice: InvoiceWithClient, readonly locale: Locale, readonly zone: string }): Promise<Uint8Array> }
