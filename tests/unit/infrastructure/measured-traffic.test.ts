import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { measuredBetween, measuredRows, toMeasure } from '#server/infrastructure/measured-traffic.ts'
import type { ObservedMachine } from '#server/infrastructure/ports.ts'
import type { CountedMachine, MeasuredTo, MovedInterval } from '#server/infrastructure/traffic-ports.ts'
import { monthsIn } from '#server/platform/months.ts'

const zone = 'Asia/Jakarta'
const calendar = { monthOf: monthsIn(zone), startOfDay: businessCalendar(zone).startOfDay }
const begin = Date.parse('2026-11-20T00:00:00Z')
const after = (seconds: number) => new Date(begin + seconds * 1000)
const sample = (from: number, seconds: number, bytesIn: number, bytesOut = 0): MovedInterval => ({ from: after(from), to: after(from + seconds), bytesIn, bytesOut })

/** What a hypervisor measured of a machine that runs, every twenty seconds; null: that sample is lost. Of it, samples of five minutes where all of theirs are there. */
const life = fc.array(fc.option(fc.record({ in: fc.nat(10 ** 9), out: fc.nat(10 ** 9) }), { freq: 8 }), { minLength: 1, maxLength: 400 })
type Life = typeof life extends fc.Arbitrary<infer T> ? T : never
const fineOf = (lived: Life) => lived.flatMap((each, n) => each ? [sample(n * 20, 20, each.in, each.out)] : [])
const coarseOf = (lived: Life) => Array.from({ length: Math.floor(lived.length / 15) }, (_, n) => ({ n, parts: lived.slice(n * 15, n * 15 + 15) })).flatMap(({ n, parts }) => {
  const there = parts.filter(part => part !== null)
  return there.length < 15 ? [] : [sample(n * 300, 300, there.reduce((sum, part) => sum + part.in, 0), there.reduce((sum, part) => sum + part.out, 0))]
})
/** Polls that see the samples which had ended by then, and lay not too far back. */
function poll(moments: readonly number[], seen: (at: number) => readonly MovedInterval[]) {
  let last: Pick<MeasuredTo, 'countedTo' | 'off'> = { countedTo: after(0), off: false }
  const sum = { in: 0, out: 0, measured: 0, missed: 0 }
  for (const at of moments) {
    const { months, to } = measuredBetween(last, { at: after(at), off: false, intervals: seen(at) }, calendar)
    for (const month of months) {
      expect(Math.min(month.bytesIn, month.bytesOut, month.measuredSeconds, month.missedSeconds)).toBeGreaterThanOrEqual(0)
      sum.in += month.bytesIn
      sum.out += month.bytesOut
      sum.measured += month.measuredSeconds
      sum.missed += month.missedSeconds
    }
    expect(to.countedTo.getTime()).toBeGreaterThanOrEqual(last.countedTo.getTime())
    expect(to.lagSeconds).toBeGreaterThanOrEqual(0)
    last = to
  }
  return { ...sum, to: (last.countedTo.getTime() - begin) / 1000 }
}
const moments = fc.array(fc.integer({ min: 0, max: 8000 }), { maxLength: 30 }).map(list => [...list.sort((a, b) => a - b), 8000])

describe('traffic that samples tell', () => {
  it('however often they are asked for, and however far answers overlap, the same samples give the same sum', () => {
    fc.assert(fc.property(life, moments, fc.integer({ min: 0, max: 90 }), (lived, polls, lateness) => {
      const samples = fineOf(lived)
      const seen = (at: number) => samples.filter(({ to }) => to.getTime() <= begin + (at - lateness) * 1000)
      const once = poll([8000], seen)
      expect(poll(polls, seen)).toEqual(once)
      expect(once).toMatchObject({ in: lived.reduce((sum, each) => sum + (each?.in ?? 0), 0), out: lived.reduce((sum, each) => sum + (each?.out ?? 0), 0) })
      expect(once.measured).toBe(samples.length * 20)
    }))
  })
  it('asked for more seldom than samples are kept, coarse and fine ones together never tell more than was moved, and every second is measured or missed', () => {
    fc.assert(fc.property(life, moments, fc.integer({ min: 40, max: 4000 }), fc.integer({ min: 40, max: 8000 }), (lived, polls, fineKept, coarseKept) => {
      const kept = (samples: readonly MovedInterval[], at: number, seconds: number) => samples.filter(({ to }) => to.getTime() <= begin + at * 1000 && to.getTime() > begin + (at - seconds) * 1000)
      const found = poll(polls, at => [...kept(coarseOf(lived), at, coarseKept), ...kept(fineOf(lived), at, fineKept)])
      expect(found.in).toBeLessThanOrEqual(lived.reduce((sum, each) => sum + (each?.in ?? 0), 0))
      expect(found.out).toBeLessThanOrEqual(lived.reduce((sum, each) => sum + (each?.out ?? 0), 0))
      expect(found.measured + found.missed).toBe(found.to)
    }))
  })
  it('what the finest samples no longer reach is filled from coarser ones, without a second twice', () => {
    const found = poll([7200], () => [...Array.from({ length: 24 }, (_, n) => sample(n * 300, 300, 300)), ...Array.from({ length: 180 }, (_, n) => sample(3610 + n * 20, 20, 20))])
    expect(found).toMatchObject({ in: 7200, measured: 7200, missed: 0 })
  })
  const from = (off: boolean, to: { at: number, off: boolean, intervals?: readonly MovedInterval[] }) => {
    const { months: [month], to: { countedTo, off: wasOff, lagSeconds } } = measuredBetween({ countedTo: after(0), off }, { at: after(to.at), off: to.off, intervals: to.intervals ?? [] }, calendar)
    return { measured: month?.measuredSeconds ?? 0, missed: month?.missedSeconds ?? 0, to: (countedTo.getTime() - begin) / 1000, off: wasOff, lagSeconds }
  }
  it('a machine that is off at one look and at the next moved nothing; over a longer time nobody knows', () => {
    expect(from(true, { at: 30, off: true })).toEqual({ measured: 30, missed: 0, to: 30, off: true, lagSeconds: 0 })
    expect(from(true, { at: 3600, off: true })).toEqual({ measured: 0, missed: 3600, to: 3600, off: true, lagSeconds: 0 })
  })
  it('what it moved between its last sample and its end is missed, and what came before its first sample was nothing', () => {
    expect(from(false, { at: 45, off: true, intervals: [sample(0, 20, 1)] })).toEqual({ measured: 20, missed: 25, to: 45, off: true, lagSeconds: 0 })
    expect(from(true, { at: 60, off: false, intervals: [sample(30, 20, 1)] })).toEqual({ measured: 50, missed: 0, to: 50, off: false, lagSeconds: 10 })
  })
  it('of a running machine nothing is decided before its samples are there, and after a day they are missed', () => {
    expect(from(false, { at: 80_000, off: false })).toEqual({ measured: 0, missed: 0, to: 0, off: false, lagSeconds: 80_000 })
    expect(from(true, { at: 100_000, off: false })).toEqual({ measured: 0, missed: 13_600, to: 13_600, off: false, lagSeconds: 86_400 })
  })
  it('a sample belongs to the month in which it began; what is missed is split where the month turns in the business zone', () => {
    const turn = Date.parse('2026-11-30T17:00:00Z')
    const at = (seconds: number) => new Date(turn + seconds * 1000)
    const { months } = measuredBetween({ countedTo: at(-3600), off: false }, { at: at(7200), off: false, intervals: [{ from: at(1800), to: at(1820), bytesIn: 5, bytesOut: 6 }] }, calendar)
    expect(months).toEqual([{ month: '2026-11', bytesIn: 0, bytesOut: 0, measuredSeconds: 0, missedSeconds: 3600 }, { month: '2026-12', bytesIn: 5, bytesOut: 6, measuredSeconds: 20, missedSeconds: 1800 }])
    expect(measuredBetween({ countedTo: at(-10), off: false }, { at: at(60), off: false, intervals: [{ from: at(-10), to: at(10), bytesIn: 1, bytesOut: 1 }] }, calendar).months).toMatchObject([{ month: '2026-11', measuredSeconds: 20 }])
  })

  const observed = (vmid: number, ownershipMark: string, change: Partial<ObservedMachine> = {}): ObservedMachine => ({ node: 'esx1', vmid, ownershipMark, power: 'running', cpu: 0, cpuCores: 1, memoryUsedMiB: 1, memoryTotalMiB: 1, diskGiB: null, uptimeSeconds: 60, ...change })
  const machine = (vmid: number, ownershipMark: string, measured: CountedMachine['measured'] = null): CountedMachine => ({ serviceId: ownershipMark, ownershipMark, vmid, readAt: measured?.at ?? null, last: null, measured })
  const rows = (machines: readonly CountedMachine[], seen: readonly ObservedMachine[], told: Parameters<typeof measuredRows>[2]['told'], seconds = 120) => measuredRows(machines, seen, { told, now: after(seconds), readAt: after(seconds) }, calendar)
  it('measured for the first time, a machine counts from its start; one that runs longer than the month from its beginning, and what nobody asked for is missed', () => {
    const told = new Map(['a', 'b'].map(id => [id, { at: after(120), intervals: [sample(40, 20, 9), sample(60, 20, 1), sample(80, 20, 1)] }]))
    const [young, old] = rows([machine(1, 'a'), machine(2, 'b')], [observed(1, 'a'), observed(2, 'b', { uptimeSeconds: 90 * 86_400 })], told)
    expect(young).toMatchObject({ month: '2026-11', bytesIn: 2, reading: { countedTo: after(100), measuredSeconds: 40, missedSeconds: 0 } })
    expect(old).toMatchObject({ bytesIn: 11, reading: { countedTo: after(100), measuredSeconds: 60, missedSeconds: (begin + 40_000 - Date.parse('2026-10-31T17:00:00Z')) / 1000 } })
  })
  it('is added by mark and number together; one that is not told, not known to run or off, or counted by a later look, is left as it is', () => {
    const told = new Map(['a', 'b', 'c', 'd'].map(id => [id, { at: after(120), intervals: [sample(60, 20, 1)] }]))
    const later = { countedTo: after(60), off: false, lagSeconds: 0, at: after(121) }
    const machines = [machine(1, 'a'), machine(2, 'b'), machine(3, 'c'), machine(4, 'd', later), machine(5, 'e')]
    expect(rows(machines, [observed(1, 'a'), observed(99, 'b'), observed(3, 'c', { power: 'unknown' }), observed(4, 'd'), observed(5, 'e')], told).map(row => row.serviceId)).toEqual(['a'])
  })
  it('one that was off and still is needs no samples; the others are asked for when they are due, longest not measured first, so many at a time', () => {
    const at = (seconds: number, off = false) => ({ countedTo: after(0), off, lagSeconds: 0, at: after(seconds) })
    const machines = [machine(1, 'a', at(60)), machine(2, 'b', at(30)), machine(3, 'c'), machine(4, 'd', at(115)), machine(5, 'e', at(100, true)), machine(6, 'f', at(110)), machine(7, 'g', at(90, true))]
    const seen = [...[1, 2, 3, 4].map((vmid, n) => observed(vmid, 'abcd'[n] ?? '')), observed(5, 'e', { power: 'stopped' }), observed(6, 'f', { power: 'stopped' }), observed(7, 'g')]
    const due = (most: number) => toMeasure(machines, seen, after(120), most).map(each => each.ownershipMark)
    expect(due(10)).toEqual(['c', 'b', 'a', 'g', 'f'])
    expect(due(2)).toEqual(['c', 'b'])
    expect(rows([machine(5, 'e', at(100, true))], seen, new Map())).toMatchObject([{ serviceId: 'e', reading: { countedTo: after(120), off: true, measuredSeconds: 120 } }])
  })
})
