import { DriverError } from '#shared/errors/driver-error.ts'
import type { HypervisorCapabilities } from '#shared/vocabulary/machines.ts'
import type { MachineState } from '../infrastructure/ports.ts'
import { moveResource } from './move-resource.ts'
import { sizeDifferences } from './provision-service.ts'
import { endRescue } from './rescue-machine.ts'
import { back, done, wait } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { snapshotOf } from './snapshot-machine.ts'
import { driverOf, entitled, filterAddress, filterDifference, followTask, hour, inspectMachine, machineOf, minute } from './step.ts'
import type { SagaDefinition, SagaStep, StepContext } from './step.ts'

/** Whether it ran before is kept before it is stopped: as it was, it is afterwards. Its disks are replaced, so nothing in it has to be asked. */
async function stop(context: StepContext): Promise<StepOutcome> {
  if (context.state.task) return followTask(context, () => Promise.resolve(null))
  const { name } = snapshotOf(context)
  const snapshots = await (await driverOf(context)).listSnapshots(machineOf(context.facts).machine)
  if (snapshots.every(row => row.name !== name)) throw new DriverError('permanent', 'the snapshot is gone')
  if (context.state.wasRunning === undefined) await context.save({ wasRunning: (await inspectMachine(context)).power !== 'stopped' })
  return followTask(context, (driver, machine) => driver.stop(machine))
}

/**
 * The machine is stopped until the repairs are done, so going back twice is the same as once. Where the hypervisor refuses for good, the
 * machine is as it was: the saga goes on, starts it again, and says at its end why nothing was gone back to.
 */
async function goBack(context: StepContext): Promise<StepOutcome> {
  try {
    return await followTask(context, (driver, machine) => driver.rollbackSnapshot(machine, snapshotOf(context).name), 'as_told')
  } catch (error) {
    if (!(error instanceof DriverError) || !['permanent', 'not_found', 'action_required'].includes(error.kind)) throw error
    await context.save({ refused: error.message })
    return { kind: 'done', skipped: true, detail: error.message }
  }
}

/** A snapshot brings its time's configuration along: what was sold since then, start at boot and the link are made right before the start. */
async function restore(context: StepContext): Promise<StepOutcome> {
  const driver = await driverOf(context)
  const { machine } = machineOf(context.facts)
  if (entitled(context.facts)) await driver.setSuspended(machine, false)
  await driver.forgetFirstBoot(machine)
  // A snapshot that was taken in rescue brings the image along; one from before it takes it away.
  await endRescue(context, true)
  return done()
}
async function resize(context: StepContext): Promise<StepOutcome> {
  const { cpuCores, ramMiB, rateMbps } = context.facts.spec
  return followTask(context, (driver, machine) => driver.resize(machine, { cpuCores, ramMiB, rateMbps }))
}

async function start(context: StepContext): Promise<StepOutcome> {
  if (context.state.wasRunning === false) return { kind: 'done', detail: 'was_stopped', skipped: true }
  // Suspended meanwhile: it stays off (D11), and the suspension's own saga locks it.
  if (!entitled(context.facts)) return { kind: 'done', detail: 'suspended', skipped: true }
  return followTask(context, (driver, machine) => driver.start(machine))
}

/** To which step the saga has to go back, and why; null: the machine is what was sold. */
function difference({ facts, state }: StepContext, seen: MachineState, capabilities: HypervisorCapabilities): { readonly to: string, readonly why: string } | null {
  const wrong = sizeDifferences(facts.spec, seen)
  if (wrong.length > 0) return { to: 'resize', why: wrong.join(', ') }
  const open = capabilities.addressFilter ? filterDifference(facts, seen) : null
  if (open) return { to: 'filter', why: open }
  if (!entitled(facts)) return null
  if (seen.startsAtBoot === false || !seen.networkUp) return { to: 'restore', why: 'the machine is locked' }
  return state.wasRunning !== false && seen.power !== 'running' ? { to: 'filter', why: 'the machine does not run' } : null
}

async function verify(context: StepContext, from: string): Promise<StepOutcome> {
  const { facts, saga, state } = context
  const { capabilities } = await driverOf(context)
  const seen = await inspectMachine(context)
  if (seen.lock) return wait(context.pollSeconds(), 'locked')
  if (seen.ownershipMark !== machineOf(facts).machine.ownershipMark) throw new DriverError('not_ours', 'the machine does not carry our mark')
  if (capabilities.knowsAddress && seen.ipv4 !== facts.address?.ipv4) throw new DriverError('action_required', `${from} gave the machine the address ${seen.ipv4 ?? 'none'} instead of ${facts.address?.ipv4 ?? 'none'}`, { who: 'sysadmin' })
  const wrong = difference(context, seen, capabilities)
  if (wrong) return back(wrong.to, wrong.why)
  await context.write(async (stores) => {
    // Its card came back with the older state.
    await stores.resources.observe(facts.serviceId, seen, state.refused ? undefined : 'made')
    await moveResource(stores, { serviceId: facts.serviceId, to: 'ready', cause: 'restored', actor: saga.actor, at: context.businessNow() })
  })
  if (state.refused) throw new DriverError('permanent', state.refused)
  return done()
}

/** What follows once an older state of a machine is back, from a snapshot or a backup: it is made what was sold, and read back. */
export const setRight = (from: string): readonly SagaStep[] => [
  { name: 'restore', patienceSeconds: minute, run: restore, undo: { none: 'set again by the next run' } },
  { name: 'resize', patienceSeconds: 15 * minute, run: resize, undo: { none: 'written again by the next run' } },
  { name: 'grow_disk', patienceSeconds: hour, run: context => followTask(context, (driver, machine) => driver.growDisk(machine, context.facts.spec.diskGiB)), undo: { none: 'a disk is never shrunk' } },
  { name: 'filter', patienceSeconds: minute, run: filterAddress, undo: { none: 'set again by the next run' } },
  { name: 'start', patienceSeconds: 15 * minute, run: start, undo: { none: 'a running machine is what is wanted' } },
  { name: 'verify', patienceSeconds: 10 * minute, run: context => verify(context, from), undo: { none: 'only looks' } },
]

/**
 * Takes a machine back to a snapshot: stopped, gone back, made what was sold again, started if it ran. No suspension cuts into it, for then
 * nobody would make it right again; a service that was suspended meanwhile is not started.
 */
export const rollbackSaga: SagaDefinition = {
  kind: 'rollback',
  maxAttempts: 16,
  // Until the machine was stopped nothing has happened to it; and where the hypervisor refused, it is as it was.
  failureIsError: ({ step, state }) => step > 0 && !state.refused,
  cancelWhen: facts => facts.status === 'ended' || facts.status === 'pending' ? `the service is ${facts.status}` : null,
  steps: [
    { name: 'stop', patienceSeconds: 15 * minute, run: stop, undo: { none: 'started by the next run if it ran before' } },
    { name: 'rollback', patienceSeconds: 2 * hour, run: goBack, undo: { none: 'what was there before is gone' } },
    ...setRight('the snapshot'),
  ],
}
