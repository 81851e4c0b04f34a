import { localizedPath } from '#shared/navigation/localized-path.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import { mailRequest } from '../notifications/ports.ts'
import { limits } from './limits.ts'
import { oneTimeCodes } from './one-time-code.ts'
import { refuseWeakPassword } from './password-rules.ts'
import type { IdentityDeps, User } from './ports.ts'
import { normalEmail } from './user.ts'

export interface Registration { readonly name: string, readonly email: string, readonly password: string, readonly locale: Locale }

/**
 * Begins an account; it can log in once the mailed code was entered. The answer, and the time it takes, are the same for a new address, one
 * that waits for its code and one that has an account (its owner gets a mail that says so).
 *
 * Two registrations of one unverified address with different passwords while a code is live may come from two people, and only one of them
 * owns the mailbox. Then no password is kept: the owner gets in by the code and sets one by mail, the other gets nothing.
 * @throws AppError password_weak
 */
export const registerClient = (deps: IdentityDeps) => async (input: Registration): Promise<{ accepted: true }> => {
  const email = normalEmail(input.email)
  refuseWeakPassword(input.password, { email, name: input.name })
  return deps.atLeast(limits.uniformAnswerMilliseconds, async () => {
    const codes = oneTimeCodes(deps)
    const passwordHash = await deps.passwords.hash(input.password)
    const known = await deps.read.users.findByEmail(email)
    // Verified in every case, so that the time says nothing about the address.
    const samePassword = await deps.passwords.verify(known?.passwordHash ?? passwordHash, input.password)
    const contested = known !== null && !samePassword && await codes.isLive('verify_email', email)
    if (known?.emailVerifiedAt) {
      await tellOwner(deps, known)
      return { accepted: true }
    }
    const fresh: User = { id: deps.newId(), email, name: input.name, passwordHash, role: 'client', locale: input.locale, emailVerifiedAt: null, totpSecret: null, totpEnabledAt: null, createdAt: deps.clock.now() }
    const nobodysPassword = contested ? await deps.passwords.hash(deps.random.token()) : null
    const code = await codes.issue('verify_email', email)
    await deps.transact(async (stores) => {
      const user = known ?? (await stores.users.insert(fresh) ? fresh : await stores.users.findByEmail(email))
      if (!user || user.emailVerifiedAt) return
      if (known) await stores.users.update(known.id, { name: input.name, locale: input.locale, passwordHash: nobodysPassword ?? passwordHash })
      await stores.mail.queue(mailRequest({ userId: user.id, recipient: email, locale: input.locale }, 'verify_email', `verify_email:${deps.newId()}`, { name: input.name, code }))
    })
    return { accepted: true }
  })
}

/** At most one such mail an hour, however often somebody tries. */
async function tellOwner({ transact, clock, baseUrl }: IdentityDeps, owner: User) {
  const hour = clock.now().toISOString().slice(0, 13)
  await transact(stores => stores.mail.queue(mailRequest({ userId: owner.id, recipient: owner.email, locale: owner.locale }, 'account_exists', `account_exists:${owner.id}:${hour}`, { name: owner.name, loginUrl: `${baseUrl}${localizedPath(owner.locale, '/auth/login')}` })))
}
