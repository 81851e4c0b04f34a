import type { BusinessCalendar } from './business-calendar.ts'
import type { PlanEntry } from './plan-entry.ts'

export type PlanChange = 'came' | 'went' | 'changed'
export interface PlanDifference { readonly change: PlanChange, readonly before: PlanEntry | null, readonly now: PlanEntry | null }

/** Most entries stand where they stood: only others are asked for their day. */
const sameDay = (a: Date, b: Date, calendar: Pick<BusinessCalendar, 'isoDay'>) => a.getTime() === b.getTime() || calendar.isoDay(a) === calendar.isoDay(b)
const same = (a: PlanEntry, b: PlanEntry, calendar: Pick<BusinessCalendar, 'isoDay'>) =>
  a.held === b.held && a.amount?.amount === b.amount?.amount && a.amount?.currency === b.amount?.currency && sameDay(a.dueSince, b.dueSince, calendar)

/**
 * How the plan of one service up to a moment differs from an earlier one: each act at most once, and none that stands in both on the same
 * day, over the same sum, held or not as before. An act is told when either plan has it by then.
 */
export function comparePlans(before: readonly PlanEntry[], now: readonly PlanEntry[], until: Date, calendar: Pick<BusinessCalendar, 'isoDay'>): PlanDifference[] {
  const keyOf = ({ kind, mark }: PlanEntry) => `${kind} ${mark}`
  const left = new Map(before.map(entry => [keyOf(entry), entry]))
  const found: PlanDifference[] = []
  for (const entry of now) {
    const earlier = left.get(keyOf(entry)) ?? null
    left.delete(keyOf(entry))
    if (!earlier) found.push({ change: 'came', before: null, now: entry })
    else if (!same(earlier, entry, calendar)) found.push({ change: 'changed', before: earlier, now: entry })
  }
  for (const entry of left.values()) found.push({ change: 'went', before: entry, now: null })
  return found.filter(({ before: a, now: b }) => (a !== null && a.plannedAt <= until) || (b !== null && b.plannedAt <= until))
}
