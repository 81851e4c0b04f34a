import { and, asc, eq, gt, gte, inArray, isNull, lt, notInArray, or, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { money } from '#shared/money/money.ts'
import { earnsOverPeriod } from '#shared/vocabulary/billing.ts'
import type { CreditedLine, CreditNote, CreditNoteStore, Draft, DraftStore, TaxDocumentStore } from '#server/billing/invoicing-ports.ts'
import type { InvoiceLine } from '#server/billing/ports.ts'
import type { Executor } from '../client.ts'
import { creditNoteLines, creditNotes, invoiceLines, invoices, paidPeriods, services } from '../schema/index.ts'
import { refuseSecond } from '../unique-violation.ts'
import { toInvoice } from './billing.ts'

const figuresOf = ({ figures, clientId, termDays, note, buyer, seller }: Draft) => ({
  clientId, termDays, note, buyer, seller, currency: figures.total.currency, taxRule: figures.rule,
  subtotal: figures.subtotal.amount, discount: figures.discount.amount, taxable: figures.taxable.amount, dpp: figures.dpp.amount, tax: figures.tax.amount, total: figures.total.amount,
})

const draftStore = (db: Executor): DraftStore => {
  const addLines = async (invoiceId: string, lines: readonly InvoiceLine[]) => {
    await db.insert(invoiceLines).values(lines.map(({ amount, ...line }, index) => ({ ...line, id: sql`gen_random_uuid()`, invoiceId, position: index + 1, amount: amount.amount, currency: amount.currency })))
  }
  const removeLines = (invoiceId: string) => db.delete(invoiceLines).where(eq(invoiceLines.invoiceId, invoiceId))
  return {
    async insert(draft, lines) {
      await db.insert(invoices).values({ ...figuresOf(draft), id: draft.id, status: 'draft', createdAt: draft.createdAt })
      await addLines(draft.id, lines)
    },
    async replace(draft, lines) {
      await db.update(invoices).set(figuresOf(draft)).where(and(eq(invoices.id, draft.id), eq(invoices.status, 'draft')))
      await removeLines(draft.id)
      await addLines(draft.id, lines)
    },
    async remove(invoiceId) {
      await removeLines(invoiceId)
      await db.delete(invoices).where(and(eq(invoices.id, invoiceId), eq(invoices.status, 'draft')))
    },
  }
}

function toNote(row: typeof creditNotes.$inferSelect): CreditNote {
  const of = (amount: bigint) => money(amount, row.currency)
  return { id: row.id, invoiceId: row.invoiceId, number: row.number, reason: row.reason, issuedAt: row.issuedAt, taxable: of(row.taxable), dpp: of(row.dpp), tax: of(row.tax), total: of(row.total), toInvoice: of(row.toInvoice), toCredit: of(row.toCredit) }
}

/** Lines of invoices with what was credited of each, by invoice. */
async function creditedLines(db: Executor, invoiceIds: readonly string[]) {
  const credited = db.select({ lineId: creditNoteLines.invoiceLineId, sum: sql<string>`sum(${creditNoteLines.amount})::text`.as('sum') }).from(creditNoteLines)
    .innerJoin(invoiceLines, eq(invoiceLines.id, creditNoteLines.invoiceLineId)).where(inArray(invoiceLines.invoiceId, [...invoiceIds])).groupBy(creditNoteLines.invoiceLineId).as('credited')
  const rows = await db.select({ line: invoiceLines, credited: credited.sum }).from(invoiceLines).leftJoin(credited, eq(credited.lineId, invoiceLines.id)).where(inArray(invoiceLines.invoiceId, [...invoiceIds])).orderBy(asc(invoiceLines.position))
  return Map.groupBy(rows, row => row.line.invoiceId)
}
const toCreditedLine = ({ line, credited }: { line: typeof invoiceLines.$inferSelect, credited: string | null }): CreditedLine =>
  ({ id: line.id, kind: line.kind, serviceId: line.serviceId, description: line.description, amount: money(line.amount, line.currency), credited: money(BigInt(credited ?? '0'), line.currency) })

const creditNoteStore = (db: Executor): CreditNoteStore => ({
  async creditedLinesOf(invoiceId) {
    return ((await creditedLines(db, [invoiceId])).get(invoiceId) ?? []).map(toCreditedLine)
  },
  async creditedOf(invoiceId) {
    const total = (column: PgColumn) => sql<string>`coalesce(sum(${column}), 0)::text`
    const [row] = await db.select({ taxable: total(creditNotes.taxable), dpp: total(creditNotes.dpp), tax: total(creditNotes.tax), total: total(creditNotes.total), toInvoice: total(creditNotes.toInvoice), toCredit: total(creditNotes.toCredit) }).from(creditNotes).where(eq(creditNotes.invoiceId, invoiceId))
    const of = (text: string | undefined) => money(BigInt(text ?? '0'))
    return { taxable: of(row?.taxable), dpp: of(row?.dpp), tax: of(row?.tax), total: of(row?.total), toInvoice: of(row?.toInvoice), toCredit: of(row?.toCredit) }
  },
  async insert({ taxable, dpp, tax, total, toInvoice, toCredit, ...note }, lines) {
    await db.insert(creditNotes).values({ ...note, currency: total.currency, taxable: taxable.amount, dpp: dpp.amount, tax: tax.amount, total: total.amount, toInvoice: toInvoice.amount, toCredit: toCredit.amount })
    await db.insert(creditNoteLines).values(lines.map(({ amount, unearned, ...line }, index) => ({ ...line, creditNoteId: note.id, position: index + 1, amount: amount.amount, unearned: unearned.amount, currency: amount.currency })))
  },
  async earningOf(invoiceId) {
    const lines = await db.select({ id: invoiceLines.id, kind: invoiceLines.kind, serviceId: invoiceLines.serviceId, own: { from: invoiceLines.periodStart, to: invoiceLines.periodEnd }, paid: { from: paidPeriods.periodStart, to: paidPeriods.periodEnd }, once: { deliveredAt: services.deliveredAt, endedAt: services.endedAt }, issuedAt: invoices.issuedAt }).from(invoiceLines)
      .innerJoin(invoices, eq(invoices.id, invoiceLines.invoiceId)).leftJoin(paidPeriods, and(eq(paidPeriods.invoiceId, invoiceLines.invoiceId), eq(paidPeriods.serviceId, invoiceLines.serviceId)))
      .leftJoin(services, and(eq(services.id, paidPeriods.serviceId), isNull(paidPeriods.periodEnd))).where(eq(invoiceLines.invoiceId, invoiceId))
    const notes = Map.groupBy(await db.select({ lineId: creditNoteLines.invoiceLineId, at: creditNotes.issuedAt, unearned: creditNoteLines.unearned, currency: creditNoteLines.currency }).from(creditNoteLines).innerJoin(creditNotes, eq(creditNotes.id, creditNoteLines.creditNoteId)).where(eq(creditNotes.invoiceId, invoiceId)), note => note.lineId)
    return new Map(lines.map(({ id, kind, serviceId, own, paid, once, issuedAt }) => {
      const ofPeriod = earnsOverPeriod(kind) && serviceId !== null
      // Paid once: earned when it was delivered, or given up undelivered.
      const delivered = once?.deliveredAt ?? once?.endedAt ?? null
      const ofPaid = once ? { from: delivered, to: delivered } : paid ?? { from: null, to: null }
      const period = own.from ? own : ofPeriod ? ofPaid : { from: issuedAt, to: issuedAt }
      return [id, { ...period, notes: (notes.get(id) ?? []).map(({ at, unearned, currency }) => ({ at, unearned: money(unearned, currency) })) }]
    }))
  },
  async listOf(invoiceId) {
    const rows = await db.select().from(creditNotes).where(eq(creditNotes.invoiceId, invoiceId)).orderBy(asc(creditNotes.issuedAt), asc(creditNotes.id)).limit(100)
    return rows.map(toNote)
  },
  async find(noteId) {
    const [row] = await db.select().from(creditNotes).where(eq(creditNotes.id, noteId))
    return row ? toNote(row) : null
  },
  async linesOf(noteId) {
    const rows = await db.select().from(creditNoteLines).where(eq(creditNoteLines.creditNoteId, noteId)).orderBy(asc(creditNoteLines.position))
    return rows.map(({ invoiceLineId, description, amount, currency }) => ({ invoiceLineId, description, amount: money(amount, currency) }))
  },
})

const taxDocumentStore = (db: Executor): TaxDocumentStore => ({
  async setTaxInvoiceNumber(invoiceId, number) {
    await refuseSecond(db.update(invoices).set({ taxInvoiceNumber: number }).where(eq(invoices.id, invoiceId)), 'invoices_tax_invoice', 'tax_number_taken')
  },
  async taxedInvoices({ from, to, after, limit }) {
    const further = after ? or(gt(invoices.issuedAt, after.issuedAt), and(eq(invoices.issuedAt, after.issuedAt), gt(invoices.id, after.id))) : undefined
    const rows = await db.select().from(invoices).where(and(gte(invoices.issuedAt, from), lt(invoices.issuedAt, to), gt(invoices.tax, 0n), notInArray(invoices.status, ['draft', 'void']), further)).orderBy(asc(invoices.issuedAt), asc(invoices.id)).limit(limit)
    if (rows.length === 0) return []
    const lines = await creditedLines(db, rows.map(row => row.id))
    return rows.map((row) => {
      const own = lines.get(row.id) ?? []
      return { invoice: toInvoice(row), lines: own.map(toCreditedLine), quantities: new Map(own.map(({ line }) => [line.id, line.quantity])) }
    })
  },
})

export const invoicingStores = (db: Executor) => ({ drafts: draftStore(db), creditNotes: creditNoteStore(db), taxDocuments: taxDocumentStore(db) })
