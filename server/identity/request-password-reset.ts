import { limits } from './limits.ts'
import type { IdentityDeps } from './ports.ts'
import { sendCode } from './send-code.ts'
import { normalEmail } from './user.ts'

/** Sends a reset code to a verified account; the same answer, after the same time, for every address. */
export const requestPasswordReset = (deps: IdentityDeps) => async (input: { readonly email: string }): Promise<{ accepted: true }> =>
  deps.atLeast(limits.uniformAnswerMilliseconds, async () => {
    const user = await deps.read.users.findByEmail(normalEmail(input.email))
    if (user?.emailVerifiedAt) await sendCode(deps, 'reset_password', user)
    return { accepted: true }
  })
