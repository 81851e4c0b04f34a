import type { NodeHeadroom, Placement } from './ports.ts'

export interface Size { readonly ramMiB: number, readonly diskGiB: number, readonly cpuCores: number }
export interface PlacedHeadroom extends NodeHeadroom { readonly connectionId: string }

const mebi = 1_048_576
const gibi = 1_073_741_824

/**
 * What is never sold of a node. Memory: Proxmox names 2 GiB for itself; the rest is for what every machine takes beyond its own memory (QEMU,
 * page tables) and for the host's cache. Without it the last machine does not start, or the host kills one that runs.
 */
export const reservedMemory = 4 * gibi
/** What is never sold of a storage: one that runs full stops every machine on it. Thin pools need it for metadata, machines for their cloud-init drives. */
export const reservedStorage = 20 * gibi

/**
 * Puts what is promised already, then `count` machines of one size, each on the node with the most free memory that can take it whole.
 * Of every node and storage a reserve is kept free.
 * Null when not all of them fit. What is promised and fits nowhere takes nothing: it is not built on this hardware anyway.
 */
export function placeMachines(headroom: readonly PlacedHeadroom[], promised: readonly (Size & { readonly connectionId: string })[], wanted: Size & { readonly count: number }): Placement[] | null {
  const memory = new Map(headroom.map(node => [node, node.memoryFree - reservedMemory]))
  const storage = new Map(headroom.map(node => [`${node.connectionId}/${node.storageKey}`, node.storageFree - reservedStorage]))
  const take = (size: Size, among: readonly PlacedHeadroom[]): PlacedHeadroom | null => {
    const fitting = among.filter(node => node.cpuCores >= size.cpuCores && (memory.get(node) ?? 0) >= size.ramMiB * mebi && (storage.get(`${node.connectionId}/${node.storageKey}`) ?? 0) >= size.diskGiB * gibi)
    const [best] = fitting.toSorted((a, b) => (memory.get(b) ?? 0) - (memory.get(a) ?? 0))
    if (!best) return null
    const key = `${best.connectionId}/${best.storageKey}`
    memory.set(best, (memory.get(best) ?? 0) - size.ramMiB * mebi)
    storage.set(key, (storage.get(key) ?? 0) - size.diskGiB * gibi)
    return best
  }
  for (const size of promised) take(size, headroom.filter(node => node.connectionId === size.connectionId))
  const placements: Placement[] = []
  for (let n = 0; n < wanted.count; n++) {
    const node = take(wanted, headroom)
    if (!node) return null
    placements.push({ connectionId: node.connectionId, node: node.node })
  }
  return placements
}
