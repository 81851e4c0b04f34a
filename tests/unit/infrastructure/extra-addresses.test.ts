import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitExtra } from '#server/infrastructure/extra-addresses.ts'
import { RoomLeft } from '#server/infrastructure/placement.ts'
import { guestLines } from '#shared/network/guest-addresses.ts'
import { withOptions, withoutOptions } from '#shared/options/sold-options.ts'

const held = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 12 }).chain(ordinals => fc.tuple(...ordinals.map(ordinal => fc.record({ ordinal: fc.constant(ordinal), leavesFirst: ordinal === 0 ? fc.constant(false) : fc.boolean() }))))

describe('further addresses', () => {
  it('of those beside the first as many stay as were sold, none is in both halves or in neither, and the first is in none', () => {
    fc.assert(fc.property(held, fc.integer({ min: 0, max: 14 }), (all, sold) => {
      const { stay, leave } = splitExtra(all, sold)
      const extra = all.filter(({ ordinal }) => ordinal > 0)
      expect(stay).toHaveLength(Math.min(sold, extra.length))
      expect([...stay, ...leave].map(({ ordinal }) => ordinal).toSorted((a, b) => a - b)).toEqual(extra.map(({ ordinal }) => ordinal).toSorted((a, b) => a - b))
    }))
  })
  it('those that the client named go before all others, and of equals the newest', () => {
    fc.assert(fc.property(held, fc.integer({ min: 0, max: 14 }), (all, sold) => {
      const { stay, leave } = splitExtra(all, sold)
      for (const gone of leave) for (const kept of stay) expect(gone.leavesFirst && !kept.leavesFirst ? true : gone.leavesFirst === kept.leavesFirst && gone.ordinal > kept.ordinal).toBe(true)
    }))
  })
  it('what options add is taken away by the same options, also from a machine that had none', () => {
    const size = { cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100 }
    const options = [{ effect: 'extra_ipv4' as const, effectAmount: 3 }]
    expect(withOptions(size, options)).toEqual({ ...size, extraIpv4: 3 })
    expect(withoutOptions(withOptions(size, options), options)).toEqual({ ...size, extraIpv4: 0 })
  })
  it('a machine takes all of its addresses from one network, or is not placed', () => {
    const gib = 1_073_741_824
    const node = { connectionId: 'c', node: 'n', memoryTotal: 100 * gib, memoryFree: 100 * gib, storageFree: 10_000 * gib, storageKey: 'n', cpuCores: 64, limits: { cpuOvercommit: null, memoryOvercommit: 1, memoryReserveGiB: 4, storageReserveGiB: 20, maxAccounts: null }, sold: { cpuCores: 0, ramMiB: 0 }, clients: new Map<string, number>() }
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 4 }), fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 12 }), (networks, machines) => {
      const left = RoomLeft.of([node], networks.map(free => ({ connectionId: 'c', nodes: [], free })))
      const placed = machines.filter(extraIpv4 => left.take({ cpuCores: 1, ramMiB: 1024, diskGiB: 20, extraIpv4 }) !== null)
      expect(placed.reduce((total, extraIpv4) => total + 1 + extraIpv4, 0)).toBeLessThanOrEqual(networks.reduce((total, free) => total + free, 0))
      for (const extraIpv4 of placed) expect(networks.some(free => free > extraIpv4)).toBe(true)
    }))
  })
  it('the lines for a guest name each address once for now and once for good, below the card that cloud-init knows', () => {
    const { now, netplan, netplanFile } = guestLines([{ ipv4: '203.0.113.7', prefixLength: 24 }, { ipv4: '203.0.113.9', prefixLength: 24 }], 'eth0')
    expect(now.split('\n')).toEqual(['203.0.113.7', '203.0.113.9'].map(ipv4 => `sudo ip address add ${ipv4}/24 dev "$(ip -4 route show default | awk '{print $5; exit}')"`))
    expect(netplan).toBe(`sudo tee ${netplanFile} >/dev/null <<'END'\nnetwork:\n  version: 2\n  ethernets:\n    eth0:\n      addresses:\n        - 203.0.113.7/24\n        - 203.0.113.9/24\nEND\nsudo chmod 600 ${netplanFile}\nsudo netplan apply`)
  })
})
