import { AppError } from '#shared/errors/codes.ts'
import { limits } from './limits.ts'
import { later, signIn } from './open-session.ts'
import type { SignedIn } from './open-session.ts'
import type { IdentityDeps, RefreshToken } from './ports.ts'
import { forgetSessions } from './session-cache.ts'

/** What to do with a refresh token that was shown: pure, so that each case can be listed. */
export function judgeRefresh(token: Pick<RefreshToken, 'expiresAt' | 'usedAt'>, sessionUsable: boolean, now: Date): 'renew' | 'refuse' | 'theft' {
  if (!sessionUsable || token.expiresAt <= now) return 'refuse'
  if (token.usedAt && now.getTime() - token.usedAt.getTime() > limits.refreshLeeway * 1000) return 'theft'
  return 'renew'
}

/**
 * Exchanges a refresh token for a new pair. A token is good once; within twenty seconds of its use it may be used again (two tabs that renew
 * at the same moment). Later it is a theft, by either side: the whole session ends at once.
 * @throws AppError session_ended
 */
export const refreshSession = (deps: IdentityDeps) => async (refreshToken: string): Promise<SignedIn> => {
  const now = deps.clock.now()
  const outcome = await deps.transact(async (stores) => {
    const token = await stores.refreshTokens.lock(deps.keyed.candidates(`refresh:${refreshToken}`))
    if (!token) return { verdict: 'refuse' as const, ended: null }
    const state = await stores.sessions.state(token.sessionId, now)
    const verdict = judgeRefresh(token, state?.usable ?? false, now)
    if (verdict === 'theft') await stores.sessions.end(token.sessionId, token.userId, 'refresh_token_reused', now)
    const user = verdict === 'renew' ? await stores.users.find(token.userId) : null
    if (!user) return { verdict, ended: verdict === 'theft' ? token : null }
    const next = deps.random.token()
    const expiresAt = later(now, limits.sessionLifetime)
    if (!token.usedAt) await stores.refreshTokens.markUsed(token.tokenHash, now)
    await stores.refreshTokens.insert({ tokenHash: deps.keyed.of(`refresh:${next}`), sessionId: token.sessionId, createdAt: now, expiresAt })
    await stores.sessions.touch(token.sessionId, now, expiresAt)
    return { verdict: 'renewed' as const, user, session: { sessionId: token.sessionId, refreshToken: next } }
  })
  if (outcome.verdict === 'renewed') return signIn(deps, outcome.user, outcome.session)
  if (outcome.ended) {
    await forgetSessions(deps, [outcome.ended.sessionId])
    deps.log.warn({ sessionId: outcome.ended.sessionId, userId: outcome.ended.userId }, 'a refresh token was used twice: the session is ended')
  }
  throw new AppError('session_ended')
}
