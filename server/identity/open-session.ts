import { AppError } from '#shared/errors/codes.ts'
import { isComplete } from '../clients/ports.ts'
import { limits } from './limits.ts'
import type { IdentityDeps, IdentityStores, User } from './ports.ts'
import { toMe } from './user.ts'
import type { Device, Me } from './user.ts'

/** A caller who has just proven who they are; the tokens go to the sealed cookie or to the API client, nowhere else. */
export interface SignedIn { readonly user: Me, readonly sessionId: string, readonly accessToken: string, readonly refreshToken: string, readonly expiresIn: number }

export const later = (moment: Date, seconds: number): Date => new Date(moment.getTime() + seconds * 1000)

/**
 * The one gate that every way of logging in ends in: a session is opened for a verified address only, and for an account with a second
 * factor only when that was passed. Call inside a transaction; sign the access token after it with `signIn`.
 * @throws AppError email_unverified, totp_required
 */
export async function openSession(deps: Pick<IdentityDeps, 'newId' | 'random' | 'keyed' | 'clock'>, stores: IdentityStores, user: User, device: Device, passedSecondFactor: boolean): Promise<{ sessionId: string, refreshToken: string }> {
  if (!user.emailVerifiedAt) throw new AppError('email_unverified')
  if (user.totpEnabledAt && !passedSecondFactor) throw new AppError('totp_required')
  const now = deps.clock.now()
  const sessionId = deps.newId()
  const expiresAt = later(now, limits.sessionLifetime)
  await stores.sessions.forgetBefore(user.id, later(now, -limits.sessionLifetime))
  await stores.sessions.insert({ id: sessionId, userId: user.id, createdAt: now, lastUsedAt: now, expiresAt, endedAt: null, userAgent: device.userAgent?.slice(0, 300) ?? null, ip: device.ip })
  const refreshToken = deps.random.token()
  await stores.refreshTokens.insert({ tokenHash: deps.keyed.of(`refresh:${refreshToken}`), sessionId, createdAt: now, expiresAt })
  return { sessionId, refreshToken }
}

/** The access token for an open session, and what the caller may know of the own account. */
export async function signIn({ tokens, clock, read }: Pick<IdentityDeps, 'tokens' | 'clock' | 'read'>, user: User, session: { sessionId: string, refreshToken: string }): Promise<SignedIn> {
  const accessToken = await tokens.issue({ userId: user.id, sessionId: session.sessionId, role: user.role }, clock.now(), limits.accessTokenLifetime)
  const hasProfile = user.role === 'client' && isComplete(await read.profiles.find(user.id))
  return { user: toMe(user, hasProfile), ...session, accessToken, expiresIn: limits.accessTokenLifetime }
}
