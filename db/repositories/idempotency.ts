import { and, eq, lt } from 'drizzle-orm'
import type { Executor } from '../client.ts'
import { idempotencyKeys } from '../schema/index.ts'

export type Claim = { readonly state: 'claimed' } | { readonly state: 'running' } | { readonly state: 'other_request' } | { readonly state: 'finished', readonly status: number, readonly body: string }

export const idempotencyStores = (db: Executor) => ({
  idempotency: {
    /** One request wins the key; an equal later one gets the stored answer. A claim whose process died may be taken over after two minutes. */
    async claim(scope: string, key: string, requestHash: string, now: Date): Promise<Claim> {
      await db.delete(idempotencyKeys).where(and(eq(idempotencyKeys.finished, false), lt(idempotencyKeys.startedAt, new Date(now.getTime() - 120_000)), eq(idempotencyKeys.scope, scope), eq(idempotencyKeys.key, key)))
      const [mine] = await db.insert(idempotencyKeys).values({ scope, key, requestHash, startedAt: now }).onConflictDoNothing().returning({ key: idempotencyKeys.key })
      if (mine) return { state: 'claimed' }
      const [row] = await db.select().from(idempotencyKeys).where(and(eq(idempotencyKeys.scope, scope), eq(idempotencyKeys.key, key)))
      if (!row) return { state: 'running' }
      if (row.requestHash !== requestHash) return { state: 'other_request' }
      return row.finished && row.status !== null ? { state: 'finished', status: row.status, body: row.body ?? '' } : { state: 'running' }
    },
    async finish(scope: string, key: string, status: number, body: string) {
      await db.update(idempotencyKeys).set({ finished: true, status, body }).where(and(eq(idempotencyKeys.scope, scope), eq(idempotencyKeys.key, key)))
    },
    /** The request failed without an effect: the key may be used again. */
    async release(scope: string, key: string) {
      await db.delete(idempotencyKeys).where(and(eq(idempotencyKeys.scope, scope), eq(idempotencyKeys.key, key), eq(idempotencyKeys.finished, false)))
    },
    async forgetBefore(moment: Date) {
      await db.delete(idempotencyKeys).where(lt(idempotencyKeys.startedAt, moment))
    },
  },
})
