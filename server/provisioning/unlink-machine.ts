import { DriverError } from '#shared/errors/driver-error.ts'
import { moveResource } from './move-resource.ts'
import type { SagaState } from './ports.ts'
import { done, wait } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { driverOf, machineOf, minute } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

function planOf({ state }: Pick<StepContext, 'state'>): NonNullable<SagaState['unlink']> {
  if (!state.unlink) throw new DriverError('permanent', 'the saga names no new mark')
  return state.unlink
}

/** Where the machine stands is kept before its mark goes: afterwards nobody could tell which one it was. A machine that is gone has no mark to take off. */
async function unmark(context: StepContext): Promise<StepOutcome> {
  const plan = planOf(context)
  const { machine } = machineOf(context.facts)
  const driver = await driverOf(context)
  const seen = await driver.inspect(machine)
  if (!seen) {
    if (plan.left === undefined) await context.save({ unlink: { ...plan, left: null } })
    return plan.left ? done() : done('machine_gone')
  }
  if (!driver.capabilities.adoption) throw new DriverError('permanent', 'this hypervisor lets no machine go that is there')
  if (seen.lock) return wait(context.pollSeconds(), 'locked')
  if (!plan.left) await context.save({ unlink: { ...plan, left: { node: seen.node, vmid: seen.vmid, name: seen.name } } })
  await driver.releaseMachine({ ...machine, node: seen.node, vmid: seen.vmid })
  // Read back by the next look.
  return wait(0, 'unmarking')
}

async function release(context: StepContext): Promise<StepOutcome> {
  const { facts: { serviceId, hostname }, saga } = context
  const { toMark, left } = planOf(context)
  // Done already, by a worker that was lost before it could say so.
  if (context.facts.resource?.ownershipMark === toMark) return done()
  const { resource } = machineOf(context.facts)
  await context.write(async (stores) => {
    await moveResource(stores, { serviceId, to: 'unlinked', cause: 'unlinked', actor: saga.actor, at: context.businessNow() })
    await stores.addresses.block(serviceId, left ? `${hostname} → ${left.name} (${left.vmid}, ${left.node})` : hostname)
    await stores.resources.renewMark(serviceId, resource.ownershipMark, toMark)
    await stores.resources.update(serviceId, { connectionId: null, node: null, vmid: null, username: null, firstBoot: false, power: 'unknown' })
  })
  return done(left ? `${left.vmid} ${left.node}` : 'machine_gone')
}

/**
 * Lets the machine of a service go: it is left as it is and carries no mark any more, so nothing of ours touches it again. One that is gone is let go whatever the hypervisor: that is how a service whose machine was lost gets another one. Its address is blocked, not free: it goes on using it. The service has a new mark and no machine.
 */
export const unlinkSaga: SagaDefinition = {
  kind: 'unlink',
  maxAttempts: 16,
  failureIsError: false,
  // Also for a service that ended meanwhile: staff wanted its machine to be left alone.
  cancelWhen: () => null,
  steps: [
    { name: 'unmark', patienceSeconds: 10 * minute, run: unmark, undo: { none: 'nothing goes back over it' } },
    { name: 'let_go', patienceSeconds: minute, run: release, undo: { none: 'the last step: nothing goes back over it' } },
  ],
}
