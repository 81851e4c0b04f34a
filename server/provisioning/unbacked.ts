import type { z } from 'zod'
import type { unbackedView } from '#shared/contracts/backups.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import { machineCapabilities, recentBackupDays } from '#shared/vocabulary/machines.ts'
import type { BackupGap } from '#shared/vocabulary/machines.ts'
import type { Clock } from '../kernel/ports.ts'
import type { BackupGapFacts, BackupGapStore, UnbackedFilter } from './backup-gap-ports.ts'
import { allowedActions } from './service-view.ts'

const dayMilliseconds = 86_400_000
/** What a panel told longer ago says nothing of now: it is asked every hour. */
const toldLately = dayMilliseconds
const daysBefore = (now: Date, days: number): Date => new Date(now.getTime() - days * dayMilliseconds)

const panelGap = ({ readAt, newestOn }: BackupGapFacts, now: Date): BackupGap => readAt === null || now.getTime() - readAt.getTime() > toldLately ? 'panel_silent' : newestOn === null ? 'panel_none' : 'panel_old'
/** What stands in the way until somebody changes it; null: nothing does. */
function standingGap({ connectionKind, storage, included, status, resourceStatus }: BackupGapFacts): BackupGap | null {
  if (!machineCapabilities(connectionKind)?.backups) return 'unsupported'
  if (storage === '') return 'no_storage'
  if (included === 0) return 'not_offered'
  if (status === 'suspended') return 'suspended'
  return resourceStatus === 'ready' ? null : 'broken'
}
function lastGap({ schedule, lastProblem, mayBeScheduled }: BackupGapFacts, now: Date): BackupGap {
  if (lastProblem !== null || (schedule?.failures ?? 0) > 0) return 'failed'
  if (!mayBeScheduled) return 'by_hand'
  if (schedule === null) return 'no_schedule'
  return schedule.nextAt > now ? 'waits' : 'overdue'
}
/** Why a service has no recent backup, as far as the books know: what stands in the way for good comes before what happened last. Pure. */
const backupGap = (facts: BackupGapFacts, now: Date): BackupGap => facts.kind === 'hosting' ? panelGap(facts, now) : standingGap(facts) ?? lastGap(facts, now)

/** Why none is made now when staff ask for one; null: it is begun. Of an account it is a whole backup in its own home directory. Pure. */
function backupRefusal(facts: BackupGapFacts): ErrorCode | null {
  const { kind, connectionKind, storage, included, held, status, resourceStatus, openSaga } = facts
  const now = allowedActions({ status, resourceStatus, openSaga, power: 'unknown', productKind: kind }).refusal
  if (kind === 'hosting') return now === 'action_in_progress' ? null : now
  if (!machineCapabilities(connectionKind)?.backups || storage === '') return 'backups_unsupported'
  if (included === 0) return 'backups_not_offered'
  return now ?? (held >= included ? 'backup_limit' : null)
}

/** `ruleDays`: the fewest days that an alarm rule looks back. */
interface Deps { readonly backupGaps: BackupGapStore, readonly clock: Clock, readonly ruleDays: () => Promise<number | null> }
type Wanted = Omit<UnbackedFilter, 'before'> & { readonly days?: number | undefined }

/** Machines and accounts without a backup of the last days: as many as asked for, else as the alarm rules look back, else seven. What is younger than that and has none is told as new. */
export const listUnbacked = ({ backupGaps, clock, ruleDays }: Deps) => async ({ days: asked, ...filter }: Wanted): Promise<z.input<typeof unbackedView>> => {
  const [now, usual] = [clock.now(), await ruleDays() ?? recentBackupDays]
  const days = asked ?? usual
  const before = daysBefore(now, days)
  const found = await backupGaps.unbacked({ ...filter, before })
  return {
    ...found, days, usual,
    items: found.items.map((facts) => {
      const { serviceId, hostname, clientId, clientName, productName, kind, status, connectionId, connectionName, node, newestAt, newestOn, readAt, since, included, schedule, lastProblem, openSaga } = facts
      return {
        serviceId, hostname, clientId, clientName, productName, kind, status, connectionId, connectionName, node, newestOn, newestAt: newestAt?.toISOString() ?? null, readAt: readAt?.toISOString() ?? null,
        sold: kind === 'vps' ? included > 0 : null, young: newestAt === null && newestOn === null && since > before, since: since.toISOString(),
        nextAt: schedule?.nextAt.toISOString() ?? null, gap: backupGap(facts, now), problem: lastProblem ?? schedule?.problem ?? null, openSaga, refusal: backupRefusal(facts), limit: included,
      }
    }),
  }
}

/** How many have no backup of the last days, for an alarm rule. */
export const countUnbacked = ({ backupGaps, clock }: Pick<Deps, 'backupGaps' | 'clock'>) => (days: number) => {
  const now = clock.now()
  return backupGaps.countUnbacked({ before: daysBefore(now, days), readAfter: new Date(now.getTime() - toldLately) })
}
