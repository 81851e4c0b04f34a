import { describe, expect, it } from 'vitest'
import { unnoticed } from '../business/sabotage.ts'
import { simulate } from '../business/simulate.ts'
import { databaseKinds } from '../support/app.ts'

// `npm run simulate` lives through three years with two thousand clients, with new dice each time; here a small house.
const seed = 20_261_128

describe.each(databaseKinds())('a simulated business on %s', (kind) => {
  let unseen: string[] = ['not looked']
  it(`lives through four months of trouble (seed ${seed}): every promise is kept, and the gateway's total is the ledger's to the Rupiah`, async () => {
    const { broken, totals, tally } = await simulate({ kind, seed, clients: 12, days: 120, afterwards: async ({ house }) => {
      unseen = await unnoticed(house)
    } })
    expect(broken).toEqual([])
    expect(totals.ledger).toBe(totals.gateway)
    // A life in which nothing happened proves nothing.
    const never = (['orders', 'coded', 'payments', 'transfers', 'upgrades', 'changesAtRenewal', 'cancelled', 'refundsToCredit', 'refundsByHand', 'creditPaidOut', 'creditNotes', 'mailOutages', 'mailAnswersLost', 'documentsFailed', 'restarts', 'downtimes'] as const).filter(name => tally[name] === 0)
    expect(never).toEqual([])
  }, 300_000)

  it('every promise is named when the books are damaged just so', () => {
    expect(unseen).toEqual([])
  })
})
