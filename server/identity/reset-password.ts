import { AppError } from '#shared/errors/codes.ts'
import { oneTimeCodes } from './one-time-code.ts'
import { refuseWeakPassword } from './password-rules.ts'
import type { IdentityDeps } from './ports.ts'
import { setPassword } from './set-password.ts'
import { accountTries } from './tries.ts'
import { normalEmail } from './user.ts'

/**
 * Sets a new password by the mailed code, ends every session and lifts a lock. It does not log in: the second factor stays in force.
 * @throws AppError password_weak (the code stays good), code_wrong for a wrong or used code and for an unknown address alike
 */
export const resetPassword = (deps: IdentityDeps) => async (input: { readonly email: string, readonly code: string, readonly password: string }): Promise<{ accepted: true }> => {
  const email = normalEmail(input.email)
  refuseWeakPassword(input.password, { email })
  if (!await oneTimeCodes(deps).take('reset_password', email, input.code)) throw new AppError('code_wrong')
  const user = await deps.read.users.findByEmail(email)
  if (!user?.emailVerifiedAt) throw new AppError('code_wrong')
  await setPassword(deps, user, input.password, 'password_reset')
  await accountTries(deps).clear(email)
  return { accepted: true }
}
