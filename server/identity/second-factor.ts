import type { IdentityDeps, User } from './ports.ts'

/**
 * Judges a TOTP or recovery code and uses it up in one act: true once for each. An account without a confirmed second factor has no
 * right code.
 */
export async function passesSecondFactor({ secrets, totp, read, keyed, clock }: Pick<IdentityDeps, 'secrets' | 'totp' | 'read' | 'keyed' | 'clock'>, user: User, code: string): Promise<boolean> {
  if (!user.totpSecret || !user.totpEnabledAt) return false
  const now = clock.now()
  if (/^\d{6}$/.test(code)) {
    const step = await totp.stepOf(secrets.open(user.totpSecret), code, now)
    return step !== null && read.users.takeTotpStep(user.id, step)
  }
  const plain = code.toLowerCase().replace('-', '')
  return read.recoveryCodes.use(user.id, keyed.candidates(`recovery:${plain}`), now)
}
