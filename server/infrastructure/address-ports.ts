import type { AddressStatus, ConnectionKind } from '#shared/vocabulary/machines.ts'
import type { Page, PageRequest } from '../kernel/ports.ts'
import type { PoolNetwork } from './networks-ports.ts'

export interface AddressPoolFields { readonly connectionId: string, readonly name: string, readonly firstAddress: string, readonly lastAddress: string, readonly prefixLength: number, readonly gateway: string, readonly nameservers: readonly string[], readonly bridge?: string | null, readonly vlanTag?: number | null, /** Whose machines may have its addresses; empty: all of the connection. */ readonly nodes?: readonly string[] }
export interface AddressPoolRecord extends Required<AddressPoolFields> { readonly id: string, readonly connectionName: string, readonly connectionKind: ConnectionKind, readonly counts: Record<AddressStatus, number>, readonly network: PoolNetwork }
export interface AddressPoolStore {
  /** `low`: only those that are nearly full; `lost`: only those whose network vanished. */
  list(filter: PageRequest & { readonly q?: string | undefined, readonly low?: boolean | undefined, readonly lost?: boolean | undefined }): Promise<Page<AddressPoolRecord>>
  find(id: string): Promise<AddressPoolRecord | null>
  /** @throws AppError invalid_input when the name is taken or an address stands in another pool */
  insert(id: string, fields: AddressPoolFields, addresses: readonly string[], at: Date): Promise<void>
  /** Removes the pool and its addresses; false when one of them is neither free nor blocked. */
  remove(id: string): Promise<boolean>
  /** Addresses whose quarantine is over are free again. */
  releaseQuarantine(at: Date): Promise<number>
}

export interface PoolAddress { readonly id: string, readonly address: string, readonly status: AddressStatus, /** Why it is blocked. */ readonly reason: string | null, readonly changedAt: Date, readonly quarantineUntil: Date | null, /** Who holds it. `ordinal` 0: as the first address of its machine. */ readonly service: { readonly id: string, readonly hostname: string, readonly ordinal: number } | null }
/** A step of one address, taken only while it is still as it was seen. */
export interface AddressChange { readonly id: string, readonly from: AddressStatus, readonly to: 'free' | 'blocked', readonly reason: string | null }
/** `held`: reserved or assigned. `day`: in UTC, as YYYY-MM-DD. */
export interface PoolDay { readonly poolId: string, readonly day: string, readonly held: number, readonly total: number }

/** Addresses as staff look after them; machines take and give them back by `AddressBook`. */
export interface PoolAddressStore {
  /** In their own order. `q`: part of an address or of the host name that holds it. */
  list(poolId: string, filter: PageRequest & { readonly q?: string | undefined, readonly status?: AddressStatus | undefined }): Promise<Page<PoolAddress>>
  /** The next ones after this address, or the first. */
  after(poolId: string, address: string | null, limit: number): Promise<PoolAddress[]>
  find(poolId: string, id: string): Promise<PoolAddress | null>
  /** All of a pool; it has at most 4096. */
  all(poolId: string): Promise<Pick<PoolAddress, 'id' | 'address' | 'status' | 'reason'>[]>
  /** Locks the pool's own row until the transaction ends: one change of its range or list at a time. Addresses are taken meanwhile. */
  lockPool(id: string): Promise<AddressPoolRecord | null>
  /** @throws AppError invalid_input when the name is taken */
  updatePool(id: string, fields: Omit<AddressPoolFields, 'connectionId' | 'prefixLength'>): Promise<void>
  /** Free ones. @throws AppError invalid_input when one stands in another pool */
  add(poolId: string, addresses: readonly string[], at: Date): Promise<void>
  /** False when one of them was not free: the caller gives up. */
  removeFree(poolId: string, addresses: readonly string[]): Promise<boolean>
  /** False when one of them is no longer as it was seen: the caller gives up. */
  change(poolId: string, changes: readonly AddressChange[], at: Date): Promise<boolean>
  /** Once a day for each pool; asked again on the same day it does nothing. */
  recordDay(day: string): Promise<void>
  forgetDaysBefore(day: string): Promise<void>
  /** The oldest kept day from this one on, by pool. */
  firstDays(poolIds: readonly string[], from: string): Promise<ReadonlyMap<string, PoolDay>>
  /** Oldest first. */
  days(poolId: string, from: string): Promise<PoolDay[]>
}
