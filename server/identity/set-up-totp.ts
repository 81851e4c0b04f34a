import { AppError } from '#shared/errors/codes.ts'
import { confirmPassword } from './confirm-password.ts'
import type { IdentityDeps } from './ports.ts'
import { accountTries } from './tries.ts'
import type { Caller } from './user.ts'

/**
 * Begins the set-up of a second factor: a new secret, in force only once a code of it was entered. Needs the password.
 * @throws AppError credentials_wrong, account_locked; conflict when one is in force (turn it off first)
 */
export const setUpTotp = (deps: IdentityDeps) => async (caller: Caller, input: { readonly password: string }): Promise<{ secret: string, uri: string, qrSvg: string }> => {
  const user = await confirmPassword(deps, caller.userId, input.password)
  await accountTries(deps).clear(user.email)
  if (user.totpEnabledAt) throw new AppError('conflict')
  const secret = deps.totp.newSecret()
  const uri = deps.totp.uri(secret, user.email)
  await deps.transact(stores => stores.users.update(user.id, { totpSecret: deps.secrets.seal(secret), totpEnabledAt: null, totpLastStep: null }))
  return { secret, uri, qrSvg: await deps.totp.qrSvg(uri) }
}
