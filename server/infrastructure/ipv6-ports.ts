import type { ConnectionKind, Ipv6PrefixStatus } from '#shared/vocabulary/machines.ts'
import type { Page, PageRequest } from '../kernel/ports.ts'
import type { PoolNetwork } from './networks-ports.ts'

/** A prefix on one connection from which machines get IPv6: each a /64 of its own (`machineLength` 64) or one address of a shared network (128). */
export interface Ipv6PoolFields {
  readonly connectionId: string, readonly name: string, /** Its first address. */ readonly prefix: string, readonly prefixLength: number, readonly machineLength: 64 | 128, readonly gateway: string, readonly nameservers: readonly string[]
  /** It goes with IPv4 pools of the same bridge and VLAN: a machine has one card. */
  readonly bridge: string | null, readonly vlanTag: number | null
  /** Whose machines may have IPv6 of it; empty: all of the connection. */
  readonly nodes: readonly string[]
}
/** What may be changed of a pool that machines were built from. */
export type Ipv6PoolChange = Pick<Ipv6PoolFields, 'name' | 'gateway' | 'nameservers' | 'nodes' | 'bridge' | 'vlanTag'>
export interface Ipv6PoolRecord extends Ipv6PoolFields { readonly id: string, readonly connectionName: string, readonly connectionKind: ConnectionKind, /** Of prefixes; what was never handed out has none. */ readonly counts: Readonly<Record<Ipv6PrefixStatus, number>>, /** The next place that was never handed out. */ readonly nextPlace: number, readonly network: PoolNetwork }
/** `address`: the machine's own. */
export interface Ipv6Prefix { readonly id: string, readonly address: string, readonly status: Ipv6PrefixStatus, readonly changedAt: Date, readonly quarantineUntil: Date | null, /** Why it is blocked. */ readonly reason: string | null, readonly service: { readonly id: string, readonly hostname: string } | null }

/** `held`: reserved or assigned. `day`: in UTC, as YYYY-MM-DD. */
export interface Ipv6PoolDay { readonly poolId: string, readonly day: string, readonly held: number }

/** IPv6 as staff look after it; machines take and give it back by `AddressBook`. Prefixes have rows once they are handed out or blocked, never before. */
export interface Ipv6PoolStore {
  list(page: PageRequest): Promise<Page<Ipv6PoolRecord>>
  find(id: string): Promise<Ipv6PoolRecord | null>
  /** Locks the pool's row until the transaction ends: nothing of it is taken meanwhile. */
  lock(id: string): Promise<Ipv6PoolRecord | null>
  /** @throws AppError invalid_input when the name is taken or the prefix overlaps another pool's */
  insert(id: string, fields: Ipv6PoolFields, at: Date): Promise<void>
  /** @throws AppError invalid_input when the name is taken */
  update(id: string, change: Ipv6PoolChange): Promise<void>
  /** Whether somebody holds this address, or held it lately. */
  holds(id: string, address: string): Promise<boolean>
  /** Removes the pool; false when a prefix of it is in use or in quarantine. */
  remove(id: string): Promise<boolean>
  /** Rows of these places, as far as there are any. */
  atPlaces(poolId: string, places: readonly number[]): Promise<{ readonly place: number, readonly status: Ipv6PrefixStatus, readonly reason: string | null }[]>
  /** Blocks and frees places that nobody holds; the pool is locked. False when one of them is held or rests: the caller gives up. */
  changePlaces(poolId: string, changes: readonly { readonly place: number, readonly address: string, readonly to: 'free' | 'blocked', readonly reason: string | null }[], at: Date): Promise<boolean>
  /** As of `PoolAddressStore`; its `total` follows from the pool. */
  recordDay(day: string): Promise<void>
  forgetDaysBefore(day: string): Promise<void>
  firstDays(poolIds: readonly string[], from: string): Promise<ReadonlyMap<string, Ipv6PoolDay>>
  days(poolId: string, from: string): Promise<Ipv6PoolDay[]>
  /** Handed out or blocked ones in their own order. */
  listPrefixes(poolId: string, filter: PageRequest & { readonly q?: string | undefined, readonly status?: Ipv6PrefixStatus | undefined }): Promise<Page<Ipv6Prefix>>
  /** The next ones after this address, or the first. */
  after(poolId: string, address: string | null, limit: number): Promise<Ipv6Prefix[]>
}
