import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { serviceStatuses } from '#shared/vocabulary/billing.ts'
import { bulkActs, bulkStatuses } from '#shared/vocabulary/bulk.ts'
import type { BulkStatus } from '#shared/vocabulary/bulk.ts'
import { powerStates, resourceStatuses, sagaKinds, sagaStatuses } from '#shared/vocabulary/machines.ts'
import type { BegunItem, BulkCandidate } from '#server/provisioning/bulk-ports.ts'
import { atATime, bulkRefusal, decisionRefusal, into, itemRefusal, perNode, portion, settled, statusAt } from '#server/provisioning/bulk-rules.ts'
import type { BulkDecision } from '#server/provisioning/bulk-rules.ts'
import { summarise } from '#server/provisioning/bulk-view.ts'

const act = fc.constantFrom(...bulkActs)
const person = fc.constantFrom('rina', 'budi', 'dewi')
const candidate: fc.Arbitrary<BulkCandidate> = fc.record({
  serviceId: fc.uuid(), clientId: fc.constantFrom('x', 'y'), clientName: fc.constant('Sari'), hostname: fc.constantFrom('one', 'two'), status: fc.constantFrom(...serviceStatuses), productKind: fc.constantFrom('vps', 'hosting', 'work'), machineType: fc.constantFrom('vm', 'container'), spec: fc.constant({ cpuCores: 1, ramMiB: 1024, diskGiB: 20 }), policy: fc.constant('most_free'),
  resourceStatus: fc.constantFrom(...resourceStatuses), power: fc.constantFrom(...powerStates), connectionId: fc.constantFrom('a', null), connectionName: fc.constant('A'), connectionKind: fc.constantFrom('proxmox', 'esxi', 'whm'), node: fc.constantFrom('n1', 'n2', null), servedNodes: fc.constantFrom([], ['n1']), openSaga: fc.option(fc.constantFrom(...sagaKinds)), newest: fc.option(fc.constantFrom(...sagaStatuses, 'called_off')),
  backupsIncluded: fc.integer({ min: 0, max: 2 }), backupsHeld: fc.integer({ min: 0, max: 3 }), backupStorage: fc.constantFrom('', 'pbs'),
})
const decision = fc.constantFrom<BulkDecision>('approve', 'refuse', 'withdraw', 'pause', 'continue', 'stop')

describe('four eyes', () => {
  it('whatever is decided by whom and when, nothing ever runs that another person than its asker did not approve in time', () => {
    fc.assert(fc.property(person, fc.array(fc.record({ decision, by: person, hours: fc.integer({ min: 0, max: 20 }) }), { maxLength: 12 }), (asker, acts) => {
      const expiresAt = new Date(24 * 3_600_000)
      let now = 0
      let status: BulkStatus = 'asked'
      let approvedBy: string | null = null
      for (const { decision: wished, by, hours } of acts) {
        now += hours * 3_600_000
        if (decisionRefusal({ status, expiresAt, askedBy: { id: asker } }, wished, by, new Date(now)) !== null) continue
        if (wished === 'approve') {
          expect(now).toBeLessThan(expiresAt.getTime())
          expect(approvedBy).toBeNull()
          approvedBy = by
        }
        status = into[wished]
        if (['running', 'paused', 'stopped'].includes(status)) expect([null, asker]).not.toContain(approvedBy)
      }
    }))
  })
  it('what has ended is not decided on again', () => {
    fc.assert(fc.property(decision, person, fc.constantFrom(...bulkStatuses.filter(status => !['asked', 'running', 'paused'].includes(status))), (wished, by, status) =>
      decisionRefusal({ status, expiresAt: new Date(10), askedBy: { id: 'rina' } }, wished, by, new Date(0)) === 'bulk_closed'))
    expect(statusAt({ status: 'asked', expiresAt: new Date(10) }, new Date(10))).toBe('expired')
    expect(statusAt({ status: 'running', expiresAt: new Date(10) }, new Date(10))).toBe('running')
  })
})

describe('which items run', () => {
  it('a turn begins no item twice, no more than a turn may, and never more on a node than it carries', () => {
    fc.assert(fc.property(act, fc.array(fc.record({ connectionId: fc.constantFrom('a', 'b'), node: fc.constantFrom('n1', 'n2', 'n3') }), { maxLength: 60 }), fc.dictionary(fc.constantFrom('a n1', 'b n2'), fc.integer({ min: 0, max: 8 })), (wish, places, running) => {
      const due = places.map((place, position) => ({ ...place, position }))
      const chosen = portion(wish, due, new Map(Object.entries(running)))
      expect(new Set(chosen.map(({ position }) => position)).size).toBe(chosen.length)
      expect(chosen.length).toBeLessThanOrEqual(atATime)
      for (const [key, own] of Map.groupBy(chosen, ({ connectionId, node }) => `${connectionId} ${node}`)) expect(own.length + (running[key] ?? 0)).toBeLessThanOrEqual(perNode(wish))
      if (due.some(({ connectionId, node }) => (running[`${connectionId} ${node}`] ?? 0) < perNode(wish))) expect(chosen.length).toBeGreaterThan(0)
    }))
  })
  it('a service that was renamed, paid, suspended or rebuilt since it was asked for does not run; one that moved is not moved', () => {
    fc.assert(fc.property(act, candidate, candidate, (wish, was, now) => {
      const item = { hostname: was.hostname, wasStatus: was.status, wasResource: was.resourceStatus, wasNode: was.node, targetNode: null }
      const changed = was.hostname !== now.hostname || was.status !== now.status || was.resourceStatus !== now.resourceStatus || (wish === 'move' && was.node !== now.node)
      expect(itemRefusal({ act: wish }, item, now)).toBe(changed ? 'bulk_changed' : bulkRefusal({ act: wish, targetNode: null }, now))
    }))
    expect(itemRefusal({ act: 'stop' }, { hostname: 'one', wasStatus: 'active', wasResource: 'ready', wasNode: null, targetNode: null }, undefined)).toBe('not_found')
  })
  it('power is asked of running virtual servers alone, and never of one that is suspended or has another task', () => {
    fc.assert(fc.property(fc.constantFrom('start', 'shutdown', 'reboot', 'stop', 'backup', 'move'), candidate, (wish, service) => {
      if (bulkRefusal({ act: wish, targetNode: null }, service) !== null) return
      expect(service).toMatchObject({ productKind: 'vps', openSaga: null })
      if (wish !== 'move') expect(service).toMatchObject({ resourceStatus: 'ready' })
      if (wish !== 'move') expect(['active', 'past_due']).toContain(service.status)
    }))
  })
  it('an item is done only when its task ended well and its machine was seen so; a failed task is told with its reason', () => {
    const item: fc.Arbitrary<BegunItem> = fc.record({ requestId: fc.constant('r'), position: fc.nat(), act, sagaId: fc.option(fc.uuid()), saga: fc.option(fc.constantFrom(...sagaStatuses)), sagaReason: fc.option(fc.constant('full')), service: fc.constantFrom(...serviceStatuses), resumable: fc.boolean(), resource: fc.option(fc.constantFrom(...resourceStatuses)) })
    fc.assert(fc.property(item, (begun) => {
      const end = settled(begun)
      if (begun.saga === 'running' || begun.saga === 'waiting') expect(end).toBeNull()
      if (begun.saga === 'failed') expect(end).toMatchObject({ status: 'failed', reason: begun.sagaReason })
      if (end?.status !== 'done') return
      if (begun.act === 'suspend' && begun.service === 'suspended' && !begun.resumable) expect(['ready', 'error', 'provisioning']).not.toContain(begun.resource)
      if (begun.act === 'resume' && begun.service === 'suspended') expect(begun.resumable).toBe(false)
      if (begun.act === 'terminate') expect([null, 'destroyed']).toContain(begun.resource)
    }))
  })
  it('a summary counts services, clients and nodes of what can be done, and every reason of what cannot', () => {
    const row = (clientId: string, node: string | null, refusal: string | null) => ({ clientId, connectionId: 'a', node, refusal })
    expect(summarise([row('x', 'n1', null), row('x', 'n2', null), row('y', 'n1', 'move_no_room'), row('z', null, 'service_not_ready'), row('z', 'n3', 'move_no_room')]))
      .toEqual({ services: 5, able: 2, clients: 1, nodes: 2, refused: [{ code: 'move_no_room', count: 2 }, { code: 'service_not_ready', count: 1 }] })
  })
})
