import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import en from '#i18n/en/portal.json' with { type: 'json' }
import id from '#i18n/id/portal.json' with { type: 'json' }
import { isCancellable } from '#server/provisioning/history.ts'
import { sagaKinds, sagaStatuses, taskName } from '#shared/vocabulary/machines.ts'

const now = new Date('2026-11-02T03:00:00Z')
const anySaga = fc.record({
  kind: fc.constantFrom(...sagaKinds), action: fc.constantFrom(null, 'start', 'password', 'create'), status: fc.constantFrom(...sagaStatuses), step: fc.integer({ min: 0, max: 3 }), fence: fc.integer({ min: 0, max: 3 }),
  state: fc.constantFrom({}, { sentAt: now.toISOString() }, { task: { id: 'x', node: 'y' } }), leaseUntil: fc.constantFrom(null, new Date(now.getTime() - 1), new Date(now.getTime() + 1)),
})

describe('what a task is called', () => {
  it('has words in both languages, of every kind and everything that a kind can do', () => {
    const doing = { power: ['start', 'shutdown', 'stop', 'reboot', 'password'], snapshot: ['create', 'delete'], backup: ['create', 'delete'], access: ['password', 'keys'], rescue: ['start', 'end'] } as const
    for (const kind of sagaKinds) {
      for (const action of kind in doing ? doing[kind as keyof typeof doing] : [null]) {
        // As the page asks for them.
        const path = `saga.${taskName({ kind, action })}`.split('.')
        for (const words of [en, id]) expect(path.reduce<unknown>((found, key) => (found as Record<string, unknown> | undefined)?.[key], words.portal), path.join('.')).toEqual(expect.any(String))
      }
    }
  })
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
