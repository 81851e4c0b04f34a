import { expect, it } from 'vitest'
import { kindOf } from './hypervisor.bench.ts'
import type { HypervisorDriver, MachineRef, MachineSpec, TaskHandle } from '#server/infrastructure/ports.ts'

interface Bench { readonly driver: HypervisorDriver, passes(vmid: number): string[] | null | Promise<string[] | null>, writes(): number }
interface Deps { readonly bench: () => Bench, readonly machine: () => MachineRef, readonly spec: MachineSpec, clone(): Promise<TaskHandle>, finished(driver: HypervisorDriver, handle: TaskHandle | null): Promise<unknown>, readonly addressFilter: boolean, readonly laterIpv6: boolean }

/** What every driver guarantees of machines with IPv6 beside IPv4. */
export function ipv6Cases({ bench, machine, spec, clone, finished, addressFilter, laterIpv6 }: Deps): void {
  const ipv6 = { address: '2001:db8:10:5::1', length: 64, gateway: 'fe80::1', sender: '2001:db8:10:5::/64' }
  const withIpv6: MachineSpec = { ...spec, address: { ...spec.address, nameservers: [...spec.address.nameservers, '2001:db8:10::53'], ipv6 } }
  const senders = [ipv6.sender, spec.address.ipv4]
  async function build(of: MachineSpec) {
    const { driver } = bench()
    await finished(driver, await clone())
    await finished(driver, await driver.configure(machine(), of))
    if (addressFilter) await driver.filterAddresses(machine(), senders)
    await finished(driver, await driver.start(machine()))
    return driver
  }
  const seen = () => bench().driver.inspect({ ownershipMark: machine().ownershipMark, node: null, vmid: machine().vmid })

  it('IPv6 that was given is read back beside IPv4, and a machine without it tells none', async () => {
    const driver = await build(withIpv6)
    await expect.poll(seen, { timeout: 5000 }).toMatchObject({ ipv4: spec.address.ipv4, ipv6: ipv6.address, networkUp: true })
    await finished(driver, await driver.stop(machine()))
    await finished(driver, await driver.destroy(machine()))
    await build(spec)
    await expect.poll(seen, { timeout: 5000 }).toMatchObject({ ipv4: spec.address.ipv4, ipv6: null })
  })
  if (laterIpv6) {
    it('IPv6 that is given to a machine that runs is read back, what else its guest is told stays, and given again nothing is written', async () => {
      const driver = await build(spec)
      const network = { ipv6, nameservers: withIpv6.address.nameservers }
      await driver.giveIpv6(machine(), network)
      await expect.poll(seen, { timeout: 5000 }).toMatchObject({ ipv4: spec.address.ipv4, ipv6: ipv6.address, power: 'running', networkUp: true })
      const writes = bench().writes()
      await driver.giveIpv6(machine(), network)
      expect(bench().writes()).toBe(writes)
      await driver.giveIpv6(machine(), { ...network, ipv6: { ...ipv6, address: '2001:db8:10:6::1' } })
      expect(await seen()).toMatchObject({ ipv4: spec.address.ipv4, ipv6: '2001:db8:10:6::1' })
    })
  } else {
    it('where IPv6 cannot be given to a machine that is there, the act fails for good', async () => {
      const driver = await build(spec)
      expect(await kindOf(driver.giveIpv6(machine(), { ipv6, nameservers: [] }))).toBe('permanent')
    })
  }
  if (addressFilter) {
    it('a machine sends from its IPv4 address and its IPv6 network alone; set again, nothing is written; IPv6 is taken away as it was given', async () => {
      const driver = await build(withIpv6)
      expect((await bench().passes(machine().vmid))?.toSorted()).toEqual(senders)
      expect((await seen())?.filteredAddresses?.toSorted()).toEqual(senders)
      const writes = bench().writes()
      await driver.filterAddresses(machine(), senders.toReversed())
      expect(bench().writes()).toBe(writes)
      await finished(driver, await driver.configure(machine(), spec))
      await driver.filterAddresses(machine(), [spec.address.ipv4])
      expect(await bench().passes(machine().vmid)).toEqual([spec.address.ipv4])
    })
  }
}
