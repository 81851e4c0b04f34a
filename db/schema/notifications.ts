import { index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import { id, instant, word } from './columns.ts'

/** Mail waiting for, or sent by, SMTP. `dedupeKey` makes one message out of one cause. What the portal shows as a notice keeps its `params`; of other mails they are emptied once sent. */
export const mails = pgTable('mails', {
  id: id(), dedupeKey: text().notNull(), userId: uuid(), recipient: text().notNull(), locale: word<Locale>().notNull(), template: text().notNull(), params: jsonb().$type<Record<string, string>>().notNull(), status: word<'queued' | 'sent' | 'failed'>().notNull(), attempts: integer().notNull().default(0), lastError: text(), createdAt: instant().notNull(), sentAt: instant(), /** When the mail server refused it for good. */ failedAt: instant(), /** Its reader has seen it on the portal. */ readAt: instant(),
}, t => [uniqueIndex('mails_dedupe').on(t.dedupeKey), index('mails_status').on(t.status, t.createdAt), index('mails_user').on(t.userId, t.createdAt)])
