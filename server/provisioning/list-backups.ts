import type { z } from 'zod'
import type { backupUsageView, failedBackupsView, backupSchedulesView } from '#shared/contracts/backups.ts'
import type { PageRequest } from '../kernel/ports.ts'
import type { BackupStore, UsageOrder } from './backup-ports.ts'

interface Deps { readonly backups: BackupStore }

/** What backups hold, by client and storage, as the books have it. */
export const listBackupUsage = ({ backups }: Deps) => async (filter: PageRequest & { readonly q?: string | undefined, readonly order: UsageOrder }): Promise<z.input<typeof backupUsageView>> => {
  const found = await backups.usage(filter)
  return { ...found, items: found.items.map(row => ({ ...row, newestAt: row.newestAt?.toISOString() ?? null })), totals: await backups.totals() }
}
/** Which machines are backed up by themselves, the next one first. */
export const listBackupSchedules = ({ backups }: Deps) => async (filter: PageRequest & { readonly failing: boolean }): Promise<z.input<typeof backupSchedulesView>> => {
  const found = await backups.schedules(filter)
  return { ...found, items: found.items.map(row => ({ ...row, nextAt: row.nextAt.toISOString() })) }
}
/** Backups that were not made, or are no longer there; the newest first. */
export const listFailedBackups = ({ backups }: Deps) => async (filter: PageRequest): Promise<z.input<typeof failedBackupsView>> => {
  const found = await backups.failed(filter)
  return { ...found, items: found.items.map(({ id, serviceId, hostname, clientId, clientName, state, origin, startedAt, problem, storage }) => ({ id, serviceId, hostname, clientId, clientName, state, origin, startedAt: startedAt.toISOString(), problem, storage })) }
}
