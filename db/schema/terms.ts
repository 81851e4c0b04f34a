import { sql } from 'drizzle-orm'
import { bigint, check, index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { products } from './catalog.ts'
import { id, instant, word } from './columns.ts'
import { users } from './identity.ts'

type LateFeeKind = 'none' | 'percent' | 'fixed'

/** A named calendar of collecting money, in place of the house's own. The final notice is out for a day before a suspension: that is law. */
export const billingTerms = pgTable('billing_terms', {
  id: id(), name: text().notNull(), renewalLeadDays: integer().notNull(), reminderDays: jsonb().$type<number[]>().notNull(), orderReminderDays: jsonb().$type<number[]>().notNull(),
  noticeHours: integer().notNull(), suspendAfterDays: integer().notNull(), terminateAfterDays: integer().notNull(),
  /** Rupiah: at most so much of a percentage, or the sum itself. */
  lateFeeKind: word<LateFeeKind>().notNull().default('none'), lateFeePercent: integer(), lateFeeAmount: bigint({ mode: 'bigint' }), lateFeeDays: integer(), createdAt: instant().notNull(), updatedAt: instant().notNull(),
}, t => [
  uniqueIndex('billing_terms_name').on(sql`lower(${t.name})`),
  check('billing_terms_notice', sql`${t.noticeHours} >= 24 and ${t.noticeHours} <= ${t.suspendAfterDays} * 24`), check('billing_terms_order', sql`${t.renewalLeadDays} > 0 and ${t.terminateAfterDays} > ${t.suspendAfterDays}`),
  check('billing_terms_late_fee', sql`${t.lateFeeKind} in ('none', 'percent', 'fixed') and (${t.lateFeeKind} = 'none') = (${t.lateFeeAmount} is null) and (${t.lateFeeKind} = 'none') = (${t.lateFeeDays} is null) and (${t.lateFeeKind} = 'percent') = (${t.lateFeePercent} is not null) and ${t.lateFeeAmount} > 0 and ${t.lateFeePercent} between 1 and 100 and ${t.lateFeeDays} > 0 and ${t.lateFeeDays} < ${t.terminateAfterDays}`),
])

/** The terms that a product is sold on; without a row the house's own. */
export const productTerms = pgTable('product_terms', {
  productId: uuid().primaryKey().references(() => products.id, { onDelete: 'cascade' }), termsId: uuid().notNull().references(() => billingTerms.id),
}, t => [index('product_terms_terms').on(t.termsId)])

/** Clients who are treated alike. Their terms come before those of a product. */
export const clientGroups = pgTable('client_groups', {
  id: id(), name: text().notNull(), termsId: uuid().references(() => billingTerms.id), createdAt: instant().notNull(),
}, t => [uniqueIndex('client_groups_name').on(sql`lower(${t.name})`), index('client_groups_terms').on(t.termsId)])

/** A client is in one group or in none. */
export const clientGroupMembers = pgTable('client_group_members', {
  clientId: uuid().primaryKey().references(() => users.id, { onDelete: 'cascade' }), groupId: uuid().notNull().references(() => clientGroups.id),
}, t => [index('client_group_members_group').on(t.groupId)])
