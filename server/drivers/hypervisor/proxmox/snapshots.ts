import { DriverError } from '#shared/errors/driver-error.ts'
import type { HypervisorDriver, MachineRef, MachineSnapshot, TaskHandle } from '#server/infrastructure/ports.ts'
import type { ProxmoxApi } from './api.ts'
import { guestPath } from './locate.ts'
import type { Found, Locator } from './locate.ts'
import * as reply from './schema.ts'
import { handleOf } from './transform.ts'

type Snapshots = Pick<HypervisorDriver, 'listSnapshots' | 'createSnapshot' | 'rollbackSnapshot' | 'deleteSnapshot'>
const missing = (name: string) => new DriverError('not_found', `Proxmox: snapshot '${name}' does not exist`)

/** Snapshots of machines. Where the state of one is `prepare`, its making was begun and did not end: it cannot be gone back to. */
export function snapshotsOf(api: ProxmoxApi, find: Locator): Snapshots {
  const of = (found: Found, ...more: string[]) => guestPath(found, 'snapshot', ...more)
  const all = async (found: Found) => (await api.get(of(found), reply.snapshots)).filter(({ name }) => name !== 'current')
  const handle = (upid: string | null): TaskHandle | null => upid === null ? null : handleOf(upid)
  async function there(machine: MachineRef, name: string) {
    const found = await find.prove(machine)
    return { found, row: (await all(found)).find(row => row.name === name) }
  }
  return {
    async listSnapshots(machine) {
      const rows = (await all(await find.prove(machine))).filter(row => row.snapstate !== 'prepare')
      return rows.sort((a, b) => a.snaptime - b.snaptime).map(({ name, description, snaptime }): MachineSnapshot => ({ name, title: description.trim(), at: snaptime > 0 ? new Date(snaptime * 1000) : null }))
    },
    async createSnapshot(machine, { name, title }) {
      const { found, row } = await there(machine, name)
      if (row?.snapstate === 'prepare') throw new DriverError('retryable', `Proxmox: snapshot '${name}' is still being made`, { afterSeconds: 5 })
      if (row) return null
      return handle(await api.post(of(found), { snapname: name, description: title, ...found.kind === 'qemu' ? { vmstate: '0' } : {} }, reply.upid))
    },
    async rollbackSnapshot(machine, name) {
      const { found, row } = await there(machine, name)
      if (!row || row.snapstate === 'prepare') throw missing(name)
      const { status } = await api.get(guestPath(found, 'status', 'current'), reply.machineStatus)
      if (status !== 'stopped') throw new DriverError('retryable', `Proxmox: machine ${found.vmid} runs; it goes back to a snapshot while it is stopped`, { afterSeconds: 5 })
      return handle(await api.post(of(found, name, 'rollback'), {}, reply.upid))
    },
    async deleteSnapshot(machine, name) {
      const { found, row } = await there(machine, name)
      return row ? handle(await api.delete(of(found, name), {}, reply.upid)) : null
    },
  }
}
