import { AppError } from '#shared/errors/codes.ts'
import type { Clock } from '../kernel/ports.ts'
import { isFresh } from './capacity.ts'
import { gibi } from './placement.ts'
import type { AccountClaim, HoldAccounts, SeenPanel } from './ports.ts'

/** How many more accounts a server takes, beside all that is promised; null: it does not tell, so it takes none on a guess. Pure. */
export function roomForAccounts({ accounts, promised, maxAccounts, diskFree, limits, observedAt }: SeenPanel, now: Date): { readonly places: number, readonly full: boolean } | null {
  if (!isFresh(observedAt, now) || accounts === null || diskFree === null) return null
  const full = diskFree < limits.storageReserveGiB * gibi
  const most = Math.min(maxAccounts ?? Number.POSITIVE_INFINITY, limits.maxAccounts ?? Number.POSITIVE_INFINITY)
  return { places: full ? 0 : Math.max(0, most - accounts - promised), full }
}

/** A server for each account, the claims in their order; or why there is none. Pure. */
export function chooseServers(panels: readonly SeenPanel[], claims: readonly AccountClaim[], now: Date): string[] | 'out_of_stock' | 'capacity_unknown' {
  const usable = panels.filter(({ maintenance }) => !maintenance)
  const left = new Map(usable.flatMap((panel) => {
    const room = roomForAccounts(panel, now)
    return room ? [[panel.connectionId, room.places] as const] : []
  }))
  const chosen: string[] = []
  for (const { connectionIds, complete, count, policy, prefer } of claims) {
    const own = usable.filter(({ connectionId }) => connectionIds.includes(connectionId)).toSorted((a, b) => ((b.diskFree ?? 0) - (a.diskFree ?? 0)) * (policy === 'fill_first' ? -1 : 1) || (a.connectionId < b.connectionId ? -1 : 1))
    for (let n = 0; n < count; n++) {
      const roomy = own.filter(({ connectionId }) => (left.get(connectionId) ?? 0) > 0)
      const best = roomy.find(({ connectionId }) => connectionId === prefer) ?? roomy[0]
      if (!best) return complete && own.every(({ connectionId }) => left.has(connectionId)) ? 'out_of_stock' : 'capacity_unknown'
      left.set(best.connectionId, (left.get(best.connectionId) ?? 0) - 1)
      chosen.push(best.connectionId)
    }
  }
  return chosen
}

/** Implements the port. */
export const holdAccounts = ({ clock }: { readonly clock: Clock }): HoldAccounts => async (stores, { claims, forServiceId }) => {
  const ids = [...new Set(claims.flatMap(({ connectionIds }) => connectionIds))].sort()
  if (claims.length === 0) return []
  await stores.capacity.lock(ids)
  const chosen = chooseServers(await stores.stock.panels(ids, forServiceId), claims, clock.now())
  if (typeof chosen === 'string') throw new AppError(chosen)
  return chosen
}
