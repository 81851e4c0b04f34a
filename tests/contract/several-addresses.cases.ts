import { expect, it } from 'vitest'
import type { HypervisorDriver, MachineRef, MachineSpec, TaskHandle } from '#server/infrastructure/ports.ts'

interface Bench { readonly driver: HypervisorDriver, passes(vmid: number): string[] | null | Promise<string[] | null>, writes(): number }
interface Deps { readonly bench: () => Bench, readonly machine: () => MachineRef, readonly spec: MachineSpec, clone(): Promise<TaskHandle>, finished(driver: HypervisorDriver, handle: TaskHandle | null): Promise<unknown>, readonly addressFilter: boolean }

/** What every driver guarantees of machines with several IPv4 addresses. */
export function severalAddressesCases({ bench, machine, spec, clone, finished, addressFilter }: Deps): void {
  const [second, third] = ['203.0.113.211', '203.0.113.212']
  const seen = () => bench().driver.inspect({ ownershipMark: machine().ownershipMark, node: null, vmid: machine().vmid })
  async function build() {
    const { driver } = bench()
    await finished(driver, await clone())
    await finished(driver, await driver.configure(machine(), { ...spec, address: { ...spec.address, extra: [{ ipv4: second, prefixLength: 24 }, { ipv4: third, prefixLength: 24 }] } }))
    if (addressFilter) await driver.filterAddresses(machine(), [spec.address.ipv4, second, third])
    await finished(driver, await driver.start(machine()))
    return driver
  }
  it('a machine with several IPv4 addresses is told by its first one', async () => {
    await build()
    await expect.poll(seen, { timeout: 5000 }).toMatchObject({ ipv4: spec.address.ipv4, networkUp: true })
  })
  if (addressFilter) {
    it('several IPv4 addresses pass the filter together; one is added and another taken away while the machine runs, and the others go on passing', async () => {
      const driver = await build()
      expect((await bench().passes(machine().vmid))?.toSorted()).toEqual([spec.address.ipv4, second, third])
      const writes = bench().writes()
      await driver.filterAddresses(machine(), [third, spec.address.ipv4, second])
      expect(bench().writes()).toBe(writes)
      await driver.filterAddresses(machine(), [spec.address.ipv4, third, '203.0.113.213'])
      expect((await bench().passes(machine().vmid))?.toSorted()).toEqual([spec.address.ipv4, third, '203.0.113.213'])
      expect(await seen()).toMatchObject({ power: 'running', ipv4: spec.address.ipv4 })
      expect((await seen())?.filteredAddresses?.toSorted()).toEqual([spec.address.ipv4, third, '203.0.113.213'])
    })
  }
}
