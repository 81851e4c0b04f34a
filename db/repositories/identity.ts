import { and, desc, eq, gt, inArray, isNotNull, isNull, lt, ne, or, sql } from 'drizzle-orm'
import type { RecoveryCodes, RefreshTokens, Sessions, StaffDirectory, User, Users } from '#server/identity/ports.ts'
import type { Executor } from '../client.ts'
import { recoveryCodes, refreshTokens, sessions, users } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'

const toUser = ({ totpLastStep: _, ...user }: typeof users.$inferSelect): User => user
const open = (now: Date) => and(isNull(sessions.endedAt), gt(sessions.expiresAt, now))

export const identityStores = (db: Executor, _context: StoreContext) => ({
  users: {
    async find(id) {
      const [row] = await db.select().from(users).where(eq(users.id, id))
      return row ? toUser(row) : null
    },
    async findByEmail(email) {
      const [row] = await db.select().from(users).where(eq(sql`lower(${users.email})`, email.toLowerCase()))
      return row ? toUser(row) : null
    },
    async insert(user) {
      return (await db.insert(users).values({ ...user, email: user.email.toLowerCase() }).onConflictDoNothing().returning({ id: users.id })).length > 0
    },
    async update(id, change) {
      await db.update(users).set(change).where(eq(users.id, id))
    },
    async takeTotpStep(id, step) {
      return (await db.update(users).set({ totpLastStep: step }).where(and(eq(users.id, id), or(isNull(users.totpLastStep), lt(users.totpLastStep, step)))).returning({ id: users.id })).length > 0
    },
  } satisfies Users,
  staff: {
    async runMachines() {
      const found = await db.select({ id: users.id, email: users.email, name: users.name, locale: users.locale, role: users.role }).from(users).where(and(inArray(users.role, ['sysadmin', 'owner']), isNotNull(users.emailVerifiedAt))).orderBy(users.id).limit(50)
      const sysadmins = found.filter(user => user.role === 'sysadmin')
      return sysadmins.length > 0 ? sysadmins : found
    },
  } satisfies StaffDirectory,
  sessions: {
    async insert(session) {
      await db.insert(sessions).values(session)
    },
    async state(id, now) {
      const [row] = await db.select({ userId: users.id, name: users.name, role: users.role, verifiedAt: users.emailVerifiedAt, endedAt: sessions.endedAt, expiresAt: sessions.expiresAt })
        .from(sessions).innerJoin(users, eq(users.id, sessions.userId)).where(eq(sessions.id, id))
      return row ? { userId: row.userId, name: row.name, role: row.role, usable: row.verifiedAt !== null && row.endedAt === null && row.expiresAt > now } : null
    },
    listOpen: (userId, now) => db.select().from(sessions).where(and(eq(sessions.userId, userId), open(now))).orderBy(desc(sessions.lastUsedAt), desc(sessions.id)).limit(100),
    async touch(id, lastUsedAt, expiresAt) {
      await db.update(sessions).set({ lastUsedAt, expiresAt }).where(eq(sessions.id, id))
    },
    async end(id, userId, endedBecause, endedAt) {
      return (await db.update(sessions).set({ endedAt, endedBecause }).where(and(eq(sessions.id, id), eq(sessions.userId, userId), open(endedAt))).returning({ id: sessions.id })).length > 0
    },
    async endAll(userId, endedBecause, endedAt, exceptId) {
      const ended = await db.update(sessions).set({ endedAt, endedBecause }).where(and(eq(sessions.userId, userId), isNull(sessions.endedAt), exceptId ? ne(sessions.id, exceptId) : undefined)).returning({ id: sessions.id })
      return ended.map(({ id }) => id)
    },
    async forgetBefore(userId, moment) {
      await db.delete(sessions).where(and(eq(sessions.userId, userId), or(lt(sessions.endedAt, moment), lt(sessions.expiresAt, moment))))
    },
  } satisfies Sessions,
  refreshTokens: {
    async insert(token) {
      await db.insert(refreshTokens).values(token)
    },
    async lock(hashes) {
      const [row] = await db.select().from(refreshTokens).where(inArray(refreshTokens.tokenHash, [...hashes])).for('update')
      if (!row) return null
      const [session] = await db.select({ userId: sessions.userId }).from(sessions).where(eq(sessions.id, row.sessionId))
      return session ? { ...row, userId: session.userId } : null
    },
    async markUsed(tokenHash, usedAt) {
      await db.update(refreshTokens).set({ usedAt }).where(eq(refreshTokens.tokenHash, tokenHash))
    },
  } satisfies RefreshTokens,
  recoveryCodes: {
    async replace(userId, hashes) {
      await db.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId))
      if (hashes.length > 0) await db.insert(recoveryCodes).values(hashes.map(codeHash => ({ userId, codeHash })))
    },
    async use(userId, hashes, usedAt) {
      return (await db.update(recoveryCodes).set({ usedAt }).where(and(eq(recoveryCodes.userId, userId), inArray(recoveryCodes.codeHash, [...hashes]), isNull(recoveryCodes.usedAt))).returning({ userId: recoveryCodes.userId })).length > 0
    },
  } satisfies RecoveryCodes,
})
