import type { Role } from '#shared/vocabulary/roles.ts'
import type { EventName, Events } from './events.ts'

/** What every module may ask of the house: time, ids, a transaction, a way to tell others. No module knows who answers. */

/** Business time. In demo mode it can be moved forward; security (tokens, codes) uses a wall clock of its own. */
export interface Clock { now(): Date }
/** UUIDv7: sorted by the time of their making. */
export type NewId = () => string

/** Who causes a change. `system` names the job or sweep. */
export type Actor = { readonly kind: 'user', readonly id: string, readonly name: string, readonly role: Role } | { readonly kind: 'system', readonly name: string }
export const actorLabel = (actor: Actor): string => actor.kind === 'user' ? `${actor.role}:${actor.id}` : `system:${actor.name}`

/** Events leave as jobs, written in the same transaction: what is rolled back was never told. */
export interface Outbox {
  /** `singletonKey`: while an equal one waits, a second is dropped. `startAfterSeconds` delays it. */
  emit<N extends EventName>(name: N, payload: Events[N], options?: { singletonKey?: string, startAfterSeconds?: number }): Promise<void>
  /** Many at once, each a job of its own, in one statement. */
  emitMany<N extends EventName>(name: N, payloads: readonly Events[N][]): Promise<void>
}

/** A hint to open pages that something changed; sent after the commit, may be lost, carries no data but an id. */
export interface LiveHint { readonly audience: { readonly userId: string } | 'staff', readonly name: 'invoice' | 'payment' | 'service' | 'nodes' | 'billing' | 'connection' | 'alarms' | 'bulk', readonly id: string }
export interface Live { publish(hint: LiveHint): void }

/** The change of a state, written beside the state itself. */
export interface TransitionRecord { entity: 'service' | 'resource' | 'invoice' | 'payment' | 'order' | 'refund' | 'manual_entry' | 'change' | 'alignment', entityId: string, from: string, to: string, cause: string, actor: string, at: Date }
export interface TransitionLog {
  record(...transitions: readonly TransitionRecord[]): Promise<void>
  listFor(entityIds: readonly string[], limit: number): Promise<TransitionRecord[]>
}

/** Present inside every transaction (and, outside one, each statement is its own). */
export interface KernelStores { readonly outbox: Outbox, readonly live: Live, readonly transitions: TransitionLog }

/**
 * Runs `work` in one database transaction: all of it or nothing. Nothing remote may be called inside, and no store but the one handed in
 * may be used (the embedded database has one connection: another store would wait for this very transaction).
 */
export type Transact<Stores> = <T>(work: (stores: Stores) => Promise<T>) => Promise<T>

export interface Log { info(fields: object, message: string): void, warn(fields: object, message: string): void, error(fields: object, message: string): void }

/** AES-256-GCM with the application's key. `open` throws when the text was changed or the key is another one. */
export interface SecretBox { seal(plain: string): string, open(sealed: string): string }

/** One page of a list, as every list use case takes it; `page` counts from 1. */
export interface PageRequest { page: number, pageSize: number }
export interface Page<T> { items: T[], total: number, page: number, pageSize: number }
