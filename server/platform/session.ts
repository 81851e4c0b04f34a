import { getCookie, getHeader, getRequestIP } from 'h3'
import type { H3Event } from 'h3'
import { AppError } from '#shared/errors/codes.ts'
import type { Caller, Device, Me } from '#server/identity/user.ts'
import type { SignedIn } from '#server/identity/open-session.ts'
import type { App } from './app.ts'
import { cookieConfig, sessionCookieName } from './session-cookie.ts'
import type { CookieData } from './session-cookie.ts'

declare module 'h3' {
  interface H3EventContext {
    /** The session that `actor` was proven by. */
    sessionId?: string
  }
}

/** A program rather than a browser: asks for JSON, names no Origin and brings no cookie. Only such a caller is ever given tokens. */
export const isApiClient = (event: H3Event): boolean =>
  (getHeader(event, 'accept') ?? '').includes('application/json') && !getHeader(event, 'origin') && !getHeader(event, 'cookie') && !getHeader(event, 'sec-fetch-site')

export const deviceOf = (event: H3Event, app: App): Device =>
  ({ userAgent: getHeader(event, 'user-agent') ?? null, ip: getRequestIP(event, { xForwardedFor: app.core.config.GARDU_TRUST_PROXY }) ?? null })

/** The signed-in caller, for use cases that concern the own account. @throws AppError unauthenticated */
export function callerOf(event: H3Event): Caller {
  const actor = event.context.actor
  if (!actor) throw new AppError('unauthenticated')
  return { userId: actor.id, sessionId: event.context.sessionId ?? null }
}

const toCookie = ({ user, accessToken, refreshToken }: SignedIn): CookieData => ({ user: { id: user.id, name: user.name, role: user.role }, secure: { accessToken, refreshToken } })

const otherCookies = (event: H3Event) => (getHeader(event, 'cookie') ?? '').split(/;\s*/).filter(pair => pair && !pair.startsWith(`${sessionCookieName}=`))

/** Seals a new cookie that has nothing of the old one, its age neither. */
async function sealAnew(event: H3Event, app: App, signedIn: SignedIn) {
  event.node.req.headers.cookie = otherCookies(event).join('; ')
  delete event.context.sessions?.[sessionCookieName]
  await app.core.sessionCookie.replace(event, toCookie(signedIn), cookieConfig(app.core.config))
}

/** Answers a caller who has just signed in: an API client gets the tokens, a browser the sealed cookie and never a token. */
export async function answerSignedIn(event: H3Event, app: App, signedIn: SignedIn): Promise<{ user: Me, accessToken?: string, refreshToken?: string, expiresIn?: number }> {
  const { user, accessToken, refreshToken, expiresIn } = signedIn
  if (isApiClient(event)) return { user, accessToken, refreshToken, expiresIn }
  await sealAnew(event, app, signedIn)
  return { user }
}

/** The refresh token in the caller's cookie, if there is one. */
export async function cookieTokens(event: H3Event, app: App): Promise<CookieData['secure'] | null> {
  if (!getCookie(event, sessionCookieName)) return null
  return (await app.core.sessionCookie.read(event, cookieConfig(app.core.config))).secure ?? null
}

export async function dropCookie(event: H3Event, app: App): Promise<void> {
  if (getCookie(event, sessionCookieName)) await app.core.sessionCookie.clear(event, cookieConfig(app.core.config))
}

/** The cookie that this response sets is what requests made while rendering it must bring. */
function carryCookieInward(event: H3Event) {
  const set = event.node.res.getHeader('set-cookie')
  const fresh = (Array.isArray(set) ? set : [String(set ?? '')]).map(line => line.split(';')[0] ?? '').find(pair => pair.startsWith(`${sessionCookieName}=`))
  event.node.req.headers.cookie = [...otherCookies(event), ...(fresh && fresh !== `${sessionCookieName}=` ? [fresh] : [])].join('; ')
}

/**
 * Finds out who calls, by Bearer token or by the sealed cookie, and writes it to `event.context`. A cookie whose access token has lapsed is
 * renewed once: the new cookie goes out with the response and into the request's own header, so that fetches during server rendering bring
 * it and need no renewal of their own (`mayRenew` is false for them). A cookie whose session has ended is removed. Never call it for cached pages: they are the same for everybody.
 */
export async function proveCaller(event: H3Event, app: App, { mayRenew }: { readonly mayRenew: boolean }): Promise<void> {
  event.context.actor = null
  event.context.actorByCookie = false
  const bearer = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(getHeader(event, 'authorization') ?? '')?.[1]
  if (getHeader(event, 'authorization')) {
    const proof = bearer ? await app.identity.authenticateCaller(bearer) : null
    if (proof?.state === 'proven') Object.assign(event.context, { actor: proof.actor, sessionId: proof.sessionId })
    return
  }
  const tokens = await cookieTokens(event, app)
  if (!tokens) return
  const proof = await app.identity.authenticateCaller(tokens.accessToken)
  if (proof.state === 'proven') {
    Object.assign(event.context, { actor: proof.actor, actorByCookie: true, sessionId: proof.sessionId })
    return
  }
  if (!mayRenew) return
  const renewed = proof.state === 'lapsed' ? await app.identity.refreshSession(tokens.refreshToken).catch(() => null) : null
  if (renewed) {
    await sealAnew(event, app, renewed)
    const { id, name, role } = renewed.user
    Object.assign(event.context, { actor: { kind: 'user', id, name, role }, actorByCookie: true, sessionId: renewed.sessionId })
  } else {
    await dropCookie(event, app)
  }
  carryCookieInward(event)
}
