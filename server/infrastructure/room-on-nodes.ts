import { AppError } from '#shared/errors/codes.ts'
import { asSold, roomLeftOf, withLooks } from './capacity.ts'
import type { Look } from './capacity.ts'
import type { CapacityStore, RoomOnNodes } from './ports.ts'
import { takesDisksOf } from './served-nodes.ts'

/** Implements the port. A connection in maintenance and a closed node take no machine, also none that moves. */
export const roomOnNodes = ({ capacity, lookAt }: { readonly capacity: CapacityStore, readonly lookAt: (connectionId: string) => Promise<Look | null> }): RoomOnNodes => async ({ connectionId, from, forServiceId, machineType, ...machine }) => {
  const look = await lookAt(connectionId)
  const records = look ? await withLooks(capacity, new Map([[connectionId, look]])) : []
  const [record] = records
  if (!look || !record) throw new AppError('capacity_unknown')
  const left = roomLeftOf(records, forServiceId)
  const { cpuCores, ramMiB, diskGiB } = asSold(machine, records, forServiceId)
  const home = look.nodes.find(({ node }) => node === from)?.storageKey
  return look.nodes.map(({ node, memoryTotal, memoryFree, storageFree, cpuCores: cores, storageKey, takes }) => {
    // Also of a storage that both share: a hypervisor moves nothing that its storage does not take any more.
    const takesDisks = takesDisksOf({ takes }, machineType)
    const disk = storageKey === home ? 0 : diskGiB
    return { node, memoryTotal, memoryFree, storageFree, cpuCores: cores, diskGiB: disk, takesDisks, fits: takesDisks && !record.maintenance && !record.closedNodes?.includes(node) && left.mayGrow({ connectionId, node }, { cpuCores, ramMiB, diskGiB: disk, moreCores: cpuCores }) }
  }).sort((a, b) => a.node < b.node ? -1 : 1)
}
