import { authenticateCaller } from '#server/identity/authenticate-caller.ts'
import { changePassword } from '#server/identity/change-password.ts'
import { disableTotp } from '#server/identity/disable-totp.ts'
import { enableTotp } from '#server/identity/enable-totp.ts'
import { endSession } from '#server/identity/end-session.ts'
import { listSessions } from '#server/identity/list-sessions.ts'
import { logIn } from '#server/identity/log-in.ts'
import { logOut } from '#server/identity/log-out.ts'
import type { IdentityDeps } from '#server/identity/ports.ts'
import { refreshSession } from '#server/identity/refresh-session.ts'
import { registerClient } from '#server/identity/register-client.ts'
import { requestPasswordReset } from '#server/identity/request-password-reset.ts'
import { resendCode } from '#server/identity/resend-code.ts'
import { resetPassword } from '#server/identity/reset-password.ts'
import { setUpTotp } from '#server/identity/set-up-totp.ts'
import { showMe } from '#server/identity/show-me.ts'
import { updateMe } from '#server/identity/update-me.ts'
import { verifyEmail } from '#server/identity/verify-email.ts'
import type { Core } from '../core.ts'
import { sessionHolder } from '#server/identity/session-holder.ts'
import { atLeast, cryptoRandomness, keyedHash } from '../randomness.ts'
import { hs256Tokens } from '../tokens.ts'
import { otplibTotp } from '../totp.ts'

export const composeIdentity = (core: Core) => {
  const { read, transact, kv, wallClock, newId, passwords, secrets, log, config } = core
  const deps: IdentityDeps = {
    read, transact, transient: kv, clock: wallClock, newId, passwords, secrets, tokens: hs256Tokens(config.JWT_SECRET), totp: otplibTotp, random: cryptoRandomness, keyed: keyedHash(config.ENCRYPTION_KEY),
    atLeast, log, baseUrl: config.GARDU_BASE_URL, timeZone: config.GARDU_TIME_ZONE,
  }
  return {
    registerClient: registerClient(deps), verifyEmail: verifyEmail(deps), resendCode: resendCode(deps), logIn: logIn(deps), logOut: logOut(deps), refreshSession: refreshSession(deps), authenticateCaller: authenticateCaller(deps), sessionHolder: sessionHolder(deps),
    listSessions: listSessions(deps), endSession: endSession(deps), requestPasswordReset: requestPasswordReset(deps), resetPassword: resetPassword(deps), changePassword: changePassword(deps),
    setUpTotp: setUpTotp(deps), enableTotp: enableTotp(deps), disableTotp: disableTotp(deps), showMe: showMe(deps), updateMe: updateMe(deps),
  }
}
