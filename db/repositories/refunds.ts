import { and, asc, count, desc, eq, ilike, inArray, isNotNull, isNull, lt, or, sql } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import type { Refund, RefundFilter, RefundListItem, RefundStore } from '#server/payments/refund-ports.ts'
import type { Executor } from '../client.ts'
import { invoices, payments, refunds, users } from '../schema/index.ts'
import { containing } from '../search-pattern.ts'
import { refuseSecond } from '../unique-violation.ts'

const minute = 60_000
const toRefund = ({ amount, currency, ...row }: typeof refunds.$inferSelect): Refund => ({ ...row, amount: money(amount, currency) })

const waitsForApproval = and(eq(refunds.status, 'requested'), eq(refunds.needsApproval, true), isNull(refunds.approvedAt))
/** What a person has to look at: decisions that wait, and what nobody here asked for or what failed until somebody noted it. */
const wantsAttention = or(waitsForApproval, and(isNull(refunds.notedAt), or(eq(refunds.found, true), eq(refunds.status, 'failed'))))

const beyond = sql<string>`greatest(0, coalesce((select sum(o.amount) from refunds o where o.payment_id = ${refunds.paymentId} and o.status in ('requested', 'pending', 'done')), 0) - coalesce(${payments.settledAmount}, ${payments.amount}, 0))::text`
const listed = (db: Executor) => db.select({ refund: refunds, invoiceNumber: invoices.number, clientName: users.name, gateway: payments.gateway, method: payments.method, beyond }).from(refunds)
  .innerJoin(users, eq(users.id, refunds.clientId)).leftJoin(invoices, eq(invoices.id, refunds.invoiceId)).leftJoin(payments, eq(payments.id, refunds.paymentId))

const toListed = ({ refund, beyond, ...more }: Awaited<ReturnType<typeof listed>>[number]): RefundListItem => ({ ...toRefund(refund), ...more, beyond: money(BigInt(beyond), refund.currency) })

export const refundStore = (db: Executor): RefundStore => ({
  async find(id) {
    const [row] = await db.select().from(refunds).where(eq(refunds.id, id))
    return row ? toRefund(row) : null
  },
  async lock(id) {
    const [row] = await db.select().from(refunds).where(eq(refunds.id, id)).for('update')
    return row ? toRefund(row) : null
  },
  async ofPayment(paymentId) {
    const rows = await db.select().from(refunds).where(eq(refunds.paymentId, paymentId)).orderBy(asc(refunds.createdAt), asc(refunds.id))
    return rows.map(toRefund)
  },
  async ofPayments(paymentIds) {
    if (paymentIds.length === 0) return []
    const rows = await db.select().from(refunds).where(inArray(refunds.paymentId, [...paymentIds])).orderBy(desc(refunds.createdAt), desc(refunds.id)).limit(500)
    return rows.map(toRefund)
  },
  async insert({ amount, ...refund }) {
    await refuseSecond(db.insert(refunds).values({ ...refund, amount: amount.amount, currency: amount.currency }), 'refunds_one_transfer', 'transfer_known')
  },
  async setStatus(id, status, change = {}) {
    await db.update(refunds).set({ ...change, status }).where(eq(refunds.id, id))
  },
  async change(id, change) {
    await db.update(refunds).set(change).where(eq(refunds.id, id))
  },
  async markChecked(id, at) {
    await db.update(refunds).set({ checkedAt: at }).where(eq(refunds.id, id))
  },
  async listDue({ at, limit }) {
    const unasked = (minutes: number) => or(isNull(refunds.checkedAt), lt(refunds.checkedAt, new Date(at.getTime() - minutes * minute)))
    const approved = or(eq(refunds.needsApproval, false), isNotNull(refunds.approvedAt))
    const rows = await db.select({ id: refunds.id }).from(refunds).where(and(eq(refunds.kind, 'gateway'), or(and(eq(refunds.status, 'requested'), approved, unasked(2)), and(eq(refunds.status, 'pending'), unasked(30))))).orderBy(sql`${refunds.checkedAt} asc nulls first`, asc(refunds.id)).limit(limit)
    return rows.map(row => row.id)
  },
  async hasOpenChargeback(clientId) {
    const [row] = await db.select({ id: refunds.id }).from(refunds).innerJoin(invoices, eq(invoices.id, refunds.invoiceId)).where(and(eq(refunds.clientId, clientId), eq(refunds.kind, 'chargeback'), eq(refunds.status, 'done'), inArray(invoices.status, ['issued', 'uncollectible']))).limit(1)
    return row !== undefined
  },
  async creditReserved(clientId) {
    const [row] = await db.select({ sum: sql<string>`coalesce(sum(${refunds.amount}), 0)::text` }).from(refunds).where(and(eq(refunds.clientId, clientId), eq(refunds.kind, 'credit_payout'), eq(refunds.status, 'requested')))
    return BigInt(row?.sum ?? 0)
  },
  async findListed(id) {
    const [row] = await listed(db).where(eq(refunds.id, id))
    return row ? toListed(row) : null
  },
  async list(filter: RefundFilter) {
    const where = and(
      filter.status ? eq(refunds.status, filter.status) : undefined, filter.kind ? eq(refunds.kind, filter.kind) : undefined, filter.invoiceId ? eq(refunds.invoiceId, filter.invoiceId) : undefined, filter.attention ? wantsAttention : undefined,
      filter.q ? or(ilike(invoices.number, containing(filter.q)), ilike(users.name, containing(filter.q)), ilike(refunds.reference, containing(filter.q)), ilike(refunds.refundKey, containing(filter.q))) : undefined,
    )
    const rows = await listed(db).where(where).orderBy(desc(refunds.createdAt), desc(refunds.id)).limit(filter.pageSize).offset((filter.page - 1) * filter.pageSize)
    const [counted] = await db.select({ total: count() }).from(refunds).innerJoin(users, eq(users.id, refunds.clientId)).leftJoin(invoices, eq(invoices.id, refunds.invoiceId)).where(where)
    return { items: rows.map(toListed), total: counted?.total ?? 0, page: filter.page, pageSize: filter.pageSize }
  },
})
