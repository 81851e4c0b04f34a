import { alarmMeasures } from '#shared/vocabulary/monitoring.ts'
import type { AlarmMeasure } from '#shared/vocabulary/monitoring.ts'

/** What is remembered of one subject of one rule; null: it is well. Times are milliseconds since 1970. */
export type AlarmMemory = { readonly state: 'pending' | 'firing', /** Over the threshold since then. */ readonly since: number, readonly seenAt: number, readonly calmSince: number | null } | null
export interface AlarmLimit { readonly measure: AlarmMeasure, readonly threshold: number, readonly minutes: number }
/** `value` null: it could not be measured. */
export interface Reading { readonly at: number, readonly value: number | null }

/** Between two readings that are farther apart nobody knows what it was: a time that has to last begins anew. */
export const longestGap = 180_000
const minute = 60_000

/** What counts as calm again: a little below the threshold, so that a value that swings around it does not call and recall. Of counts and states, below it. */
export const calmBelow = ({ measure, threshold }: AlarmLimit): number => alarmMeasures[measure] === 'count' || alarmMeasures[measure] === 'state' ? threshold : threshold * 0.95
/** How long it has to be calm. */
export const calmMilliseconds = ({ minutes }: AlarmLimit): number => Math.min(5, Math.max(1, minutes)) * minute

/**
 * What becomes of an alarm by one reading. Without a value nothing changes: what fires goes on firing, and no data is never good news (that a connection is silent is a rule of its own). A reading
 * that is not newer than the last is passed over, so that an evaluation may be repeated.
 */
export function nextAlarm(memory: AlarmMemory, limit: AlarmLimit, { at, value }: Reading): AlarmMemory {
  if (value === null || (memory && at <= memory.seenAt)) return memory
  const over = value >= limit.threshold
  if (memory?.state !== 'firing') {
    if (!over) return null
    const since = memory && at - memory.seenAt <= longestGap ? memory.since : at
    return { state: at - since >= limit.minutes * minute ? 'firing' : 'pending', since, seenAt: at, calmSince: null }
  }
  if (value >= calmBelow(limit)) return { ...memory, seenAt: at, calmSince: null }
  const calmSince = memory.calmSince !== null && at - memory.seenAt <= longestGap ? memory.calmSince : at
  return at - calmSince >= calmMilliseconds(limit) ? null : { ...memory, seenAt: at, calmSince }
}
