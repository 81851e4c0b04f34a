import type { ServiceStatus, SuspensionReason } from '#shared/vocabulary/billing.ts'
import type { BulkAct, BulkItemStatus, BulkStatus } from '#shared/vocabulary/bulk.ts'
import type { ProductKind } from '#shared/vocabulary/catalog.ts'
import type { ConnectionKind, MachineType, PlacementPolicy, PowerState, ResourceStatus, SagaKind, SagaStatus } from '#shared/vocabulary/machines.ts'
import type { Role } from '#shared/vocabulary/roles.ts'
import type { Page, PageRequest } from '../kernel/ports.ts'

/** What must be known of a service to say whether an act can be done to it. */
export interface BulkCandidate {
  readonly serviceId: string, readonly clientId: string, readonly clientName: string, readonly hostname: string, readonly status: ServiceStatus, readonly productKind: ProductKind, readonly machineType: MachineType, readonly spec: { readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number }, readonly policy: PlacementPolicy,
  readonly resourceStatus: ResourceStatus, readonly power: PowerState, readonly connectionId: string | null, readonly connectionName: string | null, readonly connectionKind: ConnectionKind | null, readonly node: string | null, /** Nodes that its address serves; empty: all. */ readonly servedNodes: readonly string[],
  readonly openSaga: SagaKind | null, /** Of the newest task; null: there was none. `called_off`: it is wished anew, not retried. */ readonly newest: SagaStatus | 'called_off' | null, readonly backupsIncluded: number, readonly backupsHeld: number, readonly backupStorage: string,
}
export interface BulkWish { readonly act: BulkAct, readonly suspensionReason: SuspensionReason | null, /** Of moves; null: where there is room. */ readonly targetNode: string | null, readonly live: boolean }
export interface BulkRequestRow extends BulkWish {
  readonly id: string, readonly status: BulkStatus, readonly reason: string, /** What it empties. */ readonly connectionId: string | null, readonly node: string | null, readonly askedBy: { readonly id: string, readonly name: string, readonly role: Role }, readonly askedAt: Date, readonly expiresAt: Date, readonly decidedBy: { readonly id: string, readonly name: string } | null, readonly decidedAt: Date | null, readonly note: string | null, readonly finishedAt: Date | null,
}
/** How many items of a request are in which state. */
export type BulkCounts = Partial<Record<BulkItemStatus, number>>
export interface BulkItemRow {
  readonly requestId: string, readonly position: number, readonly serviceId: string, readonly status: BulkItemStatus, readonly hostname: string, readonly wasStatus: ServiceStatus, readonly wasResource: ResourceStatus, readonly wasPower: PowerState, readonly wasNode: string | null, readonly targetNode: string | null, readonly reason: string | null, readonly sagaId: string | null, readonly begunAt: Date | null, readonly finishedAt: Date | null, readonly tries: number,
}
export interface NewBulkItem extends Pick<BulkItemRow, 'serviceId' | 'hostname' | 'wasStatus' | 'wasResource' | 'wasPower' | 'wasNode' | 'targetNode' | 'reason'> { readonly status: 'waiting' | 'left_out' }
/** An item whose turn it may be. `connectionId`, `node`: where its service is now. */
export interface DueItem extends Pick<BulkItemRow, 'requestId' | 'position' | 'serviceId' | 'hostname' | 'wasStatus' | 'wasResource' | 'wasNode' | 'targetNode' | 'tries'> { readonly connectionId: string, readonly node: string }
/** An item that was begun, with its service and the task of its act as they are now. */
export interface BegunItem { readonly requestId: string, readonly position: number, readonly act: BulkAct, readonly sagaId: string | null, readonly saga: SagaStatus | null, readonly sagaReason: string | null, readonly service: ServiceStatus, readonly resumable: boolean, readonly resource: ResourceStatus | null }
export interface SettledItem { readonly requestId: string, readonly position: number, readonly status: 'done' | 'failed', readonly reason: string | null, readonly sagaId: string | null }
export interface BulkItemView extends BulkItemRow { readonly clientName: string, readonly sagaKind: SagaKind | null, readonly sagaStatus: SagaStatus | null }

export interface BulkStore {
  /** Those of these services that there are, by hostname; one query. */
  candidates(serviceIds: readonly string[]): Promise<BulkCandidate[]>
  /** Services that by the books have a machine on this node. */
  onNode(connectionId: string, node: string, limit: number): Promise<string[]>
  insert(request: Omit<BulkRequestRow, 'status' | 'askedBy' | 'decidedBy' | 'decidedAt' | 'note' | 'finishedAt'> & { readonly askedBy: string }, items: readonly NewBulkItem[]): Promise<void>
  find(id: string): Promise<BulkRequestRow | null>
  /** Locked until the transaction ends. */
  lock(id: string): Promise<BulkRequestRow | null>
  /** Newest first, each with its counts. `awaiting`: those that may be approved by anybody but this person. */
  list(filter: PageRequest & { readonly status?: BulkStatus | undefined, readonly awaiting?: { readonly except: string, readonly now: Date } | undefined }): Promise<Page<BulkRequestRow & { readonly counts: BulkCounts }>>
  counts(requestId: string): Promise<BulkCounts>
  items(filter: PageRequest & { readonly requestId: string, readonly status?: BulkItemStatus | undefined }): Promise<Page<BulkItemView>>
  /** All that wait, in their order. */
  waiting(requestId: string): Promise<BulkItemRow[]>
  move(id: string, to: { readonly status: BulkStatus, readonly decidedBy?: string, readonly decidedAt?: Date, readonly note?: string, readonly finishedAt?: Date }): Promise<void>
  /** Items that wait become left out, each with its reason. */
  leaveOut(requestId: string, items: readonly { readonly position: number, readonly reason: string }[], at: Date): Promise<void>
  /** Everything that waits is stopped. */
  stopWaiting(requestId: string, at: Date): Promise<void>
  /** Persons other than this one who may approve: verified sysadmins and owners. */
  approvers(except: string): Promise<number>

  /** Requests that nobody decided on in time become expired; how many. */
  expire(now: Date): Promise<number>
  /** The oldest first. */
  running(limit: number): Promise<BulkRequestRow[]>
  due(requestId: string, wallNow: Date): Promise<DueItem[]>
  /** Items of all requests that were begun and are not over, by `<connection> <node>`. */
  underWay(): Promise<ReadonlyMap<string, number>>
  begun(limit: number): Promise<BegunItem[]>
  settle(items: readonly SettledItem[], at: Date): Promise<void>
  /** Whether this item may begin in this transaction: its request runs and it still waits. Both stay locked, so of two workers one gets it. */
  claim(item: Pick<DueItem, 'requestId' | 'position'>): Promise<boolean>
  setBegun(item: Pick<DueItem, 'requestId' | 'position'>, begun: { readonly sagaId: string | null, readonly at: Date }): Promise<void>
  /** An item that waits ends without having begun. */
  giveUp(item: Pick<DueItem, 'requestId' | 'position'>, to: { readonly status: 'failed' | 'left_out', readonly reason: string, readonly at: Date }): Promise<void>
  /** It waits for another turn, from this real time on. */
  postpone(item: Pick<DueItem, 'requestId' | 'position'>, to: { readonly reason: string, readonly nextAt: Date }): Promise<void>
  /** Whether nothing of it waits or is under way. */
  isOver(requestId: string): Promise<boolean>
}
