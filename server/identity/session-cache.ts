import { limits } from './limits.ts'
import type { IdentityDeps, SessionState } from './ports.ts'

const keyOf = (sessionId: string) => `session:${sessionId}`

/** The session as it is now, or was at most five seconds ago; one that was ended through us is never believed again. */
export async function sessionState({ transient, read, clock }: Pick<IdentityDeps, 'transient' | 'read' | 'clock'>, sessionId: string): Promise<SessionState | null> {
  const cached = await transient.get(keyOf(sessionId))
  if (cached !== null) return JSON.parse(cached) as SessionState | null
  const state = await read.sessions.state(sessionId, clock.now())
  // Only where nothing stands: an ending that was written meanwhile must win over what was read before it.
  await transient.setIfAbsent(keyOf(sessionId), JSON.stringify(state), limits.sessionCache)
  return state
}

/** To be called after the transaction that ended these sessions (or changed their user). */
export async function forgetSessions({ transient }: Pick<IdentityDeps, 'transient'>, sessionIds: readonly string[]): Promise<void> {
  await Promise.all(sessionIds.map(id => transient.set(keyOf(id), 'null', limits.sessionCache * 4)))
}

/** The user's name or language changed: read it anew at the next request. */
export async function refreshSessionState({ transient }: Pick<IdentityDeps, 'transient'>, sessionId: string): Promise<void> {
  await transient.delete(keyOf(sessionId))
}
