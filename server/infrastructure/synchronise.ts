import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import type { PanelStores, ProductUse } from './ports.ts'
import { compareOffers, differenceText } from './sync-difference.ts'
import { compareRead } from './sync-networks.ts'
import type { NetworkOutcome, ReadNetworks } from './sync-networks.ts'
import type { ChangedField, OfferFields } from './sync-difference.ts'
import { tellVanished } from './tell-vanished.ts'
import type { TellVanishedDeps } from './tell-vanished.ts'

/** `apply: false` only looks. `agreed`: what was seen when it was decided; anything else is not applied. None: whatever is found is applied. */
export interface SyncRequest { /** True when it is not said. */ readonly apply?: boolean | undefined, readonly agreed?: string | undefined }
export type SyncInput = SyncRequest & { readonly actor: Actor, readonly id: string }
export interface SyncOutcome {
  applied: boolean, /** Names this very difference. */ difference: string, added: string[], changed: { name: string, fields: ChangedField[] }[], vanished: { name: string, products: ProductUse[] }[], /** Of hypervisors. Null: they were not read. */ networks: NetworkOutcome | null, /** Why not; null: there is nothing to say. */ networksProblem: string | null, /** Not told by what cannot be reached now; they stay. */ unsure: string[], unchanged: number
}
export interface SyncDeps extends TellVanishedDeps { readonly transact: Transact<PanelStores>, readonly clock: Clock, /** SHA-256 in hexadecimal. */ readonly digest: (text: string) => string }
interface Known { readonly id: string, readonly name: string, readonly present: boolean }
interface Sync<Remote, Row extends Known & Remote, Seen> {
  readonly actor: Actor, readonly id: string, readonly request: SyncRequest
  /** Asks the remote: what it offers, and what is noted of it besides. */
  readonly read: () => Promise<readonly [offered: readonly Remote[], seen: Seen]>
  readonly known: (stores: PanelStores) => Promise<readonly Row[]>
  /** By what one and the same is known on its remote. */
  readonly keyOf: (one: Remote) => string
  readonly fieldsOf: (one: Remote) => OfferFields
  /** Networks that were read besides; left out: there are none. */
  readonly networksOf?: (seen: Seen) => ReadNetworks
  /** What is not told of this one means nothing: where it lies does not answer. */
  readonly unreachable?: (row: Row, seen: Seen) => boolean
  /** What of it products are made from, by id. */
  readonly usedBy: (stores: PanelStores, rows: readonly Row[]) => Promise<ReadonlyMap<string, readonly ProductUse[]>>
  /** Stores what is there, and marks absent what has gone. */
  readonly keep: (stores: PanelStores, found: { readonly offered: readonly Remote[], readonly seen: Seen, readonly vanishedIds: readonly string[], readonly at: Date }) => Promise<void>
}

/**
 * Compares what a connection offers with what is known of it and, when asked, brings it up to date: what is gone stays known, marked absent, because
 * others refer to it, and is sold no more; what came back is new again. When products are made from what has gone, those who run machines are told by
 * mail. @throws AppError not_found, connection_failed
 */
export const synchronise = (deps: SyncDeps) => async <Remote extends { readonly name: string }, Row extends Known & Remote, Seen>({ actor, id, request, read, known, keyOf, fieldsOf, networksOf, unreachable, usedBy, keep }: Sync<Remote, Row, Seen>): Promise<SyncOutcome> => {
  const [offered, seen] = await read().catch((error: unknown) => {
    throw error instanceof DriverError ? new AppError('connection_failed', { params: { detail: error.message }, cause: error }) : error
  })
  return deps.transact(async (stores) => {
    const connection = await stores.connections.lock(id)
    if (!connection) throw new AppError('not_found')
    const rows = (await known(stores)).filter(row => row.present)
    const byId = new Map(rows.map(row => [row.id, row]))
    const told = (one: Remote) => ({ key: keyOf(one), name: one.name, fields: fieldsOf(one) })
    const found = compareOffers(rows.map(row => ({ id: row.id, ...told(row) })), offered.map(told), ({ id: rowId }) => {
      const row = byId.get(rowId)
      return row !== undefined && (unreachable?.(row, seen) ?? false)
    })
    const gone = found.vanished.flatMap(offer => byId.get(offer.id) ?? [])
    const uses = await usedBy(stores, gone)
    const vanished = gone.map(row => ({ name: row.name, products: [...uses.get(row.id) ?? []] }))
    const networks = await compareRead(stores, id, networksOf?.(seen))
    const difference = deps.digest(differenceText(found) + networks.text)
    const applied = request.apply !== false && (request.agreed === undefined || request.agreed === difference)
    const outcome: SyncOutcome = { applied, difference, added: found.added.map(one => one.name), changed: found.changed.map(({ name, fields }) => ({ name, fields: [...fields] })), vanished, networks: networks.outcome, networksProblem: networks.problem, unsure: found.unsure.map(one => one.name), unchanged: found.unchanged }
    if (!applied) return outcome
    const at = deps.clock.now()
    await keep(stores, { offered, seen, vanishedIds: gone.map(row => row.id), at })
    await networks.keep(at)
    const { difference: _, applied: __, ...what } = outcome
    // The schedule looks every hour: only what it changed is worth a line.
    if (actor.kind === 'user' || found.added.length + found.changed.length + gone.length > 0 || networks.different) await stores.audit.record({ actor, action: 'connection.sync', entity: 'connection', entityId: id, after: what })
    await tellVanished(deps)(stores, { connection, vanished: [...vanished, ...networks.missed], at })
    stores.live.publish({ audience: 'staff', name: 'connection', id })
    return outcome
  })
}
