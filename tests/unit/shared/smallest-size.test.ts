import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { smallestSize } from '#shared/options/smallest-size.ts'
import { optionEffects, optionKinds } from '#shared/vocabulary/catalog.ts'

const spec = { cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100 }
const monthly = [{ cycle: 'monthly' }]
const option = (change: object) => ({ kind: 'number' as const, active: true, min: 2, effect: 'disk_gib' as const, effectAmount: 10, prices: monthly, choices: [], ...change })

describe('the smallest machine of a product', () => {
  it('has the least of its numbers and the smallest of its choices, no toggle, and nothing that is not sold in its cycle', () => {
    const choices = [{ active: true, effectAmount: 4096, prices: monthly }, { active: true, effectAmount: 2048, prices: monthly }, { active: false, effectAmount: 0, prices: monthly }]
    expect(smallestSize(spec, [option({}), option({ kind: 'choice', effect: 'ram_mib', choices }), option({ kind: 'toggle', effect: 'cpu_cores', effectAmount: 4 })], ['monthly'])).toEqual({ ...spec, diskGiB: 40, ramMiB: 3072 })
    expect(smallestSize(spec, [option({ active: false })], ['monthly'])).toEqual(spec)
    expect(smallestSize(spec, [option({})], ['monthly', 'annually'])).toEqual(spec)
  })
  it('is never smaller than the product alone', () => {
    const any = fc.record({ kind: fc.constantFrom(...optionKinds), active: fc.boolean(), min: fc.nat(9), effect: fc.constantFrom(...optionEffects), effectAmount: fc.nat(100), prices: fc.constantFrom([], monthly), choices: fc.array(fc.record({ active: fc.boolean(), effectAmount: fc.nat(100), prices: fc.constantFrom([], monthly) }), { maxLength: 3 }) })
    fc.assert(fc.property(fc.array(any, { maxLength: 4 }), fc.constantFrom([], ['monthly'], ['monthly', 'annually']), (options, cycles) => {
      const least = smallestSize(spec, options, cycles)
      for (const key of ['cpuCores', 'ramMiB', 'diskGiB', 'rateMbps'] as const) expect(least[key]).toBeGreaterThanOrEqual(spec[key])
    }))
  })
})
