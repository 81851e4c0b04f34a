import { and, eq, inArray } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import type { FeeSide, LateFeeStore } from '#server/billing/late-fee-ports.ts'
import type { Executor } from '../client.ts'
import { invoices, lateFees } from '../schema/index.ts'
import { toInvoice } from './billing.ts'

const side = (row: typeof invoices.$inferSelect | undefined): FeeSide | null => row?.issuedAt ? { invoiceId: row.id, number: row.number ?? '', status: row.status, total: money(row.total, row.currency), issuedAt: row.issuedAt } : null

const store = (db: Executor): LateFeeStore => ({
  async insert(fee) {
    await db.insert(lateFees).values(fee)
  },
  async lockUnpaidOf(lateInvoiceId) {
    const [fee] = await db.select({ id: lateFees.feeInvoiceId }).from(lateFees).where(eq(lateFees.lateInvoiceId, lateInvoiceId))
    if (!fee) return null
    const [row] = await db.select().from(invoices).where(and(eq(invoices.id, fee.id), eq(invoices.status, 'issued'))).for('update')
    return row ? toInvoice(row) : null
  },
  async feeOf(lateInvoiceId) {
    const [row] = await db.select({ invoice: invoices }).from(lateFees).innerJoin(invoices, eq(invoices.id, lateFees.feeInvoiceId)).where(eq(lateFees.lateInvoiceId, lateInvoiceId))
    return side(row?.invoice)
  },
  async lateInvoiceOf(feeInvoiceId) {
    const [row] = await db.select({ invoice: invoices }).from(lateFees).innerJoin(invoices, eq(invoices.id, lateFees.lateInvoiceId)).where(eq(lateFees.feeInvoiceId, feeInvoiceId))
    return side(row?.invoice)
  },
  async numbersOf(invoiceIds) {
    if (invoiceIds.length === 0) return new Map()
    const rows = await db.select({ id: lateFees.feeInvoiceId, number: invoices.number }).from(lateFees).innerJoin(invoices, eq(invoices.id, lateFees.lateInvoiceId)).where(inArray(lateFees.feeInvoiceId, [...invoiceIds]))
    return new Map(rows.map(row => [row.id, row.number ?? '']))
  },
})

export const lateFeeStores = (db: Executor) => ({ lateFees: store(db) })
