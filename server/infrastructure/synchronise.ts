import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import type { InfrastructureStores } from './ports.ts'

export interface SyncOutcome { added: string[], vanished: string[], unchanged: number }
interface Known { readonly id: string, readonly name: string, readonly present: boolean }
interface Sync<Stores, Remote, Row extends Known & Remote, Seen> {
  readonly actor: Actor, readonly id: string
  /** Asks the remote: what it offers, and what is noted of it besides. */
  readonly read: () => Promise<readonly [offered: readonly Remote[], seen: Seen]>
  readonly known: (stores: Stores) => Promise<readonly Row[]>
  /** By what one and the same is known on its remote. */
  readonly keyOf: (one: Remote) => string
  /** Stores what is there, and marks absent what has gone. */
  readonly keep: (stores: Stores, found: { readonly offered: readonly Remote[], readonly seen: Seen, readonly vanishedIds: readonly string[], readonly at: Date }) => Promise<void>
}

/**
 * Brings what a connection offers up to date: what is gone stays known, marked absent, because others refer to it; what came back is new
 * again. Answers what changed. @throws AppError not_found, connection_failed
 */
export const synchronise = <Stores extends InfrastructureStores>({ transact, clock }: { readonly transact: Transact<Stores>, readonly clock: Clock }) => async <Remote extends { readonly name: string }, Row extends Known & Remote, Seen>({ actor, id, read, known, keyOf, keep }: Sync<Stores, Remote, Row, Seen>): Promise<SyncOutcome> => {
  const [offered, seen] = await read().catch((error: unknown) => {
    throw error instanceof DriverError ? new AppError('connection_failed', { params: { detail: error.message }, cause: error }) : error
  })
  return transact(async (stores) => {
    if (!await stores.connections.lock(id)) throw new AppError('not_found')
    const before = (await known(stores)).filter(row => row.present)
    const [present, here] = [new Set(before.map(keyOf)), new Set(offered.map(keyOf))]
    const vanished = before.filter(row => !here.has(keyOf(row)))
    const added = offered.filter(one => !present.has(keyOf(one)))
    await keep(stores, { offered, seen, vanishedIds: vanished.map(row => row.id), at: clock.now() })
    const outcome = { added: added.map(one => one.name), vanished: vanished.map(row => row.name), unchanged: offered.length - added.length }
    await stores.audit.record({ actor, action: 'connection.sync', entity: 'connection', entityId: id, after: outcome })
    stores.live.publish({ audience: 'staff', name: 'connection', id })
    return outcome
  })
}
