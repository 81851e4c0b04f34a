import type { Clock, Transact } from '../kernel/ports.ts'
import { firstHash, sealedText } from './journal-seal.ts'
import type { Seal } from './journal-seal.ts'
import type { BillingStores } from './ports.ts'

export interface SealDeps { readonly clock: Clock, readonly transact: Transact<BillingStores>, /** SHA-256 in hexadecimal. */ readonly digest: (text: string) => string }
const batch = 500

/**
 * Appends what was booked since to the chain, oldest first. Booking itself never waits for the chain. Two at once wait for each other: the
 * chain has one end. `everything`: also entries that committed long after they were made. Answers how many were sealed.
 */
export const sealJournal = ({ clock, transact, digest }: SealDeps) => async ({ everything }: { readonly everything: boolean }): Promise<number> => {
  for (let sealed = 0; ;) {
    const added = await transact(async ({ books }) => {
      await books.lockChain()
      let end = await books.lastSeal()
      const entries = await books.unsealed({ after: everything ? null : end?.entryId ?? null, limit: batch })
      const seals: Seal[] = []
      for (const entry of entries) {
        end = { sequence: (end?.sequence ?? 0) + 1, entryId: entry.id, hash: digest(sealedText(end?.hash ?? firstHash, entry)) }
        seals.push(end)
      }
      if (seals.length > 0) await books.addSeals(seals, clock.now())
      return seals.length
    })
    sealed += added
    if (added < batch) return sealed
  }
}
