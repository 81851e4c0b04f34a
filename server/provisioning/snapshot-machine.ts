import { DriverError } from '#shared/errors/driver-error.ts'
import { isOwnSnapshot } from '#shared/vocabulary/machines.ts'
import { back, done, wait } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { driverOf, followTask, hour, inspectMachine, machineOf, minute } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

/** The snapshot that a saga is about, chosen when it was begun. */
export function snapshotOf({ state }: Pick<StepContext, 'state'>): { readonly name: string, readonly title: string } {
  if (!state.snapshot) throw new DriverError('permanent', 'the saga names no snapshot')
  return state.snapshot
}

/** A name of its own makes the act repeatable: whoever asks again finds what was made. How many are there, only the hypervisor knows. */
async function act(context: StepContext): Promise<StepOutcome> {
  const snapshot = snapshotOf(context)
  if (context.saga.action === 'delete') return followTask(context, (driver, machine) => driver.deleteSnapshot(machine, snapshot.name), 'as_told')
  return followTask(context, async (driver, machine) => {
    const own = (await driver.listSnapshots(machine)).filter(({ name }) => isOwnSnapshot(name))
    const { snapshotLimit } = context.facts
    if (own.every(({ name }) => name !== snapshot.name) && own.length >= snapshotLimit) throw new DriverError('permanent', `${own.length} of ${snapshotLimit} snapshots are there already`)
    return driver.createSnapshot(machine, snapshot)
  }, 'as_told')
}

async function verify(context: StepContext): Promise<StepOutcome> {
  const { name } = snapshotOf(context)
  const seen = await inspectMachine(context)
  if (seen.lock) return wait(context.pollSeconds(), 'locked')
  const there = (await (await driverOf(context)).listSnapshots(machineOf(context.facts).machine)).some(row => row.name === name)
  return there === (context.saga.action === 'create') ? done() : back('act', there ? 'the snapshot is still there' : 'the snapshot is not there')
}

/** Takes or deletes a snapshot of a running service's machine, which goes on running. */
export const snapshotSaga: SagaDefinition = {
  kind: 'snapshot',
  maxAttempts: 5,
  failureIsError: false,
  cancelWhen: facts => facts.status === 'active' || facts.status === 'past_due' ? null : `the service is ${facts.status}`,
  steps: [
    { name: 'act', patienceSeconds: 2 * hour, run: act, undo: { none: 'run again it finds what was done' } },
    { name: 'verify', patienceSeconds: 10 * minute, run: verify, undo: { none: 'only looks' } },
  ],
}
