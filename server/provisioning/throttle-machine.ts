import { back, done } from './saga.ts'
import { driverOf, entitled, followTask, inspectMachine, minute } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'
import { sizeDifferences } from './provision-service.ts'

/** The facts carry the rate that the books wish: what was sold, or what it is slowed down to. */
const setRate = async (context: StepContext) => (await driverOf(context)).capabilities.rateLimit
  ? followTask(context, (driver, machine) => driver.setRate(machine, context.facts.spec.rateMbps))
  : { kind: 'done', detail: 'no_rate_limit', skipped: true } as const

/** Only a rate that was read back counts as carried out. */
async function verify(context: StepContext) {
  const { spec, serviceId } = context.facts
  const seen = await inspectMachine(context)
  const wrong = sizeDifferences(spec, { cpuCores: spec.cpuCores, memoryTotalMiB: spec.ramMiB, diskGiB: spec.diskGiB, rateMbps: seen.rateMbps })
  if (wrong.length > 0) return back('set_rate', wrong.join(', '))
  await context.write(stores => stores.resources.update(serviceId, { rateCapPending: false, rateCapAt: context.businessNow() }))
  return done()
}

/** Gives the network card of a machine the rate that the books wish while it runs, and reads it back: slowed down beyond its traffic limit, or as fast as it was sold. */
export const throttleSaga: SagaDefinition = {
  kind: 'throttle',
  maxAttempts: 5,
  failureIsError: false,
  // The wish stays, so it is carried out when the service runs again.
  cancelWhen: facts => entitled(facts) ? null : `the service is ${facts.status}`,
  steps: [
    { name: 'set_rate', patienceSeconds: 10 * minute, run: setRate, undo: { none: 'written again by the next run' } },
    { name: 'verify', patienceSeconds: 2 * minute, run: verify, undo: { none: 'only looks' } },
  ],
}
