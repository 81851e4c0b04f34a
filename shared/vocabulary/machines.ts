export const hypervisorKinds = ['proxmox', 'vcenter', 'esxi'] as const
export type HypervisorKind = typeof hypervisorKinds[number]
/** Control panels of hosting servers: they carry accounts, not machines. */
export const panelKinds = ['whm'] as const
export type PanelKind = typeof panelKinds[number]
export const connectionKinds = [...hypervisorKinds, ...panelKinds] as const
export type ConnectionKind = typeof connectionKinds[number]
export const isPanel = (kind: ConnectionKind): kind is PanelKind => (panelKinds as readonly string[]).includes(kind)

/** What a kind of hypervisor can do. What it cannot is left out on purpose and said on screen: never pretended, never a failure. */
export interface HypervisorCapabilities {
  /** Lets a machine send from its own address alone. */
  readonly addressFilter: boolean
  /** Gives a machine firewall rules of its own. */
  readonly firewall: boolean
  /** Limits a machine's network rate. */
  readonly rateLimit: boolean
  /** Tells how much a machine sent and received. */
  readonly traffic: boolean
  /** Puts a machine's network card into a VLAN by its tag. If not, the network that it attaches to decides. */
  readonly vlanTag: boolean
  /** Starts each machine with its host, or does not, as it is told. */
  readonly startAtBoot: boolean
  /** Knows the address that it gave to a machine. If not, the guest tells it, some time after it was started. */
  readonly knowsAddress: boolean
  /** Shows a machine's screen in the browser, relayed by us. */
  readonly console: boolean
  /** Keeps states of a machine's disks to go back to. */
  readonly snapshots: boolean
  /** Moves a machine to another of its nodes. */
  readonly move: boolean
  /** Keeps what a machine used over the last hour to the last year. */
  readonly metrics: boolean
  /** Gives a machine that is there another password or other SSH keys. */
  readonly login: boolean
  /** Gives it another name, which its guest takes on. */
  readonly rename: boolean
  /** Gives the network card of a machine that is there another hardware address. */
  readonly cardAddress: boolean
  /** Gives a machine that is there IPv6, which its guest takes on at its next start. */
  readonly laterIpv6: boolean
  /** Starts it from a CD image instead of its disk, for a while. */
  readonly rescue: boolean
  /** Keeps whole machines on a storage of their own, to restore them from. */
  readonly backups: boolean
  /** Takes a machine that is there already under our mark, and lets one go again. */
  readonly adoption: boolean
}
const vsphere: HypervisorCapabilities = { addressFilter: false, firewall: false, rateLimit: false, traffic: true, vlanTag: false, startAtBoot: false, knowsAddress: false, console: false, snapshots: true, move: true, metrics: true, login: false, rename: true, cardAddress: false, laterIpv6: false, rescue: false, backups: false, adoption: false }
export const hypervisorCapabilities: Readonly<Record<HypervisorKind, HypervisorCapabilities>> = {
  proxmox: { addressFilter: true, firewall: true, rateLimit: true, traffic: true, vlanTag: true, startAtBoot: true, knowsAddress: true, console: true, snapshots: true, move: true, metrics: true, login: true, rename: true, cardAddress: true, laterIpv6: true, rescue: true, backups: true, adoption: true }, vcenter: vsphere,
  // It is one node, and alone.
  esxi: { ...vsphere, move: false },
}
/** What a machine is: one with a kernel and firmware of its own, or a container that shares the kernel of its node. Its template says so, for good. */
export const machineTypes = ['vm', 'container'] as const
export type MachineType = typeof machineTypes[number]
/** What a machine is sold as: the technique behind it, never which hypervisor or version of it. */
export const virtualisations = ['kvm', 'lxc', 'vmware'] as const
export type Virtualisation = typeof virtualisations[number]
/** Of machines that a connection makes from such a template. Null: it makes none. */
export const virtualisationOf = (kind: ConnectionKind, type: MachineType): Virtualisation | null => isPanel(kind) ? null : type === 'container' ? 'lxc' : kind === 'proxmox' ? 'kvm' : 'vmware'
/** What containers cannot, wherever they run: nobody inside takes orders from outside, they start from no CD, and none that was there before us is taken over. */
const containers: Partial<HypervisorCapabilities> = { login: false, rescue: false, adoption: false }
/** Of the machines of a hypervisor. Null: it carries no machines, or nothing is known of it yet. */
export const machineCapabilities = (kind: ConnectionKind | null, type: MachineType | null = 'vm'): HypervisorCapabilities | null => kind === null || isPanel(kind) ? null : { ...hypervisorCapabilities[kind], ...type === 'container' ? containers : {} }
/** How a guest gets its name, address and login: cloud-init reads them, or VMware Tools set them at its first start (Linux: LinuxPrep, Windows: Sysprep). Its template says so. */
export const guestIdentities = ['cloud_init', 'linux_prep', 'sysprep'] as const
export type GuestIdentity = typeof guestIdentities[number]
/** Windows that Sysprep sets up has no place for SSH keys: they are not asked for where they would be lost. */
export const takesSshKeys = (identity: GuestIdentity): boolean => identity !== 'sysprep'
/** Between which ways a template has the choice; a stand-alone ESXi customises no guests. */
export const identitiesOf = (kind: ConnectionKind): readonly GuestIdentity[] => kind === 'vcenter' ? guestIdentities : ['cloud_init']
export const tlsModes = ['system', 'ca', 'fingerprint'] as const
export type TlsMode = typeof tlsModes[number]

/** The technical side of a service; only sagas write it. `unlinked`: staff let its machine go, and it has none. */
export const resourceStatuses = ['none', 'provisioning', 'ready', 'stopped_by_policy', 'destroying', 'destroyed', 'error', 'unlinked'] as const
export type ResourceStatus = typeof resourceStatuses[number]
export const powerStates = ['running', 'stopped', 'unknown'] as const
export type PowerState = typeof powerStates[number]

export const sagaKinds = ['provision', 'suspend', 'resume', 'terminate', 'power', 'resize', 'snapshot', 'rollback', 'reinstall', 'firewall', 'access', 'rename', 'rescue', 'backup', 'restore', 'move', 'ipv6', 'adopt', 'unlink', 'throttle', 'rebuild'] as const
export type SagaKind = typeof sagaKinds[number]
const doesSeveralThings: readonly SagaKind[] = ['power', 'snapshot', 'backup', 'access', 'rescue']
/** What a task is: its kind or, of kinds that do several things, also which one. People's words for it stand under this name in `portal.saga`. */
export const taskName = ({ kind, action }: { readonly kind: SagaKind, readonly action: string | null }): string => action !== null && doesSeveralThings.includes(kind) ? `${kind}.${action}` : kind
export const sagaStatuses = ['running', 'waiting', 'done', 'failed'] as const
export type SagaStatus = typeof sagaStatuses[number]
/** Whether a task may be tried again from where it stands. One that gave back what it held when it failed (a prefix of IPv6) is wished anew instead. */
export const isRetriable = ({ kind, status }: { readonly kind: SagaKind, readonly status: SagaStatus }): boolean => status === 'waiting' || (status === 'failed' && kind !== 'ipv6')
/** `undone`: the task was called off, and what the step did was taken back. */
export const stepStatuses = ['pending', 'running', 'done', 'skipped', 'failed', 'undone'] as const
export type StepStatus = typeof stepStatuses[number]

/** What a client may ask of a running machine. */
export const powerActions = ['start', 'shutdown', 'stop', 'reboot'] as const
export type PowerAction = typeof powerActions[number]

/** Why a console in the browser was closed or not opened. */
export const consoleEnds = ['suspended', 'ended', 'not_ready', 'not_running', 'unsupported', 'session_ended', 'idle', 'busy', 'line_closed', 'unavailable', 'refused', 'restarting'] as const
export type ConsoleEnd = typeof consoleEnds[number]
/** What may be asked of the snapshots of a machine. `rollback` is a saga of its own: it stops the machine and starts it again. */
export const snapshotActions = ['create', 'rollback', 'delete'] as const
export type SnapshotAction = typeof snapshotActions[number]
/** Ours are told by their name; one that was made by hand is shown and never touched. */
export const snapshotName = (random: string): string => `gardu-${random}`
export const isOwnSnapshot = (name: string): boolean => /^gardu-[0-9a-f]{12}$/.test(name)

/** What a task about the login changes. */
export const accessActions = ['password', 'keys'] as const
export type AccessAction = typeof accessActions[number]
/** Rescue: the machine starts from a CD image instead of its disk, until it is ended. */
export const rescueActions = ['start', 'end'] as const
export type RescueAction = typeof rescueActions[number]

/** Of a backup in the books. `gone`: it was there, and its storage no longer has it. */
export const backupStates = ['running', 'ready', 'failed', 'deleted', 'gone'] as const
export type BackupState = typeof backupStates[number]
/** Those that are counted against what a product includes. */
export const heldBackupStates = ['running', 'ready'] as const satisfies readonly BackupState[]
export const backupOrigins = ['client', 'staff', 'schedule'] as const
export type BackupOrigin = typeof backupOrigins[number]
/** `restore` is a saga of its own: it stops the machine and starts it again. */
export const backupActions = ['create', 'restore', 'delete'] as const
export type BackupAction = typeof backupActions[number]
/** Why a service has no recent backup, as far as it is known. `waits`: its schedule has not come round. `overdue`: it has, and nothing was begun. `panel_*`: accounts are backed up by their panel alone. */
export const backupGaps = ['unsupported', 'no_storage', 'not_offered', 'suspended', 'broken', 'failed', 'by_hand', 'no_schedule', 'waits', 'overdue', 'panel_silent', 'panel_none', 'panel_old'] as const
export type BackupGap = typeof backupGaps[number]
/** Older than so many days, a backup is no recent one, unless somebody says otherwise. */
export const recentBackupDays = 7
/** Why a failed backup cannot be tried again: it is no failure of its own task, or the act would only fail again. */
export const backupRetryObstacles = ['gone', 'no_task', 'later_task', 'busy', 'cancelled', 'not_running', 'rebuilt', 'elsewhere', 'no_place'] as const
export type BackupRetryObstacle = typeof backupRetryObstacles[number]
export const backupFrequencies = ['daily', 'weekly'] as const
export type BackupFrequency = typeof backupFrequencies[number]

/** Of the graphs. */
export const metricRanges = ['hour', 'day', 'week', 'month', 'year'] as const
export type MetricRange = typeof metricRanges[number]

export const addressStatuses = ['free', 'reserved', 'assigned', 'quarantine', 'blocked'] as const
export type AddressStatus = typeof addressStatuses[number]
/** What is known of the day on which a pool is full. `unknown`: not enough days were seen; `steady`: no more addresses are taken than given back. */
/** Of a prefix that was handed out at least once, or is kept from it. */
export const ipv6PrefixStatuses = ['free', 'reserved', 'assigned', 'quarantine', 'blocked'] as const
export type Ipv6PrefixStatus = typeof ipv6PrefixStatuses[number]
export const poolOutlooks = ['full', 'days', 'steady', 'unknown'] as const
export type PoolOutlook = typeof poolOutlooks[number]
/** Why a line of an imported list of addresses is left out. */
export const addressLineProblems = ['address_invalid', 'address_not_in_pool', 'address_twice', 'status_invalid', 'reason_missing', 'reason_too_long', 'address_in_use', 'address_rests'] as const
export type AddressLineProblem = typeof addressLineProblems[number]
/** How the wish for an address's name stands at the name server: to be written, written and read back, refused until somebody does something. */
export const ptrStates = ['pending', 'active', 'failed'] as const
export type PtrState = typeof ptrStates[number]

/** What a hypervisor and our books can disagree about. */
export const driftKinds = ['orphan_machine', 'missing_machine', 'copied_mark', 'wrong_place', 'renumbered', 'untagged', 'wrong_size', 'runs_although_suspended', 'leaked_address', 'wrong_network', 'wrong_mac', 'wrong_filter', 'foreign_rules', 'missing_account', 'orphan_account', 'wrong_package', 'account_suspended', 'account_runs', 'account_renamed', 'account_domain'] as const
export type DriftKind = typeof driftKinds[number]
/** What Gardu can put right by itself when staff say so; the others are mended where they are. */
export const repairableDrift = ['renumbered', 'untagged', 'wrong_size', 'runs_although_suspended', 'leaked_address', 'wrong_mac', 'wrong_filter', 'wrong_package', 'account_runs', 'account_renamed'] as const satisfies readonly DriftKind[]
export type RepairableDrift = typeof repairableDrift[number]
export const isRepairable = (kind: DriftKind): kind is RepairableDrift => (repairableDrift as readonly DriftKind[]).includes(kind)
export const driftActs = ['repair', 'adopt'] as const
export type DriftAct = typeof driftActs[number]
/** What staff may say of a finding beside ignoring it. `adopt`: our books take on what is there. Only what a hypervisor can do is repaired there. */
export const driftActsOf = (kind: DriftKind, on: ConnectionKind): DriftAct[] => [
  ...isRepairable(kind) && (kind !== 'wrong_mac' || (!isPanel(on) && hypervisorCapabilities[on].cardAddress)) ? ['repair' as const] : [], ...kind === 'wrong_mac' ? ['adopt' as const] : [],
]
export const driftStates = ['open', 'ignored', 'resolved'] as const
export type DriftState = typeof driftStates[number]

/** What the certificate of a hosting account's domain is worth. */
export const certificateStates = ['valid', 'expiring', 'expired', 'self_signed', 'none'] as const
export type CertificateState = typeof certificateStates[number]

export const domainAvailabilities = ['available', 'taken', 'unknown', 'invalid', 'unsupported'] as const
export type DomainAvailability = typeof domainAvailabilities[number]

/** Which of the nodes that can take a machine gets it: the one with the most free memory, the one with the least, or the one with the fewest machines of its client. */
export const placementPolicies = ['most_free', 'fill_first', 'spread_by_client'] as const
export type PlacementPolicy = typeof placementPolicies[number]
/** What ends the number of places of a product. `connections`: none of its connections takes machines. `storage_content`: their storage takes no disks of such machines. `network`: there are free addresses, but the nodes with room lack their network. `unknown`: one did not tell its state lately. */
export const placesLimits = ['memory', 'storage', 'storage_content', 'cpu', 'addresses', 'network', 'stock_limit', 'accounts', 'disk', 'connections', 'unknown'] as const
export type PlacesLimit = typeof placesLimits[number]
