import { DriverError } from '#shared/errors/driver-error.ts'
import type { MachineState } from '../infrastructure/ports.ts'
import { moveResource } from './move-resource.ts'
import { sizeDifferences } from './provision-service.ts'
import { back, done, wait } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { driverOf, filterAddress, filterDifference, followTask, hour, inspectMachine, machineOf, minute, provisioningActor } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

/** The disk is grown while the machine runs: where the storage is full it goes on running as it was. */
async function growDisk(context: StepContext): Promise<StepOutcome> {
  const { diskGiB } = context.facts.spec
  // Less than it has: a disk never shrinks, and nobody is told that it did.
  if (!context.state.task && (await inspectMachine(context)).diskGiB > diskGiB * 1.01) throw new DriverError('permanent', `the disk is larger than ${diskGiB} GiB and cannot shrink`)
  return followTask(context, (driver, machine) => driver.growDisk(machine, diskGiB))
}

/** What was bought beside the first address is taken before the machine is touched: where the network has none left, it goes on running as it was. */
async function takeAddresses(context: StepContext): Promise<StepOutcome> {
  await context.write(stores => stores.addresses.reserveExtra(context.facts.serviceId))
  return done()
}

const needsStop = (context: StepContext, seen: MachineState) => sizeDifferences(context.facts.spec, { ...seen, diskGiB: context.facts.spec.diskGiB }).length > 0

/** CPU and memory are taken on at a start. Whether it ran before is kept before it is stopped: as it was, it is afterwards. */
async function shutdown(context: StepContext): Promise<StepOutcome> {
  if (context.state.task) return followTask(context, () => Promise.resolve(null))
  const seen = await inspectMachine(context)
  if (context.state.wasRunning === undefined) await context.save({ wasRunning: seen.power !== 'stopped' })
  if (seen.power === 'stopped' || !needsStop(context, seen)) return done()
  return followTask(context, (driver, machine) => driver.shutdown(machine, { timeoutSeconds: 90, force: true }))
}

async function resize(context: StepContext): Promise<StepOutcome> {
  const { cpuCores, ramMiB, rateMbps } = context.facts.spec
  return followTask(context, (driver, machine) => driver.resize(machine, { cpuCores, ramMiB, rateMbps }))
}

async function start(context: StepContext): Promise<StepOutcome> {
  if (context.state.wasRunning === false) return { kind: 'done', detail: 'was_stopped', skipped: true }
  return followTask(context, (driver, machine) => driver.start(machine))
}

async function verify(context: StepContext): Promise<StepOutcome> {
  const { facts, saga, state, tools } = context
  const seen = await inspectMachine(context)
  if (seen.lock) return wait(context.pollSeconds(), 'locked')
  if (seen.ownershipMark !== machineOf(facts).machine.ownershipMark) throw new DriverError('not_ours', 'the machine does not carry our mark')
  const wrong = sizeDifferences(facts.spec, seen)
  if (wrong.length > 0) return back('grow_disk', wrong.join(', '))
  if ((facts.address?.extra?.length ?? 0) < (facts.spec.extraIpv4 ?? 0)) return back('addresses', 'not every address was taken')
  const open = (await driverOf(context)).capabilities.addressFilter ? filterDifference(facts, seen) : null
  if (open) return back('filter', open)
  if (state.wasRunning !== false && seen.power !== 'running') return back('filter', 'the machine does not run')
  await context.write(async (stores) => {
    await stores.resources.observe(facts.serviceId, seen)
    await stores.addresses.markAssigned(facts.serviceId)
    // Exactly those that the machine was just seen not to send from.
    await stores.addresses.giveBack(facts.serviceId, facts.address?.leaving ?? [])
    await moveResource(stores, { serviceId: facts.serviceId, to: 'ready', cause: 'resized', actor: saga.actor, at: context.businessNow() })
    await tools.finishChange(stores, { serviceId: facts.serviceId, actor: provisioningActor })
  })
  return done()
}

/** Makes the machine of a running service as large as what was sold, and says so only when it was read back. */
export const resizeSaga: SagaDefinition = {
  kind: 'resize',
  // With the back-off, about two hours of trying; then staff decide. The money stays booked, the change stays open and says why.
  maxAttempts: 16,
  failureIsError: true,
  // A suspended machine stays off (D11); the resize is begun anew when the service runs again.
  cancelWhen: facts => facts.status === 'active' || facts.status === 'past_due' ? null : `the service is ${facts.status}`,
  steps: [
    { name: 'addresses', patienceSeconds: minute, run: takeAddresses, undo: { none: 'held for the service, which paid for them' } },
    { name: 'grow_disk', patienceSeconds: hour, run: growDisk, undo: { none: 'a disk is never shrunk; one that is large enough is left alone' } },
    { name: 'shutdown', patienceSeconds: 15 * minute, run: shutdown, undo: { none: 'started by the next run if it ran before' } },
    { name: 'resize', patienceSeconds: 15 * minute, run: resize, undo: { none: 'written again by the next run' } },
    { name: 'filter', patienceSeconds: minute, run: filterAddress, undo: { none: 'set again by the next run' } },
    { name: 'start', patienceSeconds: 15 * minute, run: start, undo: { none: 'a running machine is what is wanted' } },
    { name: 'verify', patienceSeconds: 10 * minute, run: verify, undo: { none: 'only looks' } },
  ],
}
