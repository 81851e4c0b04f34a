import { AppError } from '#shared/errors/codes.ts'
import { mailRequest } from '../notifications/ports.ts'
import { oneTimeCodes } from './one-time-code.ts'
import { openSession, signIn } from './open-session.ts'
import type { SignedIn } from './open-session.ts'
import type { IdentityDeps, User } from './ports.ts'
import { passesSecondFactor } from './second-factor.ts'
import { sendCode } from './send-code.ts'
import { accountTries } from './tries.ts'
import { momentText, normalEmail } from './user.ts'
import type { Device } from './user.ts'

export interface Credentials { readonly email: string, readonly password: string, readonly totp?: string | undefined }

/**
 * Logs in by password and, where enabled, a second factor. An unknown address costs the same hashing and gets the same answer as a wrong
 * password; that an address is unverified or has a second factor is told only to who knows the password.
 * @throws AppError credentials_wrong, account_locked, email_unverified (a new code was sent unless one is live), totp_required, totp_wrong
 */
export const logIn = (deps: IdentityDeps) => {
  // The hash that unknown addresses are checked against: made once, of a password that nobody knows.
  let decoy: Promise<string> | undefined
  return async (input: Credentials, device: Device): Promise<SignedIn> => {
    const email = normalEmail(input.email)
    const tries = accountTries(deps)
    const { locksForSeconds } = await tries.begin(email)
    const user = await deps.read.users.findByEmail(email)
    const matches = await deps.passwords.verify(user?.passwordHash ?? await (decoy ??= deps.passwords.hash(deps.random.token())), input.password)
    if (!user || !matches) {
      if (user && locksForSeconds > 0) await tellLocked(deps, user, locksForSeconds)
      throw new AppError('credentials_wrong')
    }
    if (!user.emailVerifiedAt) {
      if (!await oneTimeCodes(deps).isLive('verify_email', email)) await sendCode(deps, 'verify_email', user)
      throw new AppError('email_unverified')
    }
    const passed = await askSecondFactor(deps, user, input.totp)
    await tries.clear(email)
    return signIn(deps, user, await deps.transact(stores => openSession(deps, stores, user, device, passed)))
  }
}

/** False when the account has no second factor. @throws AppError totp_required, totp_wrong */
async function askSecondFactor(deps: IdentityDeps, user: User, code: string | undefined): Promise<boolean> {
  if (!user.totpEnabledAt) return false
  if (code === undefined) throw new AppError('totp_required')
  if (!await passesSecondFactor(deps, user, code)) throw new AppError('totp_wrong')
  return true
}

/** Tells the owner, at most once an hour. */
async function tellLocked({ transact, clock, timeZone }: IdentityDeps, user: User, seconds: number) {
  const now = clock.now()
  await transact(stores => stores.mail.queue(mailRequest({ userId: user.id, recipient: user.email, locale: user.locale }, 'sign_in_locked', `sign_in_locked:${user.id}:${now.toISOString().slice(0, 13)}`,
    { name: user.name, at: momentText(now, user.locale, timeZone), minutes: String(Math.ceil(seconds / 60)) })))
}
