import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressesOf, toAddress, toNumber } from '#server/infrastructure/address-range.ts'
import { toConnectionFields } from '#server/infrastructure/connection.ts'
import { guessOs } from '#server/infrastructure/os-family.ts'
import { placeMachines, reservedMemory, reservedStorage } from '#server/infrastructure/placement.ts'

const mebi = 1_048_576
const gibi = 1_073_741_824
const size = fc.record({ ramMiB: fc.integer({ min: 128, max: 8192 }), diskGiB: fc.integer({ min: 1, max: 200 }), cpuCores: fc.integer({ min: 1, max: 8 }) })
const headroom = fc.array(fc.record({ connectionId: fc.constantFrom('a', 'b'), node: fc.uuid(), memoryFree: fc.integer({ min: 0, max: 32_768 }).map(n => n * mebi), storageFree: fc.integer({ min: 0, max: 1000 }).map(n => n * gibi), cpuCores: fc.integer({ min: 1, max: 16 }), storageKey: fc.uuid() }), { maxLength: 6 })

describe('placement', () => {
  it('D13: no node is given more than it has without its reserve, whatever was promised before', () => {
    fc.assert(fc.property(headroom, fc.array(size.map(s => ({ ...s, connectionId: 'a' })), { maxLength: 5 }), size, fc.integer({ min: 1, max: 6 }), (nodes, promised, wanted, count) => {
      const placed = placeMachines(nodes, promised, { ...wanted, count })
      if (!placed) return
      expect(placed).toHaveLength(count)
      for (const node of nodes) {
        const here = placed.filter(entry => entry.node === node.node).length
        expect(here * wanted.ramMiB * mebi).toBeLessThanOrEqual(Math.max(0, node.memoryFree - reservedMemory))
        expect(here * wanted.diskGiB * gibi).toBeLessThanOrEqual(Math.max(0, node.storageFree - reservedStorage))
        if (here > 0) expect(node.cpuCores).toBeGreaterThanOrEqual(wanted.cpuCores)
      }
    }))
  })
  const node = (name: string, storageKey: string) => ({ connectionId: 'a', node: name, memoryFree: 8 * gibi, storageFree: 100 * gibi, cpuCores: 8, storageKey })
  const vps = { ramMiB: 4096, diskGiB: 60, cpuCores: 2 }
  it('what is promised but not built yet is not sold again', () => {
    expect(placeMachines([node('one', 'one')], [], { ...vps, count: 1 })).toEqual([{ connectionId: 'a', node: 'one' }])
    expect(placeMachines([node('one', 'one')], [{ ...vps, connectionId: 'a' }], { ...vps, count: 1 })).toBeNull()
  })
  it('the host\'s own memory is not sold: what fits exactly beside it is, a MiB more is not', () => {
    const one = { ...node('one', 'one'), memoryFree: reservedMemory + 4096 * mebi }
    expect(placeMachines([one], [], { ...vps, count: 1 })).toHaveLength(1)
    expect(placeMachines([one], [], { ...vps, ramMiB: 4097, count: 1 })).toBeNull()
    expect(placeMachines([{ ...one, memoryFree: reservedMemory - 1 }], [], { ramMiB: 0, diskGiB: 0, cpuCores: 1, count: 1 })).toBeNull()
  })
  it('no storage is filled to the brim, and one that nodes share keeps its reserve once', () => {
    const full = (name: string, key: string) => ({ ...node(name, key), storageFree: reservedStorage + 120 * gibi })
    expect(placeMachines([full('one', 'ceph'), full('two', 'ceph')], [], { ...vps, count: 2 })).toHaveLength(2)
    expect(placeMachines([full('one', 'one')], [], { ...vps, ramMiB: 1024, diskGiB: 121, count: 1 })).toBeNull()
  })
  it('what is promised does not eat the reserve either', () => {
    const one = { ...node('one', 'one'), memoryFree: reservedMemory + 8192 * mebi, storageFree: 500 * gibi }
    expect(placeMachines([one], [{ ...vps, connectionId: 'a' }], { ...vps, count: 1 })).toHaveLength(1)
    expect(placeMachines([one], [{ ...vps, connectionId: 'a' }], { ...vps, ramMiB: 4097, count: 1 })).toBeNull()
  })
  it('a storage that nodes share is given away once', () => {
    expect(placeMachines([node('one', 'ceph'), node('two', 'ceph')], [], { ...vps, count: 2 })).toBeNull()
    expect(placeMachines([node('one', 'one'), node('two', 'two')], [], { ...vps, count: 2 })).toHaveLength(2)
  })
})

describe('address ranges', () => {
  it('hold every address once, without network, broadcast and gateway', () => {
    expect(addressesOf({ firstAddress: '203.0.113.0', lastAddress: '203.0.113.7', prefixLength: 29, gateway: '203.0.113.1' })).toEqual(['203.0.113.2', '203.0.113.3', '203.0.113.4', '203.0.113.5', '203.0.113.6'])
  })
  it.each([['203.0.113.9', '203.0.113.2', '203.0.113.1'], ['203.0.113.2', '203.0.114.2', '203.0.113.1'], ['203.0.113.2', '203.0.113.9', '198.51.100.1'], ['203.0.113.1', '203.0.113.1', '203.0.113.1']])('%s to %s with gateway %s is refused', (firstAddress, lastAddress, gateway) => {
    expect(() => addressesOf({ firstAddress, lastAddress, prefixLength: 24, gateway })).toThrow('invalid_input')
  })
  it('addresses and numbers are the same thing', () => {
    fc.assert(fc.property(fc.ipV4(), (address) => {
      expect(toAddress(toNumber(address))).toBe(address)
    }))
  })
})

describe('a connection\'s address', () => {
  const input = { kind: 'proxmox' as const, name: 'Jakarta', tls: { mode: 'system' as const, caPem: null, fingerprint: null }, tokenId: 'a@pve!b', maintenance: false, storage: 'local', bridge: 'vmbr0', nodes: [] }
  it.each(['http://169.254.169.254', 'http://0xA9FEA9FE', 'http://2852039166/', 'http://[::ffff:a9fe:a9fe]', 'http://[fe80::1]', 'http://metadata.google.internal', 'http://100.100.100.200', 'file:///etc/passwd', 'gopher://10.0.0.1', 'https://user:pass@pve.test', 'https://pve.test/path', 'https://pve.test?x=1'])('SSRF: %s is refused', (url) => {
    expect(() => toConnectionFields({ ...input, url })).toThrow('invalid_input')
  })
  it.each(['https://10.0.0.5:8006', 'https://pve.contoh.test:8006', 'http://127.0.0.1:8006', 'https://[fd12::5]:8006'])('%s is taken as it is', (url) => {
    expect(toConnectionFields({ ...input, url: `${url}/` }).url).toBe(url)
  })
})

it('the operating system is guessed from a template\'s name', () => {
  expect(['debian-12-cloudinit', 'Ubuntu-2404', 'AlmaLinux-9', 'rocky9', 'my-own'].map(guessOs)).toEqual([
    { family: 'debian', username: 'debian' }, { family: 'ubuntu', username: 'ubuntu' }, { family: 'almalinux', username: 'almalinux' }, { family: 'rocky', username: 'rocky' }, { family: 'linux', username: 'cloud-user' },
  ])
})
