import { DriverError } from '#shared/errors/driver-error.ts'
import type { MachineRef } from '#server/infrastructure/ports.ts'
import { path } from './api.ts'
import type { ProxmoxApi } from './api.ts'
import * as reply from './schema.ts'
import type { Config, Resource } from './schema.ts'
import { isCloneStub, missingPrivileges, ownershipMarkOf } from './transform.ts'

/** As paths and lists name a virtual machine and a container. A number is never both. */
export type GuestKind = 'qemu' | 'lxc'
export interface Place { readonly node: string, readonly vmid: number, readonly kind: GuestKind }
export interface Found extends Place { readonly config: Config }

/** The path of a machine, whichever kind it is. */
export const guestPath = ({ node, kind, vmid }: Place, ...more: readonly (string | number)[]): string => path('nodes', node, kind, vmid, ...more)

/** Works through a list, a few at a time, keeping the order. */
export async function eachOf<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at] as T)
  }))
  return results
}

export type Locator = ReturnType<typeof locator>

/** Finds machines and proves whose they are. A number alone proves nothing; a place that was stored may be out of date. */
export function locator(api: ProxmoxApi) {
  const guests = () => api.get('/cluster/resources', reply.resources, { type: 'vm' })
  const configOf = (place: Place): Promise<Config> => api.get(guestPath(place, 'config'), reply.config, { current: '1' })
  const placeOf = (row: Resource): Place | null => (row.type === 'qemu' || row.type === 'lxc') && row.vmid !== undefined && row.node ? { node: row.node, vmid: row.vmid, kind: row.type } : null

  /** A list without a machine proves its absence only if we may see all machines. */
  async function proveSight(): Promise<void> {
    const granted = await api.get('/access/permissions', reply.permissions)
    if (missingPrivileges(granted, [['/vms', 'VM.Audit']]).length > 0) throw new DriverError('action_required', 'Proxmox: the API token lacks VM.Audit, so it cannot be told whether a machine exists', { who: 'sysadmin' })
  }

  /** The machine of this number, whoever it belongs to; null when the number is free. @throws DriverError action_required when it exists but is hidden from us */
  async function at(vmid: number): Promise<Found | null> {
    const row = (await guests()).find(candidate => candidate.vmid === vmid)
    if (!row) {
      const taken = await api.get('/cluster/nextid', reply.nextId, { vmid: String(vmid) }).then(() => false, (error: unknown) => {
        if (error instanceof DriverError && /already exists/i.test(error.message)) return true
        throw error
      })
      if (!taken) return null
      throw new DriverError('action_required', `Proxmox: machine ${vmid} exists but the API token may not see it (VM.Audit)`, { who: 'sysadmin' })
    }
    const place = placeOf(row)
    // What is neither machine nor container is certainly not ours.
    if (!place) return { node: row.node ?? '', vmid, kind: 'qemu', config: {} }
    try {
      return { ...place, config: await configOf(place) }
    } catch (error) {
      // It moved or vanished between the two questions: asked again, the answer is another one.
      if (error instanceof DriverError && error.kind === 'not_found') throw new DriverError('retryable', error.message, { afterSeconds: 2, cause: error })
      throw error
    }
  }

  return {
    guests, configOf, at,
    /** @throws DriverError not_found when the number is free, not_ours when the machine carries no mark or another one */
    async prove(machine: MachineRef): Promise<Found> {
      const found = await at(machine.vmid)
      if (!found) throw new DriverError('not_found', `Proxmox: machine ${machine.vmid} does not exist`)
      if (ownershipMarkOf(found.config) !== machine.ownershipMark.toLowerCase()) throw new DriverError('not_ours', `Proxmox: machine ${machine.vmid} on ${found.node} does not carry our mark; it was not touched`)
      return found
    },
    /**
     * The machine that carries a mark. Tags tell at once; a fresh clone has only its description yet, so untagged machines are read.
     * `rows` narrows the search to machines that could be it. `vmid`: the only number under which it may have been asked for; a clone under way that
     * has another number is somebody else's, and does not keep anybody waiting. Null: not known.
     * @throws DriverError action_required when several carry it, retryable when a clone under way does not show yet whose it is
     */
    async marked(ownershipMark: string, rows: readonly Resource[], vmid: number | null): Promise<Found | null> {
      const mark = ownershipMark.toLowerCase()
      const candidates = rows.filter(row => !row.template && (ownershipMarkOf({ tags: row.tags }) === mark || !(row.tags ?? '').includes('gardu-'))).map(placeOf).filter(place => place !== null)
      const configs = await eachOf(candidates, 8, async place => ({ place, config: await configOf(place).catch((error: unknown) => {
        if (error instanceof DriverError && error.kind === 'not_found') return null
        throw error
      }) }))
      const found = configs.flatMap(({ place, config }) => config && ownershipMarkOf(config) === mark ? [{ ...place, config }] : [])
      if (found.length > 1) throw new DriverError('action_required', `Proxmox: machines ${found.map(({ vmid }) => vmid).join(' and ')} carry the same mark; one of them is a copy that must lose it`, { who: 'sysadmin' })
      const [only] = found
      if (only) return only
      const stub = configs.find(({ place, config }) => config !== null && isCloneStub(place.kind, config) && (vmid === null || place.vmid === vmid))
      if (stub) throw new DriverError('retryable', `Proxmox: machine ${stub.place.vmid} is still being made and does not show yet whose it is`, { afterSeconds: 5 })
      await proveSight()
      return null
    },
  }
}
