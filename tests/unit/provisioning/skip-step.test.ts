import { describe, expect, it } from 'vitest'
import { sagaKinds } from '#shared/vocabulary/machines.ts'
import { sagaDefinition } from '#server/provisioning/definitions.ts'
import { skippableStep } from '#server/provisioning/skip-step.ts'

const steps = (['vps', 'hosting'] as const).flatMap(product => sagaKinds.flatMap(kind => sagaDefinition(kind, product).steps.map((step, at) => ({ kind, product, at, name: step.name, skippable: step.skippable === true }))))

describe('steps that staff may leave out', () => {
  it('are those on which nothing that is sold, proven or promised rests, and no other', () => {
    expect([...new Set(steps.filter(step => step.skippable).map(({ kind, name }) => `${kind} ${name}`))].sort()).toEqual(['access restart', 'backup rotate', 'provision hand_over', 'rename restart'])
  })
  it('are left out only where the task stands still for a reason, and nothing is being undone', () => {
    for (const { kind, product, at, name, skippable } of steps) {
      const stands = { kind, status: 'failed', reason: 'x', step: at, unwindTo: null } as const
      expect(skippableStep(stands, product)).toBe(skippable ? name : null)
      for (const other of [{ status: 'running' }, { status: 'done' }, { reason: null }, { reason: 'cancelled' }, { unwindTo: 0 }] as const) expect(skippableStep({ ...stands, ...other }, product)).toBeNull()
    }
  })
})
