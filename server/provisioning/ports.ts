import type { z } from 'zod'
import type { SoldOption, CancelWhy } from '../billing/ports.ts'
import type { changeView } from '#shared/contracts/portal.ts'
import type { Money } from '#shared/money/money.ts'
import type { BillingCycle, CancelReason, EndReason, InvoiceStatus, ServiceStatus, SuspensionReason } from '#shared/vocabulary/billing.ts'
import type { ProductKind } from '#shared/vocabulary/catalog.ts'
import type { FirewallWish } from '#shared/vocabulary/firewall.ts'
import type { ConnectionKind, GuestIdentity, MachineType, PlacementPolicy, PowerState, ResourceStatus, SagaKind, SagaStatus, StepStatus } from '#shared/vocabulary/machines.ts'
import type { TrafficTerms } from '#shared/vocabulary/traffic.ts'
import type { Role } from '#shared/vocabulary/roles.ts'
import type { AuditTrail } from '../audit/ports.ts'
import type { AccountBook, AddressBook, CapacityStore, IsoStore, KeptAccount, MachineIpv6, NodeClosureStore, Placement, RestoreHandle, ReverseDnsStore, StockStore, TaskHandle } from '../infrastructure/ports.ts'
import type { Actor, KernelStores, Page, PageRequest } from '../kernel/ports.ts'
import type { StaffDirectory } from '../identity/ports.ts'
import type { MailOutbox } from '../notifications/ports.ts'
import type { BackupGapStore } from './backup-gap-ports.ts'
import type { BackupStore } from './backup-ports.ts'
import type { BulkStore } from './bulk-ports.ts'
import type { DriftStore } from './drift-ports.ts'
import type { FirewallStore } from './firewall-ports.ts'
import type { Progress, StepChange } from './saga.ts'
import type { TrafficStore } from './traffic-ports.ts'

/** What a saga remembers between its steps, as jsonb. Written before the act that it describes, so that a successor knows what may have happened. */
export interface SagaState {
  readonly placement?: Placement | null
  /** Sagas begun by an earlier release name it by `vmid`, and are still read. */
  readonly template?: { readonly node: string, readonly ref?: string, readonly vmid?: number, /** Left out: cloud-init. */ readonly identity?: GuestIdentity } | null
  readonly vmid?: number | null
  /** An act that must not be repeated blindly was (perhaps) sent then; ISO wall time. */
  readonly sentAt?: string | null
  /** Whether the machine ran before this saga stopped it. */
  readonly wasRunning?: boolean
  /** How many user names of a hosting account were taken already. */
  readonly nameTry?: number
  /** Sealed; what a client chose, until it is set. */
  readonly password?: string | null
  /** The snapshot that the saga is about. */
  readonly snapshot?: { readonly name: string, readonly title: string }
  /** What a reinstall makes of the machine. `fromMark` is the old machine's, `toMark` the new one's: an act that comes late can never meet the other of them. */
  readonly reinstall?: { readonly templateId: string, readonly fromMark: string, readonly toMark: string, readonly sshKey: string | null, /** Kept by the first look. */ readonly username?: string, readonly node?: string }
  /** The keys that a task about the login puts on the machine; null: none. */
  readonly sshKey?: string | null
  /** Whether the guest took the new password on at once, through its agent. */
  readonly inside?: boolean
  /** It was wished that the machine restarts where the change needs it. */
  readonly restart?: boolean
  /** The name that the machine gets. */
  readonly hostname?: string
  /** The CD image that a rescue starts from. */
  readonly image?: { readonly ref: string, readonly name: string }
  /** The backup that the saga is about; `replaces`: those that go once it is there. */
  readonly backup?: { readonly id: string, readonly replaces?: readonly string[] }
  /** What a machine is made from that is not there. `fromMark`: the service's mark before, which no machine may carry any more; `toMark`: the new machine's. `nodes`: those that read the archive, once it was read; `machineType`: what was sold, then what the archive says; null: not known. */
  readonly rebuild?: { readonly backupId: string, readonly fromMark: string, readonly toMark: string, readonly machineType: MachineType | null, readonly nodes?: readonly string[], /** What the books said of the machine before anything was changed; kept by the first look. */ readonly before?: MachineBefore }
  /** It was called off, and what was in flight then has ended: from here on it is undone. */
  readonly undoing?: boolean
  /** The panel's backup to which an account is taken back; `handle` tells the restore from earlier ones, once it was asked for. */
  readonly accountRestore?: { readonly date: string, readonly where: string, readonly handle?: RestoreHandle }
  /** A restore was, or may have been, begun: the old disks may be gone. */
  readonly restoring?: boolean
  /** Where a machine is moved to. `diskGiB`: what it takes there, once its room is held. */
  readonly move?: { readonly to: string, readonly live: boolean, readonly diskGiB?: number }
  /** Why the hypervisor would not do it; the machine is as it was. */
  readonly refused?: string
  /** Which machine a service gets. `fromMark`: the service's mark before, which no machine may carry any more; `toMark`: the one that it is given; `instead`: the mark of a machine whose service is gone, which is replaced. */
  readonly adopt?: { readonly connectionId: string, readonly vmid: number, readonly name: string, readonly ipv4: string, readonly fromMark: string, readonly toMark: string, readonly instead: string | null }
  /** The mark that a service has after it let its machine go; `left`: where that machine stands, once it was seen. */
  readonly unlink?: { readonly toMark: string, readonly left?: { readonly node: string, readonly vmid: number, readonly name: string } | null }
  /** The remote task of the current step. */
  readonly task?: TaskHandle | null
}

/** What a task gives back when it is called off, as jsonb. `rescueSince`: ISO time. */
export interface MachineBefore extends Pick<ResourceRow, 'status' | 'connectionId' | 'node' | 'vmid' | 'power' | 'username' | 'initialPassword' | 'firstBoot' | 'rescue' | 'problem' | 'mac' | 'customised'> { readonly rescueSince: string | null }

export interface SagaRow extends Progress {
  readonly id: string, readonly kind: SagaKind, readonly action: string | null, readonly serviceId: string, readonly state: SagaState, readonly fence: number, readonly leaseUntil: Date | null, readonly actor: string, readonly startedAt: Date, readonly finishedAt: Date | null, /** It was begun, and somebody called it off then. */ readonly calledOffAt: Date | null
}

export interface SagaStore {
  /** A new saga with all its steps pending; null while another of this service is open (unique index: of two at once one wins). */
  open(input: { readonly kind: SagaKind, readonly action: string | null, readonly serviceId: string, readonly actor: string, readonly steps: readonly string[], readonly state?: SagaState }): Promise<string | null>
  find(id: string): Promise<SagaRow | null>
  /** Who took the snapshots of a service, by their names: the newest hundred that were asked for. */
  snapshotMakers(serviceId: string): Promise<ReadonlyMap<string, string>>
  /** The open saga of a service, locked until the transaction ends. */
  lockOpen(serviceId: string): Promise<SagaRow | null>
  /** The newest saga of a service, locked until the transaction ends. */
  lockNewest(serviceId: string): Promise<SagaRow | null>
  /** Takes the saga for one worker: it is open, due, and nobody holds it (any more). Counts the fence up. */
  claim(id: string, now: Date, leaseUntil: Date): Promise<SagaRow | null>
  /** Proves inside a transaction that the worker with this fence still holds it, and prolongs the lease. False: taken over. */
  hold(id: string, fence: number, leaseUntil: Date): Promise<boolean>
  /** Stores what the holder of `fence` has reached; `leaseUntil: null` gives the saga back. */
  store(id: string, progress: Progress, changes: readonly StepChange[], leaseUntil: Date | null): Promise<void>
  remember(id: string, state: SagaState): Promise<void>
  /** Open again after it failed; false while another of its service is open. */
  reopen(id: string, progress: Progress): Promise<boolean>
  /** Ends an open saga that nobody works on, and outdates whoever might still. */
  cancel(id: string, reason: string): Promise<void>
  /** Writes down that an open saga is called off, and makes it due: whoever works on it next takes it back. */
  callOff(id: string, at: Date): Promise<void>
  /** Open sagas that are due with nobody working on them. */
  listDue(now: Date, limit: number): Promise<string[]>
}

export interface ResourceRow {
  readonly serviceId: string, readonly status: ResourceStatus, readonly connectionId: string | null, readonly node: string | null, readonly vmid: number | null, readonly ownershipMark: string, readonly power: PowerState,
  readonly username: string | null, /** Sealed. */ readonly initialPassword: string | null, /** Built while suspended and not run since. */ readonly firstBoot: boolean, /** The CD image that it starts from, while it is in rescue. */ readonly rescue: string | null, readonly rescueSince: Date | null, /** What the machine is slowed down to, as a wish; null: it is not. */ readonly rateCapMbps: number | null, /** The wish was not read back yet. */ readonly rateCapPending: boolean, /** When it was. */ readonly rateCapAt: Date | null, readonly problem: string | null
  /** The hardware address of its first card, as it was made or first seen; null: never seen. */
  readonly mac: string | null
  /** Its guest was set up by the hypervisor's tools, as it told; null: it did not yet. */
  readonly customised: boolean | null
}
export interface Observation { readonly node: string, readonly power: PowerState, readonly cpu: number, readonly memoryUsedMiB: number, readonly memoryTotalMiB: number, readonly uptimeSeconds: number, /** Of its first card. */ readonly mac?: string | null, /** Left out: it was not. */ readonly customised?: boolean }
export interface ResourceStore {
  /** Makes the row with a new ownership mark, once. */
  ensure(serviceId: string): Promise<void>
  lock(serviceId: string): Promise<ResourceRow | null>
  update(serviceId: string, change: Partial<Omit<ResourceRow, 'serviceId' | 'ownershipMark'>>): Promise<void>
  /** `card`: `made` writes down the hardware address of the card that an act of ours brought along; else the one that is known stays, and only a first one is written down. */
  observe(serviceId: string, observed: Observation, card?: 'made'): Promise<void>
  /** A new mark for a machine that is about to be made in the place of one that is gone; the initial password goes with the old one. Already so: nothing is done. False: it carries neither. */
  renewMark(serviceId: string, from: string, to: string): Promise<boolean>
  /** Whose machine, built or being built, has this number on this connection by our books; null: nobody's. */
  holderOf(connectionId: string, vmid: number): Promise<string | null>
  /** The first number from `from` on that no machine of ours on this connection holds; held from now on by this service. */
  reserveVmid(serviceId: string, connectionId: string, from: number): Promise<number>
}

/** What a saga must know about its service, read at the beginning of each step. */
export interface MachineFacts {
  readonly serviceId: string, readonly clientId: string, readonly hostname: string, readonly status: ServiceStatus, /** Suspended, but entitled again: the machine is to be started. */ readonly resumable: boolean, readonly sshKey: string | null
  /** As it is sold; of a machine that is slowed down, with the rate that it is slowed down to. */
  readonly spec: { readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number, readonly rateMbps: number, readonly panelPackage?: string | undefined, /** IPv4 addresses beside the first one; left out: none. */ readonly extraIpv4?: number | undefined, readonly traffic?: TrafficTerms | undefined }
  readonly templateId: string | null, readonly templateName: string | null, /** Of its machine. */ readonly machineType: MachineType
  /** Of its product, as it is now; 0: none. */
  readonly snapshotLimit: number
  /** Of its product, as it is now. */
  readonly placementPolicy: PlacementPolicy
  /** The chosen template and its namesakes on other connections of the product; only those that are still there. */
  readonly templates: readonly { readonly connectionId: string, readonly node: string, readonly ref: string, readonly username: string, readonly identity: GuestIdentity, readonly machineType: MachineType, /** Machines can be made of it there alone; empty: on all. */ readonly nodes: readonly string[] }[]
  readonly resource: ResourceRow | null
  /** Null: none was ever wished. */
  readonly firewall: FirewallWish | null
  /** Its product gives IPv6, where there are pools of it. */
  readonly ipv6?: boolean
  readonly address: { readonly ipv4: string, readonly prefixLength: number, readonly gateway: string, readonly nameservers: readonly string[], readonly bridge?: string | null, readonly vlanTag?: number | null, readonly connectionId: string, /** Those that its pool serves; empty: all. */ readonly nodes: readonly string[], readonly ipv6?: MachineIpv6 | null, /** Which prefixes go with it, and the nodes that its own serves; null: it holds none. */ readonly card?: string, readonly prefixNodes?: readonly string[] | null, /** Its further ones, those left out that go back; left out: none. */ readonly extra?: readonly { readonly ipv4: string, readonly prefixLength: number }[], /** Held, but not sold any more: taken from the filter, then given back. */ readonly leaving?: readonly string[] } | null
  /** Of hosting: what is kept of its account, the servers on which it may be made, and who gets the panel's letters. */
  readonly hosting: { readonly account: KeptAccount | null, readonly connectionIds: readonly string[], readonly clientEmail: string } | null
}

/** A template that a machine can be made anew from, on its own connection. */
export interface ReinstallTemplate { readonly id: string, readonly name: string, readonly osFamily: string, readonly node: string, readonly ref: string, readonly username: string, readonly identity: GuestIdentity, readonly diskGiB: number, /** What the machine was made from. */ readonly current: boolean }

export interface ServiceControl {
  facts(serviceId: string): Promise<MachineFacts | null>
  /** Locks the service's row until the transaction ends and answers its state now. */
  lock(serviceId: string): Promise<{ readonly status: ServiceStatus, readonly clientId: string, readonly resumable: boolean, /** It was sold larger, and its machine does not follow yet. */ readonly changed: boolean, /** People do it: nothing is built. */ readonly byHand: boolean, readonly kind: ProductKind } | null>
  /** Of the product of a service; null: no such service. Takes no lock. */
  kindOf(serviceId: string): Promise<ProductKind | null>
  /** Whether what a service was ordered for is paid, now or ever. */
  isPaid(serviceId: string): Promise<boolean>
  isOwnedBy(serviceId: string, clientId: string): Promise<boolean>
  /** How these services and their machines stand now; who is gone is missing. */
  standings(serviceIds: readonly string[]): Promise<ReadonlyMap<string, { readonly status: ServiceStatus, readonly resourceStatus: ResourceStatus }>>
  /** Those of the product, and the machine's own, that are still there on its connection; of namesakes the one on its node. By name, a hundred at most. */
  reinstallTemplates(serviceId: string): Promise<ReinstallTemplate[]>
  /** What the machine of a service is made from, from now on. */
  setTemplate(serviceId: string, made: { readonly templateId: string, readonly sshKey: string | null }): Promise<void>
  setSshKey(serviceId: string, sshKey: string | null): Promise<void>
  rename(serviceId: string, hostname: string): Promise<void>
  /** Whether another living service of the same client has it. */
  hostnameTaken(serviceId: string, hostname: string): Promise<boolean>
  /** Null: no such service. Takes no lock. */
  hostname(serviceId: string): Promise<string | null>
  /** Entitled services without a machine, suspended ones with a running machine, ended ones that still hold something, changed ones whose machine is not what was sold; none of them with an open saga. */
  listNeglected(limit: number): Promise<{ readonly serviceId: string, readonly want: 'provision' | 'suspend' | 'resume' | 'terminate' | 'resize' }[]>
}

/** The rows of the pages, joined in one query per page. */
export interface ServiceSummary {
  readonly id: string, readonly clientId: string, readonly clientName: string, readonly clientEmail: string, readonly hostname: string, readonly productName: string, readonly productKind: string, readonly status: ServiceStatus, readonly suspensionReason: SuspensionReason | null, readonly endReason: EndReason | null,
  readonly cancelAtPeriodEnd: boolean, readonly cancelReason: CancelReason | null, readonly cancelNote: string | null, readonly holdUntil: Date | null, readonly holdReason: string | null, readonly cycle: BillingCycle, /** Of what is paid once. */ readonly deliveredAt: Date | null, readonly price: Money, readonly sshKey: string | null, readonly templateName: string | null, /** Of its template; null: none is known. */ readonly machineType: MachineType | null, /** How its guest was set up, as its hypervisor told or, before it did, as its template says. */ readonly customised: boolean, /** Its system takes SSH keys. */ readonly takesKeys: boolean, readonly spec: MachineFacts['spec'], readonly options: readonly SoldOption[], /** Something of them can be changed. */ readonly optionsChangeable: boolean,
  readonly resourceStatus: ResourceStatus, readonly power: PowerState, readonly ipv4: string | null, readonly ipv6: { readonly address: string, readonly length: number } | null, readonly connectionId: string | null, readonly connectionName: string | null, readonly connectionKind: ConnectionKind | null, /** Consoles of VMware are shown in the browser. */ readonly connectionConsole: boolean, readonly node: string | null, readonly vmid: number | null,
  readonly problem: string | null, readonly username: string | null, readonly hasPassword: boolean, readonly cpu: number | null, readonly memoryUsedMiB: number | null, readonly memoryTotalMiB: number | null, readonly uptimeSeconds: number | null, readonly observedAt: Date | null, readonly rescue: string | null, readonly rescueSince: Date | null, readonly openSaga: SagaKind | null,
}
export interface SagaHistory { readonly id: string, readonly kind: SagaKind, readonly action: string | null, readonly status: SagaStatus, readonly startedAt: Date, readonly finishedAt: Date | null, readonly retryAt: Date | null, readonly reason: string | null, readonly callingOff: boolean, readonly steps: { readonly name: string, readonly status: StepStatus, readonly startedAt: Date | null, readonly finishedAt: Date | null, readonly detail: string | null }[] }
export interface ServiceFilter extends PageRequest { readonly clientId?: string | undefined, readonly status?: ServiceStatus | undefined, readonly resourceStatus?: ResourceStatus | undefined, readonly failed?: boolean | undefined, /** Work that is paid and not done. */ readonly work?: boolean | undefined, /** A larger machine was refused, because its node has no room. */ readonly refused?: boolean | undefined, readonly q?: string | undefined }
export interface InvoiceLine { readonly id: string, readonly number: string | null, readonly status: InvoiceStatus, readonly issuedAt: Date | null, readonly dueAt: Date | null, readonly paidAt: Date | null, readonly total: Money, readonly outstanding: Money, readonly lateFeeOf: string | null }
export interface ClientRow { readonly id: string, readonly name: string, readonly email: string, readonly role: Role, readonly emailVerified: boolean, readonly createdAt: Date, readonly serviceCount: number, readonly outstanding: Money, readonly credit: Money, readonly groupId: string | null, readonly groupName: string | null }
export interface StaffNumbers {
  readonly services: Record<ServiceStatus, number>, readonly failedSagas: number, readonly activeNotReady: number, /** Work that is paid and not done. */ readonly workWaiting: number, readonly parkedWebhooks: number, readonly refundTasks: number, readonly unmatchedSettlements: number, /** Final notices that wait for the mail server for more than an hour: nobody is suspended by them. */ readonly waitingLetters: number, /** Webhook endpoints that failed for three days, or said that they are gone. */ readonly failingWebhooks: number, /** Vanished, and products are made from them. */ readonly missedTemplates: number, readonly missedPackages: number, /** Pools whose network vanished. */ readonly missedNetworks: number, /** Services whose machine was refused to become larger. */ readonly refusedGrowths: number, /** Disagreements between hypervisors and the books that nobody has looked at. */ readonly drift: number, readonly lowPools: number, readonly connections: readonly { readonly id: string, readonly name: string, readonly healthy: boolean | null, readonly checkedAt: Date | null }[],
  readonly receivable: Money, readonly overdue: Money, readonly receivedThisMonth: Money, readonly lastBillingRun: { readonly at: Date, readonly status: string, readonly actions: number } | null
}

/** The money side of services, as billing tells it: by id, one query for all. */
export interface BillingSide { readonly paidUntil: Date | null, readonly nextInvoiceOn: string | null, readonly openInvoiceId: string | null, readonly change: z.input<typeof changeView> | null
  readonly nextInvoice: { readonly price: Money, readonly discount: Money, readonly tax: Money, readonly total: Money, readonly codes: readonly string[] } | null, readonly priceChanges: readonly { readonly price: Money, readonly from: Date }[], readonly priceLockedUntil: Date | null
  readonly trialEndsAt: Date | null, readonly endsAt: Date | null
}
export type DescribeBilling = (serviceIds: readonly string[]) => Promise<ReadonlyMap<string, BillingSide>>

/** Billing's: the client's wish to end with what is paid; see `server/billing/schedule-cancellation.ts`. */
export type ScheduleCancellation = (stores: KernelStores, input: { readonly serviceId: string, readonly clientId: string | null, readonly cancel: boolean, readonly why: CancelWhy, readonly actor: Actor }) => Promise<void>
/** Billing's: ends a service at once, at its client's wish. */
export type CancelNow = (stores: KernelStores, input: { readonly serviceId: string, readonly clientId: string | null, readonly why: CancelWhy, readonly actor: Actor }) => Promise<void>
/** Billing's: keeps the calendar off a service until a moment; audited there, in a transaction of its own. */
export type SetHold = (input: { readonly serviceId: string, readonly until: Date | null, readonly reason: string, readonly actor: Actor }) => Promise<void>

export interface ServicePages {
  list(filter: ServiceFilter): Promise<Page<ServiceSummary>>
  find(id: string, clientId?: string): Promise<ServiceSummary | null>
  history(serviceId: string, limit: number): Promise<SagaHistory[]>
  unpaidInvoices(clientId: string, limit: number): Promise<InvoiceLine[]>
  standing(clientId: string): Promise<{ readonly totalDue: Money, readonly credit: Money, readonly hasProfile: boolean, readonly totpOn: boolean }>
  listClients(filter: PageRequest & { readonly q?: string | undefined }): Promise<Page<ClientRow>>
  staffNumbers(now: Date, monthStart: Date): Promise<StaffNumbers>
}

export interface ProvisioningStores extends KernelStores {
  readonly sagas: SagaStore, readonly resources: ResourceStore, readonly serviceControl: ServiceControl, readonly servicePages: ServicePages, readonly addresses: AddressBook, readonly hostingAccounts: AccountBook, readonly drift: DriftStore, readonly firewalls: FirewallStore, readonly capacity: CapacityStore, readonly stock: StockStore, readonly reverseDns: ReverseDnsStore, readonly isoImages: IsoStore, readonly backups: BackupStore, readonly backupGaps: BackupGapStore, readonly bulk: BulkStore, readonly nodeClosures: NodeClosureStore, readonly traffic: TrafficStore, readonly mail: MailOutbox, readonly staff: StaffDirectory, readonly audit: AuditTrail
}
