import { pgTable, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { invoices } from './billing.ts'

/** The late fee of an invoice, an invoice of its own. Rows are only ever added: an invoice is charged for being late once. */
export const lateFees = pgTable('late_fees', {
  lateInvoiceId: uuid().primaryKey().references(() => invoices.id), feeInvoiceId: uuid().notNull().references(() => invoices.id),
}, t => [uniqueIndex('late_fees_fee').on(t.feeInvoiceId)])
