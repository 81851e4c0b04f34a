import { Temporal } from 'temporal-polyfill'
import type { BackupOrigin, BackupState } from '#shared/vocabulary/machines.ts'
import type { BackupSchedule } from './backup-ports.ts'

/** The first moment after `after` at which the schedule is due, at its hour in this zone. Pure. */
export function nextBackupAt({ frequency, weekday, hour }: BackupSchedule, after: Date, zone: string): Date {
  const today = Temporal.Instant.fromEpochMilliseconds(after.getTime()).toZonedDateTimeISO(zone).toPlainDate()
  for (let days = 0; ; days++) {
    const day = today.add({ days })
    const at = day.toZonedDateTime({ timeZone: zone, plainTime: Temporal.PlainTime.from({ hour }) }).epochMilliseconds
    if (at > after.getTime() && (frequency === 'daily' || day.dayOfWeek === weekday)) return new Date(at)
  }
}

export interface HeldBackup { readonly id: string, readonly origin: BackupOrigin, readonly state: BackupState, readonly startedAt: Date }
/**
 * Which backups have to make room for one more that is made by itself: automatic ones alone, oldest first, no more than needed. They are deleted after
 * the new one is there. Null: there is no room, for the rest was made by people. Pure.
 */
export function makeRoom(held: readonly HeldBackup[], included: number): readonly string[] | null {
  const over = held.length + 1 - included
  if (included <= 0) return null
  if (over <= 0) return []
  const automatic = held.filter(row => row.origin === 'schedule' && row.state === 'ready').sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime())
  return automatic.length < over ? null : automatic.slice(0, over).map(row => row.id)
}

/** Those of the due ones, in their order, that may begin now: no more than so many at once on a node. Pure. */
export function spreadOverNodes<T extends { readonly connectionId: string, readonly node: string }>(due: readonly T[], underWay: ReadonlyMap<string, number>, perNode: number): T[] {
  const running = new Map(underWay)
  return due.filter(({ connectionId, node }) => {
    const key = `${connectionId} ${node}`
    const now = running.get(key) ?? 0
    if (now >= perNode) return false
    running.set(key, now + 1)
    return true
  })
}
