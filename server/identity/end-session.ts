import { AppError } from '#shared/errors/codes.ts'
import type { IdentityDeps } from './ports.ts'
import { forgetSessions } from './session-cache.ts'
import type { Caller } from './user.ts'

/** Ends one of the caller's own sessions. Another person's is answered like one that does not exist. @throws AppError not_found */
export const endSession = (deps: IdentityDeps) => async (caller: Caller, sessionId: string): Promise<void> => {
  if (!await deps.transact(stores => stores.sessions.end(sessionId, caller.userId, 'ended_by_user', deps.clock.now()))) throw new AppError('not_found')
  await forgetSessions(deps, [sessionId])
}
