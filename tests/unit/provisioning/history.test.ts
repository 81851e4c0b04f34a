import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import en from '#i18n/en/portal.json' with { type: 'json' }
import id from '#i18n/id/portal.json' with { type: 'json' }
import { isCancellable, isRevocable } from '#server/provisioning/history.ts'
import { callOff, cancelledReason, decide } from '#server/provisioning/saga.ts'
import type { Progress } from '#server/provisioning/saga.ts'
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
      expect(['power', 'snapshot', 'rollback', 'reinstall', 'rebuild']).toContain(saga.kind)
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
  it('what has begun is called off only where each step gives back what it did, before it is handed over, once; failed, only while nothing was begun after it', () => {
    const saga = { kind: 'rebuild', status: 'waiting', reason: null, step: 5, calledOffAt: null } as const
    expect(isRevocable(saga, false)).toBe(true)
    for (const kind of sagaKinds.filter(each => each !== 'rebuild')) expect(isRevocable({ ...saga, kind }, true), kind).toBe(false)
    expect(isRevocable({ ...saga, step: 12 }, true)).toBe(false)
    expect(isRevocable({ ...saga, calledOffAt: now }, true)).toBe(false)
    expect(isRevocable({ ...saga, status: 'done' }, true)).toBe(false)
    expect([true, false].map(isNewest => isRevocable({ ...saga, status: 'failed', reason: 'x' }, isNewest))).toEqual([true, false])
    expect(isRevocable({ ...saga, status: 'failed', reason: cancelledReason }, true)).toBe(false)
  })
  it('from whichever step, every step that was begun is undone once, the last one first, whatever fails or is waited for on the way; then it is over', () => {
    const answers = fc.array(fc.constantFrom({ kind: 'done' } as const, { kind: 'wait', seconds: 1, detail: 'x' } as const, { kind: 'failure', retryable: true, reason: 'x' } as const), { maxLength: 60 })
    fc.assert(fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(), fc.boolean(), answers, (count, at, wentBack, given) => {
      const plan = { steps: Array.from({ length: count }, (_, n) => ({ name: `s${n}`, patienceSeconds: 1 })), maxAttempts: null }
      const step = at % count
      let progress: Progress = { ...callOff({ status: 'running', step, attempt: 3, backs: 2, unwindTo: wentBack ? 0 : null, retryAt: null, reason: 'x', since: now }), status: 'running' }
      const undone: number[] = []
      for (const answer of [...given, ...plan.steps.map(() => ({ kind: 'done' } as const))]) {
        const { next, changes } = decide(plan, progress, answer, now)
        undone.push(...changes.filter(change => change.status === 'undone').map(({ position }) => position))
        if (next.status === 'failed') {
          expect(next.reason).toBe(cancelledReason)
          expect(undone).toEqual(Array.from({ length: step + 1 }, (_, n) => step - n))
          return
        }
        progress = { ...next, status: 'running' }
      }
      throw new Error('it does not end')
    }))
  })
})
