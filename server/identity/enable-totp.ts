import { AppError } from '#shared/errors/codes.ts'
import { limits } from './limits.ts'
import type { IdentityDeps } from './ports.ts'
import { accountTries } from './tries.ts'
import type { Caller } from './user.ts'

/**
 * Puts the second factor in force after a first code proves that the app has the secret. Answers ten recovery codes, which are stored
 * hashed and never shown again.
 * @throws AppError totp_wrong, account_locked; conflict when none was set up or one is in force
 */
export const enableTotp = (deps: IdentityDeps) => async (caller: Caller, input: { readonly code: string }): Promise<{ recoveryCodes: string[] }> => {
  const user = await deps.read.users.find(caller.userId)
  if (!user?.totpSecret || user.totpEnabledAt) throw new AppError('conflict')
  await accountTries(deps).begin(user.email)
  const now = deps.clock.now()
  const step = await deps.totp.stepOf(deps.secrets.open(user.totpSecret), input.code, now)
  if (step === null) throw new AppError('totp_wrong')
  const codes = Array.from({ length: limits.recoveryCodes }, () => deps.random.recoveryCode())
  await deps.transact(async (stores) => {
    if (!await stores.users.takeTotpStep(user.id, step)) throw new AppError('totp_wrong')
    await stores.users.update(user.id, { totpEnabledAt: now })
    await stores.recoveryCodes.replace(user.id, codes.map(code => deps.keyed.of(`recovery:${code.replace('-', '')}`)))
  })
  await accountTries(deps).clear(user.email)
  return { recoveryCodes: codes }
}
