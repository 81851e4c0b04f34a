import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { trafficBetween, trafficRows } from '#server/infrastructure/traffic.ts'
import type { TrafficReading } from '#server/infrastructure/traffic-ports.ts'
import { monthsIn } from '#server/platform/months.ts'

const monthOf = monthsIn('Asia/Jakarta')
const begin = Date.parse('2026-11-20T00:00:00Z')

/** What happens at a hypervisor: the machine runs and moves bytes, is started anew, stops, loses a card; and is read, at times. */
const life = fc.array(fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('run' as const), seconds: fc.integer({ min: 1, max: 200_000 }), in: fc.integer({ min: 0, max: 10 ** 12 }), out: fc.integer({ min: 0, max: 10 ** 12 }) }) },
  { weight: 5, arbitrary: fc.constant({ kind: 'read' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('off' as const), seconds: fc.integer({ min: 1, max: 200_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('card' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }) },
), { maxLength: 60 })

function live(steps: typeof life extends fc.Arbitrary<infer T> ? T : never) {
  let [now, up, running] = [begin, 0, true]
  const counter = { in: 0, out: 0 }
  const moved = { in: 0, out: 0, byMonth: new Map<string, number>() }
  const counted = { in: 0, out: 0, byMonth: new Map<string, number>() }
  let last: TrafficReading | null = null
  for (const step of steps) {
    if (step.kind === 'run') {
      if (!running) up = 0
      running = true
      now += step.seconds * 1000
      up += step.seconds
      counter.in += step.in
      counter.out += step.out
      moved.in += step.in
      moved.out += step.out
    }
    if (step.kind === 'restart' || step.kind === 'off') {
      Object.assign(counter, { in: 0, out: 0 })
      up = 0
      running = step.kind === 'restart'
      now += step.kind === 'off' ? step.seconds * 1000 : 0
    }
    if (step.kind === 'card') Object.assign(counter, { in: Math.floor(counter.in * step.share), out: Math.floor(counter.out * step.share) })
    if (step.kind === 'read') {
      const reading = { ...counter, uptimeSeconds: up, at: new Date(now) }
      const found = trafficBetween(last, reading, monthOf)
      expect(Math.min(found.bytesIn, found.bytesOut)).toBeGreaterThanOrEqual(0)
      counted.in += found.bytesIn
      counted.out += found.bytesOut
      if (found.bytesIn + found.bytesOut > 0) counted.byMonth.set(found.month, (counted.byMonth.get(found.month) ?? 0) + found.bytesIn + found.bytesOut)
      last = reading
    }
  }
  return { moved, counted, last, now }
}

describe('traffic between two readings', () => {
  it('is never negative, and never more than what was moved, whatever was restarted, stopped, taken out or not seen', () => {
    fc.assert(fc.property(life, (steps) => {
      const { moved, counted } = live(steps)
      expect(counted.in).toBeLessThanOrEqual(moved.in)
      expect(counted.out).toBeLessThanOrEqual(moved.out)
    }), { numRuns: 500 })
  })
  it('is exact where every process is read before it ends', () => {
    fc.assert(fc.property(fc.array(fc.record({ seconds: fc.integer({ min: 1, max: 3000 }), in: fc.nat(10 ** 12), out: fc.nat(10 ** 12), restart: fc.boolean() }), { minLength: 1, maxLength: 40 }), (runs) => {
      const { moved, counted } = live([{ kind: 'read' }, ...runs.flatMap(({ restart, ...run }) => [{ kind: 'run' as const, ...run }, { kind: 'read' as const }, ...restart ? [{ kind: 'restart' as const }, { kind: 'read' as const }] : []])])
      expect([counted.in, counted.out]).toEqual([moved.in, moved.out])
    }))
  })
  it('read again without anything moved, nothing is added', () => {
    fc.assert(fc.property(life, (steps) => {
      const once = live([...steps, { kind: 'read' }])
      const twice = live([...steps, { kind: 'read' }, { kind: 'read' }, { kind: 'read' }])
      expect(twice.counted).toEqual(once.counted)
    }))
  })
  const reading = (at: string, uptimeSeconds: number, bytes: number): TrafficReading => ({ in: bytes, out: bytes, uptimeSeconds, at: new Date(at) })
  it('over the turn of a month belongs to the month in which it began; the month turns in the business zone', () => {
    expect(trafficBetween(reading('2026-11-30T16:59:50Z', 1000, 10), reading('2026-11-30T17:00:20Z', 1030, 15), monthOf)).toEqual({ month: '2026-11', bytesIn: 5, bytesOut: 5 })
    expect(trafficBetween(reading('2026-11-30T17:00:20Z', 1030, 15), reading('2026-11-30T17:00:50Z', 1060, 18), monthOf)).toEqual({ month: '2026-12', bytesIn: 3, bytesOut: 3 })
  })
  it('of a process that began after the turn belongs to the new month, whatever was last read before', () => {
    expect(trafficBetween(reading('2026-11-30T16:00:00Z', 90_000, 10), reading('2026-11-30T18:00:00Z', 60, 7), monthOf)).toEqual({ month: '2026-12', bytesIn: 7, bytesOut: 7 })
  })
  it('of a machine that is seen for the first time counts only if it was started in this month', () => {
    expect(trafficBetween(null, reading('2026-11-30T12:00:00Z', 86_400, 9), monthOf)).toEqual({ month: '2026-11', bytesIn: 9, bytesOut: 9 })
    expect(trafficBetween(null, reading('2026-11-30T12:00:00Z', 86_400 * 60, 9), monthOf)).toEqual({ month: '2026-11', bytesIn: 0, bytesOut: 0 })
  })
  it('a reading that told a running machine as off once counts nothing twice', () => {
    const wrong = reading('2026-11-20T00:00:30Z', 0, 0)
    expect(trafficBetween(wrong, reading('2026-11-20T00:01:00Z', 500_000, 9000), monthOf)).toMatchObject({ bytesIn: 0, bytesOut: 0 })
  })
  it('is added by mark and number together; a machine that tells nothing has a gap', () => {
    const at = new Date('2026-11-20T00:01:00Z')
    const machine = { node: 'jkt1', power: 'running' as const, cpu: 0, cpuCores: 1, memoryUsedMiB: 1, memoryTotalMiB: 1, diskGiB: null, uptimeSeconds: 60 }
    const observed = [{ ...machine, vmid: 100, ownershipMark: 'a', counters: { in: 1, out: 2 } }, { ...machine, vmid: 999, ownershipMark: 'b', counters: { in: 1, out: 2 } }, { ...machine, vmid: 102, ownershipMark: 'c', counters: null }, { ...machine, power: 'unknown' as const, vmid: 103, ownershipMark: 'd', counters: { in: 1, out: 2 } }]
    const rows = trafficRows(['a', 'b', 'c', 'd'].map((ownershipMark, n) => ({ serviceId: ownershipMark, ownershipMark, vmid: 100 + n, readAt: null, last: null, measured: null })), observed, at, monthOf)
    expect(rows).toMatchObject([{ serviceId: 'a', month: '2026-11', bytesIn: 1, bytesOut: 2 }])
  })
  it('of two looks that are stored in the other order the earlier one adds nothing: the later one has counted it', () => {
    const at = new Date('2026-11-20T00:01:00Z')
    const machine = { node: 'jkt1', power: 'running' as const, cpu: 0, cpuCores: 1, memoryUsedMiB: 1, memoryTotalMiB: 1, diskGiB: null, vmid: 100, ownershipMark: 'a' }
    const counted = (last: TrafficReading) => [{ serviceId: 'a', ownershipMark: 'a', vmid: 100, readAt: last.at, last, measured: null }]
    const later = { in: 500, out: 500, uptimeSeconds: 90, at: new Date(at.getTime() + 30_000) }
    expect(trafficRows(counted(later), [{ ...machine, uptimeSeconds: 60, counters: { in: 400, out: 400 } }], at, monthOf)).toEqual([])
    expect(trafficRows(counted({ ...later, at }), [{ ...machine, uptimeSeconds: 60, counters: { in: 400, out: 400 } }], at, monthOf)).toEqual([])
  })
})
