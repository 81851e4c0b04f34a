import { DriverError } from '#shared/errors/driver-error.ts'
import { openAccount, packageOf, readAccount } from './account.ts'
import { moveResource } from './move-resource.ts'
import { resizeSaga } from './resize-service.ts'
import { back, done } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { minute, provisioningActor } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

async function changePackage(context: StepContext): Promise<StepOutcome> {
  const { driver, ref } = await openAccount(context)
  const wanted = packageOf(context.facts)
  const found = (await driver.listPackages()).find(({ name }) => name === wanted)
  if (!found) throw new DriverError('action_required', `package ${wanted} is no longer on the server`, { who: 'sysadmin' })
  // Over its limit an account takes no mail any more and its site cannot write: nobody is moved into that.
  const { diskUsedMiB } = await readAccount(context)
  if (found.diskMiB !== null && diskUsedMiB > found.diskMiB) throw new DriverError('action_required', `the account uses ${diskUsedMiB} MiB, package ${wanted} holds ${found.diskMiB} MiB`, { who: 'client' })
  await driver.changePackage(ref, wanted)
  return done(wanted)
}

async function verify(context: StepContext): Promise<StepOutcome> {
  const { facts, saga, tools } = context
  const seen = await readAccount(context)
  if (seen.package !== packageOf(facts)) return back('change_package', `the account is on package ${seen.package}`)
  await context.write(async (stores) => {
    await moveResource(stores, { serviceId: facts.serviceId, to: 'ready', cause: 'package_changed', actor: saga.actor, at: context.businessNow() })
    await tools.finishChange(stores, { serviceId: facts.serviceId, actor: provisioningActor })
  })
  return done()
}

/** Puts the account of a running service on the package that was sold, and says so only when it was read back. */
export const repackageAccountSaga: SagaDefinition = {
  ...resizeSaga,
  steps: [
    { name: 'change_package', patienceSeconds: minute, run: changePackage, undo: { none: 'written again by the next run' } },
    { name: 'verify', patienceSeconds: 5 * minute, run: verify, undo: { none: 'only looks' } },
  ],
}
