import { createHash, randomBytes } from 'node:crypto'

export const GiB = 1024 ** 3
export const MiB = 1024 ** 2
/** Of every node. */
export const bridges = ['vmbr0', 'vmbr1']

export interface SimNode { name: string, online: boolean, cores: number, memory: number, bootedAt: number }
export interface SimStorage { /** CD images. */ isos?: { name: string, bytes: number }[], /** Archives that containers are made from. */ osTemplates?: { name: string, bytes: number }[], storage: string, /** Null: shared by all nodes. */ node: string | null, type: string, content: string, total: number, /** Bytes taken by what is not a disk of a machine here. */ otherUse: number, /** What that was before somebody filled it up. */ usedBefore?: number, active: boolean }
export interface SimSnapshot { name: string, description: string, snaptime: number, config: Record<string, string>, /** While it is made. */ snapstate?: 'prepare' }
export interface SimMachine {
  /** Left out: a virtual machine. */
  kind?: 'lxc'
  vmid: number, node: string, running: boolean, paused: boolean, startedAt: number
  /** Options as `GET config` shows them; the password stands here hashed, as in the original. */
  config: Record<string, string>
  /** What was changed while the machine ran and takes effect at the next start. */
  pending: Record<string, string>
  snapshots: SimSnapshot[]
  /** What was done inside through the guest's agent. */
  guest?: { readonly agentSilent?: boolean, readonly passwords?: Readonly<Record<string, string>>, /** Of a container, as it was made. */ readonly keys?: string }
  createdAt: number
}
/** What `/etc/pve/firewall/<vmid>.fw` holds: a file of its own, that a clone copies and a destroyed machine takes along. */
export interface SimFirewall { options: Record<string, string>, ipsets: Record<string, SimIpSetEntry[]>, /** In the order in which they count. Absent in the state of an older release. */ rules?: Record<string, string>[] }
export interface SimIpSetEntry { cidr: string, nomatch?: boolean, comment?: string }
/** What vzdump made: the configuration as it was, with its disks. */
export interface SimBackup { volid: string, storage: string, /** Null: shared by all nodes. */ node: string | null, vmid: number, size: number, ctime: number, notes: string, protected: boolean, config: Record<string, string>, firewall?: SimFirewall | undefined }
/** `nodes` left out: on every node. `tag`: of a virtual network (SDN). */
export interface SimNetwork { iface: string, type: 'bridge' | 'OVSBridge' | 'vnet', vlanAware?: boolean, tag?: number, nodes?: string[] }
export interface SimToken { id: string, secret: string, /** Privileges on `/`, inherited everywhere. */ privileges: string[] }

/** What a task does when its time has come; data, so that tasks go on after a restart. */
export type Effect
  = | { kind: 'none' } | { kind: 'fail', message: string }
    | { kind: 'clone', template: number, vmid: number, node: string, storage: string, config: Record<string, string> }
    | { kind: 'create', vmid: number, storage: string, bytes: number, template: string, config: Record<string, string>, password: string | null, keys: string | null } | { kind: 'move-container', vmid: number, to: string }
    | { kind: 'configure', vmid: number, changes: Record<string, string | null> }
    | { kind: 'resize', vmid: number, disk: string, bytes: number }
    | { kind: 'start', vmid: number } | { kind: 'stop', vmid: number, guest: boolean } | { kind: 'reboot', vmid: number } | { kind: 'pause', vmid: number, paused: boolean }
    | { kind: 'destroy', vmid: number } | { kind: 'migrate', vmid: number, to: string, online: boolean, withLocalDisks: boolean }
    | { kind: 'snapshot', vmid: number, name: string, description: string } | { kind: 'rollback', vmid: number, name: string, start: boolean } | { kind: 'drop-snapshot', vmid: number, name: string }
    | { kind: 'backup', vmid: number, storage: string, notes: string } | { kind: 'restore', vmid: number, volid: string, storage: string, overrides: Record<string, string>, unique?: boolean, /** There was no machine before. */ fresh?: boolean } | { kind: 'create-empty', vmid: number, config: Record<string, string> } | { kind: 'drop-backup', volid: string, node: string | null }

export interface SimTask { upid: string, node: string, pid: number, pstart: number, starttime: number, /** Milliseconds since 1970. */ dueAt: number, type: string, id: string, user: string, endtime: number | null, exitstatus: string | null, log: string[], effect: Effect }

export interface ProxmoxState {
  version: string, release: string
  nodes: SimNode[], storages: SimStorage[], machines: Record<string, SimMachine>, tasks: SimTask[], tokens: SimToken[], nextPid: number
  /** By machine number. */
  firewalls: Record<string, SimFirewall>
  /** Options of the whole data centre; while `enable` is 0 no machine's firewall has any effect. */
  clusterFirewall: Record<string, string>
  backups: SimBackup[]
  /** Left out: `bridges`, on every node. */
  networks?: SimNetwork[]
}

/** The role that the reference names for a token of ours, for either version. */
export const fullPrivileges = (version: string) => [
  'VM.Audit', 'VM.Allocate', 'VM.Clone', 'VM.Config.CPU', 'VM.Config.Memory', 'VM.Config.Disk', 'VM.Config.Network', 'VM.Config.Options', 'VM.Config.Cloudinit', 'VM.Config.CDROM', 'VM.Config.HWType', 'VM.PowerMgmt', 'VM.Console', 'VM.Backup', 'VM.Snapshot', 'VM.Snapshot.Rollback', 'VM.Migrate',
  ...(version.startsWith('8') ? ['VM.Monitor'] : ['VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted']),
  'Datastore.Audit', 'Datastore.AllocateSpace', 'Sys.Audit', 'SDN.Use', 'Pool.Audit', 'Pool.Allocate',
]

const templates = [
  { vmid: 9000, name: 'debian-12-cloudinit', tags: 'debian;linux', user: 'debian', gib: 3 },
  { vmid: 9001, name: 'ubuntu-2404-cloudinit', tags: 'linux;ubuntu', user: 'ubuntu', gib: 4 },
  { vmid: 9002, name: 'almalinux-9-cloudinit', tags: 'almalinux;linux', user: 'almalinux', gib: 10 },
]

export const randomMac = () => `BC:24:11:${[...randomBytes(3)].map(b => b.toString(16).padStart(2, '0').toUpperCase()).join(':')}`

/** The data centre of a fresh simulator: two nodes, storage of their own and shared, three cloud-init templates, three tokens, the firewall switched on. */
export function freshState(options: { version: string, now: number, secrets?: boolean }): ProxmoxState {
  const nodes = ['pve-jkt1', 'pve-jkt2']
  const bootedAt = options.now - 41 * 86_400_000
  // Known secrets for tests that run in memory; a data directory gets secrets of its own.
  const secret = (known: string) => options.secrets ? [...randomBytes(16)].map(b => b.toString(16).padStart(2, '0')).join('').replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-a$4-$5') : known
  return {
    version: options.version, release: options.version.split('.').slice(0, 2).join('.'),
    nodes: nodes.map(name => ({ name, online: true, cores: 16, memory: 64 * GiB, bootedAt })),
    storages: [
      ...nodes.flatMap((node): SimStorage[] => [
        { storage: 'local', node, type: 'dir', content: 'iso,vztmpl,backup', total: 100 * GiB, otherUse: 11 * GiB, active: true, isos: [{ name: 'systemrescue-12.02-amd64.iso', bytes: 1_090_519_040 }, { name: 'debian-13.1.0-amd64-netinst.iso', bytes: 792_723_456 }], osTemplates: [{ name: 'debian-12-standard_12.12-1_amd64.tar.zst', bytes: 126_515_062 }, { name: 'ubuntu-24.04-standard_24.04-2_amd64.tar.zst', bytes: 141_800_961 }] },
        { storage: 'local-lvm', node, type: 'lvmthin', content: 'images,rootdir', total: 400 * GiB, otherUse: 0, active: true },
      ]),
      { storage: 'ceph-vm', node: null, type: 'rbd', content: 'images,rootdir', total: 4096 * GiB, otherUse: 210 * GiB, active: true },
    ],
    machines: Object.fromEntries(templates.map(t => [t.vmid, {
      vmid: t.vmid, node: 'pve-jkt1', running: false, paused: false, startedAt: 0, pending: {}, snapshots: [], createdAt: bootedAt,
      config: {
        agent: '1', boot: 'order=scsi0', ciuser: t.user, cores: '1', cpu: 'x86-64-v2-AES', ide2: `ceph-vm:vm-${t.vmid}-cloudinit,media=cdrom`, ipconfig0: 'ip=dhcp', memory: '1024', name: t.name, net0: `virtio=${randomMac()},bridge=vmbr0,firewall=1`, numa: '0', ostype: 'l26',
        scsi0: `ceph-vm:base-${t.vmid}-disk-0,discard=on,size=${t.gib}G`, scsihw: 'virtio-scsi-single', serial0: 'socket', smbios1: `uuid=${crypto.randomUUID()}`, sockets: '1', tags: t.tags, template: '1', vga: 'serial0',
      },
    } satisfies SimMachine])),
    tasks: [],
    tokens: [
      { id: 'gardu@pve!gardu', secret: secret('11111111-2222-4333-8444-555555555555'), privileges: fullPrivileges(options.version) },
      { id: 'gardu@pve!audit-only', secret: secret('22222222-2222-4333-8444-555555555555'), privileges: ['VM.Audit', 'Datastore.Audit', 'Sys.Audit'] },
      { id: 'gardu@pve!no-rights', secret: secret('33333333-2222-4333-8444-555555555555'), privileges: [] },
    ],
    nextPid: 0x1A2B3,
    firewalls: {},
    clusterFirewall: { enable: '1' },
    backups: [],
  }
}

/** `scsi0: "ceph-vm:vm-101-disk-0,size=10G"` → its parts. Null for what is no disk. */
export function parseDisk(value: string): { storage: string, volid: string, bytes: number } | null {
  const [volid = '', ...rest] = value.split(',')
  const size = rest.find(part => part.startsWith('size='))?.slice(5)
  if (!volid.includes(':') || !size) return null
  return { storage: volid.split(':')[0] ?? '', volid, bytes: parseSize(size) }
}

const units: Record<string, number> = { '': 1, 'K': 1024, 'M': MiB, 'G': GiB, 'T': 1024 * GiB }
export const parseSize = (text: string): number => Number.parseFloat(text) * (units[/[KMGT]$/.exec(text)?.[0] ?? ''] ?? 1)
export const formatSize = (bytes: number): string => bytes % GiB === 0 ? `${bytes / GiB}G` : bytes % MiB === 0 ? `${bytes / MiB}M` : `${Math.round(bytes / 1024)}K`

export const isDiskKey = (key: string) => /^((scsi|virtio|sata|ide)\d+|rootfs)$/.test(key)
export const nameOf = ({ kind, vmid, config }: Pick<SimMachine, 'kind' | 'vmid' | 'config'>): string => kind === 'lxc' ? config.hostname ?? `CT${vmid}` : config.name ?? `VM ${vmid}`
export const disksOf = (machine: SimMachine) => Object.entries(machine.config).filter(([key]) => isDiskKey(key)).flatMap(([key, value]) => {
  const disk = parseDisk(value)
  return disk ? [{ key, ...disk }] : []
})
/** The disk that the machine boots from. */
export const bootDisk = (machine: SimMachine) => disksOf(machine).find(disk => disk.key === (/order=([a-z]+\d+)/.exec(machine.config.boot ?? '')?.[1] ?? machine.config.bootdisk ?? 'scsi0')) ?? disksOf(machine)[0]

export function storageUse(state: ProxmoxState, storage: SimStorage): number {
  return storage.otherUse + Object.values(state.machines).filter(m => storage.node === null || m.node === storage.node).flatMap(disksOf).filter(d => d.storage === storage.storage).reduce((sum, d) => sum + d.bytes, 0)
    + state.backups.filter(b => b.storage === storage.storage && b.node === storage.node).reduce((sum, b) => sum + b.size, 0)
}
export const findStorage = (state: ProxmoxState, node: string, name: string) => state.storages.find(s => s.storage === name && (s.node === null || s.node === node))
export const memoryOf = (machine: SimMachine) => Number((machine.config.memory ?? '512').replace('current=', '')) * MiB
export const coresOf = (machine: SimMachine) => Number(machine.config.cores ?? 1) * Number(machine.config.sockets ?? 1)
/** What the host itself and its running machines hold. */
export const memoryUse = (state: ProxmoxState, node: string) => 3 * GiB + Object.values(state.machines).filter(m => m.node === node && m.running).reduce((sum, m) => sum + memoryOf(m), 0)
export const digestOf = (config: Record<string, string>) => createHash('sha1').update(Object.entries(config).sort().map(([k, v]) => `${k}: ${v}\n`).join('')).digest('hex')
