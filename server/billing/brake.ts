import type { PlanRules } from './service-plan.ts'

export interface DestructiveCounts { readonly suspend: number, readonly terminate: number }
export interface Brake { readonly kind: 'mass_suspension' | 'mass_termination' | 'clock_jump' | 'clock_backwards' | 'moved', readonly detail: string }

/**
 * Whether a run looks like a mistake (a wrong clock, a restored backup, a broken import) rather than like a day's work. `last`: the last run
 * that was carried out, and where; null when there was none or the clock jumps on purpose. A run of another installation or database than
 * the last one looks like a backup that was restored beside the living system, which would dun its clients twice.
 */
export function judge({ counts, live, last, house, now }: { readonly counts: DestructiveCounts, readonly live: number, readonly last: { readonly at: Date, readonly house: string | null } | null, readonly house: string, readonly now: Date }, { policy: { brake }, calendar }: PlanRules): Brake | null {
  const lastAt = last?.at
  if (last?.house && last.house !== house) return { kind: 'moved', detail: `${last.house} → ${house}` }
  if (lastAt && now.getTime() < lastAt.getTime() - 3_600_000) return { kind: 'clock_backwards', detail: `${now.toISOString()} < ${lastAt.toISOString()}` }
  if (lastAt && now > calendar.shiftDays(lastAt, brake.maximumGapDays)) return { kind: 'clock_jump', detail: `${lastAt.toISOString()} → ${now.toISOString()}` }
  const mass = (count: number, limit: { count: number, percent: number }) => count > limit.count && count * 100 > limit.percent * live
  if (mass(counts.terminate, brake.terminations)) return { kind: 'mass_termination', detail: `${counts.terminate} / ${live}` }
  if (mass(counts.suspend, brake.suspensions)) return { kind: 'mass_suspension', detail: `${counts.suspend} / ${live}` }
  return null
}
