import type { LedgerCheck } from '#shared/vocabulary/billing.ts'
import type { NewId } from '../kernel/ports.ts'
import { firstHash, sealedText } from './journal-seal.ts'
import type { BillingStores, LedgerFinding } from './ports.ts'
import { sealJournal } from './seal-journal.ts'
import type { SealDeps } from './seal-journal.ts'

type Deps = SealDeps & { readonly newId: NewId, readonly read: BillingStores }
/** More of one kind say nothing new. */
const findingsPerCheck = 50
const batch = 1_000

/**
 * Proves the ledger, or says what is wrong with it: every entry sums to zero and closed months keep what the journal says; the chain is intact
 * and its end is where the last audit saw it; invoices are paid exactly if the journal says so and credit notes booked as they say; payments
 * have moved exactly what they say; nobody has spent credit they had not.
 * Reads only, in pieces; what it found is kept. Memory does not grow with the journal.
 */
export const auditLedger = (deps: Deps) => async ({ requestedBy }: { readonly requestedBy: string }): Promise<void> => {
  const startedAt = deps.clock.now()
  await sealJournal(deps)({ everything: true })
  const { books, ledgerAudits } = deps.read
  const findings = [
    ...of('balance', await books.unbalanced(findingsPerCheck)),
    ...of('balance', await books.misstatedCheckpoints(findingsPerCheck)),
    ...of('invoices', await books.misstatedInvoices(findingsPerCheck)),
    ...of('invoices', await books.misbookedCreditNotes(findingsPerCheck)),
    ...of('payments', await books.misbookedPayments(findingsPerCheck)),
    ...of('credit', await books.overspentCredits(findingsPerCheck)),
  ]
  const chain = await walkChain(deps)
  findings.push(...of('chain', chain.findings))
  const id = deps.newId()
  await deps.transact(async (stores) => {
    await stores.ledgerAudits.insert({ id, startedAt, finishedAt: deps.clock.now(), requestedBy, entries: chain.entries, headSequence: chain.sequence, headHash: chain.hash, findings })
    stores.live.publish({ audience: 'staff', name: 'billing', id })
  })

  async function walkChain({ digest }: Deps) {
    const before = await ledgerAudits.last()
    const found: Omit<LedgerFinding, 'check'>[] = []
    let [sequence, hash, entries] = [0, firstHash, 0]
    for (;;) {
      const links = await books.links({ after: sequence, limit: batch })
      for (const { seal, entry } of links) {
        entries++
        if (found.length < findingsPerCheck) {
          if (seal.sequence !== sequence + 1) found.push({ subject: String(sequence + 1), detail: 'missing' })
          if (seal.hash !== digest(sealedText(hash, entry))) found.push({ subject: entry.id, detail: 'changed' })
          if (before?.headSequence === seal.sequence && before.headHash !== seal.hash) found.push({ subject: String(seal.sequence), detail: 'rewritten' })
        }
        ;({ sequence, hash } = seal)
      }
      if (links.length < batch) break
    }
    if (before && before.headSequence > sequence) found.push({ subject: String(sequence + 1), detail: 'cut_off' })
    return { sequence, hash, entries, findings: found }
  }
}

const of = (check: LedgerCheck, found: readonly Omit<LedgerFinding, 'check'>[]): LedgerFinding[] => found.map(finding => ({ check, ...finding }))
