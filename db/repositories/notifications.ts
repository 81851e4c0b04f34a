import { eq, sql } from 'drizzle-orm'
import type { MailOutbox, Mails } from '#server/notifications/ports.ts'
import type { Executor } from '../client.ts'
import { insertRows } from '../insert-rows.ts'
import { mails } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'

export const notificationStores = (db: Executor, context: StoreContext) => ({
  mail: {
    async queue(...requests) {
      const createdAt = context.now()
      const rows = await insertRows<typeof mails, { id: string }>(db, mails, requests.map(mail => ({ id: context.newId(), ...mail, status: 'queued' as const, createdAt })), sql`on conflict do nothing returning id`)
      await context.outbox.emitMany('notifications.mail-queued', rows.map(({ id }) => ({ mailId: id })))
    },
  } satisfies MailOutbox,
  mails: {
    async find(id) {
      const [row] = await db.select().from(mails).where(eq(mails.id, id))
      return row ?? null
    },
    async markSent(id) {
      await db.update(mails).set({ status: 'sent', sentAt: context.now(), params: {}, lastError: null, attempts: sql`${mails.attempts} + 1` }).where(eq(mails.id, id))
    },
    async markAttempt(id, error, { failed, forget }) {
      await db.update(mails).set({ status: failed ? 'failed' : 'queued', lastError: error.slice(0, 500), attempts: sql`${mails.attempts} + 1`, ...(forget ? { params: {} } : {}) }).where(eq(mails.id, id))
    },
  } satisfies Mails,
})
