import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseServers } from '#server/infrastructure/hold-accounts.ts'
import { defaultLimits } from '#server/infrastructure/placement.ts'
import { countStock, refreshStock } from '#server/infrastructure/refresh-stock.ts'
import type { AccountClaim, CapacityRecord, ProductStock, SeenPanel, StockSubject } from '#server/infrastructure/ports.ts'

const gib = 1_073_741_824
const now = new Date('2026-11-02T03:00:00Z')
const long = new Date(now.getTime() - 121_000)
const subject = (change: Partial<StockSubject> = {}): StockSubject => ({ productId: 'p', kind: 'vps', size: { cpuCores: 1, ramMiB: 1024, diskGiB: 20 }, ipv6: false, madeOn: [], policy: 'most_free', connectionIds: ['a', 'b'], stockLimit: null, unitsHeld: 0, ...change })
const record = (connectionId: string, places: number, change: Partial<CapacityRecord> = {}): CapacityRecord => ({
  connectionId, limits: defaultLimits, maintenance: false, lookedAt: now, sold: [], promised: [], freeAddresses: [{ nodes: [], card: '', free: 50 }], freePrefixes: [], growing: [],
  nodes: [{ node: 'one', memoryTotal: (places + 4) * gib, memoryFree: (places + 4) * gib, storageFree: 5000 * gib, storageKey: 'one', cpuCores: 8 }], ...change,
})
const panel = (connectionId: string, change: Partial<SeenPanel> = {}): SeenPanel => ({ connectionId, limits: defaultLimits, maintenance: false, accounts: 10, promised: 0, maxAccounts: 30, diskFree: 100 * gib, observedAt: now, ...change })
const count = (s: StockSubject, records: readonly CapacityRecord[] = [], panels: readonly SeenPanel[] = []) => countStock([s], records, panels, now)[0]

describe('stock of machines', () => {
  it('is what fits on all connections together, each with its own addresses', () => {
    expect(count(subject(), [record('a', 3), record('b', 4)])).toMatchObject({ places: 7, complete: true, limitedBy: 'memory' })
    expect(count(subject(), [record('a', 3), record('b', 4, { freeAddresses: [{ nodes: [], card: '', free: 1 }] })])).toMatchObject({ places: 4, complete: true })
  })
  it('is a lower bound where a connection does not tell, and says so', () => {
    expect(count(subject(), [record('a', 3), record('b', 4, { lookedAt: long })])).toMatchObject({ places: 3, complete: false, limitedBy: 'unknown' })
  })
  it('of products that share nodes is counted for each as if the other sold nothing more', () => {
    expect(countStock([subject(), subject({ productId: 'q' })], [record('a', 3)], [], now).map(({ places }) => places)).toEqual([3, 3])
  })
  it('is ended by the prefixes of IPv6, where the product gives them and pools of them go with its addresses', () => {
    const six = (free: number, card: string) => [record('a', 9, { freeAddresses: [{ nodes: [], card: 'vmbr1/', free: 50 }], freePrefixes: [{ nodes: [], card, free }] })]
    expect(count(subject({ ipv6: true }), six(2, 'vmbr1/'))).toMatchObject({ places: 2, limitedBy: 'addresses' })
    expect(count(subject({ ipv6: false }), six(2, 'vmbr1/'))).toMatchObject({ places: 9, limitedBy: 'memory' })
    // Prefixes of another network are none of its own: its machines get no IPv6 there, as when one is sold.
    expect(count(subject({ ipv6: true }), six(2, 'vmbr2/'))).toMatchObject({ places: 9 })
  })
  it('leaves what machines were sold larger by, on their node', () => {
    expect(count(subject(), [record('a', 9, { growing: [{ serviceId: 's', node: 'one', cpuCores: 2, ramMiB: 4096, diskGiB: 0, whole: { cpuCores: 4, ramMiB: 8192, diskGiB: 20 } }] })])).toMatchObject({ places: 5 })
    expect(count(subject(), [record('a', 9, { growing: [{ serviceId: 's', node: 'elsewhere', cpuCores: 2, ramMiB: 4096, diskGiB: 0, whole: { cpuCores: 4, ramMiB: 8192, diskGiB: 20 } }] })])).toMatchObject({ places: 9 })
  })
  it('is of the nodes alone that its templates can be cloned to', () => {
    const two = (name: string) => ({ node: name, memoryTotal: 7 * gib, memoryFree: 7 * gib, storageFree: 5000 * gib, storageKey: name, cpuCores: 8 })
    const both = [record('a', 0, { nodes: [two('one'), two('two')] })]
    expect(count(subject(), both)).toMatchObject({ places: 6, limitedBy: 'memory' })
    expect(count(subject({ madeOn: [{ connectionId: 'a', nodes: ['two'] }] }), both)).toMatchObject({ places: 3, limitedBy: 'memory' })
  })
  it('is none where no storage takes the disks of such machines, and says so', () => {
    const [made] = [{ connectionId: 'a', nodes: [], machineType: 'container' as const }]
    const taking = (takes: readonly ('vm' | 'container')[]) => [record('a', 0, { nodes: [{ node: 'one', memoryTotal: 7 * gib, memoryFree: 7 * gib, storageFree: 5000 * gib, storageKey: 'one', cpuCores: 8, takes }] })]
    expect(count(subject({ madeOn: [made], connectionIds: ['a'] }), taking(['vm']))).toMatchObject({ places: 0, complete: true, limitedBy: 'storage_content' })
    expect(count(subject({ madeOn: [made], connectionIds: ['a'] }), taking(['vm', 'container']))).toMatchObject({ places: 3, limitedBy: 'memory' })
  })
  it('is none where the nodes with room lack the network of the free addresses, and says so', () => {
    const cut = [record('a', 3, { freeAddresses: [], cutOff: [{ nodes: ['one'], card: '', free: 5 }] })]
    expect(count(subject({ connectionIds: ['a'] }), cut)).toMatchObject({ places: 0, complete: true, limitedBy: 'network' })
  })
  it('never exceeds the units left, and a reached limit of units is known whatever hypervisors say', () => {
    expect(count(subject({ stockLimit: 5, unitsHeld: 3 }), [record('a', 9), record('b', 9)])).toMatchObject({ places: 2, complete: true, limitedBy: 'stock_limit' })
    expect(count(subject({ stockLimit: 3, unitsHeld: 4 }), [record('a', 9, { lookedAt: null })])).toMatchObject({ places: 0, complete: true, limitedBy: 'stock_limit' })
    expect(count(subject({ stockLimit: 9 }), [record('a', 2)])).toMatchObject({ places: 2, limitedBy: 'memory' })
  })
})

describe('stock of accounts', () => {
  const hosting = (change: Partial<StockSubject> = {}) => subject({ kind: 'hosting', ...change })
  it('is what panels and limits leave on servers that have disk', () => {
    expect(count(hosting(), [], [panel('a'), panel('b', { limits: { ...defaultLimits, maxAccounts: 15 } })])).toMatchObject({ places: 25, complete: true, limitedBy: 'accounts' })
    expect(count(hosting(), [], [panel('a', { diskFree: 19 * gib })])).toMatchObject({ places: 0, limitedBy: 'disk' })
    expect(count(hosting(), [], [panel('a', { maxAccounts: null })])).toMatchObject({ places: null, complete: true, limitedBy: null })
    expect(count(hosting(), [], [panel('a'), panel('b', { accounts: null })])).toMatchObject({ places: 20, complete: false, limitedBy: 'unknown' })
  })
  it('is less by what orders hold, and none on a server in maintenance', () => {
    expect(count(hosting(), [], [panel('a', { promised: 15 }), panel('b', { maintenance: true })])).toMatchObject({ places: 5, complete: true, limitedBy: 'accounts' })
    expect(count(hosting(), [], [panel('a', { promised: 21 })])).toMatchObject({ places: 0, limitedBy: 'accounts' })
  })
})

describe('choosing a hosting server', () => {
  const server = (connectionId: string, freeGiB: number, change: Partial<SeenPanel> = {}): SeenPanel => panel(connectionId, { diskFree: freeGiB * gib, accounts: 0, maxAccounts: null, ...change })
  const claim = (change: Partial<AccountClaim> = {}): AccountClaim => ({ connectionIds: ['a', 'b', 'c'], complete: true, count: 1, policy: 'most_free', ...change })
  const choose = (servers: readonly SeenPanel[], ...claims: readonly Partial<AccountClaim>[]) => chooseServers(servers, claims.length > 0 ? claims.map(claim) : [claim()], now)
  it('takes the one with the most free disk or, filling first, the least that is enough', () => {
    const servers = [server('a', 50), server('b', 100), server('c', 19)]
    expect([choose(servers), choose(servers, { policy: 'fill_first' })]).toEqual([['b'], ['a']])
  })
  it('never gives a server more accounts than its panel or its connection allows, beside what is held', () => {
    expect(choose([server('a', 50, { accounts: 7, limits: { ...defaultLimits, maxAccounts: 7 } }), server('b', 30, { accounts: 6, maxAccounts: 20 })])).toEqual(['b'])
    expect(choose([server('a', 50, { accounts: 5, promised: 2, limits: { ...defaultLimits, maxAccounts: 7 } }), server('b', 50, { accounts: 20, maxAccounts: 20 })])).toBe('out_of_stock')
  })
  it('keeps to the server on which a place is held, while it has room', () => {
    expect(choose([server('a', 50), server('b', 100)], { prefer: 'a' })).toEqual(['a'])
    expect(choose([server('a', 50, { maxAccounts: 0 }), server('b', 100)], { prefer: 'a' })).toEqual(['b'])
  })
  it('a server that did not tell lately is neither sold on a guess nor taken for full', () => {
    expect(choose([server('a', 50, { observedAt: long })])).toBe('capacity_unknown')
    expect(choose([server('a', 50, { maxAccounts: 0 })], { complete: false })).toBe('capacity_unknown')
    expect(choose([server('a', 50, { maintenance: true })])).toBe('out_of_stock')
  })
  it('whatever is asked at once, no server gets more than it has room for, and none is refused while one has', () => {
    const servers = fc.array(fc.record({ places: fc.nat(6), freeGiB: fc.integer({ min: 20, max: 90 }) }), { minLength: 1, maxLength: 4 })
    fc.assert(fc.property(servers, fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }), (rooms, counts) => {
      const panels = rooms.map(({ places, freeGiB }, i) => server(`s${i}`, freeGiB, { accounts: 3, promised: 2, maxAccounts: 5 + places }))
      const wanted = counts.reduce((sum, n) => sum + n, 0)
      const chosen = choose(panels, ...counts.map(n => ({ count: n, connectionIds: panels.map(({ connectionId }) => connectionId) })))
      if (wanted > rooms.reduce((sum, { places }) => sum + places, 0)) return chosen === 'out_of_stock'
      return typeof chosen !== 'string' && chosen.length === wanted && rooms.every(({ places }, i) => chosen.filter(id => id === `s${i}`).length <= places)
    }))
  })
})

describe('keeping the stock', () => {
  const run = async (before: (ProductStock & { countedAt: Date })[], places: number) => {
    let rendered = 0
    const stock = { subjects: async () => [subject({ connectionIds: ['a'] })], panels: async () => [], all: async () => before, list: async () => [], replace: async () => {} }
    const capacity = { lock: async () => {}, load: async () => [record('a', places)], saveLook: async () => {}, setLimits: async () => {} }
    await refreshStock({ transact: work => work({ capacity, stock }), capacity, stock, clock: { now: () => now }, stockChanged: async () => void rendered++ })()
    return rendered
  }
  const kept = (places: number, countedAt = now): (ProductStock & { countedAt: Date })[] => [{ productId: 'p', places, complete: true, limitedBy: 'memory', countedAt }]
  it('pages are rendered anew when they would say something else, and only then', async () => {
    expect([await run(kept(3), 3), await run(kept(40), 41), await run(kept(3), 2), await run(kept(6), 5), await run(kept(1), 0)]).toEqual([0, 0, 1, 1, 1])
    expect([await run([], 9), await run(kept(9, new Date(now.getTime() - 301_000)), 9)]).toEqual([1, 1])
  })
})
