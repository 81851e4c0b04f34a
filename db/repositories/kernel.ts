import { desc, eq, inArray, sql } from 'drizzle-orm'
import type { KernelStores, TransitionRecord } from '#server/kernel/ports.ts'
import type { Executor } from '../client.ts'
import { insertRows } from '../insert-rows.ts'
import { settings, transitions } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'

export const kernelStores = (db: Executor, context: StoreContext) => ({
  outbox: context.outbox,
  live: context.live,
  transitions: {
    async record(...records: readonly TransitionRecord[]) {
      await insertRows(db, transitions, records.map(transition => ({ id: context.newId(), ...transition })))
    },
    async listFor(entityIds: readonly string[], limit: number) {
      if (entityIds.length === 0) return []
      const rows = await db.select().from(transitions).where(inArray(transitions.entityId, [...entityIds])).orderBy(desc(transitions.at), desc(transitions.id)).limit(limit)
      return rows.map(({ id: _, ...row }) => row as TransitionRecord)
    },
  },
  settings: {
    async get(key: string): Promise<string | null> {
      const [row] = await db.select({ value: settings.value }).from(settings).where(eq(settings.key, key))
      return row?.value ?? null
    },
    async set(key: string, value: string) {
      const updatedAt = context.now()
      await db.insert(settings).values({ key, value, updatedAt }).onConflictDoUpdate({ target: settings.key, set: { value, updatedAt } })
    },
  },
  health: {
    async ping() {
      await db.execute(sql`select 1`)
    },
  },
} satisfies KernelStores & Record<string, unknown>)
