import { die, Refusal } from './replies.ts'
import { may, nodeOf, unlocked } from './call.ts'
import type { Call, CallDefinition } from './call.ts'
import { disksOf, findStorage, formatSize, nameOf, parseDisk, randomMac, storageUse } from './state.ts'
import type { Effect, ProxmoxState, SimBackup, SimMachine, SimStorage } from './state.ts'

const two = (value: number) => String(value).padStart(2, '0')
const stamp = (at: Date) => `${at.getUTCFullYear()}_${two(at.getUTCMonth() + 1)}_${two(at.getUTCDate())}-${two(at.getUTCHours())}_${two(at.getUTCMinutes())}_${two(at.getUTCSeconds())}`
const at = (call: Call): SimStorage => findStorage(call.state, nodeOf(call).name, call.path.storage ?? '') ?? die(`storage '${call.path.storage}' does not exist`)
const readableOn = (backup: SimBackup, node: string) => backup.node === null || backup.node === node
const backupAt = (call: Call, volid: string): SimBackup => call.state.backups.find(row => row.volid === volid && readableOn(row, nodeOf(call).name)) ?? die(`volume '${volid}' does not exist`)
/** As `/etc/pve/qemu-server/N.conf` has it: the description as comment lines. */
const configText = ({ config }: SimBackup) => [...(config.description ?? '').split('\n').map(line => `#${encodeURIComponent(line)}`), ...Object.entries(config).filter(([key]) => key !== 'description').map(([key, value]) => `${key}: ${value}`), '#qmdump#map:scsi0:drive-scsi0:local-lvm:raw:', ''].join('\n')

/** Sparse and packed: about a third of the disks. */
const packed = (machine: SimMachine) => Math.max(1, Math.round(disksOf(machine).reduce((sum, disk) => sum + disk.bytes, 0) / 3))

function vzdump(call: Call) {
  const { params, state } = call
  const node = nodeOf(call)
  const machine = state.machines[params.vmid ?? '']
  const storage = findStorage(state, node.name, params.storage ?? 'local')
  if (!storage) return die(`storage '${params.storage}' does not exist`)
  if (!storage.content.split(',').includes('backup')) return die(`storage '${storage.storage}' does not support backups`)
  if (params['prune-backups'] && !may(call.token, 'Datastore.Allocate')) throw new Refusal(403, `Permission check failed (/storage/${storage.storage}, Datastore.Allocate)`)
  if (machine?.node !== node.name) return call.tasks.begin({ node: node.name, type: 'vzdump', id: params.vmid ?? '', user: call.token.id, seconds: 0.2, effect: { kind: 'none' } })
  const locked = machine.config.lock
  if (!locked) machine.config.lock = 'backup'
  call.changed()
  const notes = (params['notes-template'] ?? '').replaceAll('{{guestname}}', nameOf(machine)).replaceAll('{{vmid}}', String(machine.vmid)).replaceAll('\\n', '\n')
  return call.tasks.begin({ node: node.name, type: 'vzdump', id: String(machine.vmid), user: call.token.id, seconds: 12, effect: locked ? { kind: 'fail', message: `job errors\nERROR: Backup of VM ${machine.vmid} failed - VM is locked (${locked})` } : { kind: 'backup', vmid: machine.vmid, storage: storage.storage, notes } })
}

/** Without an archive: a machine without any disk. Until the worker is done nothing but its lock stands there. */
function createEmpty(call: Call, vmid: number): string {
  const { params, state } = call
  const node = nodeOf(call)
  const existing = state.machines[vmid]
  if (existing) return die(`unable to create VM ${vmid} - VM ${vmid} already exists on node '${existing.node}'`)
  const { vmid: _, force: _force, start: _start, unique: _unique, storage: _storage, pool: _pool, ...config } = params
  state.machines[vmid] = { vmid, node: node.name, running: false, paused: false, startedAt: 0, config: { lock: 'create' }, pending: {}, snapshots: [], createdAt: call.now }
  Reflect.deleteProperty(state.firewalls, vmid)
  call.changed()
  return call.tasks.begin({ node: node.name, type: 'qmcreate', id: String(vmid), user: call.token.id, seconds: 2, effect: { kind: 'create-empty', vmid, config: { boot: '', ...config } as Record<string, string> } })
}

export function restore(call: Call): string {
  const { params, state } = call
  const node = nodeOf(call)
  const vmid = Number(params.vmid)
  const archive = call.path.guest === 'lxc' ? params.ostemplate : params.archive
  if (!archive) return createEmpty(call, vmid)
  const backup = backupAt(call, archive)
  const existing = state.machines[vmid]
  if (existing && params.force !== '1') return die(`unable to restore VM ${vmid} - VM ${vmid} already exists on node '${existing.node}'`)
  if (existing && existing.node !== node.name) return die(`unable to restore VM ${vmid} - VM ${vmid} already exists on node '${existing.node}'`)
  if (existing?.running) return die(`unable to restore VM ${vmid} - vm is running`)
  if (existing?.config.protection === '1') return die(`unable to restore VM ${vmid} - protection mode enabled`)
  if (existing) unlocked({ ...call, path: { ...call.path, vmid: String(vmid) } })
  const storage = params.storage ?? disksOf({ config: backup.config } as SimMachine)[0]?.storage ?? 'local-lvm'
  const content = findStorage(state, node.name, storage)?.content.split(',') ?? []
  if (call.path.guest === 'lxc' && !content.includes('rootdir')) throw new Refusal(400, 'Parameter verification failed.', { storage: `storage '${storage}' does not support container directories` })
  if (call.path.guest !== 'lxc' && !content.includes('images')) return die(`storage '${storage}' does not support vm images`)
  // The old configuration stays, locked, until the disks are there.
  if (existing) existing.config.lock = 'create'
  else state.machines[vmid] = { ...call.path.guest === 'lxc' ? { kind: 'lxc' as const } : {}, vmid, node: node.name, running: false, paused: false, startedAt: 0, config: { lock: 'create' }, pending: {}, snapshots: [], createdAt: call.now }
  call.changed()
  const overrides = Object.fromEntries(['description', 'tags', 'name', 'hostname'].flatMap(key => params[key] === undefined ? [] : [[key, params[key]]]))
  return call.tasks.begin({ node: node.name, type: call.path.guest === 'lxc' ? 'vzrestore' : 'qmrestore', id: String(vmid), user: call.token.id, seconds: 15, effect: { kind: 'restore', vmid, volid: backup.volid, storage, overrides, ...params.unique === '1' ? { unique: true } : {}, ...existing ? {} : { fresh: true } } })
}

/** What the original says of backups; the rows of one storage. */
export const backupRows = (call: Call, storage: SimStorage) => may(call.token, 'VM.Backup') && may(call.token, 'Datastore.AllocateSpace')
  ? call.state.backups.filter(row => row.storage === storage.storage && row.node === storage.node && (!call.params.vmid || Number(call.params.vmid) === row.vmid)).map(row => ({ volid: row.volid, content: 'backup', format: row.config.rootfs ? 'tar.zst' : 'vma.zst', subtype: row.config.rootfs ? 'lxc' : 'qemu', size: row.size, vmid: row.vmid, ctime: row.ctime, protected: row.protected ? 1 : 0, ...(row.notes ? { notes: row.notes.split('\n')[0] } : {}) }))
  : []

export const backupCalls: Readonly<Record<string, CallDefinition>> = {
  'POST /nodes/{node}/vzdump': { needs: ['/vms', 'VM.Backup', 'Datastore.AllocateSpace'], handle: vzdump },
  'GET /nodes/{node}/vzdump/extractconfig': { needs: ['/vms', 'VM.Backup', 'Datastore.AllocateSpace'], handle: call => configText(backupAt(call, call.params.volume ?? '')) },
  'POST /nodes/{node}/qemu': { needs: ['/vms', 'VM.Allocate', 'VM.Backup', 'Datastore.AllocateSpace'], handle: restore },
  'DELETE /nodes/{node}/storage/{storage}/content/{volume}': { needs: ['/storage/{storage}', 'VM.Backup', 'Datastore.AllocateSpace'], handle: (call) => {
    const storage = at(call)
    const volid = call.path.volume ?? ''
    const backup = backupAt(call, volid.includes(':') ? volid : `${storage.storage}:${volid}`)
    if (backup.protected) return die(`can't remove protected volume '${backup.volid}'`)
    return call.tasks.begin({ node: nodeOf(call).name, type: 'imgdel', id: `${backup.vmid}@${storage.storage}`, user: call.token.id, seconds: 1, effect: { kind: 'drop-backup', volid: backup.volid, node: backup.node } })
  } },
}

type BackupEffect = Extract<Effect, { kind: 'backup' | 'restore' | 'drop-backup' }>
/** Null: done. A text: why it could not be done. */
export function carryOutBackup(state: ProxmoxState, effect: BackupEffect, now: number): string | null {
  if (effect.kind === 'drop-backup') {
    if (!state.backups.some(row => row.volid === effect.volid)) return `volume '${effect.volid}' does not exist`
    state.backups = state.backups.filter(row => row.volid !== effect.volid || row.node !== effect.node)
    return null
  }
  const machine = state.machines[effect.vmid]
  if (!machine) return `VM ${effect.vmid} does not exist`
  const storage = findStorage(state, machine.node, effect.storage)
  if (!storage?.active) return `storage '${effect.storage}' is not online`
  if (effect.kind === 'backup') {
    const size = packed(machine)
    if (storageUse(state, storage) + size > storage.total) return `job errors\nERROR: Backup of VM ${effect.vmid} failed - no space left on device`
    const { lock: _, ...config } = machine.config
    let made = new Date(now)
    const volidOf = () => `${storage.storage}:backup/vzdump-${machine.kind ?? 'qemu'}-${effect.vmid}-${stamp(made)}.${machine.kind === 'lxc' ? 'tar' : 'vma'}.zst`
    while (state.backups.some(row => row.volid === volidOf())) made = new Date(made.getTime() + 1000)
    state.backups.push({ volid: volidOf(), storage: storage.storage, node: storage.node, vmid: effect.vmid, size, ctime: Math.floor(made.getTime() / 1000), notes: effect.notes, protected: false, config, ...(state.firewalls[effect.vmid] ? { firewall: structuredClone(state.firewalls[effect.vmid]) } : {}) })
    Reflect.deleteProperty(machine.config, 'lock')
    return null
  }
  const backup = state.backups.find(row => row.volid === effect.volid && (row.node === null || row.node === machine.node))
  if (!backup) return `volume '${effect.volid}' does not exist`
  const bytes = Object.values(backup.config).map(parseDisk).reduce((sum, disk) => sum + (disk?.bytes ?? 0), 0)
  const freed = disksOf(machine).filter(disk => disk.storage === effect.storage).reduce((sum, disk) => sum + disk.bytes, 0)
  if (storageUse(state, storage) - freed + bytes > storage.total) return `storage '${effect.storage}': insufficient free space to allocate ${formatSize(bytes)}`
  let number = 0
  const config: Record<string, string> = { ...backup.config, ...effect.overrides }
  for (const [key, value] of Object.entries(config)) {
    const disk = parseDisk(value)
    if (effect.unique && /^net\d+$/.test(key)) config[key] = value.replace(/[0-9a-f]{2}(:[0-9a-f]{2}){5}/i, randomMac())
    if (disk) config[key] = value.replace(disk.volid, `${effect.storage}:vm-${effect.vmid}-disk-${number++}`)
    else if (value.includes('-cloudinit')) config[key] = `${effect.storage}:vm-${effect.vmid}-cloudinit,media=cdrom`
  }
  Object.assign(machine, { config, pending: {}, snapshots: [], running: false, paused: false, startedAt: 0 })
  if (backup.firewall) state.firewalls[effect.vmid] = structuredClone(backup.firewall)
  return null
}

/** What a failed or interrupted one leaves behind: a restore has let the old disks go. */
export function undoBackup(state: ProxmoxState, effect: BackupEffect): void {
  if (effect.kind === 'drop-backup') return
  const machine = state.machines[effect.vmid]
  if (!machine) return
  // Of a container that was not there before nothing is left.
  if (effect.kind === 'restore' && effect.fresh && machine.kind === 'lxc') {
    Reflect.deleteProperty(state.machines, effect.vmid)
    return
  }
  Reflect.deleteProperty(machine.config, 'lock')
  if (effect.kind === 'restore') for (const { key } of disksOf(machine)) Reflect.deleteProperty(machine.config, key)
}
