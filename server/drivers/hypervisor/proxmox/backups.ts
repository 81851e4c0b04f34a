import { DriverError } from '#shared/errors/driver-error.ts'
import type { BackupRef, HypervisorAccess, MachineBackups, MachineFromBackup, MachineRef, RemoteBackup, TaskHandle } from '#server/infrastructure/ports.ts'
import { path } from './api.ts'
import type { ProxmoxApi } from './api.ts'
import { rootDisk } from './containers.ts'
import { eachOf, guestPath } from './locate.ts'
import type { Found, Locator } from './locate.ts'
import * as reply from './schema.ts'
import type { Config } from './schema.ts'
import { backupPrivileges, handleOf, markDescription, markTag, missingPrivileges, ownershipMarkOf, splitTags, systemDisk } from './transform.ts'

const notePattern = /^gardu-([0-9a-f-]{36}) backup ([0-9a-f-]{36})$/i
/** The first line of the notes: Proxmox tells no more of them in a list. */
const backupNote = ({ id, ownershipMark }: Pick<BackupRef, 'id' | 'ownershipMark'>): string => `${markTag(ownershipMark.toLowerCase())} backup ${id.toLowerCase()}`
const restoredLine = (token: string) => `Restored: ${token.toLowerCase()}`

/** Reads the configuration that stands in a backup: `key: value` lines, sections of snapshots behind it; comment lines are the description. */
export function configOfBackup(text: string): Config {
  const config: Config = {}
  const description: string[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('[')) break
    if (line.startsWith('#') && !line.startsWith('#qmdump#')) description.push(decodeURIComponent(line.slice(1).replace(/%(?![0-9A-F]{2})/gi, '%25')))
    const found = /^([a-z][a-z_]*\d*):\s*(\S.*)$/.exec(line)
    if (found?.[1] !== undefined && found[2] !== undefined) config[found[1]] = found[2].trim()
  }
  return description.length > 0 ? { ...config, description: description.join('\n') } : config
}

/** Makes a machine under a number once: what an earlier try made, its answer lost, is answered instead. */
export type MakeOnce = (input: { readonly vmid: number, readonly hostname: string, readonly ownershipMark: string }, send: () => Promise<string>) => Promise<TaskHandle>

/** Backups by vzdump. Other jobs of the data centre may back up the same machines: theirs carry no note of ours and are never touched. */
export function backupsOf(api: ProxmoxApi, find: Locator, access: HypervisorAccess, make: MakeOnce): MachineBackups {
  const { backupStorage: storage = '' } = access
  function needStorage(): void {
    if (storage === '') throw new DriverError('action_required', 'Proxmox: no backup storage is set for this connection', { who: 'sysadmin' })
  }
  const places = async () => (await api.get('/cluster/resources', reply.resources, { type: 'storage' })).flatMap(row => row.storage === storage && row.node ? [{ node: row.node, shared: row.shared === true, available: row.status === 'available' }] : [])
  /** Where each backup of this number can be read; of a shared storage one node is asked. */
  async function list(vmid: number) {
    needStorage()
    const [rows, granted] = await Promise.all([places(), api.get('/access/permissions', reply.permissions)])
    if (rows.length === 0) throw new DriverError('action_required', `Proxmox: there is no storage ${storage}, or the API token may not see it`, { who: 'sysadmin' })
    // What may not be seen is left out of the list without a word.
    const missing = missingPrivileges(granted, backupPrivileges(storage))
    if (missing.length > 0) throw new DriverError('action_required', `Proxmox: the API token lacks ${missing.join(', ')} for backups`, { who: 'sysadmin' })
    const online = rows.filter(row => row.available)
    const shared = online.find(row => row.shared)
    const asked = shared ? [shared] : online
    const found = await eachOf(asked, 4, async ({ node }) => (await api.get(path('nodes', node, 'storage', storage, 'content'), reply.backups, { content: 'backup', vmid: String(vmid) })).map(row => ({ ...row, node })))
    const backups = found.flat().flatMap(({ volid, notes, size, ctime, node }): RemoteBackup[] => {
      const [, ownershipMark, id] = notePattern.exec((notes ?? '').split('\n')[0]?.trim() ?? '') ?? []
      return ownershipMark && id ? [{ id: id.toLowerCase(), ownershipMark: ownershipMark.toLowerCase(), vmid, volume: volid, node, sizeBytes: size, at: new Date(ctime * 1000) }] : []
    }).sort((a, b) => a.at.getTime() - b.at.getTime())
    return { backups, complete: shared !== undefined || (rows.every(row => row.available) && rows.length > 0), shared: shared !== undefined, nodes: new Set(online.map(row => row.node)) }
  }
  const same = (a: BackupRef, b: BackupRef) => a.id === b.id.toLowerCase() && a.ownershipMark === b.ownershipMark.toLowerCase()
  function refuseLocked({ config, vmid }: Found): void {
    if (config.lock) throw new DriverError('retryable', `Proxmox: VM ${vmid} is locked (${config.lock})`, { afterSeconds: 5 })
  }
  /** One that waits for its turn on the node does not lock the machine yet. */
  async function underWay({ node, vmid }: Found): Promise<TaskHandle | null> {
    const [running] = await api.get(path('nodes', node, 'tasks'), reply.tasks, { source: 'active', typefilter: 'vzdump', vmid: String(vmid) })
    return running ? handleOf(running.upid) : null
  }
  /** The archive itself says whose machine it was; notes can be written by anybody who may write there. */
  async function proveContent(backup: RemoteBackup): Promise<Config> {
    const config = configOfBackup(await api.get(path('nodes', backup.node, 'vzdump', 'extractconfig'), reply.text, { volume: backup.volume }))
    if (ownershipMarkOf(config) !== backup.ownershipMark) throw new DriverError('not_ours', `Proxmox: the machine in backup ${backup.volume} does not carry the mark of its notes; nothing was restored`)
    return config
  }
  /** The backup, once it is proven; what its archive says, and the nodes that can read it. */
  async function proven(backup: BackupRef) {
    const { backups, complete, shared, nodes } = await list(backup.vmid)
    const there = backups.find(row => same(row, backup))
    if (!there) throw new DriverError(complete ? 'not_found' : 'retryable', `Proxmox: backup ${backup.id} is not there`)
    return { there, config: await proveContent(there), nodes: shared ? [...nodes].sort() : [there.node] }
  }
  /** Marked as it is made, named by its restore; what the archive says of both counts for nothing. */
  const markedForm = (config: Config, ownershipMark: string, token: string) => {
    const mark = ownershipMark.toLowerCase()
    return { tags: [...new Set([...splitTags(config.tags).filter(tag => !tag.startsWith('gardu-')), markTag(mark)])].join(';'), description: `${markDescription(mark)}\n\n${restoredLine(token)}` }
  }
  /**
   * A virtual machine is made empty, so it is ours from its first moment on, and stays so if filling it fails. A container cannot be empty: it is unpacked at once; until then it shows no mark, and what fails on the way is removed by Proxmox.
   */
  async function sendNew({ backup, vmid, node, hostname, ownershipMark, token }: MachineFromBackup): Promise<string> {
    const { there, config, nodes } = await proven(backup)
    if (!nodes.includes(node)) throw new DriverError('permanent', `Proxmox: ${node} cannot read the backup, which lies on ${nodes.join(', ')}`)
    const mark = ownershipMark.toLowerCase()
    if (config.rootfs === undefined) return api.post(path('nodes', node, 'qemu'), { vmid: String(vmid), name: hostname, tags: markTag(mark), description: markDescription(mark) }, reply.upid)
    return api.post(path('nodes', node, 'lxc'), { vmid: String(vmid), hostname, ostemplate: there.volume, restore: '1', unprivileged: '1', unique: '1', storage: access.storage, ...markedForm(config, mark, token) }, reply.upid)
  }

  return {
    async readBackup(backup) {
      const { config, nodes } = await proven(backup)
      const container = config.rootfs !== undefined
      return { machineType: container ? 'container' : 'vm', diskGiB: (container ? rootDisk(config) : systemDisk(config))?.sizeGiB ?? null, nodes }
    },
    makeForBackup: input => make(input, () => sendNew(input)),
    async listBackups(vmid) {
      const { backups, complete } = await list(vmid)
      return { backups, complete }
    },
    async createBackup(machine: MachineRef, id) {
      const found = await find.prove(machine)
      const { backups, nodes } = await list(machine.vmid)
      if (backups.some(row => same(row, { ...machine, id }))) return null
      const running = await underWay(found)
      if (running) return running
      refuseLocked(found)
      if (!nodes.has(found.node)) throw new DriverError('action_required', `Proxmox: ${found.node} has no storage ${storage}, or it is not online`, { who: 'sysadmin' })
      return handleOf(await api.post(path('nodes', found.node, 'vzdump'), { 'vmid': String(found.vmid), storage, 'mode': 'snapshot', 'compress': 'zstd', 'remove': '0', 'notes-template': backupNote({ id, ownershipMark: machine.ownershipMark }) }, reply.upid))
    },
    async deleteBackup(backup) {
      const { backups, complete } = await list(backup.vmid)
      const there = backups.find(row => same(row, backup))
      if (!there && complete) return null
      if (!there) throw new DriverError('retryable', `Proxmox: not every node with storage ${storage} is online, so it cannot be told whether the backup is gone`, { afterSeconds: 60 })
      const upid = await api.delete(path('nodes', there.node, 'storage', storage, 'content', there.volume), {}, reply.maybeUpid)
      return upid === null ? null : handleOf(upid)
    },
    async restoreBackup(machine, backup, token, { newCards } = { newCards: false }) {
      const found = await find.prove(machine)
      refuseLocked(found)
      if ((found.config.description ?? '').includes(restoredLine(token))) return null
      const { status } = await api.get(guestPath(found, 'status', 'current'), reply.machineStatus)
      if (status !== 'stopped') throw new DriverError('retryable', `Proxmox: machine ${found.vmid} runs; it is restored while it is stopped`, { afterSeconds: 5 })
      const { there, config, nodes } = await proven(backup)
      if (!nodes.includes(found.node)) throw new DriverError('permanent', `Proxmox: ${found.node} cannot read the backup, which lies on ${there.node}`)
      // Only a container has a root file system of its own.
      if ((config.rootfs !== undefined) !== (found.kind === 'lxc')) throw new DriverError('permanent', `Proxmox: backup ${backup.id} and machine ${found.vmid} are not of the same kind`)
      const form = { vmid: String(found.vmid), force: '1', unique: newCards ? '1' : '0', storage: access.storage, ...markedForm(config, machine.ownershipMark, token) }
      return handleOf(await api.post(path('nodes', found.node, found.kind), found.kind === 'lxc' ? { ...form, ostemplate: there.volume, restore: '1', unprivileged: '1' } : { ...form, archive: there.volume }, reply.upid))
    },
  }
}
