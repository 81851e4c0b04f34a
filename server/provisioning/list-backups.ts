import type { z } from 'zod'
import type { backupUsageView, failedBackupsView, backupSchedulesView } from '#shared/contracts/backups.ts'
import type { PageRequest } from '../kernel/ports.ts'
import type { BackupGapStore } from './backup-gap-ports.ts'
import type { BackupStore, UsageOrder } from './backup-ports.ts'
import { retryObstacle } from './backup-retry.ts'

interface Deps { readonly backups: BackupStore }
interface RetryDeps extends Deps { readonly backupGaps: BackupGapStore }
const idsOf = (rows: readonly { readonly serviceId: string }[]) => [...new Set(rows.map(({ serviceId }) => serviceId))]

/** What backups hold, by client and storage, as the books have it. */
export const listBackupUsage = ({ backups }: Deps) => async (filter: PageRequest & { readonly q?: string | undefined, readonly order: UsageOrder }): Promise<z.input<typeof backupUsageView>> => {
  const found = await backups.usage(filter)
  return { ...found, items: found.items.map(row => ({ ...row, newestAt: row.newestAt?.toISOString() ?? null })), totals: await backups.totals() }
}
/** Which machines are backed up by themselves, the next one first; of those that fail, whether the last attempt can be tried again. */
export const listBackupSchedules = ({ backups, backupGaps }: RetryDeps) => async (filter: PageRequest & { readonly failing: boolean }): Promise<z.input<typeof backupSchedulesView>> => {
  const found = await backups.schedules(filter)
  const attempts = await backupGaps.attempts(idsOf(found.items.filter(({ failures }) => failures > 0)))
  return { ...found, items: found.items.map(row => ({ ...row, nextAt: row.nextAt.toISOString(), obstacle: row.failures > 0 ? retryObstacle(attempts.get(row.serviceId)) : null })) }
}
/** Backups that were not made, or are no longer there; the newest first. Each says whether it can be tried again. */
export const listFailedBackups = ({ backups, backupGaps }: RetryDeps) => async (filter: PageRequest): Promise<z.input<typeof failedBackupsView>> => {
  const found = await backups.failed(filter)
  const attempts = await backupGaps.attempts(idsOf(found.items.filter(({ state }) => state === 'failed')))
  return { ...found, items: found.items.map(({ id, serviceId, hostname, clientId, clientName, state, origin, startedAt, problem, storage }) => ({ id, serviceId, hostname, clientId, clientName, state, origin, startedAt: startedAt.toISOString(), problem, storage, obstacle: state === 'gone' ? 'gone' as const : retryObstacle(attempts.get(serviceId), id) })) }
}
