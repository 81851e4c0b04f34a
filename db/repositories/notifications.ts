import { and, count, desc, eq, inArray, isNull, sql } from 'drizzle-orm'
import { noticeTemplates } from '#shared/vocabulary/mails.ts'
import type { MailOutbox, Mails, Notices } from '#server/notifications/ports.ts'
import type { Executor } from '../client.ts'
import { insertRows } from '../insert-rows.ts'
import { mails } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'
import { queueDeliveries } from './outgoing-webhooks.ts'

/** A mail from before notices were kept has nothing left to say. */
const isNotice = (userId: string) => and(eq(mails.userId, userId), inArray(mails.template, [...noticeTemplates]), sql`${mails.params} <> '{}'::jsonb`)

const noticeStore = (db: Executor, context: StoreContext): Notices => ({
  async list({ userId, unread, page, pageSize }) {
    const where = and(isNotice(userId), unread ? isNull(mails.readAt) : undefined)
    const items = await db.select({ id: mails.id, locale: mails.locale, template: mails.template, params: mails.params, createdAt: mails.createdAt, readAt: mails.readAt }).from(mails).where(where).orderBy(desc(mails.createdAt), desc(mails.id)).limit(pageSize).offset((page - 1) * pageSize)
    const [counted] = await db.select({ total: count() }).from(mails).where(where)
    return { items, total: counted?.total ?? 0, page, pageSize }
  },
  async countUnread(userId, atMost) {
    const found = await db.select({ id: mails.id }).from(mails).where(and(isNotice(userId), isNull(mails.readAt))).limit(atMost)
    return found.length
  },
  async markRead(userId, id) {
    await db.update(mails).set({ readAt: context.now() }).where(and(isNotice(userId), isNull(mails.readAt), id ? eq(mails.id, id) : undefined))
  },
})

export const notificationStores = (db: Executor, context: StoreContext) => ({
  mail: {
    async queue(...requests) {
      const createdAt = context.now()
      const made = requests.map(({ invoiceId, ...mail }) => ({ invoiceId, row: { id: context.newId(), ...mail, status: 'queued' as const, createdAt } }))
      const rows = await insertRows<typeof mails, { id: string }>(db, mails, made.map(({ row }) => row), sql`on conflict do nothing returning id`)
      await context.outbox.emitMany('notifications.mail-queued', rows.map(({ id }) => ({ mailId: id })))
      const queued = new Set(rows.map(({ id }) => id))
      await queueDeliveries(db, context, made.filter(({ row }) => queued.has(row.id)).map(({ invoiceId, row }) => ({ ...row, invoiceId })))
    },
  } satisfies MailOutbox,
  mails: {
    async find(id) {
      const [row] = await db.select().from(mails).where(eq(mails.id, id))
      return row ?? null
    },
    async markSent(id, { forget }) {
      await db.update(mails).set({ status: 'sent', sentAt: context.now(), ...(forget ? { params: {} } : {}), lastError: null, attempts: sql`${mails.attempts} + 1` }).where(eq(mails.id, id))
    },
    async anyWaits(template) {
      const [row] = await db.select({ id: mails.id }).from(mails).where(and(eq(mails.status, 'queued'), eq(mails.template, template))).limit(1)
      return row !== undefined
    },
    async markAttempt(id, error, { failed, forget }) {
      await db.update(mails).set({ status: failed ? 'failed' : 'queued', ...(failed ? { failedAt: context.now() } : {}), lastError: error.slice(0, 500), attempts: sql`${mails.attempts} + 1`, ...(forget ? { params: {} } : {}) }).where(eq(mails.id, id))
    },
  } satisfies Mails,
  notices: noticeStore(db, context),
})
