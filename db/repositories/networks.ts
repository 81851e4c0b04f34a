import { and, asc, count, desc, eq, ilike, inArray, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { NetworkStore, PoolNetwork, PoolUse } from '#server/infrastructure/ports.ts'
import { poolNetworkProblems } from '#shared/network/pool-network.ts'
import type { Executor } from '../client.ts'
import { addressPools, connections, ipv6Pools, networks, nodes } from '../schema/index.ts'
import { containing } from '../search-pattern.ts'
import type { StoreContext } from '../store-context.ts'

interface PoolCard { readonly id: string, readonly connectionId: string, readonly bridge: string | null, readonly vlanTag: number | null, readonly nodes: readonly string[] }

/** Of a pool that went meanwhile. */
export const unknownNetwork: PoolNetwork = { name: '', problems: [], missingOn: [] }

type PoolName = 'p' | 'ap' | 'xp' | 'address_pools' | 'ipv6_pools'
/**
 * Of a pool by its name in the query: the nodes that it serves, without those that are known to lack the network of its machines' cards: a machine cannot start there. Empty: all of its connection; a name that no node has stands for none.
 * Of a node that told no network nothing is known, nor of a network that was never told.
 */
export const reachedNodesOf = (pool: PoolName) => {
  const p = sql.raw(pool)
  return sql<string[]>`coalesce((
    select coalesce((select jsonb_agg(base.node order by base.node) from (
        select jsonb_array_elements_text(${p}.nodes) as node
        union select seen.node from nodes seen where seen.connection_id = ${p}.connection_id and ${p}.nodes = '[]'::jsonb
        union select room.node from node_headroom room where room.connection_id = ${p}.connection_id and ${p}.nodes = '[]'::jsonb
      ) base where base.node <> all (lacking.nodes)), '[""]'::jsonb)
    from (select array(select distinct told.node from networks other, jsonb_array_elements_text(other.nodes) told (node) where other.connection_id = ${p}.connection_id and other.present and not n.nodes ? told.node) as nodes
      from networks n join connections nc on nc.id = n.connection_id where n.connection_id = ${p}.connection_id and n.name = coalesce(${p}.bridge, nc.bridge) and n.present) lacking
    where cardinality(lacking.nodes) > 0), ${p}.nodes)`
}
/** Ids of the IPv4 pools of these connections whose machines can start on a node, as one set: not asked for each address anew. */
export const poolsReaching = (connectionIds: SQL, node: string) => sql`(select reaching.id from (select address_pools.id, ${reachedNodesOf('address_pools')} as reached from address_pools where address_pools.connection_id in (${connectionIds})) reaching where reaching.reached = '[]'::jsonb or reaching.reached ? ${node})`

/** Of a pool by its name in the query: the network of its machines' cards is not known to have vanished. One that was never told may be there all the same. */
export const networkStandsOf = (pool: 'p' | 'address_pools' | 'ipv6_pools') => sql`not exists (select 1 from networks n join connections nc on nc.id = n.connection_id where n.connection_id = ${sql.raw(pool)}.connection_id and n.name = coalesce(${sql.raw(pool)}.bridge, nc.bridge) and not n.present)`
export const networkStands = networkStandsOf('p')
/** Pools for which it does not. */
export const lostNetworks = sql`(select count(*)::int from (select p.connection_id, p.bridge from address_pools p where not (${networkStands}) union all select p.connection_id, p.bridge from ipv6_pools p where not (${networkStands})) p)`

/** Of each pool: what its cards attach to, and whether that is there, as last synchronised. Of a connection whose networks were never read nothing is said. */
export async function networksOfPools(db: Executor, pools: readonly PoolCard[]): Promise<ReadonlyMap<string, PoolNetwork>> {
  const ids = [...new Set(pools.map(({ connectionId }) => connectionId))]
  if (ids.length === 0) return new Map()
  const hosts = new Map((await db.select({ id: connections.id, bridge: connections.bridge, nodes: connections.nodes, read: sql<boolean>`exists (select 1 from networks n where n.connection_id = connections.id)` }).from(connections).where(inArray(connections.id, ids))).map(row => [row.id, row]))
  const nameOf = ({ bridge, connectionId }: PoolCard) => bridge ?? hosts.get(connectionId)?.bridge ?? ''
  const seen = await db.select({ connectionId: nodes.connectionId, node: nodes.node }).from(nodes).where(inArray(nodes.connectionId, ids))
  const known = await db.select().from(networks).where(and(inArray(networks.connectionId, ids), inArray(networks.name, [...new Set(pools.map(nameOf))])))
  return new Map(pools.map((pool) => {
    const host = hosts.get(pool.connectionId)
    const name = nameOf(pool)
    const allNodes = seen.filter(({ connectionId, node }) => connectionId === pool.connectionId && (!host?.nodes.length || host.nodes.includes(node))).map(({ node }) => node)
    const found = known.find(network => network.connectionId === pool.connectionId && network.name === name) ?? null
    return [pool.id, { name, ...host?.read ? poolNetworkProblems({ ...pool, allNodes }, found) : { problems: [], missingOn: [] } }]
  }))
}

export function networkStores(db: Executor, context: StoreContext) {
  async function usedBy(connectionId: string, names: readonly string[]): Promise<Map<string, PoolUse[]>> {
    if (names.length === 0) return new Map()
    const of4 = await db.select({ name: sql<string>`coalesce(${addressPools.bridge}, ${connections.bridge})`, id: addressPools.id, pool: addressPools.name }).from(addressPools).innerJoin(connections, eq(connections.id, addressPools.connectionId)).where(and(eq(addressPools.connectionId, connectionId), inArray(sql`coalesce(${addressPools.bridge}, ${connections.bridge})`, [...names]))).orderBy(asc(addressPools.name)).limit(500)
    const of6 = await db.select({ name: sql<string>`coalesce(${ipv6Pools.bridge}, ${connections.bridge})`, id: ipv6Pools.id, pool: ipv6Pools.name }).from(ipv6Pools).innerJoin(connections, eq(connections.id, ipv6Pools.connectionId)).where(and(eq(ipv6Pools.connectionId, connectionId), inArray(sql`coalesce(${ipv6Pools.bridge}, ${connections.bridge})`, [...names]))).orderBy(asc(ipv6Pools.name)).limit(500)
    const uses = new Map<string, PoolUse[]>()
    for (const { name, id, pool, family } of [...of4.map(row => ({ ...row, family: 4 as const })), ...of6.map(row => ({ ...row, family: 6 as const }))]) uses.set(name, [...uses.get(name) ?? [], { id, name: pool, family }])
    return uses
  }
  return {
    networks: {
      async list({ connectionId, q, page, pageSize }) {
        const where = and(eq(networks.connectionId, connectionId), q ? ilike(networks.name, containing(q)) : undefined)
        const items = await db.select().from(networks).where(where).orderBy(...q ? [desc(sql`${networks.name} = ${q}`)] : [], asc(networks.name), asc(networks.id)).limit(pageSize).offset((page - 1) * pageSize)
        const [counted] = await db.select({ total: count() }).from(networks).where(where)
        const uses = await usedBy(connectionId, items.map(({ name }) => name))
        return { items: items.map(row => ({ ...row, pools: uses.get(row.name) ?? [] })), total: counted?.total ?? 0, page, pageSize }
      },
      forConnection: connectionId => db.select().from(networks).where(eq(networks.connectionId, connectionId)).orderBy(asc(networks.name)),
      usedBy,
      async save(connectionId, found, seenAt) {
        for (let from = 0; from < found.length; from += 500) {
          await db.insert(networks).values(found.slice(from, from + 500).map(({ nodes: on, ...network }) => ({ ...network, nodes: [...on], id: context.newId(), connectionId, present: true, seenAt }))).onConflictDoUpdate({
            target: [networks.connectionId, networks.name], set: { kind: sql`excluded.kind`, takesTags: sql`excluded.takes_tags`, vlanTag: sql`excluded.vlan_tag`, nodes: sql`excluded.nodes`, present: true, seenAt },
          })
        }
      },
      async markVanished(ids) {
        if (ids.length > 0) await db.update(networks).set({ present: false }).where(inArray(networks.id, [...ids]))
      },
      async forgetUnused(connectionId, before) {
        const old = await db.select({ id: networks.id, name: networks.name }).from(networks).where(and(eq(networks.connectionId, connectionId), eq(networks.present, false), sql`${networks.seenAt} < ${before.toISOString()}::timestamptz`)).limit(500)
        const uses = await usedBy(connectionId, old.map(({ name }) => name))
        const gone = old.filter(({ name }) => !uses.has(name)).map(({ id }) => id)
        if (gone.length > 0) await db.delete(networks).where(inArray(networks.id, gone))
      },
    } satisfies NetworkStore,
  }
}
