import { moveResource } from './move-resource.ts'
import { endRescue } from './rescue-machine.ts'
import { back, done } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { driverOf, followTask, inspectMachine, machineOf, minute } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

async function lock(context: StepContext): Promise<StepOutcome> {
  await (await driverOf(context)).setSuspended(machineOf(context.facts).machine, true)
  await endRescue(context)
  return done()
}

/** Suspended means: stopped, not started by the host, and without network even if somebody starts it past us. */
async function verify(context: StepContext): Promise<StepOutcome> {
  const seen = await inspectMachine(context)
  if (seen.power !== 'stopped') return back('shutdown', 'the machine still runs')
  if (seen.startsAtBoot || seen.networkUp) return back('lock', 'the machine is not locked')
  await context.write(async (stores) => {
    await stores.resources.observe(context.facts.serviceId, seen)
    await moveResource(stores, { serviceId: context.facts.serviceId, to: 'stopped_by_policy', cause: 'suspended', actor: context.saga.actor, at: context.businessNow() })
  })
  return done()
}

/** Stops a machine whose entitlement stopped, so that it stays stopped. */
export const suspendSaga: SagaDefinition = {
  kind: 'suspend',
  // About a day of trying.
  maxAttempts: 100,
  failureIsError: true,
  cancelWhen: facts => facts.status !== 'suspended' ? `the service is ${facts.status}` : facts.resumable ? 'the suspension was lifted' : null,
  steps: [
    { name: 'shutdown', patienceSeconds: 15 * minute, run: context => followTask(context, async (driver, machine) => (await driver.inspect(machine))?.power === 'stopped' ? null : driver.shutdown(machine, { timeoutSeconds: 60, force: true })), undo: { none: 'a suspension is taken back by the resume saga' } },
    { name: 'lock', patienceSeconds: minute, run: lock, undo: { none: 'a suspension is taken back by the resume saga' } },
    { name: 'verify', patienceSeconds: 5 * minute, run: verify, undo: { none: 'only looks' } },
  ],
}
