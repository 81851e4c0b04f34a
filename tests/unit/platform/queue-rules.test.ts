import { describe, expect, it } from 'vitest'
import { queueRules } from '#server/platform/jobs.ts'

const day = 86_400

/** How long a job is tried at least: a delay that doubles, of which chance takes up to half, up to its greatest. */
function triedFor({ retryLimit, retryDelay, retryDelayMax }: typeof queueRules[keyof typeof queueRules]): number {
  return Array.from({ length: retryLimit }, (_, tries) => Math.min(retryDelayMax, retryDelay * 2 ** Math.min(16, tries) / 2)).reduce((sum, delay) => sum + delay, 0)
}

describe('how long jobs are tried', () => {
  it('a letter is tried for at least four days (RFC 5321, 4.5.4.1): a mail server that is away for a weekend loses none', () => {
    expect(triedFor(queueRules['notifications.mail-queued'])).toBeGreaterThan(4 * day)
  })
})
