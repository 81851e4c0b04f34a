import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { computeTax } from '#shared/money/tax.ts'
import { netWithin } from '#server/billing/buyer-fee.ts'

const at = new Date('2026-11-23T00:00:00Z')

describe('the fee that a buyer pays for a method', () => {
  it('is found again from its total with PPN, and for any total the greatest one that fits', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 10n ** 9n }), fc.boolean(), (amount, pkp) => {
      const withTax = (net: ReturnType<typeof money>) => computeTax(net, at, { pkp }).total
      expect(netWithin(withTax(money(amount)), withTax)).toEqual(money(amount))
      const net = netWithin(money(amount), withTax)
      expect(withTax(net).amount <= amount && withTax(money(net.amount + 1n)).amount > amount).toBe(true)
    }))
  })
})
