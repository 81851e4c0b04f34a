import { activateAccount, openAccount, readAccount } from './account.ts'
import { moveResource } from './move-resource.ts'
import { resumeSaga } from './resume-service.ts'
import { back, done } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { minute } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'
import { suspendSaga } from './suspend-service.ts'

async function suspend(context: StepContext): Promise<StepOutcome> {
  const { driver, ref } = await openAccount(context)
  await driver.suspend(ref, 'suspended by the hosting company')
  return done()
}

async function verifySuspended(context: StepContext): Promise<StepOutcome> {
  if (!(await readAccount(context)).suspended) return back('suspend', 'the account is not suspended')
  await context.write(stores => moveResource(stores, { serviceId: context.facts.serviceId, to: 'stopped_by_policy', cause: 'suspended', actor: context.saga.actor, at: context.businessNow() }))
  return done()
}

/** Suspends the account of a service whose entitlement stopped: site, mail and panel are closed, nothing is deleted. */
export const suspendAccountSaga: SagaDefinition = {
  ...suspendSaga,
  steps: [
    { name: 'suspend', patienceSeconds: minute, run: suspend, undo: { none: 'a suspension is taken back by the resume saga' } },
    { name: 'verify', patienceSeconds: 5 * minute, run: verifySuspended, undo: { none: 'only looks' } },
  ],
}

async function resume(context: StepContext): Promise<StepOutcome> {
  const { driver, ref } = await openAccount(context)
  await driver.resume(ref)
  return done()
}

async function verifyResumed(context: StepContext): Promise<StepOutcome> {
  return (await readAccount(context)).suspended ? back('unsuspend', 'the account is still suspended') : done()
}

async function activate(context: StepContext): Promise<StepOutcome> {
  await activateAccount(context)
  return done()
}

/** Lifts our own suspension of a service that is entitled again; one that was made at the panel is left to staff. */
export const resumeAccountSaga: SagaDefinition = {
  ...resumeSaga,
  steps: [
    { name: 'unsuspend', patienceSeconds: minute, run: resume, undo: { none: 'lifted again by the next run' } },
    { name: 'verify', patienceSeconds: 10 * minute, run: verifyResumed, undo: { none: 'only looks' } },
    { name: 'activate', patienceSeconds: minute, run: activate, undo: { none: 'the last step: nothing goes back over it' } },
  ],
}
