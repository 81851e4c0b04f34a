import { AppError } from '#shared/errors/codes.ts'
import { oneTimeCodes } from './one-time-code.ts'
import { openSession, signIn } from './open-session.ts'
import type { SignedIn } from './open-session.ts'
import type { IdentityDeps } from './ports.ts'
import { normalEmail } from './user.ts'
import type { Device } from './user.ts'

/**
 * Verifies the address by the mailed code and signs in. A code is good once; an account that is verified already has no such code, so this
 * is no way around its second factor.
 * @throws AppError code_wrong for a wrong, used or lapsed code and for an unknown address alike
 */
export const verifyEmail = (deps: IdentityDeps) => async (input: { readonly email: string, readonly code: string }, device: Device): Promise<SignedIn> => {
  const email = normalEmail(input.email)
  if (!await oneTimeCodes(deps).take('verify_email', email, input.code)) throw new AppError('code_wrong')
  const { user, session } = await deps.transact(async (stores) => {
    const found = await stores.users.findByEmail(email)
    if (!found || found.emailVerifiedAt) throw new AppError('code_wrong')
    const user = { ...found, emailVerifiedAt: deps.clock.now() }
    await stores.users.update(user.id, { emailVerifiedAt: user.emailVerifiedAt })
    return { user, session: await openSession(deps, stores, user, device, false) }
  })
  return signIn(deps, user, session)
}
