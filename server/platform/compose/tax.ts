import { taxBook } from '#server/billing/tax-book.ts'
import { ppnRules } from '#shared/money/tax.ts'
import type { Core } from '../core.ts'
import { invalidatePages } from '../page-cache.ts'

/** How often a process reads the rules again: another replica may have added one. */
const everyMilliseconds = 30_000

/**
 * Fills the book of tax rules before anything is sold. Who has never said whether the seller is PKP is taken at the word of `SELLER_PKP`,
 * once: from then on the rows count, and a setting that contradicts them is told in the log.
 */
export async function composeTax({ read, clock, newId, config, log }: Core) {
  const pkp = config.SELLER_PKP === 'on'
  const first = ppnRules[0]?.from ?? clock.now()
  await read.taxRules.addFirstStatus({ id: newId(), pkp, from: first, reason: 'SELLER_PKP', actor: 'system:first-start', createdAt: clock.now() })
  const book = taxBook(await read.taxRules.load())
  if (book.sellerIsPkp(clock.now()) !== pkp) log.warn({ setting: config.SELLER_PKP }, 'SELLER_PKP is not what the tax page says; the page counts')
  const refill = async () => book.fill(await read.taxRules.load())
  const timer = setInterval(() => void refill().catch((error: unknown) => log.error({ err: error }, 'the tax rules could not be read again')), everyMilliseconds)
  timer.unref()
  return {
    ...book,
    async taxChanged() {
      await refill()
      // The change is committed already: a cache that cannot be reached must not undo it.
      await invalidatePages().catch((error: unknown) => log.error({ err: error }, 'cached pages could not be thrown away'))
    },
    close: () => clearInterval(timer),
  }
}
export type Taxes = Awaited<ReturnType<typeof composeTax>>
