import { DriverError } from '#shared/errors/driver-error.ts'
import type { MachineType } from '#shared/vocabulary/machines.ts'
import type { MachineMoves, MachineRef, MoveTarget } from '#server/infrastructure/ports.ts'
import type { ProxmoxApi } from './api.ts'
import { guestPath } from './locate.ts'
import type { Found, Locator } from './locate.ts'
import * as reply from './schema.ts'
import { diskContent, handleOf, takenBy } from './transform.ts'

/** Moves of machines between the nodes of a cluster. The hypervisor's own list of what stands against one is asked first, and read as its own page reads it. */
export function movesOf(api: ProxmoxApi, find: Locator): MachineMoves {
  const of = (found: Found, ...more: string[]) => guestPath(found, ...more)

  async function lookAt(machine: MachineRef, to: MoveTarget) {
    const found = await find.prove(machine)
    if (found.node === to.node) return { found, running: false, disks: [], obstacle: null }
    if (found.kind === 'lxc') return lookAtContainer(found, to)
    const told = await api.get(of(found, 'migrate'), reply.migration, { target: to.node })
    // Its cloud-init drive is made anew there.
    const disks = told.local_disks.filter(({ volid }) => !volid.includes(`vm-${found.vmid}-cloudinit`))
    return { found, running: told.running, disks, obstacle: await obstacleOf(found, told, disks, to) }
  }

  /** Of containers the hypervisor keeps no list: what it would refuse is told by their configuration. */
  async function lookAtContainer(found: Found, to: MoveTarget) {
    const { status } = await api.get(of(found, 'status', 'current'), reply.machineStatus)
    const mounts = Object.entries(found.config).filter(([key]) => /^(rootfs|mp\d+)$/.test(key)).map(([, value]) => value.split(',')[0] ?? '')
    const outside = mounts.find(volume => !volume.includes(':'))
    const devices = Object.keys(found.config).filter(key => /^dev\d+$/.test(key))
    const absent = await absentThere('container', [...new Set(mounts.map(volume => volume.split(':')[0] ?? ''))], to)
    const obstacle = outside !== undefined ? `Proxmox: the container uses ${outside} of ${found.node}` : devices.length > 0 ? `Proxmox: the machine uses devices of ${found.node}: ${devices.join(', ')}` : absent
    return { found, running: status === 'running', disks: [], obstacle }
  }

  /** Storages that are not there, or do not take disks of such machines there. */
  async function absentThere(type: MachineType, stores: readonly string[], to: MoveTarget): Promise<string | null> {
    const there = await api.get('/cluster/resources', reply.resources, { type: 'storage' })
    const found = stores.map(storage => [storage, there.find(row => row.node === to.node && row.storage === storage && row.status === 'available')] as const)
    const absent = found.flatMap(([storage, row]) => row ? [] : [storage])
    if (absent.length > 0) return `Proxmox: ${to.node} has no storage ${absent.join(', ')}`
    const refusing = found.find(([, row]) => row && !takenBy(row).includes(type))
    return refusing ? `Proxmox: content type '${diskContent[type]}' is not available on storage '${refusing[0]}'` : null
  }

  async function obstacleOf(found: Found, told: reply.Migration, disks: reply.Migration['local_disks'], to: MoveTarget): Promise<string | null> {
    const cdrom = disks.find(disk => disk.cdrom)
    if (cdrom) return `Proxmox: a CD drive holds ${cdrom.volid}, which only ${found.node} has; take it out first`
    if (told.local_resources.length > 0) return `Proxmox: the machine uses devices of ${found.node}: ${told.local_resources.join(', ')}`
    const missing = told.not_allowed_nodes?.[to.node]?.unavailable_storages ?? []
    if (missing.length > 0) return `Proxmox: ${to.node} has no storage ${missing.join(', ')}`
    const volumes = [...disks.map(({ volid }) => volid), ...Object.entries(found.config).filter(([key, value]) => /^((scsi|virtio|sata|ide)\d+|efidisk0|tpmstate0)$/.test(key) && /^[^:,]+:/.test(value) && !value.includes('media=cdrom')).map(([, value]) => value)]
    const absent = volumes.length === 0 ? null : await absentThere('vm', [...new Set(volumes.map(volume => volume.split(':')[0] ?? ''))], to)
    if (absent) return absent
    if (disks.length === 0 || !told.running || !to.live) return null
    const snapshots = (await api.get(of(found, 'snapshot'), reply.snapshots)).filter(({ name }) => name !== 'current')
    return snapshots.length > 0 ? 'Proxmox: a running machine with snapshots on a local storage is not moved; remove them, or move it after a stop' : null
  }

  return {
    async moveObstacle(machine, to) {
      return (await lookAt(machine, to)).obstacle
    },
    async moveMachine(machine, to) {
      const { found, running, disks, obstacle } = await lookAt(machine, to)
      if (found.node === to.node) return null
      if (found.config.lock) throw new DriverError('retryable', `Proxmox: machine ${found.vmid} is locked (${found.config.lock})`, { afterSeconds: 5 })
      if (obstacle) throw new DriverError('action_required', obstacle, { who: 'sysadmin' })
      if (running && !to.live) throw new DriverError('retryable', `Proxmox: machine ${found.vmid} runs; it is moved while it is stopped`, { afterSeconds: 5 })
      // A container cannot be moved while it runs: it is stopped, moved and started again by one task.
      if (found.kind === 'lxc') return handleOf(await api.post(of(found, 'migrate'), { target: to.node, ...(running ? { restart: '1' } : {}) }, reply.upid))
      return handleOf(await api.post(of(found, 'migrate'), { target: to.node, ...(running ? { online: '1' } : {}), ...(running && disks.length > 0 ? { 'with-local-disks': '1' } : {}) }, reply.upid))
    },
  }
}
