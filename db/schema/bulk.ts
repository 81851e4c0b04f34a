import { sql } from 'drizzle-orm'
import { boolean, check, index, integer, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { ServiceStatus, SuspensionReason } from '#shared/vocabulary/billing.ts'
import { suspensionReasons } from '#shared/vocabulary/billing.ts'
import { bulkActs, bulkItemStatuses, bulkStatuses } from '#shared/vocabulary/bulk.ts'
import type { BulkAct, BulkItemStatus, BulkStatus } from '#shared/vocabulary/bulk.ts'
import type { PowerState, ResourceStatus } from '#shared/vocabulary/machines.ts'
import { id, instant, oneOf, word } from './columns.ts'
import { users } from './identity.ts'
import { connections } from './infrastructure.ts'

/** One act wished for many services. Nothing of it happens before another person than its asker approved it: `bulk_requests_second_person`, and triggers that keep what was asked as it is. */
export const bulkRequests = pgTable('bulk_requests', {
  id: id(), act: word<BulkAct>().notNull(), status: word<BulkStatus>().notNull(), reason: text().notNull(), suspensionReason: word<SuspensionReason>(), /** Of moves: the one node for all; null: each where there is room. */ targetNode: text(), /** Of moves: running machines go on running. */ live: boolean().notNull().default(false),
  /** The node that it empties. No key: the request outlives the connection. */
  connectionId: uuid(), node: text(),
  askedBy: uuid().notNull().references(() => users.id), askedAt: instant().notNull(), expiresAt: instant().notNull(), decidedBy: uuid().references(() => users.id), decidedAt: instant(), note: text(), finishedAt: instant(),
}, t => [
  check('bulk_requests_act', oneOf(t.act, bulkActs)), check('bulk_requests_status', oneOf(t.status, bulkStatuses)), check('bulk_requests_suspension', sql`(${t.act} = 'suspend') = (${t.suspensionReason} is not null) and (${t.suspensionReason} is null or ${oneOf(t.suspensionReason, suspensionReasons)})`), check('bulk_requests_node', sql`(${t.connectionId} is null) = (${t.node} is null) and (${t.node} is null or ${t.act} = 'move')`),
  check('bulk_requests_decided', sql`(${t.decidedBy} is null) = (${t.decidedAt} is null)`), check('bulk_requests_second_person', sql`${t.status} in ('asked', 'refused', 'withdrawn', 'expired') or (${t.decidedBy} is not null and ${t.decidedBy} <> ${t.askedBy})`),
  index('bulk_requests_list').on(t.askedAt), index('bulk_requests_status_list').on(t.status, t.askedAt),
])

/** One service of a request, with its state when it was asked. No key leads to services, which are never deleted: many rows at once would wait for their locks crosswise. */
export const bulkItems = pgTable('bulk_items', {
  requestId: uuid().notNull().references(() => bulkRequests.id), position: integer().notNull(), serviceId: uuid().notNull(), status: word<BulkItemStatus>().notNull(),
  hostname: text().notNull(), wasStatus: word<ServiceStatus>().notNull(), wasResource: word<ResourceStatus>().notNull(), wasPower: word<PowerState>().notNull(), wasNode: text(), /** Of moves. */ targetNode: text(),
  /** An error code, or what the task says. */ reason: text(), sagaId: uuid(), begunAt: instant(), finishedAt: instant(), tries: integer().notNull().default(0), /** Real time. */ nextAt: instant(),
}, t => [primaryKey({ columns: [t.requestId, t.position] }), check('bulk_items_status', oneOf(t.status, bulkItemStatuses)), uniqueIndex('bulk_items_once').on(t.requestId, t.serviceId), index('bulk_items_of_status').on(t.requestId, t.status), index('bulk_items_begun').on(t.begunAt).where(sql`status = 'begun'`)])

/** Nodes that take no new machine: neither by an order nor by a move. What stands there stays, and may grow. */
export const nodeClosures = pgTable('node_closures', {
  connectionId: uuid().notNull().references(() => connections.id, { onDelete: 'cascade' }), node: text().notNull(), reason: text().notNull(), closedBy: uuid().notNull().references(() => users.id), closedAt: instant().notNull(),
}, t => [primaryKey({ columns: [t.connectionId, t.node] })])
