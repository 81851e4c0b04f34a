import { and, asc, eq, isNotNull, isNull, lt, or, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import type { Currency } from '#shared/money/money.ts'
import type { EndReason, InvoiceStatus, LedgerCause, ServiceStatus, SuspensionReason } from '#shared/vocabulary/billing.ts'
import type { PlanEntry } from '#server/billing/plan-entry.ts'
import type { NoticeEvidence, PlanSnapshotStore, RenewalEvidence } from '#server/billing/plan-snapshot-ports.ts'
import type { Executor } from '../client.ts'
import { insertRows } from '../insert-rows.ts'
import { dunningNotices, planSnapshotEntries, planSnapshots, renewals, services, transitions } from '../schema/index.ts'
import { epoch } from './report-sql.ts'

const moment = (milliseconds: number | null) => milliseconds === null ? null : new Date(Number(milliseconds))
const anyOf = (ids: readonly string[]) => sql`any(string_to_array(${ids.join()}, ',')::uuid[])`
const toEntry = (row: typeof planSnapshotEntries.$inferSelect): PlanEntry => ({
  serviceId: row.serviceId, kind: row.kind, mark: row.mark, invoiceId: row.invoiceId, periodStart: row.periodStart, amount: row.amount === null ? null : money(row.amount, row.currency), dueSince: row.dueSince, plannedAt: row.plannedAt, held: row.held,
})

interface ServiceRow { id: string, hostname: string, client_name: string, created_at: number, order_number: string, status: ServiceStatus, suspension_reason: SuspensionReason | null, end_reason: EndReason | null, ended_at: number | null, cancel_at_period_end: boolean, hold_until: number | null, period_paid_at: number | null, change_asked_at: number | null, price_told_at: number | null, terms_changed_at: number | null }
interface InvoiceRow { id: string, number: string | null, status: InvoiceStatus, issued_at: number | null, paid_at: number | null, closed_at: number | null, total: string, currency: Currency, cause: LedgerCause | null, booked_at: number | null, fee_at: number | null }

const store = (db: Executor): PlanSnapshotStore => {
  const rows = async <T>(statement: SQL) => (await db.execute(statement) as unknown as { rows: T[] }).rows
  return {
    async finishedOn(day) {
      const [row] = await db.select().from(planSnapshots).where(and(eq(planSnapshots.day, day), isNotNull(planSnapshots.finishedAt)))
      return row ? { id: row.id, day: row.day, takenAt: row.takenAt, until: row.until } : null
    },
    async begin(snapshot) {
      await db.insert(planSnapshots).values(snapshot)
    },
    async add(snapshotId, entries) {
      await insertRows(db, planSnapshotEntries, entries.map(({ serviceId, kind, mark, invoiceId, periodStart, amount, dueSince, plannedAt, held }) => ({ snapshotId, serviceId, kind, mark, invoiceId, periodStart, amount: amount?.amount ?? null, currency: amount?.currency ?? 'IDR', dueSince, plannedAt, held })))
    },
    async finish(snapshotId, entries, at) {
      await db.update(planSnapshots).set({ entries, finishedAt: at }).where(eq(planSnapshots.id, snapshotId))
    },
    async stale({ keepSince, halfDoneSince }) {
      const found = await db.select({ id: planSnapshots.id }).from(planSnapshots).where(or(lt(planSnapshots.takenAt, keepSince), and(isNull(planSnapshots.finishedAt), lt(planSnapshots.takenAt, halfDoneSince)))).orderBy(asc(planSnapshots.takenAt)).limit(20)
      return found.map(row => row.id)
    },
    async forget(snapshotId, limit) {
      const gone = await rows(sql`delete from plan_snapshot_entries where ctid = any(array(select ctid from plan_snapshot_entries where snapshot_id = ${snapshotId} limit ${limit})) returning 1`)
      if (gone.length >= limit) return false
      await db.delete(planSnapshots).where(eq(planSnapshots.id, snapshotId))
      return true
    },
    async page({ snapshotId, after, limit, clientId, productId }) {
      const of = planSnapshotEntries
      const own = and(clientId ? eq(services.clientId, clientId) : undefined, productId ? eq(services.productId, productId) : undefined)
      const found = await db.select().from(of).where(and(
        eq(of.snapshotId, snapshotId), after ? sql`(${of.serviceId}, ${of.kind}, ${of.mark}) > (${after.serviceId}::uuid, ${after.kind}, ${after.mark})` : undefined,
        own ? sql`${of.serviceId} in (select ${services.id} from ${services} where ${own})` : undefined,
      )).orderBy(asc(of.serviceId), asc(of.kind), asc(of.mark)).limit(limit)
      return found.map(toEntry)
    },
    async renewalsOf(periods) {
      if (periods.length === 0) return []
      const asked = JSON.stringify(periods.map(({ serviceId, periodStart }) => ({ service_id: serviceId, period_start: periodStart.toISOString() })))
      const found = await db.select({ serviceId: renewals.serviceId, periodStart: renewals.periodStart, invoiceId: renewals.invoiceId }).from(renewals)
        .where(sql`(${renewals.serviceId}, ${renewals.periodStart}) in (select service_id, period_start from json_to_recordset(${asked}::json) as asked(service_id uuid, period_start timestamptz))`)
      return found satisfies RenewalEvidence[]
    },
    async servicesSince(serviceIds, since) {
      const from = since.toISOString()
      const found = await rows<ServiceRow>(sql`
        select s.id, s.hostname, u.name as client_name, ${epoch(sql`s.created_at`)} as created_at, o.number as order_number, s.status, s.suspension_reason, s.end_reason, ${epoch(sql`s.ended_at`)} as ended_at, s.cancel_at_period_end, ${epoch(sql`s.hold_until`)} as hold_until,
          (select ${epoch(sql`max(p.at)`)} from paid_periods p where p.service_id = s.id and p.at >= ${from}) as period_paid_at,
          (select ${epoch(sql`max(c.created_at)`)} from service_changes c where c.service_id = s.id and c.created_at >= ${from}) as change_asked_at,
          (select ${epoch(sql`max(c.created_at)`)} from service_price_changes c where c.service_id = s.id and c.applied_at is null and c.withdrawn_at is null and c.created_at >= ${from}) as price_told_at,
          coalesce((select ${epoch(sql`t.updated_at`)} from client_group_members m join client_groups g on g.id = m.group_id join billing_terms t on t.id = g.terms_id where m.client_id = s.client_id),
            (select ${epoch(sql`t.updated_at`)} from product_terms q join billing_terms t on t.id = q.terms_id where q.product_id = s.product_id)) as terms_changed_at
        from services s join users u on u.id = s.client_id join orders o on o.id = s.order_id where s.id = ${anyOf(serviceIds)}`)
      const moves = await db.select({ serviceId: transitions.entityId, to: transitions.to, at: transitions.at }).from(transitions).where(and(eq(transitions.entity, 'service'), sql`${transitions.entityId} = ${anyOf(serviceIds)}`, sql`${transitions.at} >= ${from}`)).orderBy(asc(transitions.at), asc(transitions.id))
      const byService = Map.groupBy(moves, move => move.serviceId)
      return found.map(row => ({
        serviceId: row.id, hostname: row.hostname, clientName: row.client_name, createdAt: new Date(Number(row.created_at)), orderNumber: row.order_number, status: row.status, suspensionReason: row.suspension_reason, endReason: row.end_reason, endedAt: moment(row.ended_at),
        cancelAtPeriodEnd: row.cancel_at_period_end, holdUntil: moment(row.hold_until), periodPaidAt: moment(row.period_paid_at), changeAskedAt: moment(row.change_asked_at), priceToldAt: moment(row.price_told_at), termsChangedAt: moment(row.terms_changed_at), moves: byService.get(row.id) ?? [],
      }))
    },
    async invoicesOf(invoiceIds) {
      if (invoiceIds.length === 0) return []
      const found = await rows<InvoiceRow>(sql`
        select v.id, v.number, v.status, ${epoch(sql`v.issued_at`)} as issued_at, ${epoch(sql`v.paid_at`)} as paid_at, ${epoch(sql`v.closed_at`)} as closed_at, v.total::text as total, v.currency, b.cause, ${epoch(sql`b.at`)} as booked_at, ${epoch(sql`f.issued_at`)} as fee_at
        from invoices v
        left join lateral (select e.cause, e.at from journal_lines l join journal_entries e on e.id = l.entry_id where l.invoice_id = v.id and l.account = 'receivable' order by e.at desc, e.id desc limit 1) b on true
        left join late_fees q on q.late_invoice_id = v.id left join invoices f on f.id = q.fee_invoice_id
        where v.id = ${anyOf(invoiceIds)}`)
      return found.map(row => ({
        invoiceId: row.id, number: row.number ?? '', status: row.status, issuedAt: moment(row.issued_at), paidAt: moment(row.paid_at), closedAt: moment(row.closed_at), total: money(BigInt(row.total), row.currency), booked: row.cause && row.booked_at !== null ? { cause: row.cause, at: new Date(Number(row.booked_at)) } : null, feeAt: moment(row.fee_at),
      }))
    },
    async noticesOf(serviceIds, invoiceIds) {
      if (serviceIds.length === 0 || invoiceIds.length === 0) return []
      const found = await db.select().from(dunningNotices).where(and(sql`${dunningNotices.invoiceId} = ${anyOf(invoiceIds)}`, sql`${dunningNotices.serviceId} = ${anyOf(serviceIds)}`))
      return found satisfies NoticeEvidence[]
    },
  }
}

export const planSnapshotStores = (db: Executor) => ({ planSnapshots: store(db) })
