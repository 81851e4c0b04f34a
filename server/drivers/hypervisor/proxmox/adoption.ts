import { DriverError } from '#shared/errors/driver-error.ts'
import { isOwnSnapshot } from '#shared/vocabulary/machines.ts'
import type { ListedMachine, MachineAdoption, StrangeMachine } from '#server/infrastructure/ports.ts'
import type { ProxmoxApi } from './api.ts'
import { guestPath } from './locate.ts'
import type { Found, Locator } from './locate.ts'
import * as reply from './schema.ts'
import { markForm, marksOf, ownershipMarkOf, powerOf, toMachineState, unmarkForm } from './transform.ts'

/** Machines that were there before us: taken under our mark, and let go again. */
export function adoptionOf(api: ProxmoxApi, find: Locator): MachineAdoption {
  /** A container is none that can be taken over: what a service is made of, its template says for good. */
  const isMachine = ({ kind, config }: Found): boolean => kind === 'qemu' && Object.keys(config).length > 0
  async function write(found: Found, form: Record<string, string> | null): Promise<void> {
    if (form === null) return
    if (found.config.lock) throw new DriverError('retryable', `Proxmox: machine ${found.vmid} is locked (${found.config.lock})`, { afterSeconds: 5 })
    await api.put(guestPath(found, 'config'), form, reply.anything)
  }
  return {
    async listMachines() {
      const rows = await find.guests()
      return rows.flatMap((row): ListedMachine[] => row.type !== 'qemu' || row.template || row.vmid === undefined || !row.node
        ? []
        : [{ node: row.node, vmid: row.vmid, name: row.name ?? '', ownershipMark: ownershipMarkOf({ tags: row.tags }), power: powerOf(row.status), cpuCores: row.maxcpu ?? 0, memoryTotalMiB: (row.maxmem ?? 0) / 1_048_576, diskGiB: row.maxdisk === undefined ? null : row.maxdisk / 1024 ** 3 }]).sort((a, b) => a.vmid - b.vmid)
    },
    async readStranger(vmid) {
      const found = await find.at(vmid)
      if (!found || !isMachine(found)) return null
      const [status, snapshots] = await Promise.all([api.get(guestPath(found, 'status', 'current'), reply.machineStatus), api.get(guestPath(found, 'snapshot'), reply.snapshots)])
      const { node, name, power, lock, ipv4, cpuCores, memoryTotalMiB, diskGiB, rateMbps } = toMachineState(found, found.config, status, null)
      return { node, vmid, name, power, lock, ipv4, cpuCores, memoryTotalMiB, diskGiB, rateMbps, template: found.config.template === '1', marks: marksOf(found.config), keptSnapshots: snapshots.map(row => row.name).filter(isOwnSnapshot) } satisfies StrangeMachine
    },
    async adoptMachine({ vmid, ownershipMark, instead, address }) {
      const found = await find.at(vmid)
      if (!found || !isMachine(found)) throw new DriverError('not_found', `Proxmox: machine ${vmid} does not exist`)
      const mark = ownershipMark.toLowerCase()
      const foreign = marksOf(found.config).filter(carried => carried !== mark && carried !== instead?.toLowerCase())
      if (foreign.length > 0) throw new DriverError('not_ours', `Proxmox: machine ${vmid} carries another mark; it was not touched`)
      if (found.config.template === '1') throw new DriverError('not_ours', `Proxmox: machine ${vmid} is a template; it was not touched`)
      await write(found, markForm(found.config, mark, address))
    },
    async completeMark(machine) {
      const found = await find.prove(machine)
      await write(found, markForm(found.config, machine.ownershipMark.toLowerCase(), null))
    },
    async releaseMachine(machine) {
      const found = await find.prove(machine)
      await write(found, unmarkForm(found.config))
    },
  }
}
