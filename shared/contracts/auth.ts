import { z } from 'zod'
import { roles } from '#shared/vocabulary/roles.ts'
import { locales } from '#shared/vocabulary/catalog.ts'
import { contract, idParams, instant } from './contract.ts'

export const email = z.string().trim().toLowerCase().max(254).pipe(z.email())
export const newPassword = z.string().min(10).max(200)
export const otpCode = z.string().trim().regex(/^\d{6}$/, 'code_shape')
export const totpCode = z.string().trim().regex(/^(\d{6}|[a-z0-9]{5}-?[a-z0-9]{5})$/i, 'totp_shape')

export const registerBody = z.object({ name: z.string().trim().min(2).max(100), email, password: newPassword, locale: z.enum(locales).default('id') })
export const verifyEmailBody = z.object({ email, code: otpCode })
export const loginBody = z.object({ email, password: z.string().min(1).max(200), totp: totpCode.optional() })
export const forgotPasswordBody = z.object({ email, locale: z.enum(locales).default('id') })
export const resetPasswordBody = z.object({ email, code: otpCode, password: newPassword })
export const changePasswordBody = z.object({ current: z.string().min(1).max(200), password: newPassword })

export const meView = z.object({
  id: z.string(), name: z.string(), email: z.string(), role: z.enum(roles), locale: z.enum(locales), emailVerified: z.boolean(), totpEnabled: z.boolean(),
  /** Clients only: whether the billing profile is complete enough to order. */
  profileComplete: z.boolean(),
})
/** API clients (`Accept: application/json` and no Origin) get the tokens; a browser gets the sealed cookie and `user` alone. */
export const signedInView = z.object({ user: meView, accessToken: z.string().optional(), refreshToken: z.string().optional(), expiresIn: z.number().int().optional() })
export const acceptedView = z.object({ accepted: z.literal(true) })
export const sessionView = z.object({ id: z.string(), createdAt: instant, lastUsedAt: instant, userAgent: z.string().nullable(), ip: z.string().nullable(), current: z.boolean() })
export const totpSetupView = z.object({ secret: z.string(), uri: z.string(), qrSvg: z.string() })
export const recoveryCodesView = z.object({ recoveryCodes: z.array(z.string()) })

const tag = 'auth'
export const register = contract({ method: 'POST', path: '/api/auth/register', access: 'public', tag, summary: 'Register a client; the answer is the same whether the address is known or not', body: registerBody, response: acceptedView, status: 202, rateLimit: { limit: 10, seconds: 3600, by: 'email' } })
export const verifyEmail = contract({ method: 'POST', path: '/api/auth/verify-email', access: 'public', tag, summary: 'Verify the e-mail address by the six-digit code; signs in', body: verifyEmailBody, response: signedInView, rateLimit: { limit: 20, seconds: 600, by: 'email' } })
export const resendCode = contract({ method: 'POST', path: '/api/auth/resend-code', access: 'public', tag, summary: 'Send the verification code again', body: z.object({ email }), response: acceptedView, status: 202, rateLimit: { limit: 5, seconds: 900, by: 'email' } })
export const login = contract({ method: 'POST', path: '/api/auth/login', access: 'public', tag, summary: 'Log in with e-mail, password and, where enabled, a TOTP or recovery code', body: loginBody, response: signedInView, rateLimit: { limit: 30, seconds: 300, by: 'email' } })
export const refresh = contract({ method: 'POST', path: '/api/auth/refresh', access: 'public', tag, summary: 'Exchange a refresh token for a new pair; a token used twice ends its whole session', body: z.object({ refreshToken: z.string().min(20).max(200).optional() }), response: signedInView, rateLimit: { limit: 120, seconds: 300 } })
export const logout = contract({ method: 'POST', path: '/api/auth/logout', access: 'public', tag, summary: 'End this session', body: z.object({ refreshToken: z.string().max(200).optional() }).default({}), status: 204, rateLimit: { limit: 120, seconds: 300 } })
export const showSession = contract({ method: 'GET', path: '/api/auth/session', access: 'public', tag, summary: 'Who is signed in, or null: for pages that anybody may see', response: z.object({ user: z.object({ id: z.string(), name: z.string(), role: z.enum(roles) }).nullable() }) })
export const me = contract({ method: 'GET', path: '/api/auth/me', access: 'user', tag, summary: 'Who is signed in', response: meView })
export const updateMe = contract({ method: 'PATCH', path: '/api/auth/me', access: 'user', tag, summary: 'Change name or language', body: z.object({ name: z.string().trim().min(2).max(100).optional(), locale: z.enum(locales).optional() }), response: meView })
export const forgotPassword = contract({ method: 'POST', path: '/api/auth/password/forgot', access: 'public', tag, summary: 'Send a password reset code; the same answer for every address', body: forgotPasswordBody, response: acceptedView, status: 202, rateLimit: { limit: 5, seconds: 900, by: 'email' } })
export const resetPassword = contract({ method: 'POST', path: '/api/auth/password/reset', access: 'public', tag, summary: 'Set a new password with the code; ends every session', body: resetPasswordBody, response: acceptedView, rateLimit: { limit: 20, seconds: 600, by: 'email' } })
export const changePassword = contract({ method: 'POST', path: '/api/auth/password/change', access: 'user', tag, summary: 'Change the password; ends the other sessions', body: changePasswordBody, response: acceptedView })
export const listSessions = contract({ method: 'GET', path: '/api/auth/sessions', access: 'user', tag, summary: 'My sessions', response: z.object({ items: z.array(sessionView) }) })
export const endSession = contract({ method: 'DELETE', path: '/api/auth/sessions/{id}', access: 'user', tag, summary: 'End one of my sessions', params: idParams, status: 204 })
export const setupTotp = contract({ method: 'POST', path: '/api/auth/totp/setup', access: 'user', tag, summary: 'Begin TOTP set-up: a secret and its QR code', body: z.object({ password: z.string().min(1).max(200) }), response: totpSetupView })
export const enableTotp = contract({ method: 'POST', path: '/api/auth/totp/enable', access: 'user', tag, summary: 'Confirm TOTP with a code; answers ten recovery codes, once', body: z.object({ code: otpCode }), response: recoveryCodesView })
export const disableTotp = contract({ method: 'POST', path: '/api/auth/totp/disable', access: 'user', tag, summary: 'Turn TOTP off; needs the password and a code', body: z.object({ password: z.string().min(1).max(200), code: totpCode }), response: acceptedView })
