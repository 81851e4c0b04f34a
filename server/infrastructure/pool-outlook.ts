import type { PoolOutlook } from '#shared/vocabulary/machines.ts'
import type { PoolDay } from './address-ports.ts'
import type { AddressPoolRecord, PoolNetwork } from './ports.ts'

const day = 86_400_000
/** How far back it is looked, and how many days have to be seen before anything is said. */
export const lookBackDays = 90
const leastDays = 14

export const dayOf = (at: Date): string => at.toISOString().slice(0, 10)
export const daysBefore = (at: Date, days: number): string => dayOf(new Date(at.getTime() - days * day))

/** `days`: until it is full, in whole days; `perDay`: addresses taken a day, those given back taken off. Null: not known. */
export interface Outlook { readonly kind: PoolOutlook, readonly days: number | null, readonly perDay: number | null }

/**
 * When a pool is full, should as many addresses be taken each day as on average since the first day that is known. `resting` ones come
 * back within days, so they count as room; but a pool without a free one is full now.
 */
export function poolOutlook({ first, today, held, free, resting }: { readonly first: Pick<PoolDay, 'day' | 'held'> | null, /** YYYY-MM-DD */ readonly today: string, readonly held: number, readonly free: number, readonly resting: number }): Outlook {
  const seen = first ? Math.round((Date.parse(today) - Date.parse(first.day)) / day) : 0
  const perDay = first && seen >= leastDays ? (held - first.held) / seen : null
  if (free === 0) return { kind: 'full', days: null, perDay }
  if (perDay === null) return { kind: 'unknown', days: null, perDay }
  if (perDay <= 0) return { kind: 'steady', days: null, perDay }
  return { kind: 'days', days: Math.floor((free + resting) / perDay), perDay }
}

export const networkView = ({ name, problems, missingOn }: PoolNetwork) => ({ name, problems: [...problems], missingOn: [...missingOn] })
export const toPoolView = (pool: AddressPoolRecord, first: PoolDay | undefined, now: Date) => ({
  ...pool, nameservers: [...pool.nameservers], nodes: [...pool.nodes], network: networkView(pool.network), outlook: poolOutlook({ first: first ?? null, today: dayOf(now), held: pool.counts.reserved + pool.counts.assigned, free: pool.counts.free, resting: pool.counts.quarantine }),
})
