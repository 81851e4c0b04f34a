import { sql } from 'drizzle-orm'
import { check, index, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { alignmentStatuses } from '#shared/vocabulary/billing.ts'
import type { AlignmentStatus } from '#shared/vocabulary/billing.ts'
import { invoices, services } from './billing.ts'
import { id, instant, oneOf, word } from './columns.ts'
import { users } from './identity.ts'

/** Services of one client whose renewals are brought to one day (business zone), once their invoice is paid. What each costs stands on the invoice. */
export const alignments = pgTable('alignments', {
  id: id(), clientId: uuid().notNull().references(() => users.id), day: text().notNull(), status: word<AlignmentStatus>().notNull(), invoiceId: uuid().notNull().references(() => invoices.id), /** Unpaid until then, it lapses. */ expiresAt: instant().notNull(), actor: text().notNull(), createdAt: instant().notNull(), closedAt: instant(),
}, t => [check('alignments_status', oneOf(t.status, alignmentStatuses)), uniqueIndex('alignments_invoice').on(t.invoiceId), index('alignments_client').on(t.clientId, t.createdAt), index('alignments_expires').on(t.expiresAt).where(sql`status = 'waiting'`)])

export const alignmentServices = pgTable('alignment_services', {
  alignmentId: uuid().notNull().references(() => alignments.id), serviceId: uuid().notNull().references(() => services.id),
}, t => [primaryKey({ columns: [t.alignmentId, t.serviceId] }), index('alignment_services_service').on(t.serviceId)])
