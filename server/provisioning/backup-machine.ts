import { DriverError } from '#shared/errors/driver-error.ts'
import type { BackupRow } from './backup-ports.ts'
import type { ProvisioningStores, SagaRow } from './ports.ts'
import { back, done, wait } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { driverOf, followTask, hour, inspectMachine, minute } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

/** The backup that a saga is about, as the books have it now. */
export async function backupOf({ facts, state, write }: Pick<StepContext, 'facts' | 'state' | 'write'>): Promise<BackupRow> {
  const { backup } = state
  const found = backup && await write(async stores => ({ row: await stores.backups.find(backup.id), terms: await stores.backups.terms(facts.serviceId) }))
  const row = found?.row
  if (!row) throw new DriverError('permanent', 'the saga names no backup')
  // Looked for on another storage it would seem to be gone.
  if (row.connectionId !== found?.terms?.connectionId || row.storage !== found.terms.storage) throw new DriverError('action_required', `the backup lies on storage ${row.storage}, which is not the one of its connection any more`, { who: 'sysadmin' })
  return row
}
const sameOf = (row: BackupRow) => ({ id: row.id, ownershipMark: row.ownershipMark, vmid: row.vmid })

/** Our id in its notes makes the act repeatable: whoever asks again finds what was made. */
async function act(context: StepContext): Promise<StepOutcome> {
  const row = await backupOf(context)
  if (context.saga.action === 'delete') return followTask(context, driver => driver.deleteBackup(sameOf(row)), 'as_told')
  // Tried again by staff after it had failed.
  if (row.state === 'failed') await context.write(stores => stores.backups.move(row.id, ['failed'], { state: 'running', endedAt: null, problem: null }))
  return followTask(context, (driver, machine) => {
    if (machine.ownershipMark !== row.ownershipMark) throw new DriverError('permanent', 'the machine was made anew meanwhile')
    return driver.createBackup(machine, row.id)
  }, 'as_told')
}

/** Read back from the storage: a task that ended well is no proof. */
async function verify(context: StepContext): Promise<StepOutcome> {
  const row = await backupOf(context)
  const { backups, complete } = await (await driverOf(context)).listBackups(row.vmid)
  const there = backups.find(found => found.id === row.id && found.ownershipMark === row.ownershipMark)
  const at = context.businessNow()
  if (context.saga.action === 'delete') {
    if (there) return back('act', 'the backup is still there')
    if (!complete) throw new DriverError('retryable', 'not every node tells what it keeps')
    await context.write(stores => stores.backups.move(row.id, ['running', 'ready', 'failed', 'gone'], { state: 'deleted', endedAt: at }))
    return done()
  }
  if (there) {
    await context.write(async (stores) => {
      await stores.backups.move(row.id, ['running', 'failed'], { state: 'ready', volume: there.volume, sizeBytes: there.sizeBytes, madeAt: at, endedAt: null, problem: null })
      if (row.origin === 'schedule') await stores.backups.noteSuccess(row.serviceId)
    })
    return done()
  }
  if (!complete) throw new DriverError('retryable', 'not every node tells what it keeps')
  return (await inspectMachine(context)).lock ? wait(context.pollSeconds(), 'locked') : back('act', 'the backup is not there')
}

/** Only now, with the new one read back, do the old ones go that had to make room for it. */
async function rotate(context: StepContext): Promise<StepOutcome> {
  const driver = await driverOf(context)
  const own = await backupOf(context)
  if (context.state.task) {
    const task = await driver.task(context.state.task)
    if (task.state === 'running') return wait(context.pollSeconds(), 'task_running')
    await context.save({ task: null })
    if (task.state === 'failed') throw new DriverError(task.kind, task.message)
  }
  const replaces = context.state.backup?.replaces ?? []
  if (replaces.length === 0) return { kind: 'done', detail: 'nothing_to_replace', skipped: true }
  for (const id of replaces) {
    const row = await context.write(stores => stores.backups.find(id))
    if (row?.state !== 'ready' || row.storage !== own.storage || row.connectionId !== own.connectionId) continue
    const task = await driver.deleteBackup(sameOf(row))
    if (task) {
      await context.save({ task })
      return wait(context.pollSeconds(), 'deleting')
    }
    await context.write(stores => stores.backups.move(id, ['ready'], { state: 'deleted', endedAt: context.businessNow() }))
  }
  return done()
}

/** A backup that was not made is said to have failed; should it turn up on the storage later, looking there finds it. */
async function onFailed(stores: ProvisioningStores, saga: SagaRow, { reason, at, cancelled }: { readonly reason: string, readonly at: Date, readonly cancelled: boolean }): Promise<void> {
  const id = saga.state.backup?.id
  const row = id === undefined || saga.action !== 'create' ? null : await stores.backups.find(id)
  if (!row || !await stores.backups.move(row.id, ['running'], { state: 'failed', endedAt: at, problem: reason })) return
  // Pushed aside by something else is no failure of the backup.
  if (row.origin === 'schedule' && !cancelled) await stores.backups.noteFailure(row.serviceId, reason)
}

/** Makes a backup of a running service's machine, which goes on, or deletes one. */
export const backupSaga: SagaDefinition = {
  kind: 'backup',
  maxAttempts: 5,
  failureIsError: false,
  onFailed,
  cancelWhen: facts => facts.status === 'active' || facts.status === 'past_due' ? null : `the service is ${facts.status}`,
  steps: [
    { name: 'act', patienceSeconds: 12 * hour, run: act, undo: { none: 'run again it finds what was done' } },
    { name: 'verify', patienceSeconds: 30 * minute, run: verify, undo: { none: 'only looks' } },
    { name: 'rotate', patienceSeconds: hour, skippable: true, run: rotate, undo: { none: 'the last step: nothing goes back over it' } },
  ],
}
