import { sql } from 'drizzle-orm'
import { boolean, check, date, index, integer, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { billingActionKinds } from '#shared/vocabulary/billing.ts'
import type { BillingActionKind } from '#shared/vocabulary/billing.ts'
import { amount, currency, id, instant, knownCurrency, oneOf, word } from './columns.ts'

/** The billing plan of the days ahead as it was on a day; kept for a few days, to say what became different. */
export const planSnapshots = pgTable('plan_snapshots', {
  id: id(), day: date().notNull(), takenAt: instant().notNull(), /** What was planned until then. */ until: instant().notNull(), /** Null: it is being taken, or was left half done. */ finishedAt: instant(), entries: integer().notNull().default(0),
}, t => [uniqueIndex('plan_snapshots_day').on(t.day).where(sql`finished_at is not null`), index('plan_snapshots_taken').on(t.takenAt)])

/** One planned act. Hundreds of thousands a night: no key leads to services, which are never deleted. */
export const planSnapshotEntries = pgTable('plan_snapshot_entries', {
  snapshotId: uuid().notNull().references(() => planSnapshots.id), serviceId: uuid().notNull(), kind: word<BillingActionKind>().notNull(), /** Tells apart acts of one kind: invoice or period, and step. */ mark: text().notNull(),
  invoiceId: uuid(), /** The period whose invoice it is about, which was not written yet. */ periodStart: instant(), amount: amount(), currency: currency(), dueSince: instant().notNull(), plannedAt: instant().notNull(), held: boolean().notNull(),
}, t => [knownCurrency('plan_snapshot_entries', t.currency), primaryKey({ columns: [t.snapshotId, t.serviceId, t.kind, t.mark] }), check('plan_snapshot_entries_kind', oneOf(t.kind, billingActionKinds))])
