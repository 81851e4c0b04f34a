import { eq } from 'drizzle-orm'
import type { Profiles } from '#server/clients/ports.ts'
import type { Executor } from '../client.ts'
import { clientProfiles } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'

export const clientStores = (db: Executor, _context: StoreContext) => ({
  profiles: {
    async find(userId) {
      const [row] = await db.select().from(clientProfiles).where(eq(clientProfiles.userId, userId))
      if (!row) return null
      const { userId: _, updatedAt: __, ...profile } = row
      return profile
    },
    async save(userId, profile, updatedAt) {
      await db.insert(clientProfiles).values({ userId, ...profile, updatedAt }).onConflictDoUpdate({ target: clientProfiles.userId, set: { ...profile, updatedAt } })
    },
  } satisfies Profiles,
})
