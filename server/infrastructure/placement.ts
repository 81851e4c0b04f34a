import type { PlacementPolicy, PlacesLimit } from '#shared/vocabulary/machines.ts'
import type { NodeHeadroom, Placement, PlacementLimits } from './ports.ts'
import { canBeMade, hasTemplate, servesNode } from './served-nodes.ts'
import type { HeldAddress, MadeOn } from './served-nodes.ts'

export interface Size { readonly ramMiB: number, readonly diskGiB: number, readonly cpuCores: number, /** IPv4 addresses beside the first one, of the same network; left out: none. */ readonly extraIpv4?: number | undefined }
/** A node as it was seen, with what our own books say of it: what was sold there, how many of its client's machines stand on it, and its connection's limits. */
export interface PlacedHeadroom extends NodeHeadroom {
  readonly connectionId: string, readonly limits: PlacementLimits, readonly sold: { readonly cpuCores: number, readonly ramMiB: number }, /** Machines by client. */ readonly clients: ReadonlyMap<string, number>, /** It takes no new machine; what stands there stays and may grow. */ readonly closed?: boolean | undefined
}
/** Sold, but not built yet. `node`: it was decided already, and its machine may be there at any moment. `nodes`: those that its address serves; empty or left out: all. */
export interface Promised extends Size { readonly connectionId: string, readonly node: string | null, readonly clientId: string, readonly policy: PlacementPolicy, readonly nodes?: readonly string[] | undefined, readonly madeOn?: readonly MadeOn[] | undefined }
export interface Wanted extends Size { readonly clientId?: string | undefined, readonly policy?: PlacementPolicy | undefined, readonly holds?: HeldAddress | null | undefined, /** Left out: on every node. */ readonly madeOn?: readonly MadeOn[] | undefined, /** It gets a prefix as well, where pools of them go with its address. */ readonly ipv6?: boolean | undefined }
/** Free addresses of a network (pools of the same card, gateway and nodes), and the nodes whose machines may have them; empty: all of the connection. `card`: the network of their machines. */
export interface FreeAddresses { readonly connectionId: string, readonly nodes: readonly string[], readonly card?: string, readonly free: number }
/** What a machine on a node grows by. */
export interface Grown extends Size { readonly connectionId: string, readonly node: string }

export const mebi = 1_048_576
export const gibi = 1_073_741_824

/**
 * The limits that a connection begins with. Memory that is never sold: Proxmox names 2 GiB for itself; the rest is for what every machine takes beyond its own memory (QEMU,
 * page tables) and for the host's cache. Without it the last machine does not start, or the host kills one that runs.
 * Storage that is never sold: one that runs full stops every machine on it. Thin pools need it for metadata, machines for their cloud-init drives.
 */
export const defaultLimits: PlacementLimits = { cpuOvercommit: null, memoryOvercommit: 1, memoryReserveGiB: 4, storageReserveGiB: 20, maxAccounts: null }

interface Pool { readonly connectionId: string, readonly nodes: readonly string[], readonly card: string, left: number }
interface Room { readonly node: PlacedHeadroom, memory: number, /** vCPUs; Infinity: not counted. */ cpu: number, readonly clients: Map<string, number>, readonly storage: { left: number } }

/**
 * What can still be sold of each node. Memory counts as it was given or, where our books say more (a machine that was sold larger, or is not configured yet), as it was sold:
 * a machine that has not touched its memory yet makes no room. vCPUs count as they were sold: no hypervisor tells what a core was promised for.
 */
export class RoomLeft {
  readonly #rooms: readonly Room[]
  /** The narrowest first, as addresses are taken: what serves fewer nodes is of no use to others. Null: addresses are not counted. */
  readonly #pools: readonly Pool[] | null
  /** Of IPv6 prefixes, in the same order. */
  readonly #prefixes: readonly Pool[]
  private constructor(rooms: readonly Room[], pools: readonly Pool[] | null, prefixes: readonly Pool[]) {
    this.#rooms = rooms
    this.#pools = pools
    this.#prefixes = prefixes
  }

  /** `free` left out: addresses are not counted. */
  static of(headroom: readonly PlacedHeadroom[], free?: readonly FreeAddresses[], prefixes: readonly FreeAddresses[] = []): RoomLeft {
    const storages = new Map<string, { left: number }>()
    const ordered = headroom.toSorted((a, b) => a.connectionId < b.connectionId ? -1 : a.connectionId > b.connectionId ? 1 : a.node < b.node ? -1 : a.node > b.node ? 1 : 0)
    return new RoomLeft(ordered.map((node) => {
      const { limits, sold } = node
      const key = `${node.connectionId}/${node.storageKey}`
      const storage = storages.get(key) ?? { left: node.storageFree - limits.storageReserveGiB * gibi }
      storages.set(key, storage)
      const given = Math.max(node.memoryTotal - node.memoryFree, sold.ramMiB * mebi)
      return {
        node, storage, clients: new Map(node.clients), memory: Math.floor(node.memoryTotal * limits.memoryOvercommit) - limits.memoryReserveGiB * gibi - given,
        cpu: limits.cpuOvercommit === null ? Number.POSITIVE_INFINITY : Math.floor(node.cpuCores * limits.cpuOvercommit + 1e-9) - sold.cpuCores,
      }
    }), free ? poolsOf(free) : null, poolsOf(prefixes))
  }

  copy(): RoomLeft {
    const storages = new Map<object, { left: number }>()
    return new RoomLeft(this.#rooms.map((room) => {
      const storage = storages.get(room.storage) ?? { ...room.storage }
      storages.set(room.storage, storage)
      return { ...room, storage, clients: new Map(room.clients) }
    }), this.#pools?.map(pool => ({ ...pool })) ?? null, this.#prefixes.map(pool => ({ ...pool })))
  }

  /** Puts one machine on the node that the policy names among those that can take it whole. Null: none can. */
  take(size: Wanted, among: (node: PlacedHeadroom) => boolean = () => true): Placement | null {
    const fitting = this.#rooms.filter(room => !room.node.closed && among(room.node) && canBeMade(size.madeOn, room.node) && this.#fits(room, size) && this.#hasAddress(room.node, size))
    const own = (room: Room) => size.clientId === undefined ? 0 : room.clients.get(size.clientId) ?? 0
    const before = (a: Room, b: Room): boolean => size.policy === 'fill_first' ? a.memory < b.memory : size.policy === 'spread_by_client' && own(a) !== own(b) ? own(a) < own(b) : a.memory > b.memory
    // Rooms are in the order of their names, which decides between equals.
    const best = fitting.reduce<Room | null>((found, room) => found === null || before(room, found) ? room : found, null)
    if (best) {
      this.#put(best, size)
      const held = holdsHere(size.holds, best.node) ? size.holds : null
      const pool = held ? undefined : this.#pools?.find(candidate => serves(candidate, best.node, addressesOf(size)))
      if (pool) pool.left -= addressesOf(size)
      const card = held ? held.card : pool?.card
      const prefix = card !== undefined && size.ipv6 && !holdsPrefix(held, best.node) ? this.#prefixes.find(candidate => goesWith(candidate, card, best.node) && candidate.left > 0) : undefined
      if (prefix) prefix.left--
    }
    return best && { connectionId: best.node.connectionId, node: best.node.node }
  }

  /** Counts what is promised already, oldest first. What fits nowhere takes nothing: it is not built on this hardware anyway. */
  keep(promised: readonly Promised[]): this {
    for (const promise of promised) {
      const decided = promise.node === null ? undefined : this.#rooms.find(({ node }) => node.connectionId === promise.connectionId && node.node === promise.node)
      if (decided) this.#put(decided, promise)
      // Its address is taken already.
      else this.take({ ...promise, holds: { connectionId: promise.connectionId, nodes: promise.nodes ?? [] } }, node => node.connectionId === promise.connectionId && servesNode(promise.nodes, node.node))
    }
    return this
  }

  /** Counts what machines were sold larger than they were seen; their addresses stay. */
  grow(growing: readonly Grown[]): this {
    for (const growth of growing) {
      const room = this.#rooms.find(({ node }) => node.connectionId === growth.connectionId && node.node === growth.node)
      if (!room) continue
      room.memory -= growth.ramMiB * mebi
      room.cpu -= growth.cpuCores
      room.storage.left -= growth.diskGiB * gibi
    }
    return this
  }

  /** Whether what a machine on this node grows by fits beside everything else. What it does not grow by is not asked for. */
  mayGrow(at: Placement, { cpuCores, ramMiB, diskGiB, moreCores }: Size & { readonly moreCores: number }): boolean {
    const room = this.#rooms.find(({ node }) => node.connectionId === at.connectionId && node.node === at.node)
    return room !== undefined && room.node.cpuCores >= cpuCores && (moreCores <= 0 || room.cpu >= moreCores) && (ramMiB <= 0 || room.memory >= ramMiB * mebi) && (diskGiB <= 0 || room.storage.left >= diskGiB * gibi)
  }

  /** Why no machine of this size fits on a connection (any more): what most of its nodes lack. `cutOff`: free addresses and the nodes that lack their network. */
  lack(size: Size & Pick<Wanted, 'madeOn'>, connectionId: string, cutOff: readonly FreeAddresses[] = []): Extract<PlacesLimit, 'memory' | 'storage' | 'storage_content' | 'cpu' | 'connections' | 'addresses' | 'network'> {
    const lacking = { memory: 0, storage: 0, cpu: 0 }
    const open = this.#rooms.filter(({ node }) => !node.closed && node.connectionId === connectionId)
    const rooms = open.filter(({ node }) => canBeMade(size.madeOn, node))
    if (rooms.length === 0 && open.some(({ node }) => hasTemplate(size.madeOn, node))) return 'storage_content'
    const roomy = rooms.filter(room => this.#fits(room, size))
    if (roomy.length > 0 || (this.#pools && !this.#pools.some(pool => pool.connectionId === connectionId && pool.left >= addressesOf(size)))) {
      return poolsOf(cutOff).some(pool => (roomy.length > 0 ? roomy : rooms).some(({ node }) => serves(pool, node, addressesOf(size)))) ? 'network' : 'addresses'
    }
    for (const room of rooms) {
      if (room.memory < size.ramMiB * mebi) lacking.memory++
      if (room.storage.left < size.diskGiB * gibi) lacking.storage++
      if (room.node.cpuCores < size.cpuCores || room.cpu < size.cpuCores) lacking.cpu++
    }
    const [most] = (['memory', 'storage', 'cpu'] as const).toSorted((a, b) => lacking[b] - lacking[a])
    return rooms.length === 0 || most === undefined ? 'connections' : most
  }

  /** The addresses that it would be given, and its prefix: where pools of prefixes go with that address on some node, one that serves this node has to have one. A node without would give less than was sold. */
  #hasAddress(node: PlacedHeadroom, size: Wanted): boolean {
    const { holds, ipv6 } = size
    if (this.#pools === null) return true
    const held = holdsHere(holds, node) ? holds : null
    const pool = held ?? this.#pools.find(candidate => serves(candidate, node, addressesOf(size)))
    const card = pool?.card
    if (!pool || !ipv6 || card === undefined || holdsPrefix(held, node)) return pool !== undefined
    const ofCard = this.#prefixes.filter(candidate => candidate.connectionId === node.connectionId && candidate.card === card && meet(candidate.nodes, pool.nodes))
    return ofCard.length === 0 || ofCard.some(candidate => candidate.left > 0 && goesWith(candidate, card, node))
  }

  #fits(room: Room, size: Size): boolean {
    return room.node.cpuCores >= size.cpuCores && room.cpu >= size.cpuCores && room.memory >= size.ramMiB * mebi && (size.diskGiB <= 0 || room.storage.left >= size.diskGiB * gibi)
  }

  #put(room: Room, size: Wanted): void {
    room.memory -= size.ramMiB * mebi
    room.cpu -= size.cpuCores
    room.storage.left -= size.diskGiB * gibi
    if (size.clientId !== undefined) room.clients.set(size.clientId, (room.clients.get(size.clientId) ?? 0) + 1)
  }
}

const poolsOf = (free: readonly FreeAddresses[]): Pool[] => free.map(({ connectionId, nodes, card = '', free: left }) => ({ connectionId, nodes, card, left })).toSorted((a, b) => breadth(a) - breadth(b))
const goesWith = (prefixes: Pool, card: string, { connectionId, node }: PlacedHeadroom): boolean => prefixes.connectionId === connectionId && prefixes.card === card && servesNode(prefixes.nodes, node)
const breadth = ({ nodes }: Pool): number => nodes.length === 0 ? Number.MAX_SAFE_INTEGER : nodes.length
const addressesOf = ({ extraIpv4 = 0 }: Size): number => 1 + extraIpv4
const serves = (pool: Pool, { connectionId, node }: PlacedHeadroom, wanted: number): boolean => pool.left >= wanted && pool.connectionId === connectionId && servesNode(pool.nodes, node)
/** Pools that share a node; empty: all of the connection. */
const meet = (a: readonly string[], b: readonly string[]): boolean => a.length === 0 || b.length === 0 || a.some(node => b.includes(node))
/** A prefix that does not serve the node is given back, and another one taken. */
const holdsPrefix = (held: HeldAddress | null, { node }: PlacedHeadroom): boolean => !!held?.prefixNodes && servesNode(held.prefixNodes, node)
const holdsHere = (held: HeldAddress | null | undefined, { connectionId, node }: PlacedHeadroom): held is HeldAddress => !!held && held.connectionId === connectionId && servesNode(held.nodes, node)
