import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OptionRecord } from '#server/catalog/ports.ts'
import { carryOptions, chooseOptions, rechooseOptions, setupsOf, toSoldOption } from '#server/ordering/choose-options.ts'
import type { OptionWish } from '#server/ordering/choose-options.ts'
import { chargeOf } from '#server/billing/proration.ts'
import { renewalPrice } from '#server/billing/renewal-price.ts'
import { add, money, subtract } from '#shared/money/money.ts'
import { costOf, wishesOf } from '#shared/options/option-picks.ts'
import { toOptionView } from '#shared/options/option-views.ts'
import { periodPriceAfter, totalOfTerms, withOptions, withoutOptions } from '#shared/options/sold-options.ts'
import type { SoldOption } from '#shared/options/sold-options.ts'

const label = { id: 'Nama', en: 'Name' }
const spec = { cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100 }
const price = (amount: bigint, setup = 0n) => [{ cycle: 'monthly' as const, price: money(amount), setup: money(setup) }]
const option = (id: string, change: Partial<OptionRecord>): OptionRecord => ({ id, key: id, kind: 'toggle', label, min: 0, max: 1, step: 1, effect: 'none', effectAmount: 0, position: 0, active: true, prices: price(0n), choices: [], ...change })
const amount = fc.bigInt(0n, 1_000_000n)
/** A disk by tens, two toggles, a choice of three: with what somebody wishes of each. */
const offered = fc.record({ disk: amount, setup: amount, a: amount, b: amount, choices: fc.tuple(amount, amount, amount) }).map(({ disk, setup, a, b, choices }) => [
  option('disk', { kind: 'number', max: 100, step: 10, effect: 'disk_gib', effectAmount: 1, prices: price(disk, setup) }), option('a', { prices: price(a) }), option('b', { prices: price(b), effect: 'cpu_cores', effectAmount: 2 }),
  option('net', { kind: 'choice', effect: 'rate_mbps', prices: [], choices: choices.map((each, i) => ({ id: `net-${i}`, key: `k${i}`, label, effectAmount: i * 100, position: i, active: true, prices: price(each) })) }),
])
const wished = fc.record({ disk: fc.integer({ min: 0, max: 10 }).map(n => n * 10), a: fc.integer({ min: 0, max: 1 }), b: fc.integer({ min: 0, max: 1 }), net: fc.integer({ min: 0, max: 2 }) }).map(({ disk, a, b, net }): OptionWish[] => [{ optionId: 'disk', quantity: disk }, { optionId: 'a', quantity: a }, { optionId: 'b', quantity: b }, { optionId: 'net', choiceId: `net-${net}` }])
const soldOf = (options: OptionRecord[], wishes: OptionWish[]): SoldOption[] => chooseOptions(options, 'monthly', wishes).map(toSoldOption)
const terms = (options: readonly SoldOption[], base = 100_000n, productId = 'p') => ({ productId, cycle: 'monthly', price: money(base), options })

describe('options of a product', () => {
  it('come to the sum of units and choices, in the order of the product, however they are named; the page shows that sum', () => {
    fc.assert(fc.property(offered, wished, fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }), (options, wishes, weights) => {
      const chosen = chooseOptions(options, 'monthly', wishes)
      const shuffled = wishes.map((wish, i) => ({ wish, at: weights[i] ?? 0 })).toSorted((x, y) => x.at - y.at).map(({ wish }) => wish)
      expect(chooseOptions(options, 'monthly', shuffled)).toEqual(chosen)
      const shown = wishes.map(wish => costOf(toOptionView(options.find(each => each.id === wish.optionId) ?? option('', {})), wish.choiceId ?? wish.quantity ?? 0, 'monthly'))
      expect(chosen.reduce((sum, each) => sum + each.price.amount, 0n)).toBe(shown.reduce((sum, each) => sum + each.price, 0n))
      expect(chosen.reduce((sum, each) => sum + each.setup.amount, 0n)).toBe(shown.reduce((sum, each) => sum + each.setup, 0n))
    }))
  })

  it('what a page picks by itself is what the server picks where nothing is said', () => {
    fc.assert(fc.property(offered, (options) => {
      expect(chooseOptions(options, 'monthly', wishesOf(options.map(toOptionView), {}, 'monthly'))).toEqual(chooseOptions(options, 'monthly', []))
    }))
  })

  it('a number takes every step between its bounds and nothing else', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 9 }), fc.double({ min: -10, max: 300 }).map(n => n % 2 > 1 ? n : Math.round(n)), (min, step, steps, quantity) => {
      const own = [option('n', { kind: 'number', min, step, max: min + step * steps, prices: price(7n) })]
      const fits = Number.isInteger(quantity) && quantity >= min && quantity <= min + step * steps && (quantity - min) % step === 0
      if (fits) expect(chooseOptions(own, 'monthly', [{ optionId: 'n', quantity }]).reduce((sum, each) => sum + each.price.amount, 0n)).toBe(BigInt(quantity) * 7n)
      else expect(() => chooseOptions(own, 'monthly', [{ optionId: 'n', quantity }])).toThrow('option_invalid')
    }))
  })

  it('what they add to a machine comes off again to the unit', () => {
    fc.assert(fc.property(offered, wished, (options, wishes) => {
      const chosen = soldOf(options, wishes)
      expect(withoutOptions(withOptions(spec, chosen), chosen)).toEqual(spec)
    }))
  })

  it('changed on a service: wishes for what it has change nothing, the catalogue\'s new prices reach what is changed alone, and the way there does not matter', () => {
    fc.assert(fc.property(offered, offered, wished, wished, (before, now, first, second) => {
      const has = soldOf(before, first)
      expect(rechooseOptions(now, 'monthly', has, first)).toEqual(has)
      const after = rechooseOptions(now, 'monthly', has, second)
      const same = (wish: OptionWish) => first.some(other => other.optionId === wish.optionId && other.quantity === wish.quantity && other.choiceId === wish.choiceId)
      for (const wish of second) expect(after.find(each => each.optionId === wish.optionId)).toEqual((same(wish) ? has : soldOf(now, second)).find(each => each.optionId === wish.optionId))
      expect(second.reduce((sold, wish) => rechooseOptions(now, 'monthly', sold, [wish]), has)).toEqual(after)
    }))
  })

  it('go along to another product by key; kept and lost are together what there was', () => {
    fc.assert(fc.property(offered, wished, fc.subarray(['disk', 'a', 'b', 'net']), (options, wishes, keys) => {
      const has = soldOf(options, wishes)
      const { options: carried, lost } = carryOptions(options.filter(each => keys.includes(each.key)), 'monthly', has)
      expect([...carried.filter(each => has.some(old => old.key === each.key)), ...lost].map(each => each.key).sort()).toEqual(has.map(each => each.key).sort())
      expect(carried.every(each => keys.includes(each.key))).toBe(true)
    }))
  })
})

describe('what options cost a running service', () => {
  it('set-up fees once: of the units that come on top, in one step or in many; fewer units and what stays cost none', () => {
    fc.assert(fc.property(offered, wished, fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 6 }), (options, wishes, counts) => {
      const sold = (n: number) => soldOf(options, wishes.map(wish => wish.optionId === 'disk' ? { ...wish, quantity: n * 10 } : wish))
      const fee = (from: number, to: number) => setupsOf(options, 'monthly', sold(from), sold(to)).reduce((all, { amount: each }) => all + each.amount, 0n)
      const unit = options[0]?.prices[0]?.setup.amount ?? 0n
      const climb = [...counts].sort((a, b) => a - b)
      expect(climb.slice(1).reduce((all, to, i) => all + fee(climb[i] ?? 0, to), 0n)).toBe(fee(climb[0] ?? 0, climb.at(-1) ?? 0))
      for (const [i, to] of counts.entries()) expect(fee(counts[i - 1] ?? 0, to)).toBe(unit * BigInt(Math.max(0, to - (counts[i - 1] ?? 0)) * 10))
    }))
  })

  it('by exact days two steps on one day cost what the way at once costs, whatever discount is on the period', () => {
    const days = fc.integer({ min: 1, max: 366 }).map(length => ({ from: 0, to: length }))
    fc.assert(fc.property(days.chain(all => fc.tuple(fc.constant(all), fc.integer({ min: 0, max: all.to }))), fc.tuple(offered, wished, wished, wished), amount, ([all, day], [options, one, two, three], paid) => {
      const [a, b, c] = [one, two, three].map(wishes => terms(soldOf(options, wishes))) as [ReturnType<typeof terms>, ReturnType<typeof terms>, ReturnType<typeof terms>]
      const start = add(money(paid), totalOfTerms(a))
      const between = periodPriceAfter({ from: a, to: b }, start)
      const end = periodPriceAfter({ from: b, to: c }, between)
      expect(periodPriceAfter({ from: a, to: c }, start)).toEqual(end)
      const cost = (from: typeof start, to: typeof start) => chargeOf({ days: all, price: from }, to, day).net.amount
      expect(cost(start, between) + cost(between, end)).toBe(cost(start, end))
      expect(subtract(end, start)).toEqual(subtract(totalOfTerms(c), totalOfTerms(a)))
    }))
  })

  it('a renewal asks for the product\'s price and theirs; a new price of the product leaves theirs as it is, and a code never takes off more than all', () => {
    fc.assert(fc.property(amount, amount, fc.array(amount, { maxLength: 4 }), fc.bigInt(1n, 100n), (base, next, own, value) => {
      const options = own.map((each, i) => ({ text: { id: `o${i}`, en: `o${i}` }, price: money(each) }))
      const at = new Date('2027-01-01T00:00:00Z')
      const extra = own.reduce((sum, each) => sum + each, 0n)
      const plain = { price: money(base), options, discounts: [], priceChanges: [], periodsPaid: 1 }
      expect(renewalPrice(plain, at).net.amount).toBe(base + extra)
      expect(renewalPrice({ ...plain, priceChanges: [{ id: '1', price: money(next), from: at }] }, at).gross.amount).toBe(next + extra)
      const discount = { promoId: 'p', label: 'P', periods: null }
      expect(renewalPrice({ ...plain, discounts: [{ ...discount, kind: 'percent', value }] }, at).net.amount).toBe(base + extra - (base + extra) * value / 100n)
      expect(renewalPrice({ ...plain, discounts: [{ ...discount, kind: 'fixed', value: base + extra + value }] }, at).net.amount).toBe(0n)
    }))
  })
})
