import type { ForecastState } from '#shared/vocabulary/monitoring.ts'

/** `growthPerDay` in bytes; `daysKnown`: how many days it was read from. */
export interface Growth { readonly growthPerDay: number | null, readonly daysKnown: number }
/** Fewer days than this say nothing about the months to come. */
export const fewestDays = 7
const farAway = 3650

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] ?? 0 : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** The median of the slopes between all pairs of days (Theil and Sen): a day on which somebody copied a disk, or emptied a folder, does not bend it. Points: day number and bytes used; gaps are left out. */
export function growthOf(points: readonly { readonly day: number, readonly used: number }[]): Growth {
  const daysKnown = new Set(points.map(point => point.day)).size
  if (daysKnown < fewestDays) return { growthPerDay: null, daysKnown }
  return { growthPerDay: median(points.flatMap((a, i) => points.slice(i + 1).filter(b => b.day !== a.day).map(b => (b.used - a.used) / (b.day - a.day)))), daysKnown }
}

/** In how many days a storage is full if it goes on like that; rounded down, never below 0. */
export function fullIn({ growthPerDay }: Growth, used: number | null, total: number | null): { readonly state: ForecastState, readonly days: number | null } {
  if (growthPerDay === null || used === null || total === null) return { state: 'unknown', days: null }
  const days = Math.floor(Math.max(0, total - used) / growthPerDay)
  return growthPerDay <= 0 || days > farAway ? { state: 'steady', days: null } : { state: 'growing', days }
}
