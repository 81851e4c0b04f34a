import { AppError } from '#shared/errors/codes.ts'
import type { IdentityDeps, User } from './ports.ts'
import { accountTries } from './tries.ts'

/**
 * The signed-in user proves anew that it is really them: an open session alone may not change what protects the account. Tries count like
 * those at the log-in, so that a stolen session cannot guess the password. The caller clears the tries when the whole act succeeded.
 * @throws AppError credentials_wrong, account_locked
 */
export async function confirmPassword(deps: IdentityDeps, userId: string, password: string): Promise<User> {
  const user = await deps.read.users.find(userId)
  if (!user) throw new AppError('unauthenticated')
  await accountTries(deps).begin(user.email)
  if (!await deps.passwords.verify(user.passwordHash, password)) throw new AppError('credentials_wrong')
  return user
}
