import { useSession } from 'h3'
import type { H3Event, SessionConfig } from 'h3'
import type { Config } from './config.ts'

export const sessionCookieName = 'nuxt-session'

/** What the sealed cookie holds. Pages may know `user`; the tokens never leave `secure`, which only the server can open. */
export interface CookieData { user?: { id: string, name: string, role: string }, secure?: { accessToken: string, refreshToken: string } }

/** Reads and writes the sealed cookie. The server hands in nuxt-auth-utils' own functions; programs without Nitro use h3's, which those stand on. */
export interface SessionCookie {
  read(event: H3Event, config: Partial<SessionConfig>): Promise<CookieData>
  replace(event: H3Event, data: CookieData, config: Partial<SessionConfig>): Promise<void>
  clear(event: H3Event, config: Partial<SessionConfig>): Promise<void>
}

/** `Secure` exactly when the site is served by HTTPS; a month, as the session it stands for; no header may stand in for it. */
export const cookieConfig = (config: Config): SessionConfig => ({
  name: sessionCookieName, password: config.NUXT_SESSION_PASSWORD, maxAge: 30 * 86_400, sessionHeader: false,
  cookie: { httpOnly: true, sameSite: 'lax', path: '/', secure: config.GARDU_BASE_URL.startsWith('https://') },
})

export const h3SessionCookie: SessionCookie = {
  read: async (event, config) => (await useSession<CookieData>(event, config as SessionConfig)).data,
  async replace(event, data, config) {
    const session = await useSession<CookieData>(event, config as SessionConfig)
    await session.clear()
    await session.update(data)
  },
  clear: async (event, config) => void await (await useSession<CookieData>(event, config as SessionConfig)).clear(),
}
