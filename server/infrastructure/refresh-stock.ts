import { fewPlaces, stockLife } from '#shared/vocabulary/catalog.ts'
import type { PlacesLimit } from '#shared/vocabulary/machines.ts'
import type { Clock, Transact } from '../kernel/ports.ts'
import { roomLeftOf, isFresh } from './capacity.ts'
import { roomForAccounts } from './hold-accounts.ts'
import type { RoomLeft } from './placement.ts'
import type { CapacityRecord, CapacityStore, CapacityStores, ProductStock, SeenPanel, StockStore, StockSubject } from './ports.ts'

/** Nobody needs to know of more, and counting costs time. */
export const mostPlaces = 500

interface Counted { readonly places: number | null, readonly complete: boolean, readonly limitedBy: PlacesLimit | null }

/** How many more machines of a product fit. One connection that does not tell makes the number a lower bound. */
function countMachines({ size, ipv6, madeOn, policy, connectionIds }: StockSubject, records: readonly CapacityRecord[], whole: RoomLeft, now: Date): Counted {
  const own = records.filter(({ connectionId, maintenance }) => connectionIds.includes(connectionId) && !maintenance)
  const told = own.filter(({ lookedAt }) => isFresh(lookedAt, now))
  const left = whole.copy()
  let places = 0
  let limitedBy: PlacesLimit = 'connections'
  for (const { connectionId, cutOff = [] } of told) {
    while (places < mostPlaces && left.take({ ...size, ipv6, madeOn, policy }, node => node.connectionId === connectionId)) places++
    limitedBy = left.lack({ ...size, madeOn }, connectionId, cutOff.map(pool => ({ ...pool, connectionId })))
  }
  const complete = told.length === own.length
  return { places, complete, limitedBy: places >= mostPlaces ? null : complete ? limitedBy : 'unknown' }
}

/** How many more accounts of a product fit. A server that does not tell its disk or accounts takes none, as when one is placed. */
function countAccounts({ connectionIds }: StockSubject, panels: readonly SeenPanel[], now: Date): Counted {
  const own = panels.filter(({ connectionId, maintenance }) => connectionIds.includes(connectionId) && !maintenance)
  const told = own.map(panel => roomForAccounts(panel, now)).filter(room => room !== null)
  const complete = told.length === own.length
  const places = told.reduce((sum, room) => sum + room.places, 0)
  const limitedBy = !complete ? 'unknown' : own.length === 0 ? 'connections' : told.every(({ full }) => full) ? 'disk' : 'accounts'
  return Number.isFinite(places) ? { places: Math.min(places, mostPlaces), complete, limitedBy } : { places: null, complete, limitedBy: null }
}

/** How many more can be sold of each product, and what ends it. Pure. */
export function countStock(subjects: readonly StockSubject[], records: readonly CapacityRecord[], panels: readonly SeenPanel[], now: Date): ProductStock[] {
  const whole = roomLeftOf(records)
  return subjects.map((subject) => {
    const counted: Counted = subject.kind === 'vps' ? countMachines(subject, records, whole, now) : subject.kind === 'hosting' ? countAccounts(subject, panels, now) : { places: null, complete: true, limitedBy: null }
    if (subject.stockLimit === null) return { productId: subject.productId, ...counted }
    const units = Math.max(0, subject.stockLimit - subject.unitsHeld)
    // A limit of units that is reached is known, whatever hypervisors say.
    if (units === 0 || (counted.complete && (counted.places === null || units <= counted.places))) return { productId: subject.productId, places: units, complete: true, limitedBy: 'stock_limit' }
    return { productId: subject.productId, ...counted, places: counted.places === null ? units : Math.min(units, counted.places) }
  })
}

/** What of a stock visitors see: whether there is any, and how many where few are left. */
const shown = ({ places, complete }: Pick<ProductStock, 'places' | 'complete'>): string => !complete ? '?' : places === null || places > fewPlaces ? '+' : String(places)

interface Deps { readonly transact: Transact<CapacityStores & { readonly stock: StockStore }>, readonly capacity: CapacityStore, readonly stock: StockStore, readonly clock: Clock, readonly stockChanged: () => Promise<unknown> }

/**
 * Counts the stock of all products on sale from what is stored (the newest looks, promises, free addresses, units) and keeps it. Asks nobody. Pages are rendered anew only where they would say
 * something else.
 */
export const refreshStock = ({ transact, capacity, stock, clock, stockChanged }: Deps) => async (): Promise<void> => {
  const now = clock.now()
  const subjects = await stock.subjects(now)
  const ids = (kind: StockSubject['kind']) => [...new Set(subjects.filter(subject => subject.kind === kind).flatMap(({ connectionIds }) => connectionIds))].sort()
  const counted = countStock(subjects, await capacity.load(ids('vps')), await stock.panels(ids('hosting')), now)
  const before = await transact(async (stores) => {
    const kept = await stores.stock.all()
    await stores.stock.replace(counted, now)
    return kept
  })
  const known = new Map(before.map(row => [row.productId, isShown(row.countedAt, now) ? shown(row) : '?']))
  if (counted.some(row => known.get(row.productId) !== shown(row))) await stockChanged()
}

/** A stock that was counted longer ago is not shown. */
export const isShown = (countedAt: Date, now: Date): boolean => now.getTime() - countedAt.getTime() <= stockLife
