import { confirmPassword } from './confirm-password.ts'
import { refuseWeakPassword } from './password-rules.ts'
import type { IdentityDeps } from './ports.ts'
import { setPassword } from './set-password.ts'
import { accountTries } from './tries.ts'
import type { Caller } from './user.ts'

/** Changes the password and ends the other sessions. @throws AppError credentials_wrong, account_locked, password_weak */
export const changePassword = (deps: IdentityDeps) => async (caller: Caller, input: { readonly current: string, readonly password: string }): Promise<{ accepted: true }> => {
  const user = await confirmPassword(deps, caller.userId, input.current)
  refuseWeakPassword(input.password, user)
  await setPassword(deps, user, input.password, 'password_changed', caller.sessionId ?? undefined)
  await accountTries(deps).clear(user.email)
  return { accepted: true }
}
