import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configureContainerForm, coveredBy, createForm, isOsTemplate, ownAddresses, resizeContainerForm, toContainerState } from '#server/drivers/hypervisor/proxmox/containers.ts'
import { changeNet, optionOf } from '#server/drivers/hypervisor/proxmox/transform.ts'
import type { MachineSpec } from '#server/infrastructure/ports.ts'

const mark = '01900000-0000-7000-8000-00000000abcd'
const status = { status: 'running', cpu: 0, cpus: 1, mem: 0, maxmem: 0, maxdisk: 0, uptime: 0 }
const spec = fc.record({
  hostname: fc.constantFrom('a.test', 'toko.contoh.test'), cpuCores: fc.integer({ min: 1, max: 64 }), ramMiB: fc.integer({ min: 256, max: 262_144 }), diskGiB: fc.integer({ min: 1, max: 4000 }), rateMbps: fc.integer({ min: 10, max: 10_000 }),
  address: fc.record({
    ipv4: fc.ipV4(), prefixLength: fc.integer({ min: 8, max: 30 }), gateway: fc.ipV4(), nameservers: fc.constant(['9.9.9.9']), bridge: fc.constantFrom(null, 'vmbr1'), vlanTag: fc.constantFrom(null, 120),
    ipv6: fc.constantFrom(null, { address: '2001:db8:10:5::1', length: 64, gateway: 'fe80::1', sender: '2001:db8:10:5::/64' }),
  }),
  login: fc.record({ username: fc.constant('root'), password: fc.constant('Rahasia-123'), sshKey: fc.constantFrom(null, 'ssh-ed25519 AAAA budi@rumah\nssh-ed25519 BBBB budi@kantor') }),
}) satisfies fc.Arbitrary<MachineSpec>
/** What stands in the configuration afterwards: the card has got its address, the disk its size. */
const asKept = (form: Record<string, string>) => ({ ...form, net0: `${form.net0 ?? ''},hwaddr=BC:24:11:AA:BB:CC`, rootfs: `${(form.rootfs ?? '').replace(/:(\d+)$/, ':vm-105-disk-0,size=$1G')}` })
const made = (of: MachineSpec) => asKept(createForm({ ref: 'local:vztmpl/debian-12.tar.zst', vmid: 105, ownershipMark: mark, spec: of, storage: 'local-lvm', bridge: 'vmbr0' }))
const seen = (config: Record<string, string>) => toContainerState({ node: 'n1', vmid: 105 }, config, status, null)

describe('containers of Proxmox', () => {
  it('what is made is read back as it was sold, marked, on the right network', () => {
    fc.assert(fc.property(spec, (of) => {
      const state = seen(made(of))
      expect(state).toMatchObject({ name: of.hostname, cpuCores: of.cpuCores, memoryTotalMiB: of.ramMiB, diskGiB: of.diskGiB, ownershipMark: mark, ipv4: of.address.ipv4, ipv6: of.address.ipv6?.address ?? null, startsAtBoot: true, networkUp: true, network: { bridge: of.address.bridge ?? 'vmbr0', vlanTag: of.address.vlanTag } })
      expect(Math.abs((state.rateMbps ?? 0) - of.rateMbps)).toBeLessThanOrEqual(1)
    }))
  })
  it('made right again after anything, it is as if it had been made so, with its MAC, its filter and its login', () => {
    fc.assert(fc.property(spec, spec, (before, after) => {
      const form = configureContainerForm(made(before), after, mark, 'vmbr0')
      const { rootfs } = made(before)
      expect(seen({ ...made(before), ...form })).toEqual(seen({ ...made(after), rootfs, ...(after.address.vlanTag === null ? { net0: form.net0 ?? '' } : {}) }))
      expect(optionOf(form.net0, 'hwaddr')).toBe('BC:24:11:AA:BB:CC')
      expect(optionOf(form.net0, 'firewall')).toBe('1')
      expect(Object.keys(form).filter(key => /password|ssh/.test(key))).toEqual([])
    }))
  })
  it('resized it has the new size and nothing else is different; of the size that it has nothing is written', () => {
    fc.assert(fc.property(spec, spec, (before, after) => {
      const config = made(before)
      const form = resizeContainerForm(config, after)
      const now = { ...config, ...form }
      expect(seen(now)).toEqual({ ...seen(config), cpuCores: after.cpuCores, memoryTotalMiB: after.ramMiB, rateMbps: seen(now).rateMbps })
      expect(resizeContainerForm(now, after)).toBeNull()
      expect(optionOf(now.net0, 'hwaddr')).toBe('BC:24:11:AA:BB:CC')
    }))
  })
  it('the addresses in its configuration are told where the set does not have them, an address of a network in it is covered', () => {
    const config = { net0: changeNet('name=eth0', { ip: '203.0.113.10/24', ip6: '2001:db8:10:5::1/64' }), net1: 'name=eth1,ip=dhcp' }
    expect(ownAddresses({ kind: 'lxc', config })).toEqual(['203.0.113.10', '2001:db8:10:5::1'])
    expect(ownAddresses({ kind: 'qemu', config })).toEqual([])
    expect([coveredBy(['203.0.113.10'], '203.0.113.10'), coveredBy(['2001:db8:10:5::/64'], '2001:db8:10:5::1'), coveredBy(['2001:db8:10:6::/64'], '2001:db8:10:5::1'), coveredBy(['203.0.113.0/24'], '203.0.113.10'), coveredBy(['!2001:db8:10:5::/64'], '2001:db8:10:5::1')]).toEqual([true, true, false, false, false])
  })
  it('a number names a virtual machine, an archive a container', () => {
    expect(['9000', 'local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst', 'local:iso/vztmpl.iso', 'vztmpl/x'].map(isOsTemplate)).toEqual([false, true, false, false])
  })
})
