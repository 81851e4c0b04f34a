import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { add, formatMoney, fraction, fromMoneyJson, money, split, sum, toMoneyJson } from '#shared/money/money.ts'

const amounts = fc.bigInt(-(10n ** 15n), 10n ** 15n)

describe('money', () => {
  it('a split adds up to what was split, to the Rupiah', () => {
    fc.assert(fc.property(fc.bigInt(0n, 10n ** 15n), fc.array(fc.bigInt(0n, 1000n), { minLength: 1, maxLength: 20 }).filter(weights => weights.some(w => w > 0n)), (total, weights) => {
      expect(sum(split(money(total), weights)).amount).toBe(total)
    }))
  })

  it('no part of a split is off its exact share by a whole Rupiah', () => {
    fc.assert(fc.property(fc.bigInt(0n, 10n ** 12n), fc.array(fc.bigInt(1n, 1000n), { minLength: 1, maxLength: 10 }), (total, weights) => {
      const weight = weights.reduce((a, b) => a + b, 0n)
      split(money(total), weights).forEach((part, i) => {
        const distance = part.amount * weight - total * (weights[i] ?? 0n)
        expect(distance < weight && distance > -weight).toBe(true)
      })
    }))
  })

  it('the odd Rupiah of a split go to the largest remainders, of equal ones to the earlier', () => {
    const parts = (total: bigint, ...weights: bigint[]) => split(money(total), weights).map(part => part.amount)
    expect([parts(10n, 1n, 2n, 4n), parts(10n, 1n, 1n, 1n), parts(5n, 0n, 3n, 3n)]).toEqual([[1n, 3n, 6n], [4n, 3n, 3n], [0n, 3n, 2n]])
  })

  it('a fraction is rounded down, also below zero', () => {
    fc.assert(fc.property(amounts, fc.bigInt(0n, 1000n), fc.bigInt(1n, 1000n), (amount, numerator, denominator) => {
      const rest = amount * numerator - fraction(money(amount), numerator, denominator).amount * denominator
      expect(rest >= 0n && rest < denominator).toBe(true)
    }))
  })

  it('survives JSON without becoming a float', () => {
    fc.assert(fc.property(amounts, (amount) => {
      expect(fromMoneyJson(JSON.parse(JSON.stringify(toMoneyJson(money(amount)))))).toEqual(money(amount))
    }))
  })

  it('refuses to add two currencies (D15)', () => {
    expect(() => add(money(1), { amount: 1n, currency: 'EUR' as never })).toThrow(RangeError)
  })

  it('is written as Rupiah are written', () => {
    expect(formatMoney(money(1_250_000))).toBe('Rp\u00A01.250.000')
    expect(formatMoney(money(-999))).toBe('-Rp\u00A0999')
    expect(formatMoney(money(0))).toBe('Rp\u00A00')
  })
})
