import type { IdentityDeps } from './ports.ts'
import type { Caller } from './user.ts'

/** The caller's own open sessions, the last used first. */
export const listSessions = ({ read, clock }: IdentityDeps) => async (caller: Caller) => {
  const open = await read.sessions.listOpen(caller.userId, clock.now())
  return { items: open.map(({ id, createdAt, lastUsedAt, userAgent, ip }) => ({ id, createdAt: createdAt.toISOString(), lastUsedAt: lastUsedAt.toISOString(), userAgent, ip, current: id === caller.sessionId })) }
}
