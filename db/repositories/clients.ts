import { and, asc, eq } from 'drizzle-orm'
import type { Profiles, SshKeyStore } from '#server/clients/ports.ts'
import type { Executor } from '../client.ts'
import { clientProfiles, sshKeys, users } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'

const keyColumns = { id: sshKeys.id, name: sshKeys.name, publicKey: sshKeys.publicKey, fingerprint: sshKeys.fingerprint, createdAt: sshKeys.createdAt }
const keysOf = (db: Executor, clientId: string) => db.select(keyColumns).from(sshKeys).where(eq(sshKeys.clientId, clientId)).orderBy(asc(sshKeys.name), asc(sshKeys.id))

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
  sshKeys: {
    list: async clientId => keysOf(db, clientId),
    async lockAll(clientId) {
      await db.select({ id: users.id }).from(users).where(eq(users.id, clientId)).for('no key update')
      return keysOf(db, clientId)
    },
    async insert(clientId, key) {
      await db.insert(sshKeys).values({ ...key, clientId })
    },
    async remove(clientId, id) {
      const [row] = await db.delete(sshKeys).where(and(eq(sshKeys.clientId, clientId), eq(sshKeys.id, id))).returning(keyColumns)
      return row ?? null
    },
  } satisfies SshKeyStore,
})
