import type { IdentityDeps } from './ports.ts'
import { limits } from './limits.ts'

export type CodePurpose = 'verify_email' | 'reset_password'

/**
 * Six-digit codes in the transient store, hashed: good for ten minutes, five tries and one use. A new code replaces the old one. Tries are
 * counted before they are compared, and the code is taken in one act, so that parallel requests gain nothing.
 */
export function oneTimeCodes({ transient, keyed, random, clock }: Pick<IdentityDeps, 'transient' | 'keyed' | 'random' | 'clock'>) {
  const keys = (purpose: CodePurpose, email: string) => {
    const subject = `${purpose}:${keyed.of(email)}`
    return { code: `code:${subject}`, tries: `code-tries:${subject}`, day: `code-wrong:${clock.now().toISOString().slice(0, 10)}:${subject}` }
  }
  return {
    /** Answers the code to be mailed; it is stored nowhere in clear here. */
    async issue(purpose: CodePurpose, email: string): Promise<string> {
      const key = keys(purpose, email)
      const code = random.digits(6)
      await transient.delete(key.tries)
      await transient.set(key.code, keyed.of(`${purpose}:${email}:${code}`), limits.codeLifetime)
      return code
    },
    async isLive(purpose: CodePurpose, email: string): Promise<boolean> {
      return await transient.get(keys(purpose, email).code) !== null
    },
    /** True exactly once for the right code; false for everything else, without saying why. */
    async take(purpose: CodePurpose, email: string, code: string): Promise<boolean> {
      const key = keys(purpose, email)
      // The count outlives the code: it began after it and lasts as long.
      if (await transient.increment(key.tries, limits.codeLifetime) > limits.triesPerCode) return false
      const hashes = keyed.candidates(`${purpose}:${email}:${code}`)
      const stored = await transient.get(key.code)
      if (Number(await transient.get(key.day) ?? 0) >= limits.wrongCodesPerDay) return false
      if (stored === null || !hashes.includes(stored)) {
        await transient.increment(key.day, 86_400)
        return false
      }
      return await transient.take(key.code) === stored
    },
  }
}
