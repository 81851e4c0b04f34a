import { errors, jwtVerify, SignJWT } from 'jose'
import type { AccessTokens } from '#server/identity/ports.ts'
import { roles } from '#shared/vocabulary/roles.ts'
import type { Role } from '#shared/vocabulary/roles.ts'

const issuer = 'gardu'
const audience = 'gardu-api'
const isRole = (value: unknown): value is Role => roles.some(role => role === value)

/**
 * Access tokens as RFC 9068 describes them, signed HS256. Algorithm, type, issuer and audience are fixed here and never read from the
 * token; a token without an expiry is refused.
 */
export function hs256Tokens(secret: string): AccessTokens {
  const key = new TextEncoder().encode(secret)
  return {
    issue: (claims, now, lifetimeSeconds) => new SignJWT({ sid: claims.sessionId, role: claims.role })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' }).setSubject(claims.userId).setIssuer(issuer).setAudience(audience)
      .setIssuedAt(now).setExpirationTime(new Date(now.getTime() + lifetimeSeconds * 1000)).sign(key),
    async read(token, now) {
      try {
        const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'], typ: 'at+jwt', issuer, audience, currentDate: now, requiredClaims: ['sub', 'sid', 'role', 'exp', 'iat'] })
        if (typeof payload.sub !== 'string' || typeof payload.sid !== 'string' || !isRole(payload.role)) return { state: 'refused' }
        return { state: 'valid', claims: { userId: payload.sub, sessionId: payload.sid, role: payload.role } }
      } catch (error) {
        // jose checks the signature before the expiry: a lapsed token is one of ours.
        return { state: error instanceof errors.JWTExpired ? 'lapsed' : 'refused' }
      }
    },
  }
}
