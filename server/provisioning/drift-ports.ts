import type { ConnectionKind, DriftKind, DriftState, ResourceStatus } from '#shared/vocabulary/machines.ts'
import type { Page, PageRequest } from '../kernel/ports.ts'

/** A machine that our books say stands on a connection. `busy`: a saga is at work on it, so that any difference may be its doing. */
export interface ExpectedMachine {
  readonly serviceId: string, readonly hostname: string, readonly status: ResourceStatus, readonly ownershipMark: string, readonly vmid: number, readonly node: string | null, /** Of its first card, as it was made or first seen; null: never seen. */ readonly mac: string | null, readonly spec: { readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number, readonly rateMbps: number }, readonly busy: boolean, /** Sold larger, and the machine is still to follow. */ readonly changed: boolean
}
/** Whose a mark is, wherever its machine stands. */
export interface MarkOwner { readonly serviceId: string, readonly hostname: string, readonly status: ResourceStatus, readonly connectionId: string | null, readonly vmid: number | null, readonly busy: boolean }

/** A hosting account that our books say stands on a connection, proven by its birth. */
export interface ExpectedAccount { readonly serviceId: string, readonly domain: string, readonly user: string, readonly ownershipMark: string, readonly birth: string, readonly status: ResourceStatus, /** As sold. */ readonly package: string | null, readonly busy: boolean, /** Sold on another package, and the account is still to follow. */ readonly changed: boolean }
export type BirthOwner = Omit<MarkOwner, 'vmid'>

/** Something that is not as the books say. `key` tells it from others of its kind on its connection. */
export interface Drift { readonly kind: DriftKind, readonly key: string, readonly serviceId: string | null, readonly node: string | null, readonly vmid: number | null, readonly detail: Readonly<Record<string, string | number>> }
export interface DriftFinding extends Drift { readonly id: string, readonly connectionId: string, readonly connectionName: string, readonly connectionKind: ConnectionKind, readonly firstSeenAt: Date, readonly lastSeenAt: Date, readonly resolvedAt: Date | null, readonly ignored: { readonly at: Date, readonly by: string, readonly why: string } | null }
export interface DriftStore {
  /** Machines with a number on this connection that should be there: ready, or stopped by policy. */
  expectedOn(connectionId: string): Promise<ExpectedMachine[]>
  /** Writes down the hardware addresses of cards that were seen for the first time; one that is known stays. */
  noteCards(seen: readonly { readonly ownershipMark: string, readonly mac: string }[]): Promise<void>
  /** By mark. */
  ownersOf(marks: readonly string[]): Promise<ReadonlyMap<string, MarkOwner>>
  /** Accounts with a kept birth on this connection that should be there: ready, or stopped by policy. */
  expectedAccountsOn(connectionId: string): Promise<ExpectedAccount[]>
  /** Whose accounts of this connection were born so, by birth. */
  ownersOfBirths(connectionId: string, births: readonly string[]): Promise<ReadonlyMap<string, BirthOwner>>
  /** Addresses of this connection's pools that are held for a service whose machine is gone and that nothing is at work on, at most two hundred. */
  leakedAddresses(connectionId: string): Promise<Drift[]>
  /** What was found of a connection just now. What was open and is not among it is resolved, unless its mark is in `unsure`. Answers how many are new. */
  record(connectionId: string, found: readonly Drift[], unsure: ReadonlySet<string>, at: Date): Promise<number>
  /** Keys of what is open and of these kinds. */
  openOf(connectionId: string, kinds: readonly DriftKind[]): Promise<ReadonlySet<string>>
  list(filter: PageRequest & { readonly state: DriftState, readonly kind?: DriftKind | undefined }): Promise<Page<DriftFinding>>
  /** Locks the row until the transaction ends; null: there is none. */
  lock(id: string): Promise<DriftFinding | null>
  find(id: string): Promise<DriftFinding | null>
  /** Null takes it back. */
  ignore(id: string, ignored: DriftFinding['ignored']): Promise<void>
  resolve(id: string, at: Date): Promise<void>
}
