import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MachineState, ObservedMachine } from '#server/infrastructure/ports.ts'
import { confirmed, suspectDrift } from '#server/provisioning/drift.ts'
import type { ExpectedMachine, MarkOwner } from '#server/provisioning/drift-ports.ts'

const connectionId = 'here'
const spec = { cpuCores: 2, ramMiB: 2048, diskGiB: 40, rateMbps: 100 }
const expected = (n: number, change: Partial<ExpectedMachine> = {}): ExpectedMachine => ({ serviceId: `s${n}`, hostname: `vps${n}`, status: 'ready', ownershipMark: `m${n}`, vmid: 100 + n, node: 'pve1', mac: null, spec, busy: false, changed: false, ...change })
const observed = (n: number, change: Partial<ObservedMachine> = {}): ObservedMachine => ({ node: 'pve1', vmid: 100 + n, ownershipMark: `m${n}`, power: 'running', cpu: 0, cpuCores: 2, memoryUsedMiB: 0, memoryTotalMiB: 2048, diskGiB: 40, uptimeSeconds: 0, ...change })
const ownerOf = ({ ownershipMark, serviceId, hostname, status, vmid, busy }: ExpectedMachine): [string, MarkOwner] => [ownershipMark, { serviceId, hostname, status, connectionId, vmid, busy }]
const suspect = (books: readonly ExpectedMachine[], seen: readonly ObservedMachine[], others: readonly [string, MarkOwner][] = []) => suspectDrift({ connectionId, expected: books, observed: seen, owners: new Map([...books.map(ownerOf), ...others]) })
const kinds = (...given: Parameters<typeof suspect>) => suspect(...given).map(drift => `${drift.kind} ${drift.key}`).sort()

describe('where a hypervisor and the books disagree', () => {
  it('nothing is said of machines that are as the books say, in whatever order they are told', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.nat(50)), fc.boolean(), (numbers, suspended) => {
      const books = numbers.map(n => expected(n, suspended ? { status: 'stopped_by_policy' } : {}))
      expect(suspect(books, numbers.toReversed().map(n => observed(n, suspended ? { power: 'stopped' } : {})))).toEqual([])
    }))
  })
  it('each kind is told by name', () => {
    const elsewhere: [string, MarkOwner] = ['m9', { serviceId: 's9', hostname: 'x', status: 'ready', connectionId: 'there', vmid: 109, busy: false }]
    const ended: [string, MarkOwner] = ['m8', { serviceId: 's8', hostname: 'x', status: 'destroyed', connectionId, vmid: 108, busy: false }]
    expect(kinds([expected(1)], [])).toEqual(['missing_machine m1'])
    expect(kinds([], [observed(7)])).toEqual(['orphan_machine m7'])
    expect(kinds([], [observed(8)], [ended])).toEqual(['orphan_machine m8'])
    expect(kinds([], [observed(9)], [elsewhere])).toEqual(['wrong_place m9'])
    expect(kinds([expected(1)], [observed(1), observed(1, { vmid: 300 })])).toEqual(['copied_mark m1'])
    expect(kinds([expected(1)], [observed(1, { vmid: 300 })])).toEqual(['renumbered m1'])
    expect(kinds([expected(1, { status: 'stopped_by_policy' })], [observed(1)])).toEqual(['runs_although_suspended m1'])
    expect(kinds([expected(1)], [observed(1, { cpuCores: 8 })])).toEqual(['wrong_size m1'])
    expect(kinds([expected(1)], [observed(1, { diskGiB: null })])).toEqual([])
    // A client may switch a machine off.
    expect(kinds([expected(1)], [observed(1, { power: 'stopped' })])).toEqual([])
  })
  it('of a machine that a saga is at work on nothing is said, whatever is seen, and of one that is still to follow its new size none about its size', () => {
    const anything = fc.array(fc.record({ vmid: fc.integer({ min: 100, max: 102 }), cpuCores: fc.integer({ min: 1, max: 8 }), power: fc.constantFrom('running' as const, 'stopped' as const) }), { maxLength: 3 })
    fc.assert(fc.property(anything, fc.constantFrom('ready' as const, 'stopped_by_policy' as const), (machines, status) => {
      expect(suspect([expected(1, { status, busy: true })], machines.map(machine => observed(1, machine)))).toEqual([])
    }))
    expect(suspect([expected(1, { changed: true })], [observed(1, { cpuCores: 8 })])).toEqual([])
  })
  it('one machine is told of once', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.nat(5)), fc.array(fc.record({ n: fc.nat(5), vmid: fc.integer({ min: 100, max: 106 }), cpuCores: fc.constantFrom(2, 4) })), (numbers, machines) => {
      const keys = suspect(numbers.map(n => expected(n)), machines.map(({ n, ...change }) => observed(n, change))).map(drift => drift.key)
      expect(new Set(keys).size).toBe(keys.length)
    }))
  })
  it('a suspicion that the machine itself does not bear out is dropped', () => {
    const state = (change: Partial<MachineState> = {}): MachineState => ({ node: 'pve2', vmid: 101, name: 'vps1', power: 'running', lock: null, cpu: 0, cpuCores: 2, memoryUsedMiB: 0, memoryTotalMiB: 2048, diskGiB: 40, uptimeSeconds: 0, ownershipMark: 'm1', ipv4: null, ipv6: null, rateMbps: 100, startsAtBoot: true, networkUp: true, filteredAddresses: null, ...change })
    const of = (book: ExpectedMachine, list: readonly ObservedMachine[], seen: MachineState | null) => suspect([book], list).map(drift => confirmed(drift, book, seen)?.kind ?? null)
    expect(of(expected(1), [], null)).toEqual(['missing_machine'])
    expect(of(expected(1), [], state())).toEqual(['untagged'])
    expect(of(expected(1), [], state({ vmid: 300 }))).toEqual(['renumbered'])
    expect(of(expected(1), [observed(1, { cpuCores: 8 })], state())).toEqual([null])
    expect(of(expected(1), [observed(1, { cpuCores: 8 })], state({ cpuCores: 8 }))).toEqual(['wrong_size'])
    expect(of(expected(1), [observed(1, { cpuCores: 8 })], state({ cpuCores: 8, lock: 'backup' }))).toEqual([null])
    expect(of(expected(1, { status: 'stopped_by_policy' }), [observed(1)], state({ power: 'stopped' }))).toEqual([null])
    expect(of(expected(1), [observed(1, { vmid: 300 })], state())).toEqual([null])
  })
})
