import { describe, expect, it } from 'vitest'
import { measuredBetween } from '#server/infrastructure/measured-traffic.ts'
import type { MachineRef } from '#server/infrastructure/ports.ts'
import type { MeasureTraffic } from '#server/infrastructure/traffic-ports.ts'
import type { HypervisorCapabilities } from '#shared/vocabulary/machines.ts'
import type { HypervisorBench } from './hypervisor.bench.ts'
import { finished, kindOf, mark, otherMark } from './hypervisor.bench.ts'

interface Setting { /** Machines have counters; if not, their traffic is measured by samples. */ readonly counts: boolean, readonly bench: () => HypervisorBench, readonly build: () => Promise<void>, readonly machine: () => MachineRef }

/** What every driver guarantees of a machine's traffic and rate; one without the capability refuses for good, or tells nothing. */
export function trafficCases(can: HypervisorCapabilities, { counts, bench, build, machine }: Setting): void {
  const inspect = () => bench().driver.inspect(machine())
  const counters = async () => (await bench().driver.listMarkedMachines()).find(each => each.ownershipMark === mark)?.counters
  describe('traffic', () => {
    if (!can.traffic) it('where traffic is not told, none is made up', async () => {
      await build()
      expect(await counters() ?? null).toBeNull()
      expect((await bench().driver.look()).measure).toBeUndefined()
    })
    else if (counts) it('of a running machine is told in bytes; one that is off has begun anew', async () => {
      await build()
      const seen = await counters()
      expect(Math.min(seen?.in ?? -1, seen?.out ?? -1)).toBeGreaterThanOrEqual(0)
      await finished(bench().driver, await bench().driver.stop(machine()))
      expect(await counters()).toEqual({ in: 0, out: 0 })
      expect((await bench().driver.look()).measure).toBeUndefined()
    })
    else measuredCases({ bench, build, machine })
    if (!can.rateLimit) {
      it('where no rate is limited, setting one fails for good', async () => {
        await build()
        expect(await kindOf(bench().driver.setRate(machine(), 10))).toBe('permanent')
      })
      return
    }
    it('a running machine gets another rate and nothing else; set again, nothing is written; a foreign machine keeps its own', async () => {
      await build()
      const { driver, writes } = bench()
      const before = await inspect()
      expect(await finished(driver, await driver.setRate(machine(), 10))).toMatchObject({ state: 'done' })
      const after = await inspect()
      expect(after?.rateMbps).toBe(10)
      expect({ ...after, rateMbps: 0, cpu: 0, memoryUsedMiB: 0, uptimeSeconds: 0 }).toEqual({ ...before, rateMbps: 0, cpu: 0, memoryUsedMiB: 0, uptimeSeconds: 0 })
      const sent = writes()
      expect(await driver.setRate(machine(), 10)).toBeNull()
      expect(await kindOf(driver.setRate({ ...machine(), ownershipMark: otherMark }, 20))).toBe('not_ours')
      expect(writes()).toBe(sent)
    })
  })
}

function measuredCases({ bench, build, machine }: Omit<Setting, 'counts'>): void {
  const measure = async (...machines: Parameters<MeasureTraffic>[0]) => {
    const asked = (await bench().driver.look()).measure
    if (!asked) throw new Error('nothing is measured')
    return asked(machines)
  }
  const ours = (since: Date | null) => ({ ownershipMark: mark, vmid: machine().vmid, since })
  const ago = (at: Date, seconds: number) => new Date(at.getTime() - seconds * 1000)
  const hour = 3600
  it('is measured by samples of the hypervisor\'s own clock, oldest an hour ago, whole bytes each, and has no counters', async () => {
    await build()
    const { at, intervals: [told = []] } = await measure(ours(null))
    expect(told.length).toBeGreaterThan(100)
    for (const { from, to, bytesIn, bytesOut } of told) {
      expect(to.getTime()).toBeGreaterThan(from.getTime())
      expect(to.getTime()).toBeGreaterThan(ago(at, hour + 60).getTime())
      expect(to.getTime()).toBeLessThanOrEqual(at.getTime() + 5000)
      expect([bytesIn, bytesOut].every(bytes => Number.isInteger(bytes) && bytes >= 0)).toBe(true)
    }
    expect(told.some(({ bytesIn, bytesOut }) => bytesIn + bytesOut > 0)).toBe(true)
    expect((await bench().driver.listMarkedMachines())[0]?.counters ?? null).toBeNull()
  })
  it('asked for since a moment, nothing is told that ended by then; since one that is hours ago, coarser samples reach back to it', async () => {
    await build()
    const { at } = await measure()
    const { intervals: [short = []] } = await measure(ours(ago(at, 100)))
    expect(short.length).toBeGreaterThan(1)
    expect(Math.min(...short.map(({ to }) => to.getTime()))).toBeGreaterThan(ago(at, 100).getTime() - 1)
    const since = ago(at, 6 * hour)
    const { intervals: [long = []] } = await measure(ours(since))
    const { months: [month] } = measuredBetween({ countedTo: since, off: false }, { at, off: false, intervals: long }, { monthOf: () => '2026-11', startOfDay: () => new Date(8.64e15) })
    expect(month?.missedSeconds).toBeLessThan(700)
    expect(month?.measuredSeconds).toBeGreaterThan(5.7 * hour)
  })
  it('many are told by one answer, in the order in which they were asked for; of one that is not there or not ours, nothing', async () => {
    await build()
    await bench().addForeign(106)
    const since = null
    const { intervals } = await measure({ ownershipMark: otherMark, vmid: 106, since }, { ownershipMark: mark, vmid: 107, since }, ours(null), { ownershipMark: otherMark, vmid: machine().vmid, since })
    expect(intervals.map(told => told.length > 0)).toEqual([false, false, true, false])
  })
}
