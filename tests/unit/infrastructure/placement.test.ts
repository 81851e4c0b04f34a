import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressesOf, toAddress, toNumber } from '#server/infrastructure/address-range.ts'
import { toConnectionFields } from '#server/infrastructure/connection.ts'
import { guessOs } from '#server/infrastructure/os-family.ts'
import { RoomLeft, defaultLimits } from '#server/infrastructure/placement.ts'
import { madeOn } from '#server/infrastructure/served-nodes.ts'
import { machineTypes, placementPolicies } from '#shared/vocabulary/machines.ts'
import { placeMachines } from '../../support/placement.ts'

const mebi = 1_048_576
const gibi = 1_073_741_824
const reservedMemory = defaultLimits.memoryReserveGiB * gibi
const reservedStorage = defaultLimits.storageReserveGiB * gibi
const size = fc.record({ ramMiB: fc.integer({ min: 128, max: 8192 }), diskGiB: fc.integer({ min: 1, max: 200 }), cpuCores: fc.integer({ min: 1, max: 8 }) })
const policy = fc.constantFrom(...placementPolicies)
const client = fc.constantFrom('x', 'y')
const limits = fc.record({ cpuOvercommit: fc.option(fc.integer({ min: 1, max: 8 })), memoryOvercommit: fc.constantFrom(0.5, 1, 1.5), memoryReserveGiB: fc.integer({ min: 0, max: 8 }), storageReserveGiB: fc.integer({ min: 0, max: 50 }), maxAccounts: fc.constant(null) })
const nothingSold = { sold: { cpuCores: 0, ramMiB: 0 }, clients: new Map<string, number>() }
const headroom = fc.array(fc.record({
  connectionId: fc.constantFrom('a', 'b'), node: fc.uuid(), memoryTotal: fc.integer({ min: 0, max: 65_536 }).map(n => n * mebi), memoryFree: fc.integer({ min: -1024, max: 32_768 }).map(n => n * mebi), storageFree: fc.integer({ min: 0, max: 1000 }).map(n => n * gibi), cpuCores: fc.integer({ min: 1, max: 16 }), storageKey: fc.constantFrom('ceph', 'one', 'two'),
  limits, sold: fc.record({ cpuCores: fc.integer({ min: 0, max: 32 }), ramMiB: fc.integer({ min: 0, max: 32_768 }) }), clients: fc.constant(new Map([['x', 1]])),
}).map(node => ({ ...node, limits: node.connectionId === 'a' ? defaultLimits : node.limits, memoryFree: Math.min(node.memoryFree, node.memoryTotal) })), { maxLength: 6 })
const promised = fc.array(size.chain(s => fc.record({ policy, clientId: client }).map(p => ({ ...s, ...p, connectionId: 'a', node: null }))), { maxLength: 5 })

describe('placement by addresses', () => {
  const room = (name: string) => ({ connectionId: 'a', node: name, memoryTotal: 200 * gibi, memoryFree: 200 * gibi, storageFree: 20_000 * gibi, cpuCores: 64, storageKey: name, limits: defaultLimits, ...nothingSold })
  const names = ['one', 'two', 'three'] as const
  const vps = { ramMiB: 1024, diskGiB: 20, cpuCores: 1 }
  const pools = fc.array(fc.record({ connectionId: fc.constant('a'), nodes: fc.uniqueArray(fc.constantFrom(...names)), free: fc.integer({ min: 0, max: 4 }) }), { maxLength: 5 })
  it('no machine is placed on a node that no pool with a free address serves, and no address is counted twice', () => {
    fc.assert(fc.property(pools, policy, (free, by) => {
      const left = RoomLeft.of(names.map(room), free)
      const placed = Array.from({ length: 30 }, () => left.take({ ...vps, policy: by })).filter(place => place !== null)
      expect(placed.length).toBeLessThanOrEqual(free.reduce((sum, pool) => sum + pool.free, 0))
      for (const some of [['one'], ['two'], ['three'], ['one', 'two'], ['two', 'three'], ['one', 'three']]) {
        const serving = free.filter(pool => pool.nodes.length === 0 || pool.nodes.some(node => some.includes(node)))
        expect(placed.filter(({ node }) => some.includes(node)).length).toBeLessThanOrEqual(serving.reduce((sum, pool) => sum + pool.free, 0))
      }
      expect(left.lack(vps, 'a')).toBe('addresses')
    }))
  })
  it('that nodes with room lack the network of the free addresses is said as such, and only of nodes that would have room', () => {
    const full = { ...room('two'), memoryTotal: 0, memoryFree: 0 }
    const cutOff = (...nodes: string[]) => [{ connectionId: 'a', nodes, free: 1 }]
    expect(RoomLeft.of([room('one'), full], []).lack(vps, 'a', cutOff('one'))).toBe('network')
    expect(RoomLeft.of([room('one'), full], []).lack(vps, 'a', cutOff('two'))).toBe('addresses')
    expect(RoomLeft.of([room('one'), full], []).lack(vps, 'b', cutOff('one'))).toBe('addresses')
    expect(RoomLeft.of([full], [{ connectionId: 'a', nodes: ['two'], free: 1 }]).lack(vps, 'a', cutOff('two'))).toBe('memory')
    expect(RoomLeft.of([room('one')], []).lack({ ...vps, extraIpv4: 1 }, 'a', cutOff('one'))).toBe('addresses')
  })
  it('an address of a narrow pool is taken before one that serves everybody', () => {
    const left = RoomLeft.of(names.map(room), [{ connectionId: 'a', nodes: [], free: 1 }, { connectionId: 'a', nodes: ['one'], free: 1 }])
    expect([0, 1, 2].map(() => left.take({ ...vps, policy: 'fill_first' })?.node)).toEqual(['one', expect.any(String), undefined])
  })
  it('a machine that holds its address takes no other where its pool serves, and is promised a node of its pool', () => {
    const holds = { connectionId: 'a', nodes: ['two'] }
    expect(RoomLeft.of(names.map(room), []).take({ ...vps, holds })?.node).toBe('two')
    expect(RoomLeft.of(names.map(room), []).take(vps)).toBeNull()
    const narrow = [room('one'), { ...room('two'), memoryTotal: gibi + reservedMemory, memoryFree: gibi + reservedMemory }]
    const left = RoomLeft.of(narrow, [{ connectionId: 'a', nodes: ['two'], free: 1 }]).keep([{ ...vps, connectionId: 'a', node: null, nodes: ['two'], clientId: 'x', policy: 'most_free' }])
    expect(left.take(vps)).toBeNull()
  })
})

describe('placement by what storages take', () => {
  const names = ['one', 'two', 'three'] as const
  const type = fc.constantFrom(...machineTypes)
  const kinds = fc.uniqueArray(type)
  const room = (name: string, takes: readonly ('vm' | 'container')[] | undefined) => ({ connectionId: 'a', node: name, memoryTotal: 200 * gibi, memoryFree: 200 * gibi, storageFree: 20_000 * gibi, cpuCores: 64, storageKey: name, limits: defaultLimits, ...nothingSold, ...takes ? { takes } : {} })
  const templates = fc.array(fc.record({ connectionId: fc.constant('a'), machineType: type, nodes: fc.uniqueArray(fc.constantFrom(...names)) }), { minLength: 1, maxLength: 4 })
  const vps = { ramMiB: 1024, diskGiB: 20, cpuCores: 1 }
  it('a machine comes where some template of it is and the storage takes the disks of just that kind, and nowhere else; where there is such a node, it finds one', () => {
    fc.assert(fc.property(fc.tuple(kinds, kinds, kinds), templates, policy, (takes, sources, by) => {
      const good = names.filter((name, at) => sources.some(({ machineType, nodes }) => takes[at]?.includes(machineType) && (!sources.some(other => other.machineType === machineType && other.nodes.length === 0) ? nodes.includes(name) : true)))
      const left = RoomLeft.of(names.map((name, at) => room(name, takes[at])))
      const placed = left.take({ ...vps, policy: by, madeOn: madeOn(sources) })
      if (placed) expect(good).toContain(placed.node)
      else expect(good).toEqual([])
    }))
  })
  it('that no storage takes its disks is said as such, and not as a lack of room', () => {
    const container = madeOn([{ connectionId: 'a', machineType: 'container', nodes: [] }])
    expect(RoomLeft.of([room('one', ['vm']), room('two', [])]).lack({ ...vps, madeOn: container }, 'a')).toBe('storage_content')
    expect(RoomLeft.of([room('one', ['vm']), { ...room('two', ['container']), storageFree: 0 }]).lack({ ...vps, madeOn: container }, 'a')).toBe('storage')
    expect(RoomLeft.of([]).lack({ ...vps, madeOn: container }, 'a')).toBe('connections')
  })
  it('a storage that does not tell takes everything', () => expect(RoomLeft.of([room('one', undefined)]).take({ ...vps, madeOn: madeOn([{ connectionId: 'a', machineType: 'container', nodes: [] }]) })?.node).toBe('one'))
})

describe('placement', () => {
  it('D13: no node is given more than it has without its reserve, whatever was promised before', () => {
    fc.assert(fc.property(headroom, promised, size, policy, fc.integer({ min: 1, max: 6 }), (nodes, before, wanted, by, count) => {
      const placed = placeMachines(nodes, before, { ...wanted, policy: by, clientId: 'x', count })
      if (!placed) return
      expect(placed).toHaveLength(count)
      for (const node of nodes) {
        const here = placed.filter(entry => entry.node === node.node).length
        if (here === 0) continue
        const given = Math.max(node.memoryTotal - node.memoryFree, node.sold.ramMiB * mebi)
        expect(given + here * wanted.ramMiB * mebi).toBeLessThanOrEqual(node.memoryTotal * node.limits.memoryOvercommit - node.limits.memoryReserveGiB * gibi)
        expect(node.cpuCores).toBeGreaterThanOrEqual(wanted.cpuCores)
        if (node.limits.cpuOvercommit !== null) expect(node.sold.cpuCores + here * wanted.cpuCores).toBeLessThanOrEqual(node.cpuCores * node.limits.cpuOvercommit)
        const sharing = nodes.filter(other => other.connectionId === node.connectionId && other.storageKey === node.storageKey)
        const onStorage = placed.filter(entry => sharing.some(other => other.node === entry.node)).length
        expect(onStorage * wanted.diskGiB * gibi).toBeLessThanOrEqual(Math.max(...sharing.map(other => other.storageFree - other.limits.storageReserveGiB * gibi)))
      }
    }))
  })
  it('the same question gets the same answer, in whatever order the nodes are told', () => {
    fc.assert(fc.property(headroom.chain(nodes => fc.tuple(fc.constant(nodes), fc.shuffledSubarray(nodes, { minLength: nodes.length }))), promised, size, policy, ([nodes, shuffled], before, wanted, by) => {
      const own = nodes.map((node, i) => ({ ...node, storageKey: String(i) }))
      const other = shuffled.map(node => own[nodes.indexOf(node)]).filter(node => node !== undefined)
      const ask = { ...wanted, policy: by, clientId: 'x', count: 2 }
      expect(placeMachines(other, before, ask)).toEqual(placeMachines(own, before, ask))
    }))
  })
  const node = (name: string, storageKey: string) => ({ connectionId: 'a', node: name, memoryTotal: 8 * gibi, memoryFree: 8 * gibi, storageFree: 100 * gibi, cpuCores: 8, storageKey, limits: defaultLimits, ...nothingSold })
  const vps = { ramMiB: 4096, diskGiB: 60, cpuCores: 2 }
  const promise = { ...vps, connectionId: 'a', node: null, clientId: 'x', policy: 'most_free' as const }
  const roomy = (name: string, memoryGiB: number, change: object = {}) => ({ ...node(name, name), memoryTotal: memoryGiB * gibi + reservedMemory, memoryFree: memoryGiB * gibi + reservedMemory, storageFree: 2000 * gibi, cpuCores: 32, ...change })
  it('fill first fills: no second node is begun while one that is used has room', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 12 }), (count) => {
      const placed = placeMachines([roomy('big', 20), roomy('one', 16), roomy('two', 16)], [], { ...vps, policy: 'fill_first', count }) ?? []
      expect(placed.map(entry => entry.node)).toEqual(['one', 'one', 'one', 'one', 'two', 'two', 'two', 'two', 'big', 'big', 'big', 'big'].slice(0, count))
    }))
  })
  it('most free levels: machines go where most is left, and in the end nodes differ by one at most', () => {
    const placed = placeMachines([roomy('one', 40), roomy('two', 40), roomy('three', 40)], [], { ...vps, count: 9 }) ?? []
    expect(['one', 'two', 'three'].map(name => placed.filter(entry => entry.node === name).length)).toEqual([3, 3, 3])
  })
  it('a closed node takes no machine, also none of those that were promised before; what stands on it may grow', () => {
    const pair = [roomy('one', 100, { closed: true }), roomy('two', 12)]
    expect(placeMachines(pair, [], { ...vps, count: 2 })?.map(entry => entry.node)).toEqual(['two', 'two'])
    expect(placeMachines(pair, [promise], { ...vps, count: 2 })?.map(entry => entry.node)).toEqual(['two', 'two'])
    expect(placeMachines(pair, [promise], { ...vps, count: 3 })).toBeNull()
    expect(RoomLeft.of(pair).mayGrow({ connectionId: 'a', node: 'one' }, { cpuCores: 2, moreCores: 1, ramMiB: 1024, diskGiB: 10 })).toBe(true)
    expect(RoomLeft.of([roomy('one', 100, { closed: true })]).lack(vps, 'a')).toBe('connections')
  })
  it('spread by client spreads: where room is everywhere, no node has two more of one client\'s machines than another, however full they are', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 100, max: 300 }), { minLength: 2, maxLength: 5 }), fc.array(client, { maxLength: 4 }), fc.integer({ min: 1, max: 12 }), (sizes, others, count) => {
      const nodes = sizes.map((memory, i) => roomy(`n${i}`, memory))
      const placed = placeMachines(nodes, others.map(clientId => ({ ...promise, clientId, policy: 'spread_by_client' as const })), { ...vps, policy: 'spread_by_client', clientId: 'z', count }) ?? []
      const counts = nodes.map(({ node: name }) => placed.filter(entry => entry.node === name).length)
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
    }))
    const uneven = [roomy('one', 100, { clients: new Map([['x', 1]]) }), roomy('two', 50)]
    expect(placeMachines(uneven, [], { ...vps, policy: 'spread_by_client', clientId: 'x', count: 1 })).toEqual([{ connectionId: 'a', node: 'two' }])
    expect(placeMachines(uneven, [], { ...vps, policy: 'spread_by_client', clientId: 'y', count: 1 })).toEqual([{ connectionId: 'a', node: 'one' }])
  })
  it('vCPUs count as they were sold and promised, where the connection counts them', () => {
    const one = (sold: number) => roomy('one', 100, { cpuCores: 4, limits: { ...defaultLimits, cpuOvercommit: 2 }, sold: { cpuCores: sold, ramMiB: 0 } })
    expect(placeMachines([one(6)], [], { ...vps, count: 1 })).toHaveLength(1)
    expect(placeMachines([one(7)], [], { ...vps, count: 1 })).toBeNull()
    expect(placeMachines([one(4)], [promise], { ...vps, count: 2 })).toBeNull()
  })
  it('memory that was sold but is not given yet makes no room', () => {
    expect(placeMachines([roomy('one', 8, { sold: { cpuCores: 0, ramMiB: 4096 } })], [], { ...vps, count: 1 })).toHaveLength(1)
    expect(placeMachines([roomy('one', 8, { sold: { cpuCores: 0, ramMiB: 4097 } })], [], { ...vps, count: 1 })).toBeNull()
  })
  it('more memory than there is is sold only where the connection says so', () => {
    const full = roomy('one', 4, { memoryFree: reservedMemory })
    expect(placeMachines([full], [], { ...vps, count: 1 })).toBeNull()
    expect(placeMachines([{ ...full, limits: { ...defaultLimits, memoryOvercommit: 1.5 } }], [], { ...vps, count: 1 })).toHaveLength(1)
  })
  it('what is promised to a node counts there, whatever else would suit it', () => {
    expect(placeMachines([roomy('one', 4), roomy('two', 8)], [{ ...promise, node: 'one' }], { ...vps, count: 2 })?.map(entry => entry.node)).toEqual(['two', 'two'])
  })
  it('what is promised but not built yet is not sold again', () => {
    expect(placeMachines([node('one', 'one')], [], { ...vps, count: 1 })).toEqual([{ connectionId: 'a', node: 'one' }])
    expect(placeMachines([node('one', 'one')], [promise], { ...vps, count: 1 })).toBeNull()
  })
  it('the host\'s own memory is not sold: what fits exactly beside it is, a MiB more is not', () => {
    const one = { ...node('one', 'one'), memoryTotal: reservedMemory + 4096 * mebi, memoryFree: reservedMemory + 4096 * mebi }
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
    const one = { ...node('one', 'one'), memoryTotal: reservedMemory + 8192 * mebi, memoryFree: reservedMemory + 8192 * mebi, storageFree: 500 * gibi }
    expect(placeMachines([one], [promise], { ...vps, count: 1 })).toHaveLength(1)
    expect(placeMachines([one], [promise], { ...vps, ramMiB: 4097, count: 1 })).toBeNull()
  })
  it('a storage that nodes share is given away once', () => {
    expect(placeMachines([node('one', 'ceph'), node('two', 'ceph')], [], { ...vps, count: 2 })).toBeNull()
    expect(placeMachines([node('one', 'one'), node('two', 'two')], [], { ...vps, count: 2 })).toHaveLength(2)
  })
  it('a machine that gets IPv6 is put only where a pool of its card has a prefix left, one after another; one that holds its prefix needs none, and where no pool goes with the card nothing is asked', () => {
    const two = [roomy('big', 64), roomy('small', 32)]
    const addresses = [{ connectionId: 'a', nodes: [], card: 'vmbr0/', free: 50 }]
    const prefixes = (onBig: number, onSmall: number, card = 'vmbr0/') => [{ connectionId: 'a', nodes: ['big'], card, free: onBig }, { connectionId: 'a', nodes: ['small'], card, free: onSmall }]
    const left = (onBig: number, onSmall: number, card?: string) => RoomLeft.of(two, addresses, prefixes(onBig, onSmall, card))
    expect(left(0, 1).take({ ...vps, ipv6: true })?.node).toBe('small')
    expect(left(0, 1).take(vps)?.node).toBe('big')
    const one = left(0, 1)
    expect([one.take({ ...vps, ipv6: true })?.node, one.take({ ...vps, ipv6: true })]).toEqual(['small', null])
    expect(left(0, 0, 'vmbr1/').take({ ...vps, ipv6: true })?.node).toBe('big')
    // A node that no pool of the card serves would give it less than was sold.
    expect(RoomLeft.of(two, addresses, [{ connectionId: 'a', nodes: ['small'], card: 'vmbr0/', free: 1 }]).take({ ...vps, ipv6: true })?.node).toBe('small')
    // Unless no pool of the card goes with that address anywhere.
    expect(RoomLeft.of(two, [{ connectionId: 'a', nodes: ['big'], card: 'vmbr0/', free: 5 }], [{ connectionId: 'a', nodes: ['small'], card: 'vmbr0/', free: 1 }]).take({ ...vps, ipv6: true })?.node).toBe('big')
    const holds = (prefixNodes: string[] | null) => ({ connectionId: 'a', nodes: [], card: 'vmbr0/', prefixNodes })
    expect(left(0, 1).take({ ...vps, ipv6: true, holds: holds(['big']) })?.node).toBe('big')
    expect(left(0, 1).take({ ...vps, ipv6: true, holds: holds(null) })?.node).toBe('small')
    const later = left(0, 1)
    expect([later.take({ ...vps, ipv6: true, holds: holds(null) })?.node, later.take({ ...vps, ipv6: true, holds: holds(null) })]).toEqual(['small', null])
  })
  it('a machine grows by the limits of new ones: beside the reserve, what is promised and the cores that may be sold', () => {
    const left = () => RoomLeft.of([roomy('one', 8, { cpuCores: 4, limits: { ...defaultLimits, cpuOvercommit: 1 }, sold: { cpuCores: 2, ramMiB: 0 } })])
    const at = { connectionId: 'a', node: 'one' }
    expect(left().mayGrow(at, { cpuCores: 4, moreCores: 2, ramMiB: 8192, diskGiB: 10 })).toBe(true)
    expect(left().mayGrow(at, { cpuCores: 4, moreCores: 3, ramMiB: 0, diskGiB: 0 })).toBe(false)
    expect(left().keep([promise]).mayGrow(at, { cpuCores: 4, moreCores: 0, ramMiB: 4097, diskGiB: 0 })).toBe(false)
    expect(left().keep([promise]).mayGrow(at, { cpuCores: 4, moreCores: 0, ramMiB: 4096, diskGiB: 0 })).toBe(true)
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
