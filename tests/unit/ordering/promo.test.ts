import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { money, sum } from '#shared/money/money.ts'
import { billingCycles } from '#shared/vocabulary/billing.ts'
import { promoTargets } from '#shared/vocabulary/catalog.ts'
import { renewalPrice } from '#server/billing/renewal-price.ts'
import type { PromoRecord } from '#server/catalog/ports.ts'
import { evaluatePromos } from '#server/ordering/promo.ts'
import type { DiscountableLine, GivenPromo } from '#server/ordering/promo.ts'

const at = new Date('2026-11-02T03:00:00Z')
const nobody = { uses: new Map<string, number>(), hasPaidOrder: false }
const promo = (change: Partial<PromoRecord> = {}): PromoRecord => ({
  id: 'p', code: 'HEMAT', kind: 'percent', value: 10n, active: true, startsAt: null, endsAt: null, maxRedemptions: null, appliesTo: 'recurring', periods: 1, maxPerClient: 1, newClientsOnly: false, minimumOrder: null, combinable: false, productIds: [], cycles: [], reserved: 0, committed: 0, ...change,
})
const given = (...codes: PromoRecord[]): GivenPromo[] => codes.map(code => ({ code: code.code, promo: code }))
const line = (price: bigint, setup = 0n, productId = 'a', cycle: typeof billingCycles[number] = 'monthly'): DiscountableLine => ({ productId, cycle, price: money(price), setup: money(setup) })
const problem = (change: Partial<PromoRecord>, buyer: Partial<typeof nobody> = {}, lines = [line(100_000n)]) => evaluatePromos(given(promo(change)), lines, at, { ...nobody, ...buyer }).codes[0]?.problem
const taken = (codes: PromoRecord[], lines: DiscountableLine[]) => evaluatePromos(given(...codes), lines, at, nobody).lines.map(({ discounts }) => discounts.map(({ label, off, amount }) => [label, off, Number(amount.amount)]))

const amounts = fc.oneof(fc.constant(0n), fc.bigInt(0n, 10_000_000_000n))
const lines = fc.array(fc.record({ productId: fc.constantFrom('a', 'b', 'c'), cycle: fc.constantFrom(...billingCycles), price: amounts.map(amount => money(amount)), setup: amounts.map(amount => money(amount)) }), { minLength: 1, maxLength: 10 })
const codes = fc.array(
  fc.oneof(fc.record({ kind: fc.constant('percent' as const), value: fc.bigInt(1n, 100n) }), fc.record({ kind: fc.constant('fixed' as const), value: fc.bigInt(1n, 20_000_000_000n) }))
    .chain(base => fc.record({ productIds: fc.subarray(['a', 'b']), cycles: fc.subarray([...billingCycles]), appliesTo: fc.constantFrom(...promoTargets), periods: fc.constantFrom(1, 2, 7, null) }).map(scope => ({ ...base, ...scope }))),
  { minLength: 1, maxLength: 3 },
).map(all => all.map((change, i) => promo({ ...change, id: `p${i}`, code: `K${i}`, combinable: true, ...(change.appliesTo === 'setup' && { periods: 1 }) })))
const covers = (code: PromoRecord, item: DiscountableLine) => (code.productIds.length === 0 || code.productIds.includes(item.productId)) && (code.cycles.length === 0 || code.cycles.includes(item.cycle))

describe('promo codes', () => {
  it('go on with renewals alone: what is paid once gets its part now and leaves nothing for later', () => {
    fc.assert(fc.property(codes, lines, (all, items) => {
      const outcome = evaluatePromos(given(...all), items, at, nobody)
      items.forEach((item, i) => item.cycle === 'one_time' && expect(outcome.lines[i]?.renewals).toEqual([]))
    }))
  })

  it('together never take more than the price of a period or a fee, and each only where it holds', () => {
    fc.assert(fc.property(codes, lines, (all, items) => {
      const outcome = evaluatePromos(given(...all), items, at, nobody)
      expect(outcome.lines).toHaveLength(items.length)
      items.forEach((item, i) => {
        const { discounts = [] } = outcome.lines[i] ?? {}
        for (const [off, full] of [['period', item.price], ['setup', item.setup]] as const) {
          const off_ = discounts.filter(discount => discount.off === off)
          expect(off_.every(discount => discount.amount.amount > 0n)).toBe(true)
          expect(sum(off_.map(discount => discount.amount)).amount <= full.amount).toBe(true)
        }
        for (const code of all) {
          const own = discounts.filter(discount => discount.promoId === code.id)
          if (!covers(code, item)) expect(own).toEqual([])
          if (code.appliesTo !== 'both') expect(own.every(discount => (discount.off === 'setup') === (code.appliesTo === 'setup'))).toBe(true)
        }
      })
    }))
  })

  it('lose no Rupiah: the parts add up to what each code gives of what the ones before it left, rounded down once', () => {
    fc.assert(fc.property(codes, lines, (all, items) => {
      const outcome = evaluatePromos(given(...all), items, at, nobody)
      const left = items.map(item => ({ period: item.price.amount, setup: item.setup.amount }))
      const inOrder = all.filter((_, i) => outcome.codes[i]?.problem === null).sort((a, b) => a.kind === b.kind ? Number(b.value - a.value) || (a.code < b.code ? -1 : 1) : a.kind === 'percent' ? -1 : 1)
      for (const code of inOrder) {
        const covered = items.reduce((total, item, i) => total + (covers(code, item) ? (code.appliesTo === 'setup' ? 0n : left[i]?.period ?? 0n) + (code.appliesTo === 'recurring' ? 0n : left[i]?.setup ?? 0n) : 0n), 0n)
        const whole = code.kind === 'percent' ? covered * code.value / 100n : code.value < covered ? code.value : covered
        const own = outcome.lines.flatMap((_, i) => (outcome.lines[i]?.discounts ?? []).filter(discount => discount.promoId === code.id).map(discount => ({ ...discount, i })))
        expect(sum(own.map(discount => discount.amount)).amount).toBe(whole)
        expect(outcome.codes.find(told => told.code === code.code)?.discount.amount).toBe(whole)
        for (const { i, off, amount } of own) {
          const of = left[i]
          if (of) of[off] -= amount.amount
        }
      }
    }))
  })

  it('give the same, in whatever order they were typed', () => {
    fc.assert(fc.property(codes, lines, (all, items) => {
      expect(evaluatePromos(given(...all.toReversed()), items, at, nobody).lines).toEqual(evaluatePromos(given(...all), items, at, nobody).lines)
    }))
  })

  it('go on for as many periods as they say, the first one counted, and never cost a renewal more than its price', () => {
    fc.assert(fc.property(codes, lines, fc.integer({ min: 1, max: 10 }), (all, items, periodsPaid) => {
      const outcome = evaluatePromos(given(...all), items, at, nobody)
      items.forEach((item, i) => {
        const renewal = renewalPrice({ price: item.price, discounts: outcome.lines[i]?.renewals ?? [], priceChanges: [], periodsPaid }, at)
        expect(renewal.net.amount >= 0n).toBe(true)
        expect(renewal.net.amount + sum(renewal.discounts.map(discount => discount.amount)).amount).toBe(item.price.amount)
        for (const { promoId } of renewal.discounts) {
          const code = all.find(candidate => candidate.id === promoId)
          expect(code && code.appliesTo !== 'setup' && covers(code, item) && (code.periods === null || periodsPaid < code.periods)).toBe(true)
        }
      })
    }))
  })

  it('a fixed amount that goes on is the same sum at the renewals of all its services', () => {
    const goesOn = promo({ kind: 'fixed', value: 50_000n, periods: null })
    const outcome = evaluatePromos(given(goesOn), [line(100_000n), line(200_001n)], at, nobody)
    expect(sum(outcome.lines.flatMap(({ renewals }) => renewals.map(({ value }) => money(value)))).amount).toBe(50_000n)
    expect(outcome.lines.map(({ discounts, renewals }) => discounts[0]?.amount.amount === renewals[0]?.value)).toEqual([true, true])
  })

  it('take off the price, the fee or both, as the code says', () => {
    const item = [line(100_000n, 50_000n)]
    expect(taken([promo()], item)).toEqual([[['HEMAT', 'period', 10_000]]])
    expect(taken([promo({ appliesTo: 'setup', value: 100n })], item)).toEqual([[['HEMAT', 'setup', 50_000]]])
    expect(taken([promo({ appliesTo: 'both', kind: 'fixed', value: 30_000n })], item)).toEqual([[['HEMAT', 'period', 20_000], ['HEMAT', 'setup', 10_000]]])
  })

  it('stack percent before fixed, each on what is left; one that is not combinable stands alone or not at all', () => {
    const [percent, fixed] = [promo({ id: 'a', code: 'A', combinable: true }), promo({ id: 'b', code: 'B', kind: 'fixed', value: 20_000n, combinable: true })]
    expect(taken([fixed, percent], [line(100_000n)])).toEqual([[['A', 'period', 10_000], ['B', 'period', 20_000]]])
    const outcome = evaluatePromos(given(percent, promo({ id: 'c', code: 'C' })), [line(100_000n)], at, nobody)
    expect(outcome.codes.map(({ problem: refused }) => refused)).toEqual([null, 'promo_not_combinable'])
    expect(outcome.lines[0]?.discounts).toHaveLength(1)
  })

  it('an unknown code is invalid', () => expect(evaluatePromos([{ code: 'X', promo: null }], [line(1n)], at, nobody).codes).toMatchObject([{ problem: 'promo_invalid', discount: money(0) }]))
  it('expired promo: before its start, from its end on and while switched off it does not hold', () => {
    expect(problem({ startsAt: new Date(at.getTime() + 1) })).toBe('promo_expired')
    expect(problem({ startsAt: at })).toBeNull()
    expect(problem({ endsAt: at })).toBe('promo_expired')
    expect(problem({ endsAt: new Date(at.getTime() + 1) })).toBeNull()
    expect(problem({ active: false })).toBe('promo_expired')
  })
  it('reserved redemptions count like used ones', () => {
    expect(problem({ maxRedemptions: 3, reserved: 2, committed: 1 })).toBe('promo_exhausted')
    expect(problem({ maxRedemptions: 4, reserved: 2, committed: 1 })).toBeNull()
  })
  it('a client uses it as often as the code says', () => {
    expect(problem({}, { uses: new Map([['p', 1]]) })).toBe('promo_exhausted')
    expect(problem({ maxPerClient: 3 }, { uses: new Map([['p', 2]]) })).toBeNull()
    expect(problem({ maxPerClient: null }, { uses: new Map([['p', 99]]) })).toBeNull()
  })
  it('new clients only: who has paid an order is none', () => {
    expect(problem({ newClientsOnly: true }, { hasPaidOrder: true })).toBe('promo_new_clients_only')
    expect(problem({ newClientsOnly: true })).toBeNull()
  })
  it('a minimum is of prices and fees before discounts', () => {
    expect(problem({ minimumOrder: 150_001n }, {}, [line(100_000n, 50_000n)])).toBe('promo_minimum')
    expect(problem({ minimumOrder: 150_000n }, {}, [line(100_000n, 50_000n)])).toBeNull()
  })
  it('a code for other products or cycles, or for a fee that there is not, says so (D14)', () => {
    expect(problem({ productIds: ['b'] })).toBe('promo_not_for_product')
    expect(problem({ cycles: ['annually'] })).toBe('promo_not_for_product')
    expect(problem({ appliesTo: 'setup' })).toBe('promo_not_for_product')
  })
})
