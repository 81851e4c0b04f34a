import type { IdentityDeps } from './ports.ts'
import { forgetSessions } from './session-cache.ts'

/** Ends the session that the access token or the refresh token belongs to. Says nothing about whether there was one. */
export const logOut = (deps: IdentityDeps) => async (proof: { readonly sessionId?: string | undefined, readonly userId?: string | undefined, readonly refreshToken?: string | undefined }): Promise<void> => {
  const now = deps.clock.now()
  const ended = await deps.transact(async (stores) => {
    const ids: string[] = []
    if (proof.sessionId && proof.userId && await stores.sessions.end(proof.sessionId, proof.userId, 'logged_out', now)) ids.push(proof.sessionId)
    const token = proof.refreshToken ? await stores.refreshTokens.lock(deps.keyed.candidates(`refresh:${proof.refreshToken}`)) : null
    if (token && await stores.sessions.end(token.sessionId, token.userId, 'logged_out', now)) ids.push(token.sessionId)
    return ids
  })
  await forgetSessions(deps, ended)
}
