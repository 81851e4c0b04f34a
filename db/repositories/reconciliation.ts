import { and, asc, count, desc, eq, gt, gte, inArray, isNotNull, isNull, lt, notInArray, or, sql } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import type { GatewayName } from '#shared/vocabulary/payments.ts'
import type { ComparisonStore, FeeRuleStore, PayoutStore } from '#server/payments/reconciliation-ports.ts'
import type { Executor } from '../client.ts'
import { comparisonItems, comparisonRuns, gatewayFeeRules, gatewayPayouts, invoices, journalLines, payments } from '../schema/index.ts'
import { refuseSecond } from '../unique-violation.ts'
import { refundStore } from './refunds.ts'

const feeRuleStore = (db: Executor): FeeRuleStore => ({
  async list() {
    const rows = await db.select().from(gatewayFeeRules).orderBy(asc(gatewayFeeRules.gateway), asc(gatewayFeeRules.method))
    return rows.map(({ fixed, currency, ...row }) => ({ ...row, fixed: money(fixed, currency) }))
  },
  async find(gateway, method) {
    const [row] = await db.select().from(gatewayFeeRules).where(and(eq(gatewayFeeRules.gateway, gateway), eq(gatewayFeeRules.method, method)))
    return row ? { gateway, method, fixed: money(row.fixed, row.currency), basisPoints: row.basisPoints } : null
  },
  async replace(rules, by) {
    await db.delete(gatewayFeeRules)
    if (rules.length > 0) await db.insert(gatewayFeeRules).values(rules.map(({ fixed, ...rule }) => ({ ...rule, fixed: fixed.amount, currency: fixed.currency, updatedAt: by.at, updatedByName: by.name })))
  },
})

const payoutStore = (db: Executor): PayoutStore => ({
  async insert({ amount, fee, ...payout }) {
    await refuseSecond(db.insert(gatewayPayouts).values({ ...payout, amount: amount.amount, fee: fee.amount, currency: amount.currency }), 'gateway_payouts_once', 'payout_known')
  },
  async list({ page, pageSize }) {
    const rows = await db.select().from(gatewayPayouts).orderBy(desc(gatewayPayouts.recordedAt), desc(gatewayPayouts.id)).limit(pageSize).offset((page - 1) * pageSize)
    const [counted] = await db.select({ total: count() }).from(gatewayPayouts)
    return { items: rows.map(({ amount, fee, currency, ...row }) => ({ ...row, amount: money(amount, currency), fee: money(fee, currency) })), total: counted?.total ?? 0, page, pageSize }
  },
  async clearing() {
    const rows = await db.select({ gateway: journalLines.gateway, currency: journalLines.currency, balance: sql<string>`sum(${journalLines.amount})::text` }).from(journalLines).where(and(eq(journalLines.account, 'gateway_clearing'), isNotNull(journalLines.gateway))).groupBy(journalLines.gateway, journalLines.currency).orderBy(asc(journalLines.gateway))
    return rows.map(row => ({ gateway: row.gateway as GatewayName, balance: money(BigInt(row.balance), row.currency) }))
  },
})

const listed = (db: Executor) => db.select({ item: comparisonItems, invoiceId: payments.invoiceId, invoiceNumber: invoices.number, gatewayOrderId: payments.gatewayOrderId }).from(comparisonItems).innerJoin(payments, eq(payments.id, comparisonItems.paymentId)).innerJoin(invoices, eq(invoices.id, payments.invoiceId))

const comparisonStore = (db: Executor): ComparisonStore => ({
  async startRun(run) {
    await db.insert(comparisonRuns).values(run)
  },
  async findRun(id) {
    const [row] = await db.select().from(comparisonRuns).where(eq(comparisonRuns.id, id))
    return row ?? null
  },
  async lastRun() {
    const [row] = await db.select().from(comparisonRuns).orderBy(desc(comparisonRuns.startedAt), desc(comparisonRuns.id)).limit(1)
    return row ?? null
  },
  async unfinishedRun() {
    const [row] = await db.select().from(comparisonRuns).where(isNull(comparisonRuns.finishedAt)).orderBy(desc(comparisonRuns.startedAt), desc(comparisonRuns.id)).limit(1)
    return row ?? null
  },
  async advance(id, { from, cursor, checked, unasked }) {
    const rows = await db.update(comparisonRuns).set({ cursor, checked: sql`${comparisonRuns.checked} + ${checked}`, unasked: sql`${comparisonRuns.unasked} + ${unasked}` })
      .where(and(eq(comparisonRuns.id, id), from === null ? isNull(comparisonRuns.cursor) : eq(comparisonRuns.cursor, from))).returning({ id: comparisonRuns.id })
    return rows.length > 0
  },
  async finishRun(id, at) {
    await db.update(comparisonRuns).set({ finishedAt: at }).where(and(eq(comparisonRuns.id, id), isNull(comparisonRuns.finishedAt)))
  },
  async nextPayments({ settled, after, limit }) {
    const rows = await db.select({ id: payments.id }).from(payments).where(and(isNotNull(payments.gateway), inArray(payments.status, ['settled', 'refunded', 'charged_back']), or(...settled.map(({ from, to }) => and(gte(payments.settledAt, from), lt(payments.settledAt, to)))), after ? gt(payments.id, after) : undefined)).orderBy(asc(payments.id)).limit(limit)
    return rows.map(row => row.id)
  },
  async record({ paymentId, gateway, findings, at, newId }) {
    const kinds = findings.map(finding => finding.kind)
    await db.update(comparisonItems).set({ resolvedAt: at }).where(and(eq(comparisonItems.paymentId, paymentId), isNull(comparisonItems.resolvedAt), kinds.length > 0 ? notInArray(comparisonItems.kind, kinds) : undefined))
    if (findings.length === 0) return
    await db.insert(comparisonItems).values(findings.map(finding => ({ ...finding, id: newId(), paymentId, gateway, firstSeenAt: at, lastSeenAt: at })))
      .onConflictDoUpdate({ target: [comparisonItems.paymentId, comparisonItems.kind], targetWhere: sql`resolved_at is null`, set: { lastSeenAt: at, ours: sql`excluded.ours`, theirs: sql`excluded.theirs` } })
  },
  async movedBy(paymentId) {
    const found = await db.execute(sql`
      select coalesce(sum(l.amount), 0)::text as moved from (select ${paymentId}::uuid as ref union select r.id from refunds r where r.payment_id = ${paymentId}::uuid) x
      join journal_entries e on e.cause_id = x.ref::text and e.cause in ('payment_received', 'payment_reversed', 'refund') join journal_lines l on l.entry_id = e.id and l.account = 'gateway_clearing'`)
    return BigInt((found as unknown as { rows: { moved: string }[] }).rows[0]?.moved ?? 0)
  },
  async lockItem(id) {
    const [row] = await db.select().from(comparisonItems).where(eq(comparisonItems.id, id)).for('update')
    return row ?? null
  },
  async acknowledge(id, { name, reason, at }) {
    await db.update(comparisonItems).set({ acknowledgedAt: at, acknowledgedByName: name, acknowledgedReason: reason }).where(eq(comparisonItems.id, id))
  },
  async findListed(id) {
    const [row] = await listed(db).where(eq(comparisonItems.id, id))
    return row ? { ...row.item, invoiceId: row.invoiceId, invoiceNumber: row.invoiceNumber, gatewayOrderId: row.gatewayOrderId } : null
  },
  async list({ page, pageSize, state }) {
    const open = isNull(comparisonItems.resolvedAt)
    const where = state === 'open' ? and(open, isNull(comparisonItems.acknowledgedAt)) : state === 'acknowledged' ? and(open, isNotNull(comparisonItems.acknowledgedAt)) : state === 'resolved' ? isNotNull(comparisonItems.resolvedAt) : undefined
    const rows = await listed(db).where(where).orderBy(asc(comparisonItems.firstSeenAt), asc(comparisonItems.id)).limit(pageSize).offset((page - 1) * pageSize)
    const [counted] = await db.select({ total: count() }).from(comparisonItems).where(where)
    return { items: rows.map(({ item, ...more }) => ({ ...item, ...more })), total: counted?.total ?? 0, page, pageSize }
  },
})

export const reconciliationStores = (db: Executor) => ({ refunds: refundStore(db), feeRules: feeRuleStore(db), payouts: payoutStore(db), comparisons: comparisonStore(db) })
