import { AppError } from '#shared/errors/codes.ts'
import { limits } from './limits.ts'
import type { IdentityDeps } from './ports.ts'

/** How long the account stays locked after the try of this number: nothing for the first five, then a minute, doubling to a quarter of an hour. */
export const lockSeconds = (tries: number): number => tries <= limits.freeTries ? 0 : Math.min(limits.longestLock, limits.firstLock * 2 ** Math.min(20, tries - limits.freeTries - 1))

/**
 * Counts tries at one account's password or second factor, whether the account exists or not. A try is counted before it is judged: of a
 * thousand at once no more are judged than one after another would be.
 */
export function accountTries({ transient, keyed }: Pick<IdentityDeps, 'transient' | 'keyed'>) {
  const keys = (email: string) => ({ count: `tries:${keyed.of(email)}`, lock: `lock:${keyed.of(email)}` })
  return {
    /**
     * Allows one try, or refuses. Answers for how many seconds this try locks the account should it fail (0: not at all).
     * @throws AppError account_locked with the seconds to wait
     */
    async begin(email: string): Promise<{ readonly locksForSeconds: number }> {
      const key = keys(email)
      const refuse = async () => new AppError('account_locked', { retryAfterSeconds: Math.max(1, await transient.secondsLeft(key.lock)) })
      if (await transient.get(key.lock) !== null) throw await refuse()
      const seconds = lockSeconds(await transient.increment(key.count, limits.triesRememberedFor))
      if (seconds > 0 && !await transient.setIfAbsent(key.lock, '1', seconds)) throw await refuse()
      return { locksForSeconds: seconds }
    },
    /** The right answers were given: all is forgotten. */
    async clear(email: string): Promise<void> {
      const key = keys(email)
      await transient.delete(key.count)
      await transient.delete(key.lock)
    },
  }
}
