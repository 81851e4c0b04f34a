import { describe, expect, it } from 'vitest'
import type { HypervisorDriver, MachineRef, MachineSpec, TaskHandle } from '#server/infrastructure/ports.ts'
import { kindOf } from './hypervisor.bench.ts'

interface Deps { readonly bench: () => { readonly driver: HypervisorDriver, writes(): number }, readonly machine: () => MachineRef, readonly spec: MachineSpec, clone(): Promise<TaskHandle>, finished(driver: HypervisorDriver, handle: TaskHandle | null): Promise<unknown>, readonly cardAddress: boolean }

/** What every driver guarantees of the hardware address of a machine's first card. */
export function cardAddressCases({ bench, machine, spec, clone, finished, cardAddress }: Deps): void {
  async function build() {
    const { driver } = bench()
    await finished(driver, await clone())
    await finished(driver, await driver.configure(machine(), spec))
    return driver
  }
  const told = async () => (await bench().driver.inspect({ ownershipMark: machine().ownershipMark, node: null, vmid: machine().vmid }))?.mac ?? null

  describe('hardware address', () => {
    it('that of the first card is told, and stays through size, suspension and another configuration', async () => {
      const driver = await build()
      const mac = await told()
      expect(mac).toMatch(/^[0-9A-F]{2}(:[0-9A-F]{2}){5}$/)
      await finished(driver, await driver.resize(machine(), { cpuCores: 4, ramMiB: 4096, rateMbps: spec.rateMbps }))
      await driver.setSuspended(machine(), true)
      await driver.setSuspended(machine(), false)
      await finished(driver, await driver.configure(machine(), spec))
      expect(await told()).toBe(mac)
    })
    if (cardAddress) {
      it('another one is read back with everything else of the card as it was; given again, nothing is written', async () => {
        const driver = await build()
        const before = await driver.inspect({ ...machine(), node: null })
        await driver.setCardAddress(machine(), 'bc:24:11:00:00:01')
        expect(await driver.inspect({ ...machine(), node: null })).toEqual({ ...before, mac: 'BC:24:11:00:00:01' })
        const writes = bench().writes()
        await driver.setCardAddress(machine(), 'BC:24:11:00:00:01')
        expect(bench().writes()).toBe(writes)
      })
    } else {
      it('where it cannot be given, the act fails for good and nothing changes', async () => {
        const driver = await build()
        const mac = await told()
        expect(await kindOf(driver.setCardAddress(machine(), 'BC:24:11:00:00:01'))).toBe('permanent')
        expect(await told()).toBe(mac)
      })
    }
  })
}
