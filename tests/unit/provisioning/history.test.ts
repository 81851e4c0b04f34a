import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isCancellable } from '#server/provisioning/history.ts'
import { sagaKinds, sagaStatuses } from '#shared/vocabulary/machines.ts'

const now = new Date('2026-11-02T03:00:00Z')
const anySaga = fc.record({
  kind: fc.constantFrom(...sagaKinds), action: fc.constantFrom(null, 'start', 'password', 'create'), status: fc.constantFrom(...sagaStatuses), step: fc.integer({ min: 0, max: 3 }), fence: fc.integer({ min: 0, max: 3 }),
  state: fc.constantFrom({}, { sentAt: now.toISOString() }, { task: { id: 'x', node: 'y' } }), leaseUntil: fc.constantFrom(null, new Date(now.getTime() - 1), new Date(now.getTime() + 1)),
})

describe('calling a task off', () => {
  it('what money does, what is over, what a worker holds and what may have been sent is never called off', () => {
    fc.assert(fc.property(anySaga, (saga) => {
      if (!isCancellable(saga, now)) return
      expect(['power', 'snapshot', 'rollback', 'reinstall']).toContain(saga.kind)
      expect(['running', 'waiting']).toContain(saga.status)
      expect(saga.leaseUntil === null || saga.leaseUntil < now).toBe(true)
      expect(saga.fence === 0 || (saga.step === 0 && !('sentAt' in saga.state) && !('task' in saga.state))).toBe(true)
    }))
  })
  it('what nobody has taken up yet can be called off, and a power act or reinstall that still waits before anything was sent', () => {
    const saga = { kind: 'power', action: 'start', status: 'waiting', step: 0, fence: 0, state: {}, leaseUntil: null } as const
    expect(isCancellable({ ...saga, kind: 'rollback' }, now)).toBe(true)
    expect(isCancellable({ ...saga, fence: 4 }, now)).toBe(true)
    expect(isCancellable({ ...saga, fence: 4, kind: 'reinstall', action: null }, now)).toBe(true)
    expect(isCancellable({ ...saga, fence: 4, kind: 'snapshot', action: 'create' }, now)).toBe(false)
    expect(isCancellable({ ...saga, fence: 4, action: 'password' }, now)).toBe(false)
  })
})
