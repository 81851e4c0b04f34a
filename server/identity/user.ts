import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { Role } from '#shared/vocabulary/roles.ts'
import type { User } from './ports.ts'

/** Who calls, by which session and from where. */
export interface Caller { readonly userId: string, readonly sessionId: string | null }
export interface Device { readonly userAgent: string | null, readonly ip: string | null }

export interface Me { id: string, name: string, email: string, role: Role, locale: Locale, emailVerified: boolean, totpEnabled: boolean, profileComplete: boolean }

/** What a user may see of the own account: never hashes or secrets. Staff have no billing profile, so theirs is never missing. */
export const toMe = (user: User, hasProfile: boolean): Me => ({
  id: user.id, name: user.name, email: user.email, role: user.role, locale: user.locale,
  emailVerified: user.emailVerifiedAt !== null, totpEnabled: user.totpEnabledAt !== null, profileComplete: user.role !== 'client' || hasProfile,
})

/** Addresses are compared, counted and stored in lower case: `Budi@X.id` and `budi@x.id` are one account and one limit. */
export const normalEmail = (email: string): string => email.trim().toLowerCase()

/** A moment for a mail's reader: `22 Nov 2026, 14.00 WIB`. */
export const momentText = (at: Date, locale: Locale, timeZone: string): string =>
  new Intl.DateTimeFormat(locale === 'id' ? 'id-ID' : 'en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone }).format(at) + (timeZone === 'Asia/Jakarta' ? ' WIB' : ` (${timeZone})`)
