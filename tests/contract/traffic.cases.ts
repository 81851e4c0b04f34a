import { describe, expect, it } from 'vitest'
import type { MachineRef } from '#server/infrastructure/ports.ts'
import type { HypervisorCapabilities } from '#shared/vocabulary/machines.ts'
import type { HypervisorBench } from './hypervisor.bench.ts'
import { finished, kindOf, mark, otherMark } from './hypervisor.bench.ts'

interface Setting { readonly bench: () => HypervisorBench, readonly build: () => Promise<void>, readonly machine: () => MachineRef }

/** What every driver guarantees of a machine's traffic and rate; one without the capability refuses for good, or tells nothing. */
export function trafficCases(can: HypervisorCapabilities, { bench, build, machine }: Setting): void {
  const inspect = () => bench().driver.inspect(machine())
  const counters = async () => (await bench().driver.listMarkedMachines()).find(each => each.ownershipMark === mark)?.counters
  describe('traffic', () => {
    if (!can.traffic) it('where traffic is not told, none is made up', async () => {
      await build()
      expect(await counters() ?? null).toBeNull()
    })
    else it('of a running machine is told in bytes; one that is off has begun anew', async () => {
      await build()
      const seen = await counters()
      expect(Math.min(seen?.in ?? -1, seen?.out ?? -1)).toBeGreaterThanOrEqual(0)
      await finished(bench().driver, await bench().driver.stop(machine()))
      expect(await counters()).toEqual({ in: 0, out: 0 })
    })
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
