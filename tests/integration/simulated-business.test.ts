import { describe, expect, it } from 'vitest'
import { simulate } from '../business/simulate.ts'
import { databaseKinds } from '../support/app.ts'

// `npm run simulate` lives through three years with two thousand clients, with new dice each time; here a small house.
const seed = 20_261_128

describe.each(databaseKinds())('a simulated business on %s', (kind) => {
  it(`lives through five months of trouble (seed ${seed}): every promise is kept, and the gateway's total is the ledger's to the Rupiah`, async () => {
    const { broken, totals, tally } = await simulate({ kind, seed, clients: 8, days: 150 })
    expect(broken).toEqual([])
    expect(totals.ledger).toBe(totals.gateway)
    // A life in which nothing happened proves nothing.
    expect(tally.orders).toBeGreaterThan(5)
    expect(tally.payments).toBeGreaterThan(20)
  }, 300_000)
})
