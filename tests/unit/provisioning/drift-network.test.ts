import fc from 'fast-check'
import { expect, it } from 'vitest'
import { portionOf } from '#server/provisioning/drift-network.ts'

it('the hours go round over all machines, each once in a round, and within an hour the same ones', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 500_000 }), (n, most, start) => {
    const machines = Array.from({ length: n }, (_, i) => ({ serviceId: String(i).padStart(3, '0') }))
    const at = (hours: number, minutes = 0) => portionOf(machines.toReversed(), new Date((hours * 60 + minutes) * 60_000), most)
    const rounds = Math.max(1, Math.ceil(n / most))
    const seen = Array.from({ length: rounds }, (_, i) => at(start + i)).flat()
    expect(seen.map(({ serviceId }) => serviceId).sort()).toEqual(machines.map(({ serviceId }) => serviceId))
    expect(at(start, 59)).toEqual(at(start))
  }))
})
