import { moveResource } from './move-resource.ts'
import { done } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { hour, minute, removeMachine } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

async function release(context: StepContext): Promise<StepOutcome> {
  const { facts, saga } = context
  await context.write(async (stores) => {
    await moveResource(stores, { serviceId: facts.serviceId, to: 'destroyed', cause: 'machine_gone', actor: saga.actor, at: context.businessNow() })
    await stores.addresses.release(facts.serviceId)
    await stores.resources.update(facts.serviceId, { initialPassword: null, rescue: null, rescueSince: null, power: 'unknown' })
  })
  return done()
}

/**
 * Destroys the machine that carries our mark (never one that only has our number), seen to be gone before the address is given back.
 * Nothing of it is undone: what was destroyed does not come back.
 */
export const terminateSaga: SagaDefinition = {
  kind: 'terminate',
  maxAttempts: 100,
  failureIsError: true,
  cancelWhen: () => null,
  steps: [
    { name: 'destroy', patienceSeconds: 2 * hour, run: removeMachine, undo: { none: 'a destroyed machine does not come back' } },
    { name: 'release', patienceSeconds: minute, run: release, undo: { none: 'the last step: nothing goes back over it' } },
  ],
}
