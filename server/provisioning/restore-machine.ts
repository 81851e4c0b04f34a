import { DriverError } from '#shared/errors/driver-error.ts'
import { backupOf } from './backup-machine.ts'
import { setRight } from './rollback-machine.ts'
import { done } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { driverOf, followTask, hour, inspectMachine, minute } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

/** Nothing is touched before the backup was seen on its storage. Whether the machine ran is kept before it is stopped. */
async function stop(context: StepContext): Promise<StepOutcome> {
  if (context.state.task) return followTask(context, () => Promise.resolve(null))
  const row = await backupOf(context)
  const { backups, complete } = await (await driverOf(context)).listBackups(row.vmid)
  if (!backups.some(found => found.id === row.id && found.ownershipMark === row.ownershipMark)) throw new DriverError(complete ? 'permanent' : 'retryable', complete ? 'the backup is gone' : 'not every node tells what it keeps')
  if (context.state.wasRunning === undefined) await context.save({ wasRunning: (await inspectMachine(context)).power !== 'stopped' })
  return followTask(context, (driver, machine) => driver.stop(machine))
}

/**
 * Over the stopped machine, named by this saga: asked again after it has ended, nothing is done. Refused the first time, the machine is as it was,
 * is started again, and the saga says why at its end. Once a restore was begun its old disks may be gone: then it is tried until it works or staff take over.
 */
async function restoreBackup(context: StepContext): Promise<StepOutcome> {
  const row = await backupOf(context)
  const begunBefore = context.state.restoring === true
  // Before the call: from here on a successor cannot know that the machine is as it was.
  if (!begunBefore) await context.save({ restoring: true })
  let sent = false
  try {
    return await followTask(context, async (driver, machine) => {
      const task = await driver.restoreBackup(machine, { id: row.id, ownershipMark: row.ownershipMark, vmid: row.vmid }, context.saga.id)
      sent = true
      return task
    }, 'as_told')
  } catch (error) {
    if (!(error instanceof DriverError) || begunBefore || sent || error.kind === 'unknown_outcome') throw error
    if (error.kind === 'retryable') {
      await context.save({ restoring: false })
      throw error
    }
    await context.save({ restoring: false, refused: error.message })
    return { kind: 'done', skipped: true, detail: error.message }
  }
}

/** The login is the one that the machine had then. A first password that was not read yet belongs to the machine that is gone. */
async function remember(context: StepContext): Promise<StepOutcome> {
  if (context.state.refused) return { kind: 'done', detail: 'refused', skipped: true }
  const row = await backupOf(context)
  const { serviceId, sshKey, resource } = context.facts
  const sameMachine = row.ownershipMark === resource?.ownershipMark
  await context.write(async (stores) => {
    await stores.resources.update(serviceId, { ...(row.username === null ? {} : { username: row.username }), ...(sameMachine ? {} : { initialPassword: null }) })
    if (row.templateId !== null) await stores.serviceControl.setTemplate(serviceId, { templateId: row.templateId, sshKey })
  })
  return done()
}

/**
 * Takes a machine back to a backup under its own number and mark: stopped, restored, made what was sold again, started if it ran. No suspension cuts
 * into it, for then nobody would make it right again; a service that was suspended meanwhile is not started.
 */
export const restoreSaga: SagaDefinition = {
  kind: 'restore',
  maxAttempts: 16,
  // Until it was stopped nothing has happened to it; and where the hypervisor refused, it is as it was.
  failureIsError: ({ step, state }) => step > 0 && !state.refused,
  cancelWhen: facts => facts.status === 'ended' || facts.status === 'pending' ? `the service is ${facts.status}` : null,
  steps: [
    { name: 'stop', patienceSeconds: 15 * minute, run: stop, undo: { none: 'started by the next run if it ran before' } },
    { name: 'restore_backup', patienceSeconds: 12 * hour, run: restoreBackup, undo: { none: 'what was there before is gone' } },
    { name: 'remember', patienceSeconds: minute, run: remember, undo: { none: 'written again by the next run' } },
    ...setRight('the backup'),
  ],
}
