import { DriverError } from '#shared/errors/driver-error.ts'
import type { DriverErrorKind } from '#shared/errors/driver-error.ts'
import { canonical6 } from '#shared/network/ipv6.ts'
import { machineTypes } from '#shared/vocabulary/machines.ts'
import type { MachineType, PowerState } from '#shared/vocabulary/machines.ts'
import { guessOs } from '#server/infrastructure/os-family.ts'
import type { MachineSpec, MachineState, NodeHeadroom, ObservedMachine, RemoteTemplate, TaskHandle, TaskState } from '#server/infrastructure/ports.ts'
import type { Config, MachineStatus, Resource } from './schema.ts'

const mebi = 1_048_576
const gibi = 1_073_741_824

// Ownership ---------------------------------------------------------------------------------------------------------------------------
const uuidPattern = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const markPattern = new RegExp(`gardu-(${uuidPattern})`, 'gi')
export const markTag = (ownershipMark: string): string => `gardu-${ownershipMark}`
/** What the clone call itself writes: from its first moment on the machine says whose it is. */
const plea = 'Managed by Gardu. The line above proves whose machine this is: please leave it.'
export const markDescription = (ownershipMark: string): string => `${markTag(ownershipMark)}\n\n${plea}`
/** Marks, alone or with the line that follows. */
const markLines = new RegExp(`gardu-${uuidPattern}(\\s*${plea.replaceAll('.', '\\.')})?`, 'gi')

const marksIn = (text: string): string[] => [...text.matchAll(markPattern)].map(found => (found[1] ?? '').toLowerCase())
export const splitTags = (tags: string | undefined): string[] => (tags ?? '').split(/[;, ]+/).filter(Boolean)

interface Marked { readonly description?: string | undefined, readonly tags?: string | undefined }
/** All marks that description and tags carry, each once. */
export const marksOf = ({ description, tags }: Marked): string[] => [...new Set([...marksIn(description ?? ''), ...splitTags(tags).flatMap(marksIn)])]
/** The one mark that description and tags carry. Two different marks prove nothing: null. */
export function ownershipMarkOf(texts: Marked): string | null {
  const marks = marksOf(texts)
  const [only] = marks
  return marks.length === 1 && only ? only : null
}
/** While a clone, or a container, is prepared its configuration is a stub that says nothing about its owner yet. */
export const isCloneStub = (kind: 'qemu' | 'lxc', config: Config): boolean => (config.lock === 'create' || (kind === 'qemu' && config.lock === 'clone')) && ownershipMarkOf(config) === null

// Property strings --------------------------------------------------------------------------------------------------------------------
/** `virtio=BC:24:11:AA:BB:CC,bridge=vmbr0,rate=12.5`: ordered pairs; a part without `=` has an empty value. */
const parsePairs = (text: string): [string, string | null][] => text.split(',').filter(Boolean).map((part) => {
  const at = part.indexOf('=')
  return at < 0 ? [part, null] : [part.slice(0, at), part.slice(at + 1)]
})
const printPairs = (pairs: readonly (readonly [string, string | null])[]): string => pairs.map(([key, value]) => value === null ? key : `${key}=${value}`).join(',')

/** Megabits per second as Proxmox counts: `rate` is MiB/s (it multiplies by 1024²), printed with at most two decimals. */
export const rateOf = (megabitsPerSecond: number): string => String(Math.round(megabitsPerSecond * 1_000_000 / 8 / mebi * 100) / 100)
export const megabitsOf = (rate: string): number => Math.round(Number(rate) * mebi * 8 / 1_000_000)

/**
 * A network device with some of its options changed and all others, the MAC above all, as they were: written without its MAC the device
 * would get a new one, which breaks the guest and every filter. `null` removes an option.
 */
export function changeNet(net: string | undefined, change: Readonly<Record<string, string | null>>): string {
  const pairs = parsePairs(net ?? 'virtio').filter(([key]) => !(key in change))
  return printPairs([...pairs, ...Object.entries(change).filter((pair): pair is [string, string] => pair[1] !== null)])
}
export const optionOf = (text: string | undefined, key: string): string | null => parsePairs(text ?? '').find(([name]) => name === key)?.[1] ?? null

const macPattern = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i
const macKey = (net: string): string | undefined => parsePairs(net).find(([, value]) => value !== null && macPattern.test(value))?.[0]
/** Of a card: a virtual machine's stands behind its model, a container's under a name of its own. */
export const macOf = (net: string | undefined): string | null => {
  const key = macKey(net ?? '')
  return key === undefined ? null : optionOf(net, key)?.toUpperCase() ?? null
}
/** The card with another hardware address, all else in its place; null: it has none to be changed. */
export const withMac = (net: string, mac: string): string | null => {
  const key = macKey(net)
  return key === undefined ? null : printPairs(parsePairs(net).map(([name, value]) => [name, name === key ? mac.toUpperCase() : value]))
}

/** Proxmox wants the keys percent-encoded inside the value (upper-case hex, `%20`); the form encodes that once more. */
export const encodeSshKeys = (keys: string): string => encodeURIComponent(keys.trim()).replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

const unit: Readonly<Record<string, number>> = { K: 1024, M: mebi, G: gibi, T: 1024 * gibi }
export const bytesOf = (size: string): number | null => {
  const found = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(size)
  return found ? Number(found[1]) * (unit[found[2] ?? ''] ?? 1) : null
}
const isDisk = (value: string | undefined): value is string => value !== undefined && value !== 'none' && !value.includes('media=cdrom') && !value.includes('cloudinit')
/** The disk that the machine boots from, and its size if the configuration tells it. */
export function systemDisk(config: Config): { readonly key: string, readonly sizeGiB: number | null } | null {
  const order = /(?:^|,)order=([^,]+)/.exec(config.boot ?? '')?.[1]?.split(';') ?? []
  const candidates = [...order, ...(config.bootdisk ? [config.bootdisk] : []), 'scsi0', 'virtio0', 'sata0', 'ide0']
  const key = candidates.find(name => /^(scsi|virtio|sata|ide)\d+$/.test(name) && isDisk(config[name]))
  if (!key) return null
  const bytes = bytesOf(optionOf(config[key], 'size') ?? '')
  return { key, sizeGiB: bytes === null ? null : bytes / gibi }
}
const memoryOf = (config: Config): number | null => {
  const told = /^(?:current=)?(\d+)/.exec(config.memory ?? '')?.[1]
  return told === undefined ? null : Number(told)
}
export const hasCloudInit = (config: Config): boolean => Object.entries(config).some(([key, value]) => /^(scsi|sata|ide)\d+$/.test(key) && value.includes('cloudinit'))

// What we write -----------------------------------------------------------------------------------------------------------------------
const ipConfigOf = ({ ipv4, prefixLength, gateway, ipv6 }: MachineSpec['address']): string => [`ip=${ipv4}/${prefixLength}`, `gw=${gateway}`, ...ipv6 ? [`ip6=${ipv6.address}/${ipv6.length}`, `gw6=${ipv6.gateway}`] : []].join(',')
/** The form of `POST config` that turns a fresh clone into what was sold. `digest` makes a change by somebody else in between fail. */
export function configureForm(config: Config, spec: MachineSpec, ownershipMark: string, bridge: string): Record<string, string> {
  const tags = [...new Set([...splitTags(config.tags).filter(tag => !tag.startsWith('gardu-')), markTag(ownershipMark)])]
  const remove = [...(spec.login.sshKey === null && config.sshkeys ? ['sshkeys'] : [])]
  return {
    name: spec.hostname, cores: String(spec.cpuCores), sockets: '1', memory: String(spec.ramMiB), onboot: '1', tags: tags.join(';'),
    ...(marksIn(config.description ?? '').includes(ownershipMark) ? {} : { description: markDescription(ownershipMark) }),
    ...(Number(config.balloon ?? 0) > spec.ramMiB ? { balloon: String(spec.ramMiB) } : {}),
    net0: changeNet(config.net0, { bridge: spec.address.bridge ?? bridge, rate: rateOf(spec.rateMbps), link_down: null, ...(spec.address.vlanTag ? { tag: String(spec.address.vlanTag) } : {}) }),
    ipconfig0: ipConfigOf(spec.address), nameserver: spec.address.nameservers.join(' '),
    ciuser: spec.login.username, cipassword: spec.login.password, ...(spec.login.sshKey === null ? {} : { sshkeys: encodeSshKeys(spec.login.sshKey) }),
    ...(remove.length > 0 ? { delete: remove.join(',') } : {}), ...(config.digest ? { digest: config.digest } : {}),
  }
}
/** The form of `POST config` that gives a machine another size and touches nothing else; null: it has that size. */
export function resizeForm(config: Config, { cpuCores, ramMiB, rateMbps }: Pick<MachineSpec, 'cpuCores' | 'ramMiB' | 'rateMbps'>): Record<string, string> | null {
  const rate = rateOf(rateMbps)
  const form = {
    ...(Number(config.cores ?? 1) * Number(config.sockets ?? 1) === cpuCores ? {} : { cores: String(cpuCores), sockets: '1' }),
    ...(memoryOf(config) === ramMiB ? {} : { memory: String(ramMiB) }),
    ...(Number(config.balloon ?? 0) > ramMiB ? { balloon: String(ramMiB) } : {}),
    ...(config.net0 === undefined || optionOf(config.net0, 'rate') === rate ? {} : { net0: changeNet(config.net0, { rate }) }),
  }
  return Object.keys(form).length === 0 ? null : { ...form, ...(config.digest ? { digest: config.digest } : {}) }
}
/** What stands in the description beside our lines. */
const ownText = (description: string | undefined): string => (description ?? '').replaceAll(markLines, '').trim()
const otherTags = (tags: string | undefined): string[] => splitTags(tags).filter(tag => marksIn(tag).length === 0)
const digestOf = (config: Config): Record<string, string> => config.digest ? { digest: config.digest } : {}
/** The form of `PUT config` that puts this mark, and no other, into description and tags and leaves what else they say, and gives the guest this address for its next start; null: so it is. */
export function markForm(config: Config, ownershipMark: string, address: { readonly ipv4: string, readonly prefixLength: number, readonly gateway: string } | null): Record<string, string> | null {
  const marked = marksIn(config.description ?? '')
  const form = {
    ...(marked.length > 0 && marked.every(mark => mark === ownershipMark) ? {} : { description: [markDescription(ownershipMark), ownText(config.description)].filter(Boolean).join('\n\n') }),
    ...(splitTags(config.tags).includes(markTag(ownershipMark)) && marksIn(config.tags ?? '').length === 1 ? {} : { tags: [...otherTags(config.tags), markTag(ownershipMark)].join(';') }),
    ...(address === null || given4(config) === address.ipv4 ? {} : { ipconfig0: changeNet(config.ipconfig0 ?? '', { ip: `${address.ipv4}/${address.prefixLength}`, gw: address.gateway }).replace(/^,/, '') }),
  }
  return Object.keys(form).length === 0 ? null : { ...form, ...digestOf(config) }
}
/** The form of `PUT config` that takes every mark out of description and tags. */
export function unmarkForm(config: Config): Record<string, string> {
  const [text, tags] = [ownText(config.description), otherTags(config.tags).join(';')]
  const remove = [...text === '' && config.description ? ['description'] : [], ...tags === '' && config.tags ? ['tags'] : []]
  return { ...(text === '' ? {} : { description: text }), ...(tags === '' ? {} : { tags }), ...(remove.length > 0 ? { delete: remove.join(',') } : {}), ...digestOf(config) }
}
/** The form that gives a machine's card another rate and nothing else; null: it has that rate, or no card. */
export function rateForm(config: Config, rateMbps: number): Record<string, string> | null {
  const rate = rateOf(rateMbps)
  return config.net0 === undefined || optionOf(config.net0, 'rate') === rate ? null : { net0: changeNet(config.net0, { rate }), ...(config.digest ? { digest: config.digest } : {}) }
}
export const suspensionForm = (config: Config, suspended: boolean): Record<string, string> => ({
  onboot: suspended ? '0' : '1', ...(config.net0 ? { net0: changeNet(config.net0, { link_down: suspended ? '1' : null }) } : {}), ...(config.digest ? { digest: config.digest } : {}),
})

// What we read ------------------------------------------------------------------------------------------------------------------------
/** A paused or half-started machine is neither running nor stopped. */
export const powerOf = (status: string | undefined, qmpStatus?: string): PowerState => status === 'stopped' ? 'stopped' : status === 'running' && (qmpStatus === undefined || qmpStatus === 'running') ? 'running' : 'unknown'

/** The IPv4 address that its guest is given; null: none, or it asks for one. */
const given4 = (config: Config): string | null => /^([\d.]+)\//.exec(optionOf(config.ipconfig0, 'ip') ?? '')?.[1] ?? null
const given6 = (config: Config): string | null => {
  const told = /^([\da-f:]+)\//i.exec(optionOf(config.ipconfig0, 'ip6') ?? '')?.[1]
  return told === undefined ? null : canonical6(told)
}

export function toMachineState(at: { readonly node: string, readonly vmid: number }, config: Config, status: MachineStatus, filteredAddresses: readonly string[] | null): MachineState {
  const disk = systemDisk(config)
  const rate = optionOf(config.net0, 'rate')
  return {
    node: at.node, vmid: at.vmid, name: config.name ?? status.name ?? '', power: powerOf(status.status, status.qmpstatus), lock: status.lock ?? config.lock ?? null,
    cpu: status.cpu, cpuCores: Number(config.cores ?? 1) * Number(config.sockets ?? 1), memoryUsedMiB: status.mem / mebi, memoryTotalMiB: memoryOf(config) ?? status.maxmem / mebi, diskGiB: disk?.sizeGiB ?? status.maxdisk / gibi, uptimeSeconds: status.uptime,
    ownershipMark: ownershipMarkOf(config), ipv4: given4(config), ipv6: given6(config), rateMbps: rate === null ? null : megabitsOf(rate), startsAtBoot: config.onboot === '1', networkUp: optionOf(config.net0, 'link_down') !== '1', filteredAddresses,
    network: { bridge: optionOf(config.net0, 'bridge'), vlanTag: Number(optionOf(config.net0, 'tag')) || null }, mac: macOf(config.net0),
  }
}
/** `rows`: guests and storages. A clone reaches another node only if every volume of the template, its cloud-init drive among them, lies on storage that the nodes share. Where a template's configuration is not known, it is taken to reach none. */
export const toTemplates = (rows: readonly Resource[], configs: ReadonlyMap<number, Config | null>): RemoteTemplate[] => rows.flatMap((row) => {
  if (row.type !== 'qemu' || !row.template || row.vmid === undefined || !row.node) return []
  const config = configs.get(row.vmid)
  const volumes = Object.entries(config ?? {}).filter(([key, value]) => /^((scsi|virtio|sata|ide)\d+|efidisk0|tpmstate0)$/.test(key) && /^[^:,]+:/.test(value)).map(([, value]) => value.slice(0, value.indexOf(':')))
  const shared = (storage: string) => rows.some(entry => entry.type === 'storage' && entry.storage === storage && entry.shared === true)
  const name = row.name ?? `vm-${row.vmid}`
  const os = guessOs(name)
  return [{ node: row.node, ref: String(row.vmid), name, osFamily: os.family, username: os.username, diskGiB: (row.maxdisk ?? 0) / gibi, nodes: !config || !volumes.every(shared) ? [row.node] : [], machineType: 'vm' }]
})
export const toObserved = (rows: readonly Resource[]): ObservedMachine[] => rows.flatMap((row) => {
  const ownershipMark = ownershipMarkOf({ tags: row.tags })
  if ((row.type !== 'qemu' && row.type !== 'lxc') || !ownershipMark || row.vmid === undefined || !row.node) return []
  return [{ node: row.node, vmid: row.vmid, ownershipMark, power: powerOf(row.status), cpu: row.cpu ?? 0, cpuCores: row.maxcpu ?? 0, memoryUsedMiB: (row.mem ?? 0) / mebi, memoryTotalMiB: (row.maxmem ?? 0) / mebi, /* Of a container that runs it is what its file system holds, which is less than the disk. */ diskGiB: row.maxdisk === undefined || row.type === 'lxc' ? null : row.maxdisk / 1024 ** 3, uptimeSeconds: row.uptime ?? 0, counters: row.netin === undefined || row.netout === undefined ? null : { in: row.netin, out: row.netout } }]
})

/** What a storage has to hold the disks of. */
export const diskContent = { vm: 'images', container: 'rootdir' } as const satisfies Record<MachineType, string>
/** Machines whose disks a storage takes; one that does not tell its content takes all. */
export const takenBy = ({ content }: Pick<Resource, 'content'>): MachineType[] => machineTypes.filter(type => content === undefined || content.split(',').includes(diskContent[type]))

/**
 * Per node online that may be used: its memory less what guests were given (running ones, and ours even when stopped: they must be able to
 * start), and the free space of the storage that machines are built on.
 */
export function toHeadroom(rows: readonly Resource[], storage: string, allowed: readonly string[]): NodeHeadroom[] {
  const byNode = Map.groupBy(rows, row => row.node ?? '')
  return rows.filter(row => row.type === 'node' && row.status === 'online' && row.node && (allowed.length === 0 || allowed.includes(row.node))).flatMap((row) => {
    const node = row.node ?? ''
    const onIt = byNode.get(node) ?? []
    const given = onIt.reduce((sum, guest) => (guest.type === 'qemu' || guest.type === 'lxc') && !guest.template && (guest.status === 'running' || ownershipMarkOf({ tags: guest.tags }) !== null) ? sum + (guest.maxmem ?? 0) : sum, 0)
    const store = onIt.find(entry => entry.type === 'storage' && entry.storage === storage && entry.status === 'available')
    if (!store) return []
    return [{ node, memoryTotal: row.maxmem ?? 0, memoryFree: (row.maxmem ?? 0) - given, storageFree: Math.max(0, (store.maxdisk ?? 0) - (store.disk ?? 0)), cpuCores: row.maxcpu ?? 0, storageKey: store.shared ? storage : `${node}/${storage}`, takes: takenBy(store) }]
  })
}

// Tasks -------------------------------------------------------------------------------------------------------------------------------
/** `UPID:<node>:<pid>:<pstart>:<starttime>:<type>:<id>:<user>:` */
export const upidParts = (upid: string): { node: string, type: string } => {
  const parts = upid.split(':')
  return { node: parts[1] ?? '', type: parts[5] ?? '' }
}
export const handleOf = (upid: string): TaskHandle => ({ id: upid, node: upidParts(upid).node })
/** Ends that say that the effect was there before. */
const alreadySo: Readonly<Record<string, RegExp>> = { qmstart: /already running/i, qmstop: /not running/i, qmshutdown: /not running/i, qmdestroy: /does not exist/i, qmsnapshot: /snapshot name '[^']*' already used/i, qmdelsnapshot: /snapshot '[^']*' does not exist/i, imgdel: /does not exist|no such volume/i, vzstart: /already running/i, vzstop: /not running/i, vzshutdown: /not running/i, vzdestroy: /does not exist/i, vzsnapshot: /snapshot name '[^']*' already used/i, vzdelsnapshot: /snapshot '[^']*' does not exist/i }

export function toTaskState(type: string, status: string, exitStatus: string | undefined): TaskState {
  if (status === 'running') return { state: 'running' }
  if (exitStatus === 'OK') return { state: 'done', warnings: false }
  if (exitStatus !== undefined && /^WARNINGS: \d+$/.test(exitStatus)) return { state: 'done', warnings: true }
  if (exitStatus !== undefined && alreadySo[type]?.test(exitStatus)) return { state: 'done', warnings: false }
  const message = exitStatus ?? 'the task ended without a status'
  return { state: 'failed', message, kind: /unexpected status/.test(message) || exitStatus === undefined ? 'unknown_outcome' : classify(message) ?? 'retryable' }
}

// Errors ------------------------------------------------------------------------------------------------------------------------------
/** Words of Proxmox VE (status line, body or a task's end) → what they mean for the caller. First match wins. */
const meanings: readonly (readonly [RegExp, DriverErrorKind])[] = [
  [/shrinking disks is not supported|unable to shrink disk/i, 'permanent'],
  [/no space left|not enough (free )?space|out of space|insufficient (free )?space|quota exceeded|free space .*(too low|insufficient)/i, 'action_required'],
  [/protection mode enabled/i, 'action_required'],
  [/snapshot feature is not available/i, 'action_required'],
  // Of some storages (ZFS): going back over a newer snapshot would destroy it.
  [/not (the )?most recent snapshot|more recent snapshots exist/i, 'permanent'],
  [/snapshot '[^']*' does not exist/i, 'not_found'],
  [/cannot allocate memory|cannot set up guest memory|vcpus allowed per VM/i, 'action_required'],
  [/uses local storage|can't clone VM to node|storage '[^']*' (does not exist|(is not|does not support) [^']*)|content type .* not (allowed|available)|bridge '[^']*' does not exist/i, 'action_required'],
  [/permission (check failed|denied)/i, 'action_required'],
  [/is locked|can't lock file|got (lock request )?timeout|trying to acquire.*lock|cfs.lock|no quorum|cluster not ready/i, 'retryable'],
  [/detected modified configuration/i, 'retryable'],
  [/already exists/i, 'retryable'],
  [/is running - destroy failed|unable to destroy CT \d+ - container is running/i, 'retryable'],
  [/no route to host|connection refused|connection timed out|hostname lookup .* failed|node .* (is )?(offline|not online)/i, 'retryable'],
  [/config(uration)? file '[^']*' does not exist|unable to find configuration file|no such (VM|task)|(VM|CT) \d+ does not exist/i, 'not_found'],
]
export const classify = (message: string): DriverErrorKind | null => meanings.find(([pattern]) => pattern.test(message))?.[1] ?? null
export const isTaken = (message: string): boolean => /already exists/i.test(message)

const who = (kind: DriverErrorKind): { who?: 'sysadmin' } => kind === 'action_required' ? { who: 'sysadmin' } : {}
const after = (message: string): { afterSeconds?: number } => /is locked|lock/i.test(message) ? { afterSeconds: 5 } : {}

/** An answer that is no success. `message` is the body's or, before 2025, only in the status line. */
export function toDriverError(status: number, message: string, read: boolean): DriverError {
  const text = `Proxmox: ${message || `status ${status}`}`
  const lost: DriverErrorKind = read ? 'retryable' : 'unknown_outcome'
  if (status === 401) return new DriverError('action_required', `${text} (the API token is not accepted)`, { who: 'sysadmin' })
  if (status === 403) return new DriverError('action_required', text, { who: 'sysadmin' })
  if (status === 404 || status === 501) return new DriverError('permanent', `${text} (this version does not know the call)`)
  // A node passes calls on to the node of the machine: 595 it could not connect, 596 to 599 it lost the answer.
  if (status === 595 || status === 503) return new DriverError('retryable', `${text} (the node cannot be reached)`, { afterSeconds: 15 })
  if (status === 502 || status === 504 || (status >= 596 && status <= 599)) return new DriverError(lost, `${text} (the answer was lost on the way)`)
  const kind = classify(message) ?? (status === 400 ? 'permanent' : status >= 500 ? lost : 'permanent')
  return new DriverError(kind, text, { ...who(kind), ...after(message) })
}

// Rights ------------------------------------------------------------------------------------------------------------------------------
/** What the token must be allowed, and where. */
export const requiredPrivileges = (storage: string, bridge: string, major: number): readonly (readonly [path: string, privilege: string])[] => [
  ...['VM.Audit', 'VM.Allocate', 'VM.Clone', 'VM.Config.CPU', 'VM.Config.Memory', 'VM.Config.Disk', 'VM.Config.Network', 'VM.Config.Options', 'VM.Config.Cloudinit', 'VM.PowerMgmt', 'VM.Console', 'VM.Snapshot', 'VM.Snapshot.Rollback', 'VM.Migrate'].map(privilege => ['/vms', privilege] as const),
  [`/storage/${storage}`, 'Datastore.Audit'], [`/storage/${storage}`, 'Datastore.AllocateSpace'], ['/nodes', 'Sys.Audit'], ...(major >= 8 ? [[`/sdn/zones/localnetwork/${bridge}`, 'SDN.Use'] as const] : []),
]
/** What backups need besides, where a storage for them is set. */
export const backupPrivileges = (storage: string): ReturnType<typeof requiredPrivileges> => [['/vms', 'VM.Backup'], [`/storage/${storage}`, 'Datastore.Audit'], [`/storage/${storage}`, 'Datastore.AllocateSpace']]
/** The nearest path that is listed decides; from a path above only what propagates (1) is inherited. */
export function missingPrivileges(granted: Readonly<Record<string, Readonly<Record<string, number>>>>, required: ReturnType<typeof requiredPrivileges>): string[] {
  const holds = (path: string, privilege: string): boolean => {
    for (let at = path; ; at = at.slice(0, at.lastIndexOf('/')) || '/') {
      const here = granted[at]
      if (here) return at === path ? privilege in here : here[privilege] === 1
      if (at === '/') return false
    }
  }
  return [...new Set(required.filter(([path, privilege]) => !holds(path, privilege)).map(([, privilege]) => privilege))]
}
