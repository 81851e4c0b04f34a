import { DriverError } from '#shared/errors/driver-error.ts'
import type { BackupContent } from '../infrastructure/ports.ts'
import type { ArchiveRow } from './backup-ports.ts'
import { moveResource } from './move-resource.ts'
import type { MachineBefore, MachineFacts, ResourceRow, SagaState } from './ports.ts'
import { activateBuilt, cloneStep, configureStep, forgetNumber, holdPlace, machineAlready, reserveNumber, startBuilt, stopAgain, verifyBuilt } from './provision-service.ts'
import { endRescue } from './rescue-machine.ts'
import { done } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { driverOf, filterAddress, followTask, hour, machineOf, minute, removeMachine } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

function planOf({ state }: Pick<StepContext, 'state'>): NonNullable<SagaState['rebuild']> {
  if (!state.rebuild) throw new DriverError('permanent', 'the saga names no backup to build from')
  return state.rebuild
}
const refuse = (why: string): never => {
  throw new DriverError('action_required', why, { who: 'sysadmin' })
}

/** The backup as the books have it now. What lies on a storage that is no longer its connection's cannot be found. */
async function archiveOf(context: StepContext): Promise<ArchiveRow> {
  const { backupId } = planOf(context)
  const row = await context.write(stores => stores.backups.archive(backupId))
  if (!row) throw new DriverError('permanent', 'the backup is not in the books')
  if (!row.kept) refuse(`the backup lies on storage ${row.storage}, which is not the one of its connection any more`)
  return row
}
const refOf = ({ id, ownershipMark, vmid }: ArchiveRow) => ({ id, ownershipMark, vmid })

export type RebuildObstacle = 'other_kind' | 'too_large' | 'unknown_size'
/** Why a machine for this service cannot be made of that archive; null: it can. A disk never shrinks: the machine would be larger than what was sold. Pure. */
export function rebuildObstacle({ machineType, diskGiB }: Pick<BackupContent, 'machineType' | 'diskGiB'>, sold: { readonly machineType: BackupContent['machineType'] | null, readonly diskGiB: number }): RebuildObstacle | null {
  if (sold.machineType !== null && sold.machineType !== machineType) return 'other_kind'
  if (diskGiB === null) return 'unknown_size'
  return diskGiB > sold.diskGiB * 1.01 ? 'too_large' : null
}

/** A service that was never active: whatever its failed build left is nobody's data. */
const neverActive = ({ status }: Pick<MachineFacts, 'status'>): boolean => status === 'pending'

/** No machine carries the mark that the service has had until now. One that does is the service's: nothing is made beside it, and it is not touched. */
async function proveAlone({ facts, tools }: StepContext, fromMark: string): Promise<void> {
  const { resource } = facts
  if (!resource || resource.connectionId === null || resource.ownershipMark !== fromMark) return
  const there = await (await tools.openHypervisor(resource.connectionId)).findByMark(fromMark)
  if (there) refuse(`machine ${there.vmid} on ${there.node} carries the mark of this service`)
}

const asBefore = ({ status, connectionId, node, vmid, power, username, initialPassword, firstBoot, rescue, rescueSince, problem, mac, customised }: ResourceRow): MachineBefore => ({ status, connectionId, node, vmid, power, username, initialPassword, firstBoot, rescue, rescueSince: rescueSince?.toISOString() ?? null, problem, mac, customised })

/** Looks before anything is changed: the archive is there and is what its notes say, it fits into what was sold, and the service has no machine. */
async function check(context: StepContext): Promise<StepOutcome> {
  const { facts } = context
  const plan = planOf(context)
  if (facts.resource?.ownershipMark !== plan.fromMark && facts.resource?.ownershipMark !== plan.toMark) throw new DriverError('permanent', 'the service was given another machine meanwhile')
  const row = await archiveOf(context)
  const content = await (await context.tools.openHypervisor(row.connectionId)).readBackup(refOf(row))
  const obstacle = rebuildObstacle(content, { machineType: plan.machineType, diskGiB: facts.spec.diskGiB })
  if (obstacle) refuse(obstacle === 'too_large' ? `the backup's disk of ${content.diskGiB} GiB is larger than the ${facts.spec.diskGiB} GiB that were sold` : obstacle === 'other_kind' ? `the backup is of a ${content.machineType}` : 'the backup does not tell how large its disk is')
  if (!neverActive(facts)) await proveAlone(context, plan.fromMark)
  const before = facts.resource?.ownershipMark === plan.fromMark ? asBefore(facts.resource) : plan.before
  await context.save({ rebuild: { ...plan, nodes: content.nodes, machineType: content.machineType, ...before && { before } } })
  return done(row.volume ?? undefined)
}

/** From here on the service's machine is the one that will carry the new mark: what an earlier build still sends, and a lost machine that comes back, meet another one. */
async function renew(context: StepContext): Promise<StepOutcome> {
  const { facts: { serviceId, resource }, saga } = context
  const { fromMark, toMark } = planOf(context)
  if (resource?.ownershipMark !== toMark) {
    if (neverActive(context.facts)) {
      const removed = await removeMachine(context, fromMark)
      if (removed.kind !== 'done') return removed
    } else {
      await proveAlone(context, fromMark)
    }
  }
  await context.write(async (stores) => {
    if (!await stores.resources.renewMark(serviceId, fromMark, toMark)) throw new DriverError('permanent', 'the service was given another machine meanwhile')
    if (resource?.ownershipMark !== toMark) await stores.resources.update(serviceId, { vmid: null, firstBoot: false, rescue: null, rescueSince: null, power: 'unknown' })
    await moveResource(stores, { serviceId, to: 'provisioning', cause: 'rebuild', actor: saga.actor, at: context.businessNow() })
  })
  return done()
}

/**
 * Called off: the service has no machine, as before, and the mark that it had. A lost machine that comes back is its own again; its number only if nobody was given it meanwhile. What the failed build of a service
 * that was never active had left is gone for good.
 */
async function giveBackMark(context: StepContext): Promise<StepOutcome> {
  const { facts: { serviceId, resource }, saga } = context
  const { fromMark, toMark, before } = planOf(context)
  if (resource?.ownershipMark !== toMark) return done('nothing_to_undo')
  await context.write(async (stores) => {
    if (!await stores.resources.renewMark(serviceId, toMark, fromMark)) throw new DriverError('permanent', 'the service was given another machine meanwhile')
    const move = { serviceId, cause: 'rebuild_called_off', actor: saga.actor, at: context.businessNow() }
    const lost = before !== undefined && !neverActive(context.facts)
    if (lost) {
      const { connectionId, vmid } = before
      const holder = connectionId !== null && vmid !== null ? await stores.resources.holderOf(connectionId, vmid) : null
      const { status: _, rescueSince, ...books } = before
      await stores.resources.update(serviceId, { ...books, vmid: holder === null || holder === serviceId ? vmid : null, rescueSince: rescueSince === null ? null : new Date(rescueSince) })
      if (before.status === 'ready') return moveResource(stores, { ...move, to: 'ready' })
    }
    await moveResource(stores, { ...move, to: 'error', problem: before?.problem ?? 'it has no machine; making one from a backup was called off' })
    if (lost && before.status === 'unlinked') await moveResource(stores, { ...move, to: 'unlinked' })
  })
  return done()
}

/** On a node that reads the archive, of the hypervisor that keeps it. */
async function place(context: StepContext): Promise<StepOutcome> {
  const { facts, tools } = context
  if (await machineAlready(context)) return done('machine_exists')
  const row = await archiveOf(context)
  const made = [{ connectionId: row.connectionId, nodes: planOf(context).nodes ?? [], machineType: planOf(context).machineType ?? undefined }]
  const [seen] = await tools.checkCapacity({ forServiceId: facts.serviceId, clientId: facts.clientId, policy: facts.placementPolicy, connectionIds: [row.connectionId], cpuCores: facts.spec.cpuCores, ramMiB: facts.spec.ramMiB, diskGiB: facts.spec.diskGiB, extraIpv4: facts.spec.extraIpv4, count: 1, holds: facts.address, madeOn: made })
  if (!seen) throw new DriverError('retryable', 'no node that reads the backup has room')
  const { placement } = await holdPlace(context, seen, made, () => ({ username: row.username }))
  await context.save({ placement })
  return done(placement.node)
}

const make = cloneStep('place', async (context, driver, machine) => {
  const row = await archiveOf(context)
  return driver.makeForBackup({ backup: refOf(row), vmid: machine.vmid, node: machine.node, hostname: context.facts.hostname, ownershipMark: machine.ownershipMark, token: context.saga.id })
})

/** Named by this saga: asked again after it has ended, nothing is done. The machine has never run, so a half-made one is filled anew. */
async function fill(context: StepContext): Promise<StepOutcome> {
  const row = await archiveOf(context)
  return followTask(context, (driver, machine) => driver.restoreBackup(machine, refOf(row), context.saga.id, { newCards: true }), 'as_told')
}

/** What the archive brings along of the old machine beside its disks: a rescue's image and firewall rules are not the new one's. */
async function cleanse(context: StepContext): Promise<StepOutcome> {
  await endRescue(context, true)
  const driver = await driverOf(context)
  if (driver.capabilities.firewall) await driver.setFirewall(machineOf(context.facts).machine, context.facts.firewall ?? { policyIn: 'accept', rules: [] })
  return done()
}

/** What it was made from. A container keeps the login that it has inside, so there is no first password to read. */
async function remember(context: StepContext): Promise<StepOutcome> {
  const row = await archiveOf(context)
  const { serviceId, sshKey } = context.facts
  const container = planOf(context).machineType === 'container'
  await context.write(async (stores) => {
    if (container) await stores.resources.update(serviceId, { initialPassword: null })
    if (row.templateId !== null) await stores.serviceControl.setTemplate(serviceId, { templateId: row.templateId, sshKey })
  })
  return done()
}

/**
 * Makes the machine of a service that has none from a backup, its own or another one's of the same client: marked by a mark of its own before there is anything in it, never started before it has its own address, filter and name, and active only
 * when it was read back. The machine in the backup, if it still is somewhere, is never touched.
 */
export const rebuildSaga: SagaDefinition = {
  kind: 'rebuild',
  maxAttempts: 16,
  // Until the first look has passed nothing has changed.
  failureIsError: ({ step }) => step > 0,
  cancelWhen: facts => facts.status === 'ended' ? 'the service has ended' : null,
  // Verified, it is handed over: from then on it is the service's machine, and a client's.
  callOffBefore: 'remember',
  steps: [
    { name: 'check_backup', patienceSeconds: 10 * minute, run: check, undo: { none: 'only looks' } },
    { name: 'renew', patienceSeconds: hour, run: renew, undo: giveBackMark },
    { name: 'place', patienceSeconds: minute, run: place, undo: { none: 'chosen anew by the next run; the address stays reserved for the service' } },
    { name: 'reserve', patienceSeconds: minute, run: reserveNumber, undo: forgetNumber },
    { name: 'make', patienceSeconds: 12 * hour, run: make, undo: context => removeMachine(context, planOf(context).toMark) },
    { name: 'restore_backup', patienceSeconds: 12 * hour, run: fill, undo: { none: 'goes with the machine' } },
    { name: 'configure', patienceSeconds: 15 * minute, run: configureStep('place'), undo: { none: 'written again as a whole by the next run' } },
    { name: 'grow_disk', patienceSeconds: hour, run: context => followTask(context, (driver, machine) => driver.growDisk(machine, context.facts.spec.diskGiB)), undo: { none: 'a disk is never shrunk; one that is large enough is left alone' } },
    { name: 'cleanse', patienceSeconds: minute, run: cleanse, undo: { none: 'set again by the next run' } },
    { name: 'filter', patienceSeconds: minute, run: filterAddress, undo: { none: 'goes with the machine; set again as a whole by the next run' } },
    { name: 'start', patienceSeconds: 15 * minute, run: startBuilt, undo: stopAgain },
    { name: 'verify', patienceSeconds: 10 * minute, run: verifyBuilt, undo: { none: 'only looks' } },
    { name: 'remember', patienceSeconds: minute, run: remember, undo: { none: 'written again by the next run' } },
    { name: 'activate', patienceSeconds: minute, run: activateBuilt, undo: { none: 'the last step: nothing goes back over it' } },
  ],
}
