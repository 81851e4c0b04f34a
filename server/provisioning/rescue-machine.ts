import { DriverError } from '#shared/errors/driver-error.ts'
import { back, done, wait } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { driverOf, filterAddress, followTask, inspectMachine, machineOf, minute } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

/**
 * Takes a rescue's image out of a stopped machine, for those who push a rescue aside: after it the machine starts from its disk again, and
 * the books say so. Nothing is asked of a machine that the books do not have in rescue, unless `always`.
 */
export async function endRescue(context: StepContext, always = false): Promise<void> {
  const { facts } = context
  const driver = await driverOf(context)
  if (!driver.capabilities.rescue || (!always && facts.resource?.rescue === null)) return
  await driver.detachRescue(machineOf(facts).machine)
  if (facts.resource?.rescue !== null) await context.write(stores => stores.resources.update(facts.serviceId, { rescue: null, rescueSince: null }))
}

/** The books say it before the machine has it: whoever pushes this saga aside knows what to take out. Where the hypervisor refuses for good, the machine starts as before and the saga says why at its end. */
async function changeMedia(context: StepContext): Promise<StepOutcome> {
  const { facts, saga, state } = context
  if (saga.action === 'end') {
    await (await driverOf(context)).detachRescue(machineOf(facts).machine)
    return done()
  }
  const { image } = state
  if (!image) throw new DriverError('permanent', 'the saga names no image')
  await context.write(stores => stores.resources.update(facts.serviceId, { rescue: image.name, rescueSince: facts.resource?.rescueSince ?? context.businessNow() }))
  try {
    await (await driverOf(context)).attachRescue(machineOf(facts).machine, image.ref)
    return done(image.name)
  } catch (error) {
    if (!(error instanceof DriverError) || (error.kind !== 'permanent' && error.kind !== 'action_required')) throw error
    await context.write(stores => stores.resources.update(facts.serviceId, { rescue: null, rescueSince: null }))
    await context.save({ refused: error.message })
    return { kind: 'done', skipped: true, detail: error.message }
  }
}

async function verify(context: StepContext): Promise<StepOutcome> {
  const { facts, saga, state } = context
  const seen = await inspectMachine(context)
  if (seen.lock) return wait(context.pollSeconds(), 'locked')
  const there = await (await driverOf(context)).readRescue(machineOf(facts).machine)
  const wanted = saga.action === 'end' || state.refused ? null : state.image?.ref ?? null
  if (there !== wanted) return back('stop', there === null ? 'the machine starts from its disk' : `the machine starts from ${there}`)
  if (seen.power !== 'running') return back('filter', 'the machine does not run')
  await context.write(async (stores) => {
    await stores.resources.observe(facts.serviceId, seen)
    if (saga.action === 'end') await stores.resources.update(facts.serviceId, { rescue: null, rescueSince: null })
  })
  if (state.refused) throw new DriverError('permanent', state.refused)
  return done()
}

/** Rescue: stopped, an image put in before the disk (or taken out again), started, read back. */
export const rescueSaga: SagaDefinition = {
  kind: 'rescue',
  maxAttempts: 5,
  failureIsError: false,
  cancelWhen: facts => facts.status === 'active' || facts.status === 'past_due' ? null : `the service is ${facts.status}`,
  steps: [
    // A system that still answers writes its disks out first; one that hangs is switched off.
    { name: 'stop', patienceSeconds: 15 * minute, run: context => followTask(context, (driver, machine) => driver.shutdown(machine, { timeoutSeconds: 60, force: true })), undo: { none: 'started by a later step' } },
    { name: 'media', patienceSeconds: minute, run: changeMedia, undo: { none: 'set again by the next run' } },
    { name: 'filter', patienceSeconds: minute, run: filterAddress, undo: { none: 'set again by the next run' } },
    { name: 'start', patienceSeconds: 15 * minute, run: context => followTask(context, (driver, machine) => driver.start(machine)), undo: { none: 'a running machine is what is wanted' } },
    { name: 'verify', patienceSeconds: 10 * minute, run: verify, undo: { none: 'only looks' } },
  ],
}
