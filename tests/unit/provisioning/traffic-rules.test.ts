import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { slowed, trafficWish } from '#server/provisioning/traffic-rules.ts'
import { countedBytes, limitBytes } from '#shared/vocabulary/traffic.ts'

const facts = fc.record({
  status: fc.constantFrom('active' as const, 'past_due' as const, 'suspended' as const, 'ended' as const), connectionKind: fc.constantFrom('proxmox' as const, 'vcenter' as const, null), rateMbps: fc.integer({ min: 1, max: 1000 }), told80: fc.boolean(), told100: fc.boolean(),
  bytesIn: fc.nat(2 ** 40), bytesOut: fc.nat(2 ** 40), terms: fc.option(fc.record({ limitGiB: fc.integer({ min: 1, max: 2000 }), counts: fc.constantFrom('both' as const, 'out' as const), slowMbps: fc.option(fc.integer({ min: 1, max: 1000 })) })),
})
describe('what traffic asks for', () => {
  it('nobody is slowed down below the limit, without terms, where the plan only tells, or by a hypervisor that cannot', () => {
    fc.assert(fc.property(facts, (each) => {
      const { capMbps } = trafficWish(each)
      if (capMbps === null) return
      expect(each.terms?.slowMbps).toBe(capMbps)
      expect(capMbps).toBeLessThan(each.rateMbps)
      expect(each.connectionKind).toBe('proxmox')
      expect(countedBytes(each.terms, each)).toBeGreaterThanOrEqual(limitBytes(each.terms ?? { limitGiB: Infinity }))
    }))
  })
  it('each step is told once, the higher one alone, and only to those whose service runs', () => {
    fc.assert(fc.property(facts, (each) => {
      const { tell } = trafficWish(each)
      if (tell === 100) expect(each.told100).toBe(false)
      if (tell === 80) expect(each.told80 || each.told100).toBe(false)
      if (tell !== null) expect(['active', 'past_due']).toContain(each.status)
      const told = { ...each, told80: each.told80 || tell === 80, told100: each.told100 || tell === 100 }
      expect(trafficWish(told).tell).toBeNull()
    }))
  })
  it('incoming traffic counts only where the plan says so', () => {
    const at = { bytesIn: 5, bytesOut: 3 }
    expect([countedBytes({ counts: 'both' }, at), countedBytes({ counts: 'out' }, at), countedBytes(null, at)]).toEqual([8, 3, 8])
  })
  it('a machine is never made faster by being slowed down', () => {
    expect(slowed({ rateMbps: 100 }, 10)).toEqual({ rateMbps: 10 })
    expect(slowed({ rateMbps: 100 }, 200)).toEqual({ rateMbps: 100 })
    expect(slowed({ rateMbps: 100 }, null)).toEqual({ rateMbps: 100 })
  })
})
