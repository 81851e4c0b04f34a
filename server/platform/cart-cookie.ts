import { deleteCookie, getCookie, setCookie } from 'h3'
import type { H3Event } from 'h3'

const name = 'gardu_cart'

/** The random id of the visitor's cart, if the browser sent one of the right form. */
export const readCartToken = (event: H3Event): string | null => {
  const token = getCookie(event, name)
  return token && /^[\w-]{43}$/.test(token) ? token : null
}
/** Thirty days; no script reads it, no other site's form sends it. Set only when something is put into a cart: public pages set no cookie. */
export const writeCartToken = (event: H3Event, token: string, secure: boolean) => setCookie(event, name, token, { httpOnly: true, sameSite: 'lax', path: '/', maxAge: 30 * 86_400, secure })
export const dropCartToken = (event: H3Event) => deleteCookie(event, name, { path: '/' })
