import type { Actor } from '../kernel/ports.ts'
import type { IdentityDeps } from './ports.ts'
import { sessionState } from './session-cache.ts'

export type UserActor = Extract<Actor, { kind: 'user' }>
export type Proof = { readonly state: 'proven', readonly actor: UserActor, readonly sessionId: string } | { readonly state: 'lapsed' } | { readonly state: 'refused' }

/**
 * Who shows this access token. The signature alone proves nothing: the session must still be open, and name and role are those of the
 * database, not those of the token. `lapsed`: the token was ours and its time is over; renew it.
 */
export const authenticateCaller = (deps: IdentityDeps) => async (accessToken: string): Promise<Proof> => {
  const token = await deps.tokens.read(accessToken, deps.clock.now())
  if (token.state !== 'valid') return token
  const state = await sessionState(deps, token.claims.sessionId)
  if (!state?.usable || state.userId !== token.claims.userId) return { state: 'refused' }
  return { state: 'proven', actor: { kind: 'user', id: state.userId, name: state.name, role: state.role }, sessionId: token.claims.sessionId }
}
