import { sql } from 'drizzle-orm'
import { boolean, check, index, integer, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { deliveryStatuses, dunningReaches, pausers } from '#shared/vocabulary/outgoing-webhooks.ts'
import type { DeliveryError, DeliveryStatus, DunningReach, PausedBy } from '#shared/vocabulary/outgoing-webhooks.ts'
import { id, instant, oneOf, word } from './columns.ts'
import { mails } from './notifications.ts'
import { billingTerms } from './terms.ts'

/** Addresses of the house's own systems that are told of notices. Secrets are sealed; the previous one signs beside the present one until `previousUntil`. */
export const webhookEndpoints = pgTable('webhook_endpoints', {
  id: id(), name: text().notNull(), url: text().notNull(), secret: text().notNull(), previousSecret: text(), previousUntil: instant(),
  money: boolean().notNull(), services: boolean().notNull(), dunning: word<DunningReach>().notNull(), /** Null: it is told of notices. */ pausedBy: word<PausedBy>(),
  createdAt: instant().notNull(), updatedAt: instant().notNull(), lastSuccessAt: instant(), lastFailureAt: instant(), /** The first failure after the last success. */ failingSince: instant(),
}, t => [
  uniqueIndex('webhook_endpoints_name').on(sql`lower(${t.name})`), check('webhook_endpoints_dunning', oneOf(t.dunning, dunningReaches)),
  check('webhook_endpoints_paused_by', oneOf(t.pausedBy, pausers)), check('webhook_endpoints_previous', sql`(${t.previousSecret} is null) = (${t.previousUntil} is null)`),
])

/** One notice to one endpoint. `payload` is the very text that is signed; it is written at the first attempt and stays. */
export const webhookDeliveries = pgTable('webhook_deliveries', {
  id: id(), endpointId: uuid().notNull().references(() => webhookEndpoints.id, { onDelete: 'cascade' }), mailId: uuid().notNull().references(() => mails.id, { onDelete: 'cascade' }), payload: text(),
  status: word<DeliveryStatus>().notNull(), attempts: integer().notNull().default(0), nextAttemptAt: instant(), answeredStatus: integer(), error: word<DeliveryError>(), answer: text(),
  createdAt: instant().notNull(), lastAttemptAt: instant(), deliveredAt: instant(),
  /** Attempts since it was queued, or since staff asked for it again. */ round: integer().notNull().default(0),
}, t => [
  uniqueIndex('webhook_deliveries_once').on(t.endpointId, t.mailId), index('webhook_deliveries_mail').on(t.mailId), index('webhook_deliveries_created').on(t.createdAt), index('webhook_deliveries_status').on(t.status, t.createdAt), index('webhook_deliveries_endpoint').on(t.endpointId, t.createdAt),
  check('webhook_deliveries_status', oneOf(t.status, deliveryStatuses)),
])

/** The endpoints that terms name for reminders and final notices, beside mail and portal. */
export const termsWebhooks = pgTable('terms_webhooks', {
  termsId: uuid().notNull().references(() => billingTerms.id, { onDelete: 'cascade' }), endpointId: uuid().notNull().references(() => webhookEndpoints.id, { onDelete: 'cascade' }),
}, t => [primaryKey({ columns: [t.termsId, t.endpointId] }), index('terms_webhooks_endpoint').on(t.endpointId)])
