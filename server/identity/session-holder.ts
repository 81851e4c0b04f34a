import type { Role } from '#shared/vocabulary/roles.ts'
import type { IdentityDeps } from './ports.ts'
import { sessionState } from './session-cache.ts'

/** Whose session this is, as long as it is open; null once it has ended, wherever that was done. For what outlives a request. */
export const sessionHolder = (deps: IdentityDeps) => async (sessionId: string): Promise<{ readonly userId: string, readonly role: Role } | null> => {
  const state = await sessionState(deps, sessionId)
  return state?.usable ? { userId: state.userId, role: state.role } : null
}
