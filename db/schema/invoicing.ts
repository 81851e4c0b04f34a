import { sql } from 'drizzle-orm'
import { boolean, check, index, integer, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { invoiceLines, invoices } from './billing.ts'
import { amount, currency, id, instant, knownCurrency } from './columns.ts'

/** What was taken back of an invoice. Never changed once written; `toInvoice` met what was owed, `toCredit` became the client's credit. */
export const creditNotes = pgTable('credit_notes', {
  id: id(), invoiceId: uuid().notNull().references(() => invoices.id), series: text().notNull(), year: integer().notNull(), sequence: integer().notNull(), number: text().notNull().unique(), currency: currency(),
  taxable: amount().notNull(), dpp: amount().notNull(), tax: amount().notNull(), total: amount().notNull(), toInvoice: amount().notNull(), toCredit: amount().notNull(), reason: text().notNull(), actor: text().notNull(), issuedAt: instant().notNull(),
}, t => [
  knownCurrency('credit_notes', t.currency), check('credit_notes_sums', sql`${t.total} = ${t.taxable} + ${t.tax} and ${t.total} = ${t.toInvoice} + ${t.toCredit} and ${t.total} > 0 and ${t.tax} >= 0 and ${t.toInvoice} >= 0 and ${t.toCredit} >= 0`),
  uniqueIndex('credit_notes_sequence').on(t.series, t.year, t.sequence), index('credit_notes_invoice').on(t.invoiceId, t.issuedAt),
])

export const creditNoteLines = pgTable('credit_note_lines', {
  creditNoteId: uuid().notNull().references(() => creditNotes.id), position: integer().notNull(), invoiceLineId: uuid().notNull().references(() => invoiceLines.id), description: text().notNull(), amount: amount().notNull(), currency: currency(),
  /** What of the amount had not been earned when the note was issued: it comes off the days that were left. The rest comes off at once. */
  unearned: amount().notNull().default(sql`0`),
}, t => [knownCurrency('credit_note_lines', t.currency), primaryKey({ columns: [t.creditNoteId, t.position] }), check('credit_note_lines_amount', sql`${t.amount} > 0 and ${t.unearned} between 0 and ${t.amount}`), index('credit_note_lines_line').on(t.invoiceLineId)])

/** Versions of PPN: the rate in percent on `dppNumerator / dppDenominator` of the price, from an instant on. Only ever added; of two with the same beginning the newer row holds. */
export const taxRules = pgTable('tax_rules', {
  name: text().primaryKey(), from: instant().notNull(), ratePercent: integer().notNull(), dppNumerator: integer().notNull(), dppDenominator: integer().notNull(), reason: text().notNull(), actor: text().notNull(), createdAt: instant().notNull(),
}, t => [check('tax_rules_figures', sql`${t.ratePercent} between 0 and 100 and ${t.dppNumerator} between 1 and ${t.dppDenominator}`), index('tax_rules_from').on(t.from, t.createdAt)])

/** Whether the seller is PKP (and so charges PPN), from an instant on. Only ever added. */
export const sellerTaxStatuses = pgTable('seller_tax_statuses', {
  id: id(), pkp: boolean().notNull(), from: instant().notNull(), reason: text().notNull(), actor: text().notNull(), createdAt: instant().notNull(),
}, t => [index('seller_tax_statuses_from').on(t.from, t.createdAt)])
