import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { money, sum } from '#shared/money/money.ts'
import { billingCycles } from '#shared/vocabulary/billing.ts'
import type { PromoRecord } from '#server/catalog/ports.ts'
import { evaluatePromo } from '#server/ordering/promo.ts'

const at = new Date('2026-11-02T03:00:00Z')
const promo = (change: Partial<PromoRecord> = {}): PromoRecord => ({ id: 'p', code: 'HEMAT', kind: 'percent', value: 10n, active: true, startsAt: null, endsAt: null, maxRedemptions: null, oncePerClient: true, productIds: [], cycles: [], reserved: 0, committed: 0, ...change })
const line = (price: bigint, productId = 'a', cycle: typeof billingCycles[number] = 'monthly') => ({ productId, cycle, price: money(price) })
const problem = (change: Partial<PromoRecord> | null, used = false, lines = [line(100_000n)]) => evaluatePromo(change && promo(change), lines, at, used).problem

const lines = fc.array(fc.record({ productId: fc.constantFrom('a', 'b', 'c'), cycle: fc.constantFrom(...billingCycles), price: fc.bigInt(0n, 10_000_000_000n).map(amount => money(amount)) }), { minLength: 1, maxLength: 10 })
const promos = fc.oneof(
  fc.record({ kind: fc.constant('percent' as const), value: fc.bigInt(1n, 100n) }), fc.record({ kind: fc.constant('fixed' as const), value: fc.bigInt(1n, 20_000_000_000n) }),
).chain(base => fc.record({ productIds: fc.subarray(['a', 'b']), cycles: fc.subarray([...billingCycles]) }).map(scope => promo({ ...base, ...scope })))

describe('promo codes', () => {
  it('a discount is never negative, never more than the price of its line, and only where the code holds', () => {
    fc.assert(fc.property(promos, lines, (code, items) => {
      const { discounts } = evaluatePromo(code, items, at, false)
      expect(discounts).toHaveLength(items.length)
      items.forEach((item, i) => {
        const given = discounts[i]?.amount ?? -1n
        expect(given >= 0n && given <= item.price.amount).toBe(true)
        const covered = (code.productIds.length === 0 || code.productIds.includes(item.productId)) && (code.cycles.length === 0 || code.cycles.includes(item.cycle))
        if (!covered) expect(given).toBe(0n)
      })
    }))
  })

  it('the parts add up to the whole discount, rounded down once', () => {
    fc.assert(fc.property(promos, lines, (code, items) => {
      const { problem: refused, discounts } = evaluatePromo(code, items, at, false)
      const covered = items.filter(item => (code.productIds.length === 0 || code.productIds.includes(item.productId)) && (code.cycles.length === 0 || code.cycles.includes(item.cycle))).reduce((all, item) => all + item.price.amount, 0n)
      const whole = code.kind === 'percent' ? covered * code.value / 100n : code.value < covered ? code.value : covered
      expect(sum(discounts).amount).toBe(refused ? 0n : whole)
    }))
  })

  it('an unknown code is invalid', () => expect(problem(null)).toBe('promo_invalid'))
  it('expired promo: before its start, from its end on and while switched off it does not hold', () => {
    expect(problem({ startsAt: new Date(at.getTime() + 1) })).toBe('promo_expired')
    expect(problem({ startsAt: at })).toBeNull()
    expect(problem({ endsAt: at })).toBe('promo_expired')
    expect(problem({ endsAt: new Date(at.getTime() + 1) })).toBeNull()
    expect(problem({ active: false })).toBe('promo_expired')
  })
  it('reserved redemptions count like used ones', () => {
    expect(problem({ maxRedemptions: 3, reserved: 2, committed: 1 })).toBe('promo_exhausted')
    expect(problem({ maxRedemptions: 3, reserved: 1, committed: 1 })).toBeNull()
  })
  it('once per client holds only where it is wished', () => {
    expect(problem({}, true)).toBe('promo_exhausted')
    expect(problem({ oncePerClient: false }, true)).toBeNull()
  })
  it('a code for other products or cycles says so (D14)', () => {
    expect(problem({ productIds: ['b'] })).toBe('promo_not_for_product')
    expect(problem({ cycles: ['annually'] })).toBe('promo_not_for_product')
  })
})
