import type { NetworkKind, PoolNetworkProblem } from '#shared/vocabulary/networks.ts'
import type { Page, PageRequest } from '../kernel/ports.ts'

/** What cards of machines can attach to, by the name that a pool gives it. */
export interface RemoteNetwork {
  readonly name: string, readonly kind: NetworkKind
  /** Whether a card may choose a VLAN by its tag here; null: the hypervisor does not tell. */
  readonly takesTags: boolean | null
  /** The VLAN that it is in by itself; null: none, or not told. */
  readonly vlanTag: number | null
  readonly nodes: readonly string[]
}
/** `unread`: nodes that did not tell theirs, so that nothing is known of them. */
export interface SeenNetworks { readonly networks: readonly RemoteNetwork[], readonly unread: readonly string[] }
export interface HypervisorNetworks {
  /** Networks of the nodes that may carry machines, by name. One that two nodes have counts once. @throws DriverError when no node tells any: that is a right that is missing, not a hypervisor without networks */
  listNetworks(): Promise<SeenNetworks>
}

export interface NetworkRecord extends RemoteNetwork { readonly id: string, readonly connectionId: string, readonly present: boolean, readonly seenAt: Date }
/** A pool whose machines' cards attach to a network. */
export interface PoolUse { readonly id: string, readonly name: string, readonly family: 4 | 6 }
/** `name` is what the pool's cards attach to: its own network or, by default, its connection's. */
export interface PoolNetwork { readonly name: string, readonly problems: readonly PoolNetworkProblem[], /** Of `not_on_nodes`. */ readonly missingOn: readonly string[] }
export interface NetworkStore {
  /** Of one connection, one of exactly this name first, then by name. */
  list(filter: PageRequest & { readonly connectionId: string, readonly q?: string | undefined }): Promise<Page<NetworkRecord & { readonly pools: readonly PoolUse[] }>>
  forConnection(connectionId: string): Promise<NetworkRecord[]>
  /** Pools whose cards attach to these networks of a connection, by the network's name. */
  usedBy(connectionId: string, names: readonly string[]): Promise<ReadonlyMap<string, readonly PoolUse[]>>
  /** Adds or refreshes by (connection, name). */
  save(connectionId: string, networks: readonly RemoteNetwork[], at: Date): Promise<void>
  markVanished(ids: readonly string[]): Promise<void>
  /** Forgets what vanished before then and no pool attaches to. */
  forgetUnused(connectionId: string, before: Date): Promise<void>
}
