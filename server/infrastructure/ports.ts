import type { DriverErrorKind } from '#shared/errors/driver-error.ts'
import type { FirewallPolicy } from '#shared/vocabulary/firewall.ts'
import type { AddressStatus, ConnectionKind, GuestIdentity, HypervisorCapabilities, MachineType, MetricRange, PlacementPolicy, PlacesLimit, PowerState, TlsMode } from '#shared/vocabulary/machines.ts'
import type { MachineOrder } from '#shared/vocabulary/monitoring.ts'
import type { AuditTrail } from '../audit/ports.ts'
import type { Actor, KernelStores, Page, PageRequest } from '../kernel/ports.ts'
import type { ConnectionTestStep, HypervisorAccess, MachineRef, TaskHandle } from './access-ports.ts'
import type { MachineAdoption } from './adoption-ports.ts'
import type { AddressPoolStore, PoolAddressStore } from './address-ports.ts'
import type { MachineFirewall } from './firewall-ports.ts'
import type { MachineAccess, MachineRescue } from './guest-ports.ts'
import type { IsoStore } from './iso-ports.ts'
import type { MachineSetup } from './setup-ports.ts'
import type { MachineBackups } from './backup-ports.ts'
import type { StaffDirectory } from '../identity/ports.ts'
import type { MailOutbox } from '../notifications/ports.ts'
import type { MachineMoves } from './move-ports.ts'
import type { MachineNetwork } from './network-ports.ts'
import type { HypervisorNetworks, NetworkStore } from './networks-ports.ts'
import type { OfferFilter, PackageStore, PanelServerStore, ProductUse, Used } from './panel-ports.ts'
import type { HeldIpv4 } from './extra-addresses.ts'
import type { Ipv6PoolStore } from './ipv6-ports.ts'
import type { MachineIpv6 } from './ipv6-range.ts'
import type { RemoteStorage, SeriesStore, StorageStore } from './series-ports.ts'
import type { HeldAddress, MadeOn } from './served-nodes.ts'
import type { Growth, RefusedGrowthStore, SoldGrowth } from './growth-ports.ts'
import type { MachineCounters, MachineRate, MeasureTraffic, TrafficCounts } from './traffic-ports.ts'

export type { ConnectionTestStep, ConnectionTestStepName, HypervisorAccess, MachineRef, TaskHandle } from './access-ports.ts'
export { firewallDifference } from './firewall-ports.ts'
export type { SeenFirewall } from './firewall-ports.ts'
export type { AddressPoolFields, AddressPoolRecord, AddressPoolStore, PoolAddress, PoolAddressStore } from './address-ports.ts'
export type { IsoRecord, IsoStore } from './iso-ports.ts'
export type { NetworkRecord, NetworkStore, PoolNetwork, PoolUse, RemoteNetwork, SeenNetworks } from './networks-ports.ts'
export type { RemoteStorage } from './series-ports.ts'
export type { MachineIpv6 } from './ipv6-range.ts'
export { madeOn, servesNode, takesDisksOf } from './served-nodes.ts'
export { splitExtra } from './extra-addresses.ts'
export type { HeldIpv4 } from './extra-addresses.ts'
export type { MadeOn } from './served-nodes.ts'
export type { BackupContent, BackupRef, MachineBackups, MachineFromBackup, RemoteBackup } from './backup-ports.ts'
export type { ListedMachine, MachineAdoption, StrangeMachine } from './adoption-ports.ts'
export { grows } from './growth-ports.ts'
export type { Growth, RefusedGrowthStore, RoomCheck, SoldGrowth } from './growth-ports.ts'
export type { MachineMoves, MoveTarget, NodeRoom, PlanMoves, RoomOnNodes } from './move-ports.ts'
export type { NodeClosureStore, SetNodeClosure } from './node-closure-ports.ts'
export type { PtrRecord, ReverseDnsStore } from './dns-ports.ts'
export type { DomainCertificate, ReadWeb } from './panel-web-ports.ts'
export type { RestoreHandle } from './panel-backups-ports.ts'
export type { AccountBook, AccountRef, AccountState, FindServers, FoundServers, KeptAccount, OpenPanel, PackageStore, PanelDriver, PanelServerStore, ProductUse, ReadAccount, SeenAccount } from './panel-ports.ts'

/** `kind` says what the failure means for the caller, as in `DriverError`. */
export type TaskState = { readonly state: 'running' } | { readonly state: 'done', readonly warnings: boolean } | { readonly state: 'failed', readonly message: string, readonly kind: DriverErrorKind }

export interface MachineSpec {
  /** Left out: cloud-init. */ readonly identity?: GuestIdentity | undefined
  readonly hostname: string, readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number, readonly rateMbps: number
  readonly address: { readonly ipv4: string, readonly prefixLength: number, readonly gateway: string, readonly nameservers: readonly string[], /** Of the machine's card; null: the connection's. */ readonly bridge?: string | null, /** Null: as the template's card has it. */ readonly vlanTag?: number | null, /** Left out or null: it gets none. Name servers are among `nameservers`. */ readonly ipv6?: MachineIpv6 | null, /** Further ones of the same network, for hypervisors that can tell their guests; left out: none. */ readonly extra?: readonly { readonly ipv4: string, readonly prefixLength: number }[] }
  readonly login: { readonly username: string, readonly password: string, /** Several: one a line. */ readonly sshKey: string | null }
}

export interface MachineState {
  readonly node: string, readonly vmid: number, readonly name: string, readonly power: PowerState, /** Held by a running act of the hypervisor (clone, backup …). */ readonly lock: string | null
  readonly cpu: number, readonly cpuCores: number, readonly memoryUsedMiB: number, readonly memoryTotalMiB: number, readonly diskGiB: number, readonly uptimeSeconds: number
  readonly ownershipMark: string | null, readonly ipv4: string | null, /** In its one text form; null: as with `ipv4`. */ readonly ipv6: string | null, readonly rateMbps: number | null, /** Null: the hypervisor decides it, not for each machine. */ readonly startsAtBoot: boolean | null, readonly networkUp: boolean
  /** Its guest is set up by VMware Tools at its first start, and takes on nothing from outside later; absent: it is not. */
  readonly customised?: boolean
  /** Absent: its hypervisor customises no guest of it, or is done with it. */
  readonly setup?: MachineSetup
  /** What its first card attaches to; absent: the hypervisor does not tell it here. */
  readonly network?: { readonly bridge: string | null, readonly vlanTag: number | null }
  /** The hardware address of its first card, `BC:24:11:0A:0B:0C`; absent or null: it has none, or its hypervisor does not tell. */
  readonly mac?: string | null
  /** The only addresses and networks that the machine's network cards may send from, beside the link-local address of each card; null: nothing is filtered. `ipv4` null: none is given or, where the guest tells it, none is told yet. */
  readonly filteredAddresses: readonly string[] | null
}

/** A state of a machine's disks and configuration that it can go back to. `title`: what its maker called it. */
export interface MachineSnapshot { readonly name: string, readonly title: string, readonly at: Date | null }
/** What a machine used in the time that ends at `at`; rates are bytes a second. Null: not known. */
export interface MetricPoint { readonly at: Date, /** Used part of all its cores, 0 to 1. */ readonly cpu: number | null, readonly memoryUsed: number | null, readonly memoryTotal: number | null, readonly diskRead: number | null, readonly diskWrite: number | null, readonly netIn: number | null, readonly netOut: number | null }

/** One of many machines, as a single list call tells it; `ownershipMark` comes from its tag and proves nothing by itself. */
export interface ObservedMachine { readonly node: string, readonly vmid: number, readonly ownershipMark: string, readonly power: PowerState, readonly cpu: number, readonly cpuCores: number, readonly memoryUsedMiB: number, readonly memoryTotalMiB: number, /** Of its system disk; null: the list does not tell. */ readonly diskGiB: number | null, readonly uptimeSeconds: number, /** Of its network cards; absent or null: not told. */ readonly counters?: MachineCounters | null }

export interface RemoteTemplate { readonly node: string, /** Names it on its hypervisor for good: Proxmox its number, vCenter its instance UUID, ESXi the path of its disk. */ readonly ref: string, readonly name: string, readonly osFamily: string, readonly username: string, readonly diskGiB: number, /** Those whose own storage holds it: machines can be made of it there alone. Empty: every node reaches it. */ readonly nodes: string[], /** What is made of it. */ readonly machineType: MachineType }
export interface RemoteNode { readonly node: string, readonly online: boolean, readonly cpu: number, readonly cpuCores: number, readonly memoryUsed: number, readonly memoryTotal: number, readonly diskUsed: number, readonly diskTotal: number, readonly loadAverage: number | null, readonly uptimeSeconds: number, readonly version: string | null, readonly strain: NodeStrain }
/** `nodes`, `machines`, `headroom` and `filtersApply` are what the methods of the driver tell alone. `storages`: one that nodes share is told once. */
export interface HypervisorLook { readonly nodes: readonly RemoteNode[], readonly storages: readonly RemoteStorage[], readonly machines: readonly ObservedMachine[], readonly headroom: readonly NodeHeadroom[], readonly filtersApply: boolean | null, /** Where machines have no counters: measures those of this look, while it is fresh. */ readonly measure?: MeasureTraffic }
/** How hard a node works. Rates are bytes a second, the others shares of time, 0 to 1; pressure: something waited for it. Null: the hypervisor does not tell. */
export interface NodeStrain { readonly netIn: number | null, readonly netOut: number | null, readonly ioWait: number | null, readonly pressureCpu: number | null, readonly pressureMemory: number | null, readonly pressureIo: number | null }
/** What a node could still carry, in bytes: memory beyond what its machines were given (below zero where more was given than there is), and the storage's free space. */
export interface NodeHeadroom { readonly node: string, readonly memoryTotal: number, readonly memoryFree: number, readonly storageFree: number, readonly cpuCores: number, /** Nodes with the same key share one storage: its free space counts once. */ readonly storageKey: string, /** Machines whose disks that storage takes; left out: all. */ readonly takes?: readonly MachineType[] }

/**
 * One hypervisor, spoken to in its own protocol. Every act may be repeated: an act whose effect is there already answers as if it had
 * just been done. Every act on a machine first proves that it carries our ownership mark (`DriverError` not_ours otherwise).
 * All failures are `DriverError`s. A time-out after sending is `unknown_outcome`; the caller inspects, never repeats blindly.
 */
export interface HypervisorDriver extends MachineFirewall, MachineAccess, MachineRescue, MachineBackups, MachineMoves, MachineNetwork, HypervisorNetworks, MachineAdoption, MachineRate {
  readonly capabilities: HypervisorCapabilities
  /** Yields each step as it is done; stops at the first that makes the later ones meaningless. Never throws. */
  test(): AsyncGenerator<ConnectionTestStep>
  version(): Promise<string>
  /** Whether the filters of machines have an effect here: hypervisors have a switch for all of them. Null: we may not know. */
  filtersApply(): Promise<boolean | null>
  listTemplates(): Promise<RemoteTemplate[]>
  listNodes(): Promise<RemoteNode[]>
  /** All that is collected of a hypervisor, in as few calls as it allows: the list of its machines, which may be long, is asked for once. */
  look(): Promise<HypervisorLook>
  listHeadroom(): Promise<NodeHeadroom[]>
  /** All machines that carry a mark of ours, in one call, for the display of their state. Never a reason to act. */
  listMarkedMachines(): Promise<ObservedMachine[]>
  /** A number that is free now: not a reservation. */
  nextFreeId(): Promise<number>
  /** Where our machine is, by mark; null when no machine carries it. Finds what a lost answer created. `vmid`: the only number under which it was ever asked for, if one was reserved: what is being made under another one is somebody else's and is not waited for. */
  findByMark(ownershipMark: string, vmid?: number | null): Promise<{ node: string, vmid: number } | null>
  /**
   * Full clone, marked as ours by the very call that creates it. `vmid` taken meanwhile → retryable (take another). When our machine is
   * there already under this number, the answer is a handle that tells how far it is; under another number → unknown_outcome (ask `findByMark`).
   * `spec`: what a container is made with, its login included, which nobody can set later. What is cloned takes it on by `configure`.
   */
  clone(input: { readonly template: { readonly node: string, readonly ref: string }, readonly vmid: number, readonly node: string, readonly hostname: string, readonly ownershipMark: string, readonly spec?: MachineSpec | undefined }): Promise<TaskHandle>
  task(handle: TaskHandle): Promise<TaskState>
  /** CPU, memory, network (rate limit, MAC kept), cloud-init, start at boot, mark. */
  configure(machine: MachineRef, spec: MachineSpec): Promise<TaskHandle | null>
  /** Grows the system disk to this size; larger already: nothing is done. */
  growDisk(machine: MachineRef, diskGiB: number): Promise<TaskHandle | null>
  /**
   * From now on the machine can send from these addresses (or networks, as `2001:db8::/64`) alone, and from its cards' own link-local addresses, without which there is no IPv6, whatever its owner configures inside; everything else that was allowed
   * before, by its template for example, no longer is. What it receives is restricted by its firewall alone: where the filter has to be written, so is that policy
   * (accept, if none is given). @throws DriverError permanent without the capability
   */
  filterAddresses(machine: MachineRef, addresses: readonly string[], policyIn?: FirewallPolicy): Promise<void>
  /**
   * CPU, memory and rate limit, nothing else: login, address and network card stay. Nothing is sent when it is so already. What runs takes
   * on CPU and memory at its next start: `inspect` tells the old ones until then, so stop it before.
   */
  resize(machine: MachineRef, size: Pick<MachineSpec, 'cpuCores' | 'ramMiB' | 'rateMbps'>): Promise<TaskHandle | null>
  start(machine: MachineRef): Promise<TaskHandle | null>
  /** Asks the guest, then (with `force`) pulls the plug after `timeoutSeconds`. */
  shutdown(machine: MachineRef, options: { readonly timeoutSeconds: number, readonly force: boolean }): Promise<TaskHandle | null>
  stop(machine: MachineRef): Promise<TaskHandle | null>
  reboot(machine: MachineRef): Promise<TaskHandle | null>
  /** Takes back what only the first boot needed, where the hypervisor would keep it readable: the login. Called when the machine was seen to run. */
  forgetFirstBoot(machine: MachineRef): Promise<void>
  /** Suspension that holds: the network link down and, where it can be told, no start at boot; `false` takes both back. */
  setSuspended(machine: MachineRef, suspended: boolean): Promise<void>
  /** Null when no machine carries the mark (any more). */
  inspect(machine: { readonly ownershipMark: string, readonly node: string | null, readonly vmid: number | null }): Promise<MachineState | null>
  /**
   * Where its screen can be reached: asked anew for each connection. Null: it does not run, so there is none.
   * @throws DriverError permanent without the capability
   */
  openConsole(machine: MachineRef): Promise<ConsoleTarget | null>
  /** Oldest first, also those made by others. One that is still being made is not among them. @throws DriverError permanent without the capability */
  listSnapshots(machine: MachineRef): Promise<MachineSnapshot[]>
  /** Of disks and configuration, without memory. One of this name is there: nothing is done. */
  createSnapshot(machine: MachineRef, snapshot: { readonly name: string, readonly title: string }): Promise<TaskHandle | null>
  /**
   * Disks and configuration are as they were: also size, network and address, which the caller has to make right again. The machine must be
   * stopped (retryable otherwise) and is stopped afterwards; asked again before it is started, nothing is different.
   * @throws DriverError not_found for a snapshot that is gone
   */
  rollbackSnapshot(machine: MachineRef, name: string): Promise<TaskHandle | null>
  /** Those that were made after it stay. Gone already: nothing is done. */
  deleteSnapshot(machine: MachineRef, name: string): Promise<TaskHandle | null>
  /** Oldest first, as dense as the hypervisor keeps them for this range. @throws DriverError permanent without the capability */
  metrics(machine: MachineRef, range: MetricRange): Promise<MetricPoint[]>
  /** Destroys a stopped machine with its disks. Gone already: nothing is done, null. */
  destroy(machine: MachineRef): Promise<TaskHandle | null>
}

/** Where the screen of one machine can be reached, once and for some seconds. All of it is secret: none leaves the server. */
export interface ConsoleTarget {
  /** Names the hypervisor in messages. */
  readonly label: string
  /** `wss:` or `ws:`. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly protocols: readonly string[]
  /** `thumbprint`: the certificate with this SHA-1, as the ticket itself says. */
  readonly tls: HypervisorAccess['tls'] | { readonly mode: 'thumbprint', readonly sha1: string }
  /** Of the VNC authentication; only its first eight letters count there. */
  readonly password: string
}

/** A proven line to a machine's screen: RFB 3.8 from the client's `ClientInit` on, in pieces as they come. */
export interface ConsoleLine {
  /** What came before a listener was there is told to it first. */
  onData(listener: (data: Uint8Array) => void): void
  /** Called once, also when it is closed already. */
  onClose(listener: () => void): void
  /** `sent` is called when the bytes have left. */
  send(data: Uint8Array, sent?: () => void): void
  /** Bytes that wait to leave. */
  readonly waiting: number
  /** No more is read from the hypervisor until `resume`. */
  pause(): void
  resume(): void
  close(code?: number, reason?: string): void
}

/**
 * Connects to a screen and proves us there. Honours the connection's trust as every request does.
 * @throws DriverError retryable (nothing answers), action_required (certificate, password or ticket refused), permanent (it speaks something else)
 */
export type ConnectConsole = (target: ConsoleTarget) => Promise<ConsoleLine>

/** Opens the driver of a connection, its secret decrypted. @throws DriverError action_required when the connection is gone. */
export type OpenHypervisor = (connectionId: string) => Promise<HypervisorDriver>

/** Placement for a new machine: answered by looking at the hypervisors, so never inside a transaction. */
export interface Placement { readonly connectionId: string, readonly node: string }
export interface CapacityCheck {
  /**
   * Where `count` machines of this size fit now: memory, storage and node online, on connections not in maintenance, honouring what is
   * promised but not built yet (`forServiceId`: what was promised to this very service is not counted against it).
   * @throws AppError out_of_stock, or capacity_unknown when no hypervisor answers.
   */
  (input: { readonly connectionIds: readonly string[], readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number, readonly count: number, /** IPv4 addresses of each beside its first one. */ readonly extraIpv4?: number | undefined, readonly forServiceId?: string, /** Of the product; left out: most free. */ readonly policy?: PlacementPolicy, readonly clientId?: string, /** Of one machine that has its address; left out: each takes a free one. */ readonly holds?: HeldAddress | null, /** Each gets a prefix as well, where pools of them go with its address. */ readonly ipv6?: boolean | undefined, readonly madeOn?: readonly MadeOn[] | undefined }): Promise<Placement[]>
}

/** How much of a connection's nodes may be sold, and what is kept free of each; of a control panel `maxAccounts` alone means something. */
export interface PlacementLimits {
  /** vCPUs sold for each core; null: they are not counted. */
  readonly cpuOvercommit: number | null
  /** Memory sold for each byte that a node has; above 1 machines may run out of it together. */
  readonly memoryOvercommit: number
  readonly memoryReserveGiB: number, readonly storageReserveGiB: number
  /** Null: the panel's own limit alone. */
  readonly maxAccounts: number | null
}

/** A demand of an order. */
export interface CapacityClaim { readonly connectionIds: readonly string[], readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number, readonly count: number, /** IPv4 addresses of each beside its first one. */ readonly extraIpv4?: number | undefined, readonly policy?: PlacementPolicy | undefined, /** Each gets a prefix as well, where pools of them go with its address. */ readonly ipv6?: boolean | undefined, /** Of one machine that has its address; left out: each takes a free one. */ readonly holds?: HeldAddress | null | undefined, /** Where its template can be cloned to; left out: everywhere. */ readonly madeOn?: readonly MadeOn[] | undefined, /** This one alone. */ readonly node?: string }
/**
 * Holds room for an order or a build, inside its transaction, and answers where each machine fits, claim by claim: locks the connections and counts everything that is sold, promised and claimed against the newest look at their hypervisors, so that of
 * orders at once none gets what another got. Call it before the order's addresses are reserved: these are what holds the room from then on, and giving them back releases it. A build holds
 * its node by the row of its machine.
 * @throws AppError out_of_stock, or capacity_unknown when a connection was never looked at, or not lately
 */
export type HoldCapacity = (stores: CapacityStores, input: { readonly clientId: string, readonly claims: readonly CapacityClaim[], /** What was promised to this very service is not counted against it. */ readonly forServiceId?: string }) => Promise<Placement[]>
export interface CapacityStores { readonly capacity: CapacityStore }
/**
 * Holds the room of a growth inside the transaction that sells it: locks the connection and counts what is sold, promised and growing against the newest look, so that of changes and orders at once none gets what another got. The open
 * change is what holds it from then on; when it lapses, is cancelled or is done and looked at, it holds nothing.
 * @throws AppError node_full, or capacity_unknown when the connection was not looked at lately
 */
export type HoldGrowth = (stores: CapacityStores, growth: Growth) => Promise<void>

/** What is free of a connection's pools for the same nodes and cards. */
export interface FreeOfPool { readonly nodes: readonly string[], readonly card: string, readonly free: number }
/** What was seen of a connection's nodes and what our books say of them, at one moment. */
export interface CapacityRecord {
  readonly connectionId: string, readonly limits: PlacementLimits, readonly maintenance: boolean, readonly lookedAt: Date | null, readonly nodes: readonly NodeHeadroom[]
  /** By node: of machines that are built. */
  readonly sold: readonly { readonly node: string, readonly clientId: string, readonly cpuCores: number, readonly ramMiB: number, readonly machines: number }[]
  /**
   * What holds an address and is not built, oldest first, and what was built since the look: the hypervisor may not have told of it. And, at the node to which it goes, each machine that is being moved.
   */
  readonly promised: readonly PromisedMachine[]
  /** By network (card, gateway and nodes that its pools serve (empty: all), as `AddressBook` takes them) and by the network that its machines' cards attach to. */
  readonly freeAddresses: readonly FreeOfPool[]
  /** Free addresses that nodes cannot use since they lack the network of the pool; `nodes`: those. */
  readonly cutOff?: readonly FreeOfPool[] | undefined
  /** The same of pools of IPv6 prefixes. */
  readonly freePrefixes: readonly FreeOfPool[]
  /** Machines that were sold larger than they were at the look. `sold` counts them as they were. */
  readonly growing: readonly SoldGrowth[]
  /** Those that take no new machine; left out: none. */
  readonly closedNodes?: readonly string[]
}
export interface PromisedMachine { readonly serviceId: string, readonly connectionId: string, readonly node: string | null, /** Those that its address serves; empty: all. */ readonly nodes: readonly string[], readonly madeOn?: readonly MadeOn[], readonly clientId: string, readonly policy: PlacementPolicy, readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number }
export interface CapacityStore {
  /** Locks the connections' rows (in the order of their ids) until the transaction ends. */
  lock(connectionIds: readonly string[]): Promise<void>
  /** In the order of their ids. `seenAt`: these connections were looked at then, and not when the stored look was. */
  load(connectionIds: readonly string[], seenAt?: Date): Promise<CapacityRecord[]>
  /** Keeps a look, unless a later one is kept already. */
  saveLook(connectionId: string, lookedAt: Date, nodes: readonly NodeHeadroom[]): Promise<void>
  setLimits(connectionId: string, limits: PlacementLimits): Promise<void>
}

/** What the stock of a product is counted from. */
export interface StockSubject {
  readonly productId: string, readonly kind: 'vps' | 'hosting' | 'work', /** The smallest that it can be ordered as. */ readonly size: { readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number }, /** Its machines get IPv6 where there are pools of it. */ readonly ipv6: boolean, /** Of machines: where some template of it can be cloned to. */ readonly madeOn: readonly MadeOn[], readonly policy: PlacementPolicy, /** Of machines: those with a template of it; of hosting: those with its package. */ readonly connectionIds: readonly string[]
  readonly stockLimit: number | null, readonly unitsHeld: number
}
export interface SeenPanel { readonly connectionId: string, readonly limits: PlacementLimits, readonly maintenance: boolean, readonly accounts: number | null, /** Held by orders or being made, and made since the look: it may not know of them. */ readonly promised: number, readonly maxAccounts: number | null, readonly diskFree: number | null, readonly observedAt: Date | null }
/** How many more of a product can be sold. `places` null: no end of them is known. `complete` false: a connection did not tell, so there may be more. */
export interface ProductStock { readonly productId: string, readonly places: number | null, readonly complete: boolean, readonly limitedBy: PlacesLimit | null }
export interface StockStore {
  /** Products on sale, at most 200. */
  subjects(at: Date): Promise<StockSubject[]>
  /** `except`: what is promised to this service is not counted. */
  panels(connectionIds: readonly string[], except?: string): Promise<SeenPanel[]>
  all(): Promise<(ProductStock & { readonly countedAt: Date })[]>
  /** As `all`, with the products' names and connections, in the storefront's order. */
  list(): Promise<(ProductStock & { readonly name: string, readonly connectionIds: readonly string[], readonly countedAt: Date })[]>
  /** Replaces all that was counted before. */
  replace(stock: readonly ProductStock[], at: Date): Promise<void>
}

/** So many accounts on one of these servers, which were found to have their package. */
export interface AccountClaim { readonly connectionIds: readonly string[], readonly complete: boolean, readonly count: number, /** Of the product. */ readonly policy: PlacementPolicy, /** Where a place is held already. */ readonly prefer?: string | null }
/**
 * Room for accounts, counted under the connections' locks beside all that is held and was made since the last look: of many at once none gets what another got. Answers a connection for each account, the claims in their
 * order: of those with room (accounts by licence and by the connection's limit, free disk) the one with the most free disk or, filling first, the least. What it answers is held by `AccountBook.hold` in the same transaction.
 * @throws AppError out_of_stock, or capacity_unknown when a server that might have room did not tell lately
 */
export type HoldAccounts = (stores: { readonly capacity: Pick<CapacityStore, 'lock'>, readonly stock: Pick<StockStore, 'panels'> }, input: { readonly claims: readonly AccountClaim[], /** What is held for this very service is not counted against it. */ readonly forServiceId?: string }) => Promise<string[]>

/** Addresses, taken and given back inside a transaction. */
export interface AddressBook {
  /**
   * Reserves a free address for a service (`FOR UPDATE SKIP LOCKED`), of a pool that serves the node, the pool of the fewest nodes first, and as many further ones of its network as were sold (`spec.extraIpv4`);
   * those it holds already stay. All or none: a caller whose transaction goes on has all. @throws AppError out_of_stock
   */
  reserve(input: { readonly serviceId: string, readonly connectionIds: readonly string[], /** Where its machine is to be built; left out: any. */ readonly node?: string | undefined }): Promise<void>
  /** Locks a service's addresses until the transaction ends and takes what was sold to it beside the first one and it does not hold yet; it must hold its first one. @throws AppError out_of_stock */
  reserveExtra(serviceId: string): Promise<void>
  /** Whether the network of a service's first address has so many free ones now; nothing is held. */
  hasRoomFor(serviceId: string, more: number): Promise<boolean>
  /** IPv6 for a service whose machine was built without it, on the node where it stands. False: it holds some, or no pool goes with it. @throws AppError out_of_stock when the pools are full */
  reserveLaterIpv6(serviceId: string): Promise<boolean>
  /** Whether a pool would give it some; its fill is not looked at. */
  hasLaterIpv6(serviceId: string): Promise<boolean>
  /** Reserved IPv6 of a machine that runs → quarantine; assigned stays. */
  dropReservedIpv6(serviceId: string): Promise<void>
  /** All that a service's machine has, the first one first. `reserved`: not let through yet. */
  allOf(serviceId: string): Promise<HeldIpv4[]>
  /** Which further address goes first when fewer are sold: a wish, which takes nothing. False: the service holds no such further address. */
  setLeavesFirst(serviceId: string, address: string, leavesFirst: boolean): Promise<boolean>
  /** Further ones that the machine does not send from any more → quarantine (seven days), their names are taken away. The first one stays. */
  giveBack(serviceId: string, addresses: readonly string[]): Promise<void>
  /** The first one that a service holds, reserved or assigned. */
  findFor(serviceId: string): Promise<{ ipv4: string, prefixLength: number, gateway: string, nameservers: string[], connectionId: string } | null>
  findForMany(serviceIds: readonly string[]): Promise<Map<string, string>>
  markAssigned(serviceId: string): Promise<void>
  /** All of a service: of one that has a machine → quarantine (seven days); reserved for one that was not built → free. */
  release(serviceId: string): Promise<void>
  /** Whose an address of this connection's pools is, and how it stands; null: it stands in none of them. */
  standing(connectionId: string, ipv4: string): Promise<AddressStanding | null>
  /** A free one that would be reserved for a machine there; null: none. Not a reservation. */
  nextFree(connectionId: string, node: string): Promise<string | null>
  /** This very address for a service, whatever it held before, which is given back. False: it stands in no pool of the connection, or another service holds it. */
  take(input: { readonly serviceId: string, readonly connectionId: string, readonly ipv4: string }): Promise<boolean>
  /** For a machine that goes on using them and is nobody's any more: IPv4 addresses and IPv6 prefix are blocked for this reason until staff free them. */
  block(serviceId: string, reason: string): Promise<void>
}
/** `nodes`: those that its pool serves; empty: all. */
export interface AddressStanding { readonly status: AddressStatus, readonly serviceId: string | null, readonly reason: string | null, readonly nodes: readonly string[], readonly prefixLength: number, readonly gateway: string }

/** What staff decide about a connection; the secret is sealed or, in a change, absent. */
export interface ConnectionFields {
  readonly kind: ConnectionKind, readonly name: string, readonly url: string, readonly tlsMode: TlsMode, readonly tlsCaPem: string | null, readonly tlsFingerprint: string | null, readonly tokenId: string,
  readonly maintenance: boolean, readonly storage: string, readonly bridge: string, readonly nodes: readonly string[], /** Of Proxmox; empty: no backups are made there. */ readonly backupStorage: string, /** Of VMware: consoles are shown in the browser. */ readonly console: boolean
}
export interface ConnectionHealth { readonly healthy: boolean, readonly problem: string | null, readonly version: string | null, /** Null: not known. */ readonly filtersApply: boolean | null, readonly checkedAt: Date }
export interface HealthChange { readonly at: Date, readonly healthy: boolean, readonly problem: string | null }
export interface ConnectionRecord extends ConnectionFields, PlacementLimits {
  readonly id: string, /** Sealed. */ readonly tokenSecret: string
  readonly healthy: boolean | null, readonly checkedAt: Date | null, readonly problem: string | null, readonly version: string | null, readonly filtersApply: boolean | null, readonly templateCount: number, /** Of a control panel. */ readonly packageCount: number, readonly serviceCount: number
}
export interface ConnectionStore {
  list(filter: PageRequest & { readonly q?: string | undefined }): Promise<Page<ConnectionRecord>>
  /** Every connection, for the collection; a house has few. */
  all(): Promise<ConnectionRecord[]>
  find(id: string): Promise<ConnectionRecord | null>
  exists(id: string): Promise<boolean>
  /** Locks the row until the transaction ends. */
  lock(id: string): Promise<ConnectionRecord | null>
  /** @throws AppError invalid_input when the name is taken */
  insert(id: string, fields: ConnectionFields, tokenSecret: string, at: Date): Promise<void>
  /** @throws AppError invalid_input when the name is taken */
  update(id: string, fields: ConnectionFields, tokenSecret: string): Promise<void>
  /** @throws AppError connection_in_use when a product, service, machine or address pool refers to it */
  remove(id: string): Promise<void>
  /** When it became healthy, or no longer is, that is kept too. */
  recordHealth(id: string, health: ConnectionHealth): Promise<void>
  /** When it became healthy and when it no longer was, newest first. */
  listHealthChanges(id: string, page: PageRequest): Promise<Page<HealthChange>>
  forgetHealthChangesBefore(moment: Date): Promise<void>
}

export interface TemplateRecord extends RemoteTemplate { readonly id: string, readonly connectionId: string, readonly connectionName: string, readonly connectionKind: ConnectionKind, readonly identity: GuestIdentity, readonly present: boolean, readonly seenAt: Date }
export interface TemplateStore {
  /** Null: there is none. */
  lock(id: string): Promise<TemplateRecord | null>
  setIdentity(id: string, identity: GuestIdentity): Promise<void>
  /** `refused`: no node of its connection has a storage that takes disks of what is made of it, as they last told. */
  list(filter: OfferFilter): Promise<Page<TemplateRecord & Used & { readonly refused: boolean }>>
  forConnection(connectionId: string): Promise<TemplateRecord[]>
  /** By id of the template; products that are retired use nothing. */
  usedBy(ids: readonly string[]): Promise<ReadonlyMap<string, readonly ProductUse[]>>
  /** Adds or refreshes by (connection, reference). */
  save(connectionId: string, templates: readonly RemoteTemplate[], at: Date): Promise<void>
  markVanished(ids: readonly string[]): Promise<void>
}

export interface NodeRecord extends Omit<RemoteNode, 'strain'> { readonly connectionId: string, readonly connectionName: string, readonly observedAt: Date, /** It takes no new machine; `at` in ISO. */ readonly closed: { readonly reason: string, readonly by: string, readonly at: string } | null }
export interface NodeStore {
  /** Newest state of every node. */
  list(): Promise<NodeRecord[]>
  find(connectionId: string, node: string): Promise<NodeRecord | null>
  /** Replaces what is known of a connection's nodes. */
  record(connectionId: string, nodes: readonly RemoteNode[], at: Date): Promise<void>
}
/** One of our machines on a node, as last observed. */
export interface NodeMachine { readonly serviceId: string, readonly hostname: string, readonly clientName: string, readonly vmid: number | null, readonly power: PowerState, /** Used part of all its cores, 0 to 1. */ readonly cpu: number | null, readonly cpuCores: number, readonly memoryUsedMiB: number | null, readonly memoryTotalMiB: number | null, readonly observedAt: Date | null }
export interface NodeMachineStore {
  /** `cpu`: by the cores that they use; `memory`: by the memory that they use. Most first. */
  list(filter: PageRequest & { readonly connectionId: string, readonly node: string, readonly order: MachineOrder }): Promise<Page<NodeMachine>>
}
export interface MachineObservations {
  /** Refreshes what is shown of ready machines, in one statement; touches no state that anybody acts on. */
  record(connectionId: string, machines: readonly ObservedMachine[], at: Date): Promise<void>
}

export interface InfrastructureStores extends KernelStores {
  readonly addresses: AddressBook, readonly connections: ConnectionStore, readonly remoteTemplates: TemplateStore, readonly isoImages: IsoStore, readonly networks: NetworkStore, readonly refusedGrowths: RefusedGrowthStore, readonly nodes: NodeStore, readonly machineObservations: MachineObservations, readonly trafficCounts: TrafficCounts, readonly storages: StorageStore, readonly series: SeriesStore, readonly addressPools: AddressPoolStore, readonly poolAddresses: PoolAddressStore, readonly ipv6Pools: Ipv6PoolStore, readonly capacity: CapacityStore, readonly stock: StockStore
  readonly audit: AuditTrail
}
/** What those write who know hypervisors and panels alike. */
export interface PanelStores extends InfrastructureStores { readonly packages: PackageStore, readonly panelServers: PanelServerStore, readonly staff: StaffDirectory, readonly mail: MailOutbox }
export type SystemActor = Extract<Actor, { kind: 'system' }>
