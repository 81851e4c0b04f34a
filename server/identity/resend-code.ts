import { limits } from './limits.ts'
import type { IdentityDeps } from './ports.ts'
import { sendCode } from './send-code.ts'
import { normalEmail } from './user.ts'

/** Sends a new verification code to an address that waits for one; the same answer, after the same time, for every other address. */
export const resendCode = (deps: IdentityDeps) => async (input: { readonly email: string }): Promise<{ accepted: true }> =>
  deps.atLeast(limits.uniformAnswerMilliseconds, async () => {
    const user = await deps.read.users.findByEmail(normalEmail(input.email))
    if (user && !user.emailVerifiedAt) await sendCode(deps, 'verify_email', user)
    return { accepted: true }
  })
