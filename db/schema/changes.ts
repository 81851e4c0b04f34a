import { sql } from 'drizzle-orm'
import { check, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { changeStatuses, changeTimings, recurringCycles } from '#shared/vocabulary/billing.ts'
import type { BillingCycle, ChangeStatus, ChangeTiming } from '#shared/vocabulary/billing.ts'
import { invoices, services } from './billing.ts'
import { products } from './catalog.ts'
import type { ProductSpec, StoredOption } from './catalog.ts'
import { connections } from './infrastructure.ts'
import { amount, currency, id, instant, knownCurrency, oneOf, word } from './columns.ts'

/** A service's change of product or cycle: from what to what, at which price, by which invoice. At most one of a service is open. */
export const serviceChanges = pgTable('service_changes', {
  id: id(), serviceId: uuid().notNull().references(() => services.id), timing: word<ChangeTiming>().notNull(), status: word<ChangeStatus>().notNull(),
  fromProductId: uuid().notNull().references(() => products.id), fromName: text().notNull(), fromSpec: jsonb().$type<ProductSpec>().notNull(), fromCycle: word<BillingCycle>().notNull(), fromPrice: amount().notNull(), fromOptions: jsonb().$type<StoredOption[]>().notNull().default([]),
  toProductId: uuid().notNull().references(() => products.id), toName: text().notNull(), toSpec: jsonb().$type<ProductSpec>().notNull(), toCycle: word<BillingCycle>().notNull(), toPrice: amount().notNull(), toOptions: jsonb().$type<StoredOption[]>().notNull().default([]), currency: currency(),
  /** Of the options that it adds: charged once, with its invoice or with the renewal's. */
  setups: jsonb().$type<{ optionId: string, amount: string }[]>().notNull().default([]),
  /** At once: the invoice of the difference. At renewal: the renewal invoice with the new price, once it is written. */
  invoiceId: uuid().references(() => invoices.id),
  /** Unpaid until then, it lapses. */
  expiresAt: instant(),
  /** The beginning of the period with the new price, once it is invoiced. */
  startsAt: instant(),
  actor: text().notNull(), createdAt: instant().notNull(), appliedAt: instant(), closedAt: instant(), closedReason: text(),
}, t => [
  knownCurrency('service_changes', t.currency), check('service_changes_timing', oneOf(t.timing, changeTimings)), check('service_changes_status', oneOf(t.status, changeStatuses)), check('service_changes_from_cycle', oneOf(t.fromCycle, recurringCycles)), check('service_changes_to_cycle', oneOf(t.toCycle, recurringCycles)),
  check('service_changes_prices', sql`${t.fromPrice} >= 0 and ${t.toPrice} >= 0`), check('service_changes_lapses', sql`(${t.timing} = 'now') = (${t.expiresAt} is not null)`),
  uniqueIndex('service_changes_one_open').on(t.serviceId).where(sql`status in ('waiting','applied')`), uniqueIndex('service_changes_invoice').on(t.invoiceId), index('service_changes_service').on(t.serviceId, t.createdAt), index('service_changes_product').on(t.toProductId).where(sql`status = 'waiting'`),
  index('service_changes_done').on(t.closedAt).where(sql`status = 'done'`), index('service_changes_expires').on(t.expiresAt).where(sql`status = 'waiting'`), index('service_changes_starts').on(t.startsAt).where(sql`status = 'waiting'`),
])

/** What a whole paid period costs from a moment within it on, where a change altered it; its own amount until then. Only added to. */
export const periodPrices = pgTable('period_prices', {
  serviceId: uuid().notNull().references(() => services.id), periodStart: instant().notNull(), since: instant().notNull(), changeId: uuid().notNull().references(() => serviceChanges.id), amount: amount().notNull(), currency: currency(),
}, t => [knownCurrency('period_prices', t.currency), primaryKey({ columns: [t.serviceId, t.periodStart, t.changeId] }), check('period_prices_amount', sql`${t.amount} >= 0`)])

/** A larger machine that a client asked for and its node had no room for: the newest refusal of each service, until it is larger after all, moves, ends, or nobody asked for thirty days. */
export const refusedGrowths = pgTable('refused_growths', {
  serviceId: uuid().primaryKey().references(() => services.id, { onDelete: 'cascade' }), connectionId: uuid().notNull().references(() => connections.id, { onDelete: 'cascade' }), node: text().notNull(),
  fromSize: jsonb().$type<{ cpuCores: number, ramMiB: number, diskGiB: number }>().notNull(), toSize: jsonb().$type<{ cpuCores: number, ramMiB: number, diskGiB: number }>().notNull(), times: integer().notNull().default(1), firstAt: instant().notNull(), lastAt: instant().notNull(),
}, t => [index('refused_growths_last').on(t.lastAt)])
