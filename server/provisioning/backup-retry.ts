import { isRetriable } from '#shared/vocabulary/machines.ts'
import type { BackupOrigin, BackupRetryObstacle } from '#shared/vocabulary/machines.ts'
import type { BackupAttempt } from './backup-gap-ports.ts'
import { makeRoom } from './backup-plan.ts'
import type { HeldBackup } from './backup-plan.ts'
import { cancelledReason } from './saga.ts'

/** Which backups make room for one that is tried again; null: there is no place. One that was made by itself makes room, one that people asked for has to find it. Pure. */
export const placeForRetry = (origin: BackupOrigin, held: readonly HeldBackup[], included: number): readonly string[] | null => origin === 'schedule' ? makeRoom(held, included) : held.length < included ? [] : null

/** Why the newest task is not the failure of this backup (of any, where none is named). */
function taskObstacle({ task, backup }: BackupAttempt, backupId: string | undefined): BackupRetryObstacle | null {
  if (!task) return 'no_task'
  if (task.status === 'running' || task.status === 'waiting') return 'busy'
  if (!backup || (backupId !== undefined && backup.id !== backupId)) return 'later_task'
  if (task.reason === cancelledReason) return 'cancelled'
  return isRetriable(task) && backup.state === 'failed' ? null : 'later_task'
}
/** Why it would only fail again. */
function machineObstacle({ backup, status, resourceStatus, ownershipMark, connectionId, storage, included, held }: BackupAttempt): BackupRetryObstacle | null {
  if ((status !== 'active' && status !== 'past_due') || resourceStatus !== 'ready') return 'not_running'
  if (backup?.ownershipMark !== ownershipMark) return 'rebuilt'
  if (backup?.connectionId !== connectionId || backup.storage !== storage) return 'elsewhere'
  return placeForRetry(backup.origin, held, included) === null ? 'no_place' : null
}
/** Why the newest task of a service is no backup that can be tried again, or would only fail again; null: it can. `backupId`: only if it is that one. Pure. */
export const retryObstacle = (attempt: BackupAttempt | undefined, backupId?: string): BackupRetryObstacle | null => attempt ? taskObstacle(attempt, backupId) ?? machineObstacle(attempt) : 'no_task'
