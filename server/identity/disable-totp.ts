import { AppError } from '#shared/errors/codes.ts'
import { confirmPassword } from './confirm-password.ts'
import type { IdentityDeps } from './ports.ts'
import { passesSecondFactor } from './second-factor.ts'
import { accountTries } from './tries.ts'
import type { Caller } from './user.ts'

/** Turns the second factor off. An open session is not enough: it needs the password and a code. @throws AppError credentials_wrong, totp_wrong, account_locked, conflict */
export const disableTotp = (deps: IdentityDeps) => async (caller: Caller, input: { readonly password: string, readonly code: string }): Promise<{ accepted: true }> => {
  const user = await confirmPassword(deps, caller.userId, input.password)
  if (!user.totpEnabledAt) throw new AppError('conflict')
  if (!await passesSecondFactor(deps, user, input.code)) throw new AppError('totp_wrong')
  await deps.transact(async (stores) => {
    await stores.users.update(user.id, { totpSecret: null, totpEnabledAt: null, totpLastStep: null })
    await stores.recoveryCodes.replace(user.id, [])
  })
  await accountTries(deps).clear(user.email)
  return { accepted: true }
}
