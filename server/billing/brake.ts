import type { PlanRules } from './service-plan.ts'

export interface DestructiveCounts { readonly suspend: number, readonly terminate: number }
export interface Brake { readonly kind: 'mass_suspension' | 'mass_termination' | 'clock_jump' | 'clock_backwards', readonly detail: string }

/**
 * Whether a run looks like a mistake (a wrong clock, a restored backup, a broken import) rather than like a day's work. `lastAt`: business
 * time of the last run that was carried out; null when there was none or the clock jumps on purpose.
 */
export function judge({ counts, live, lastAt, now }: { readonly counts: DestructiveCounts, readonly live: number, readonly lastAt: Date | null, readonly now: Date }, { policy: { brake }, calendar }: PlanRules): Brake | null {
  if (lastAt && now.getTime() < lastAt.getTime() - 3_600_000) return { kind: 'clock_backwards', detail: `${now.toISOString()} < ${lastAt.toISOString()}` }
  if (lastAt && now > calendar.shiftDays(lastAt, brake.maximumGapDays)) return { kind: 'clock_jump', detail: `${lastAt.toISOString()} → ${now.toISOString()}` }
  const mass = (count: number, limit: { count: number, percent: number }) => count > limit.count && count * 100 > limit.percent * live
  if (mass(counts.terminate, brake.terminations)) return { kind: 'mass_termination', detail: `${counts.terminate} / ${live}` }
  if (mass(counts.suspend, brake.suspensions)) return { kind: 'mass_suspension', detail: `${counts.suspend} / ${live}` }
  return null
}
