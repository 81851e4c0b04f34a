import { and, asc, count, desc, eq, gt, gte, ilike, inArray, isNull, lt, lte, ne, or, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { money } from '#shared/money/money.ts'
import { noInstructions } from '#server/payments/ports.ts'
import type { Payment, PaymentFilter, PaymentStore, StoredWebhook, WebhookFilter, WebhookStore } from '#server/payments/ports.ts'
import type { Executor } from '../client.ts'
import { invoices, payments, users, webhooks } from '../schema/index.ts'
import { containing } from '../search-pattern.ts'
import type { StoreContext } from '../store-context.ts'
import { refuseSecond } from '../unique-violation.ts'

const live = ['created', 'pending'] as const
const minute = 60_000
const before = (at: Date, minutes: number) => new Date(at.getTime() - minutes * minute)

const toPayment = (row: typeof payments.$inferSelect): Payment => ({
  id: row.id, invoiceId: row.invoiceId, clientId: row.clientId, gateway: row.gateway, method: row.method, status: row.status, gatewayOrderId: row.gatewayOrderId, gatewayTransactionId: row.gatewayTransactionId, amount: money(row.amount, row.currency),
  instructions: row.instructions && { ...noInstructions, ...row.instructions }, createdAt: row.createdAt, expiresAt: row.expiresAt, settledAt: row.settledAt, checkedAt: row.checkedAt, fee: money(row.fee, row.currency), feeInvoiceId: row.feeInvoiceId, settledAmount: row.settledAmount === null ? null : money(row.settledAmount, row.currency), channel: row.channel,
})
const toWebhook = ({ dedupeKey: _, headers: __, ...row }: typeof webhooks.$inferSelect): StoredWebhook => row

const paymentStore = (db: Executor): PaymentStore => ({
  async find(id) {
    const [row] = await db.select().from(payments).where(eq(payments.id, id))
    return row ? toPayment(row) : null
  },
  async lock(id) {
    const [place] = await db.select({ invoiceId: payments.invoiceId }).from(payments).where(eq(payments.id, id))
    if (!place) return null
    await db.select({ id: invoices.id }).from(invoices).where(eq(invoices.id, place.invoiceId)).for('update')
    const [row] = await db.select().from(payments).where(eq(payments.id, id)).for('update')
    return row ? toPayment(row) : null
  },
  async findByGatewayOrders(asked) {
    const byGateway = [...Map.groupBy(asked, one => one.gateway)]
    if (byGateway.length === 0) return []
    const rows = await db.select().from(payments).where(or(...byGateway.map(([gateway, those]) => and(eq(payments.gateway, gateway), inArray(payments.gatewayOrderId, those.map(one => one.gatewayOrderId))))))
    return rows.map(toPayment)
  },
  async findLive(invoiceId) {
    const [row] = await db.select().from(payments).where(and(eq(payments.invoiceId, invoiceId), inArray(payments.status, [...live])))
    return row ? toPayment(row) : null
  },
  async listSettled(invoiceId) {
    const rows = await db.select().from(payments).where(and(eq(payments.invoiceId, invoiceId), inArray(payments.status, ['settled', 'refunded', 'charged_back']))).orderBy(desc(payments.settledAt), desc(payments.id)).limit(100)
    return rows.map(toPayment)
  },
  async statusOfInvoice(invoiceId, clientId) {
    const [row] = await db.select({ status: invoices.status }).from(invoices).where(and(eq(invoices.id, invoiceId), eq(invoices.clientId, clientId)))
    return row?.status ?? null
  },
  async insert({ amount, fee, ...attempt }) {
    await refuseSecond(db.insert(payments).values({ ...attempt, status: 'created', amount: amount.amount, fee: fee.amount, currency: amount.currency }), 'payments_one_live', 'payment_in_progress')
  },
  async setStatus(id, { settledAmount, ...change }) {
    await db.update(payments).set({ ...change, ...(settledAmount ? { settledAmount: settledAmount.amount } : {}) }).where(eq(payments.id, id))
  },
  async markChecked(id, at, problem) {
    await db.update(payments).set({ checkedAt: at, problem }).where(eq(payments.id, id))
  },
  async listDue({ at, limit }) {
    const unasked = (minutes: number) => or(isNull(payments.checkedAt), lt(payments.checkedAt, before(at, minutes)))
    const rows = await db.select({ id: payments.id }).from(payments).where(and(sql`${payments.gateway} is not null`, or(
      and(eq(payments.status, 'created'), lt(payments.createdAt, before(at, 1)), unasked(1)),
      and(eq(payments.status, 'pending'), or(lte(payments.expiresAt, at), unasked(10)), unasked(1)),
      // A settlement may be denied minutes later, and an attempt that lapsed may be paid all the same: both without a word reaching us.
      and(eq(payments.status, 'settled'), gt(payments.settledAt, before(at, 90)), unasked(15)),
      and(inArray(payments.status, ['expired', 'failed', 'denied']), gt(payments.createdAt, before(at, 4 * 1440)), unasked(360)),
    ))).orderBy(sql`${payments.checkedAt} asc nulls first`, asc(payments.id)).limit(limit)
    return rows.map(row => row.id)
  },
  async listStray(limit) {
    const rows = await db.select({ id: payments.id }).from(payments).innerJoin(invoices, eq(invoices.id, payments.invoiceId)).where(and(inArray(payments.status, [...live]), ne(invoices.status, 'issued'))).orderBy(asc(payments.id)).limit(limit)
    return rows.map(row => row.id)
  },
  async list(filter: PaymentFilter) {
    const where = and(
      filter.status ? eq(payments.status, filter.status) : undefined, filter.gateway ? eq(payments.gateway, filter.gateway) : undefined,
      filter.q ? or(ilike(payments.gatewayOrderId, containing(filter.q)), ilike(payments.gatewayTransactionId, containing(filter.q)), ilike(invoices.number, containing(filter.q)), ilike(users.name, containing(filter.q))) : undefined,
    )
    const rows = await db.select({ payment: payments, invoiceNumber: invoices.number, clientName: users.name }).from(payments).innerJoin(invoices, eq(invoices.id, payments.invoiceId)).innerJoin(users, eq(users.id, payments.clientId))
      .where(where).orderBy(desc(payments.createdAt), desc(payments.id)).limit(filter.pageSize).offset((filter.page - 1) * filter.pageSize)
    const [counted] = await db.select({ total: count() }).from(payments).innerJoin(invoices, eq(invoices.id, payments.invoiceId)).innerJoin(users, eq(users.id, payments.clientId)).where(where)
    return {
      items: rows.map(({ payment, invoiceNumber, clientName }) => ({ ...toPayment(payment), invoiceNumber, clientName })),
      total: counted?.total ?? 0, page: filter.page, pageSize: filter.pageSize,
    }
  },
})

const webhookStore = (db: Executor, context: StoreContext): WebhookStore => ({
  async store(hooks) {
    // One row per content, in one order: an upsert may not meet a row twice, and two batches at once must not wait for each other.
    const groups = [...Map.groupBy(hooks, hook => `${hook.gateway} ${hook.dedupeKey}`)].sort(([a], [b]) => a < b ? -1 : 1).flatMap(([, [hook, ...more]]) => hook ? [{ hook, id: context.newId(), deliveries: more.length + 1 }] : [])
    if (groups.length === 0) return false
    // Refused before and proven now (the secret was set right meanwhile): it waits for work like a first delivery.
    const proven = sql`${webhooks.status} = 'refused' and excluded.status <> 'refused'`
    const ifProven = (excluded: SQL, column: PgColumn) => sql`case when ${proven} then ${excluded} else ${column} end`
    const rows = await db.insert(webhooks).values(groups.map(({ id, deliveries, hook: { at, headers, ...hook } }) => ({ id, ...hook, headers: { ...headers }, receivedAt: at, deliveries })))
      .onConflictDoUpdate({
        target: [webhooks.gateway, webhooks.dedupeKey],
        set: { deliveries: sql`${webhooks.deliveries} + excluded.deliveries`, status: ifProven(sql`excluded.status`, webhooks.status), orderId: ifProven(sql`excluded.order_id`, webhooks.orderId), gatewayTransactionId: ifProven(sql`excluded.gateway_transaction_id`, webhooks.gatewayTransactionId), event: ifProven(sql`excluded.event`, webhooks.event), body: ifProven(sql`excluded.body`, webhooks.body), reason: ifProven(sql`excluded.reason`, webhooks.reason) },
      }).returning({ status: webhooks.status })
    return rows.some(row => row.status === 'verified')
  },
  async countRefusedSince(moment, limit) {
    const some = db.select({ id: webhooks.id }).from(webhooks).where(and(eq(webhooks.status, 'refused'), gte(webhooks.receivedAt, moment))).limit(limit).as('some')
    const [row] = await db.select({ n: count() }).from(some)
    return row?.n ?? 0
  },
  async lock(id) {
    const [row] = await db.select().from(webhooks).where(eq(webhooks.id, id)).for('update')
    return row ? toWebhook(row) : null
  },
  async beginWork({ at, leaseSeconds, limit }) {
    const waiting = inArray(webhooks.status, ['verified', 'received'])
    const due = db.select({ id: webhooks.id }).from(webhooks).where(and(waiting, or(isNull(webhooks.dueAt), lte(webhooks.dueAt, at)))).orderBy(webhooks.receivedAt, webhooks.id).limit(limit).for('update', { skipLocked: true })
    const rows = await db.update(webhooks).set({ attempts: sql`${webhooks.attempts} + 1`, dueAt: new Date(at.getTime() + leaseSeconds * 1000) }).where(sql`${webhooks.id} = any(array(${due}))`).returning()
    return rows.map(toWebhook).sort((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime() || (a.id < b.id ? -1 : 1))
  },
  async putOff(id, until) {
    await db.update(webhooks).set({ dueAt: until }).where(eq(webhooks.id, id))
  },
  async finish(ids, { status, reason, at }) {
    await db.update(webhooks).set({ status, reason, handledAt: at }).where(inArray(webhooks.id, [...ids]))
  },
  async reopen(id) {
    await db.update(webhooks).set({ status: 'verified', reason: null, handledAt: null, dueAt: null }).where(eq(webhooks.id, id))
  },
  async list(filter: WebhookFilter) {
    const where = and(
      filter.status ? eq(webhooks.status, filter.status) : undefined, filter.gateway ? eq(webhooks.gateway, filter.gateway) : undefined,
      filter.q ? or(ilike(webhooks.orderId, containing(filter.q)), ilike(webhooks.event, containing(filter.q)), ilike(webhooks.reason, containing(filter.q))) : undefined,
    )
    const rows = await db.select().from(webhooks).where(where).orderBy(desc(webhooks.receivedAt), desc(webhooks.id)).limit(filter.pageSize).offset((filter.page - 1) * filter.pageSize)
    const [counted] = await db.select({ total: count() }).from(webhooks).where(where)
    return { items: rows.map(toWebhook), total: counted?.total ?? 0, page: filter.page, pageSize: filter.pageSize }
  },
})

export const paymentStores = (db: Executor, context: StoreContext) => ({ payments: paymentStore(db), webhooks: webhookStore(db, context) })
