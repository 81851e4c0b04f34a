import { and, asc, count, eq, gte, inArray, min, isNull, lte, ne, notInArray, or, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { smallestSize } from '#shared/options/smallest-size.ts'
import { machineTypes } from '#shared/vocabulary/machines.ts'
import type { MachineType } from '#shared/vocabulary/machines.ts'
import type { CapacityStore, PromisedMachine, StockStore } from '#server/infrastructure/ports.ts'
import { cardOf, madeOn } from '#server/infrastructure/served-nodes.ts'
import type { Executor } from '../client.ts'
import { addresses, addressPools, connections, headroomLooks, hostingAccounts, nodeClosures, nodeHeadroom, packages, panelServers, productConnections, productPrices, products, productStock, productTemplates, serviceChanges, services, templates } from '../schema/index.ts'
import { rowsOf } from '../rows-of.ts'
import { freePrefixes } from './ipv6.ts'
import { networkStandsOf, reachedNodesOf } from './networks.ts'
import { loadOptions } from './product-options.ts'

/** The nodes that machines can be made on from a template or its namesakes of one connection, as JSON; empty: all. */
export const templateNodes = (connectionId: SQL, name: SQL) => sql`coalesce((select case when bool_and(jsonb_array_length(namesake.nodes) > 0) then jsonb_agg(distinct holder) filter (where holder is not null) end
  from templates namesake left join lateral jsonb_array_elements_text(namesake.nodes) holder on true where namesake.connection_id = ${connectionId} and namesake.name = ${name} and namesake.present), '[]')`
/** Of a template in the query: its connection told the storages of its nodes, and none takes disks of what is made of it. */
export const storageRefuses = sql<boolean>`coalesce((select not bool_or(h.takes ? templates.machine_type) from node_headroom h where h.connection_id = templates.connection_id), false)`
const uuids = (ids: readonly string[]) => sql.join(ids.map(id => sql`${id}::uuid`), sql`, `)
/** Machines whose address is reserved are promised until they are built; so are those that were built after the look, which it may not know. */
const promisedRow = sql`(a.status = 'reserved' and coalesce(r.status, 'none') in ('none', 'provisioning', 'error'))`
const placementLimits = { cpuOvercommit: connections.cpuOvercommit, memoryOvercommit: connections.memoryOvercommit, memoryReserveGiB: connections.memoryReserveGiB, storageReserveGiB: connections.storageReserveGiB, maxAccounts: connections.maxAccounts }

interface PromisedRow { service_id: string, connection_id: string, node: string | null, nodes: string[], made_on: string[], machine_type: MachineType | null, client_id: string, policy: PromisedMachine['policy'], spec: { cpuCores: number, ramMiB: number, diskGiB: number } }
interface SpecRow { cpuCores: number, ramMiB: number, diskGiB: number }
interface GrowingRow { service_id: string, connection_id: string, node: string, base: SpecRow, top: SpecRow, moves_to: string | null }
interface SoldRow { connection_id: string, node: string, client_id: string, cores: number, ram: number, machines: number }

export const capacityStores = (db: Executor) => ({
  capacity: {
    async lock(connectionIds) {
      // Not `for update`: rows that refer to the connection are written meanwhile.
      if (connectionIds.length > 0) await db.execute(sql`select id from connections where id in (${uuids(connectionIds)}) order by id for no key update`)
    },
    async load(connectionIds, seenAt) {
      if (connectionIds.length === 0) return []
      const rows = await db.select({ id: connections.id, maintenance: connections.maintenance, ...placementLimits, lookedAt: headroomLooks.lookedAt, seen: nodeHeadroom })
        .from(connections).leftJoin(headroomLooks, eq(headroomLooks.connectionId, connections.id)).leftJoin(nodeHeadroom, eq(nodeHeadroom.connectionId, connections.id)).where(inArray(connections.id, [...connectionIds])).orderBy(asc(connections.id), asc(nodeHeadroom.node))
      const looked = seenAt ? sql`${seenAt.toISOString()}::timestamptz` : sql`coalesce((select h.looked_at from headroom_looks h where h.connection_id = p.connection_id), '-infinity')`
      const promised = rowsOf<PromisedRow>(await db.execute(sql`
        select distinct on (s.id) s.id as service_id, p.connection_id, case when r.connection_id = p.connection_id then r.node end as node, ${reachedNodesOf('p')} as nodes, s.client_id, k.placement_policy as policy, s.spec, ${templateNodes(sql`p.connection_id`, sql`t.name`)} as made_on, t.machine_type
        from addresses a join address_pools p on p.id = a.pool_id join services s on s.id = a.service_id join products k on k.id = s.product_id left join resources r on r.service_id = s.id left join templates t on t.id = s.template_id
        where p.connection_id in (${uuids(connectionIds)}) and a.ordinal = 0 and (${promisedRow} or (a.status = 'assigned' and a.changed_at >= ${looked})) order by s.id, a.changed_at`))
      // A machine on its way is where it was, and holds its room where it goes. Disks of a storage that both nodes share take none.
      const moving = rowsOf<PromisedRow>(await db.execute(sql`
        select s.id as service_id, r.connection_id, g.state #>> '{memory,move,to}' as node, '[]'::jsonb as nodes, '[]'::jsonb as made_on, null as machine_type, s.client_id, k.placement_policy as policy, jsonb_set(s.spec, '{diskGiB}', g.state #> '{memory,move,diskGiB}') as spec
        from sagas g join services s on s.id = g.service_id join products k on k.id = s.product_id join resources r on r.service_id = s.id
        where r.connection_id in (${uuids(connectionIds)}) and g.status in ('running', 'waiting') and g.kind = 'move' and g.state #> '{memory,move,diskGiB}' is not null and r.node is distinct from g.state #>> '{memory,move,to}' order by s.id`))
      // Sold larger, and not yet seen so: until a look that began after its machine was read back. `base` is what `sold` counts, as it was before the first of these changes.
      const growing = rowsOf<GrowingRow>(await db.execute(sql`
        with changed as (
          select s.id, s.spec, p.connection_id, p.node, array_agg(c.to_spec) as tops, (array_agg(c.from_spec order by c.created_at) filter (where c.status <> 'waiting'))[1] as was
          from resources p join services s on s.id = p.service_id join products k on k.id = s.product_id and k.kind = 'vps' join service_changes c on c.service_id = s.id
          where p.connection_id in (${uuids(connectionIds)}) and p.node is not null and p.status not in ('none', 'destroyed') and (c.status in ('waiting', 'applied') or (c.status = 'done' and c.closed_at >= ${looked}))
          group by s.id, s.spec, p.connection_id, p.node)
        select c.id as service_id, c.connection_id, c.node, coalesce(c.was, c.spec) as base, (select jsonb_build_object('cpuCores', max((t ->> 'cpuCores')::int), 'ramMiB', max((t ->> 'ramMiB')::bigint), 'diskGiB', max((t ->> 'diskGiB')::bigint)) from unnest(c.tops) t) as top,
          (select g.state #>> '{memory,move,to}' from sagas g where g.service_id = c.id and g.status in ('running', 'waiting') and g.kind = 'move' and g.state #> '{memory,move,diskGiB}' is not null limit 1) as moves_to
        from changed c order by c.id`))
      const bases = JSON.stringify(growing.map(({ service_id, base }) => ({ id: service_id, base })))
      const sold = rowsOf<SoldRow>(await db.execute(sql`
        select r.connection_id, r.node, s.client_id, sum((coalesce(b.base, s.spec) ->> 'cpuCores')::int)::int as cores, sum((coalesce(b.base, s.spec) ->> 'ramMiB')::bigint)::float8 as ram, count(*)::int as machines
        from resources r join services s on s.id = r.service_id left join jsonb_to_recordset(${bases}::jsonb) as b (id uuid, base jsonb) on b.id = s.id
        where r.connection_id in (${uuids(connectionIds)}) and r.node is not null and r.status not in ('none', 'destroyed') and not (s.id = any (${`{${promised.map(row => row.service_id).join(',')}}`}::uuid[]))
          and exists (select 1 from addresses a where a.service_id = s.id and a.status = 'assigned')
        group by r.connection_id, r.node, s.client_id order by r.connection_id, r.node, s.client_id`))
      const reached = new Map((await db.select({ id: addressPools.id, nodes: reachedNodesOf('address_pools') }).from(addressPools).where(inArray(addressPools.connectionId, [...connectionIds]))).map(row => [row.id, row.nodes]))
      // All pools of a group have the same nodes and card: what one of them reaches, all do.
      const free = await db.select({ id: addressPools.connectionId, pool: sql<string>`min(${addressPools.id}::text)`, nodes: addressPools.nodes, bridge: addressPools.bridge, vlanTag: addressPools.vlanTag, stands: sql<boolean>`bool_and(${networkStandsOf('address_pools')})`, n: count() }).from(addresses).innerJoin(addressPools, eq(addressPools.id, addresses.poolId)).where(and(inArray(addressPools.connectionId, [...connectionIds]), eq(addresses.status, 'free'))).groupBy(addressPools.connectionId, addressPools.nodes, addressPools.gateway, addressPools.bridge, addressPools.vlanTag).orderBy(asc(addressPools.connectionId), asc(addressPools.nodes), asc(min(addresses.address)), asc(addressPools.bridge), asc(addressPools.vlanTag))
      const groups = free.map((row) => {
        const has = row.stands ? reached.get(row.pool) ?? row.nodes : []
        const meant = row.nodes.length > 0 ? row.nodes : rows.flatMap(({ id, seen }) => id === row.id && seen ? [seen.node] : [])
        return { ...row, nodes: has, lacking: row.stands && has.length === 0 ? [] : meant.filter(node => !has.includes(node)) }
      })
      const prefixes = await freePrefixes(db, connectionIds)
      const closed = await db.select({ id: nodeClosures.connectionId, node: nodeClosures.node }).from(nodeClosures).where(inArray(nodeClosures.connectionId, [...connectionIds]))
      return [...Map.groupBy(rows, row => row.id)].flatMap(([id, own]) => {
        const [first] = own
        if (!first) return []
        const { maintenance, lookedAt, cpuOvercommit, memoryOvercommit, memoryReserveGiB, storageReserveGiB, maxAccounts } = first
        return [{
          connectionId: id, maintenance, lookedAt, limits: { cpuOvercommit, memoryOvercommit, memoryReserveGiB, storageReserveGiB, maxAccounts }, freeAddresses: groups.filter(row => row.id === id && row.stands).map(row => ({ nodes: row.nodes, card: cardOf(row), free: row.n })),
          cutOff: groups.filter(row => row.id === id && row.lacking.length > 0).map(row => ({ nodes: row.lacking, card: cardOf(row), free: row.n })), freePrefixes: prefixes.filter(row => row.id === id).map(row => ({ nodes: row.nodes, card: cardOf(row), free: row.free })),
          nodes: own.flatMap(({ seen }) => seen ? [{ node: seen.node, memoryTotal: seen.memoryTotal, memoryFree: seen.memoryFree, storageFree: seen.storageFree, storageKey: seen.storageKey, cpuCores: seen.cpuCores, takes: seen.takes }] : []),
          closedNodes: closed.filter(row => row.id === id).map(row => row.node),
          growing: growing.filter(row => row.connection_id === id).flatMap(({ service_id, node, moves_to, base, top }) => {
            const more = { cpuCores: Math.max(0, top.cpuCores - base.cpuCores), ramMiB: Math.max(0, top.ramMiB - base.ramMiB), diskGiB: Math.max(0, top.diskGiB - base.diskGiB) }
            const whole = { cpuCores: Math.max(top.cpuCores, base.cpuCores), ramMiB: Math.max(top.ramMiB, base.ramMiB), diskGiB: Math.max(top.diskGiB, base.diskGiB) }
            return [node, ...moves_to !== null && moves_to !== node ? [moves_to] : []].map(at => ({ serviceId: service_id, node: at, ...more, whole }))
          }),
          sold: sold.filter(row => row.connection_id === id).map(row => ({ node: row.node, clientId: row.client_id, cpuCores: row.cores, ramMiB: row.ram, machines: row.machines })),
          promised: [...promised, ...moving].filter(row => row.connection_id === id).map(row => ({ serviceId: row.service_id, connectionId: id, node: row.node, nodes: row.nodes, madeOn: [{ connectionId: id, nodes: row.made_on, machineType: row.machine_type ?? undefined }], clientId: row.client_id, policy: row.policy, cpuCores: row.spec.cpuCores, ramMiB: row.spec.ramMiB, diskGiB: row.spec.diskGiB })),
        }]
      })
    },
    async saveLook(connectionId, lookedAt, nodes) {
      // First the connection, as everybody does who writes below it.
      const found = rowsOf(await db.execute(sql`select id from connections where id = ${connectionId} for key share`))
      if (found.length === 0) return
      const [kept] = await db.insert(headroomLooks).values({ connectionId, lookedAt }).onConflictDoUpdate({ target: headroomLooks.connectionId, set: { lookedAt }, setWhere: sql`${headroomLooks.lookedAt} <= ${lookedAt.toISOString()}::timestamptz` }).returning({ id: headroomLooks.connectionId })
      if (!kept) return
      await db.delete(nodeHeadroom).where(eq(nodeHeadroom.connectionId, connectionId))
      if (nodes.length > 0) await db.insert(nodeHeadroom).values(nodes.map(({ node, memoryTotal, memoryFree, storageFree, storageKey, cpuCores, takes = machineTypes }) => ({ connectionId, node, memoryTotal, memoryFree, storageFree: Math.floor(storageFree), storageKey, cpuCores, takes: [...takes] })))
    },
    async setLimits(connectionId, { cpuOvercommit, memoryOvercommit, memoryReserveGiB, storageReserveGiB, maxAccounts }) {
      await db.update(connections).set({ cpuOvercommit, memoryOvercommit, memoryReserveGiB, storageReserveGiB, maxAccounts }).where(eq(connections.id, connectionId))
    },
  } satisfies CapacityStore,

  stock: {
    async subjects(at) {
      const rows = await db.select().from(products).where(eq(products.status, 'active')).orderBy(asc(products.position), asc(products.id)).limit(200)
      if (rows.length === 0) return []
      const ids = rows.map(row => row.id)
      const machines = await db.selectDistinct({ productId: productTemplates.productId, connectionId: templates.connectionId, machineType: templates.machineType, nodes: sql<string[]>`${templateNodes(sql`${templates.connectionId}`, sql`${templates.name}`)}` }).from(productTemplates).innerJoin(templates, and(eq(templates.id, productTemplates.templateId), eq(templates.present, true)))
        .innerJoin(productConnections, and(eq(productConnections.productId, productTemplates.productId), eq(productConnections.connectionId, templates.connectionId))).where(inArray(productTemplates.productId, ids))
      const accounts = await db.select({ productId: products.id, connectionId: packages.connectionId }).from(products).innerJoin(productConnections, eq(productConnections.productId, products.id)).innerJoin(packages, and(eq(packages.connectionId, productConnections.connectionId), sql`${packages.name} = ${products.spec} ->> 'panelPackage'`))
        .where(and(inArray(products.id, ids), eq(products.kind, 'hosting'), eq(packages.present, true)))
      const on = Map.groupBy([...machines, ...accounts], row => row.productId)
      const templatesOf = Map.groupBy(machines, row => row.productId)
      const held = await unitsHeld(db, ids)
      const options = await loadOptions(db, ids, at)
      const cycles = Map.groupBy(await db.selectDistinct({ productId: productPrices.productId, cycle: productPrices.cycle }).from(productPrices).where(and(inArray(productPrices.productId, ids), lte(productPrices.effectiveFrom, at))), row => row.productId)
      return rows.map(row => ({
        productId: row.id, kind: row.kind, size: smallestSize(row.spec, options.get(row.id) ?? [], (cycles.get(row.id) ?? []).map(({ cycle }) => cycle)), ipv6: row.ipv6, policy: row.placementPolicy, connectionIds: [...new Set((on.get(row.id) ?? []).map(({ connectionId }) => connectionId))].sort(),
        // One template that every node reaches is enough: what is sold of the product fits everywhere then.
        madeOn: madeOn(templatesOf.get(row.id) ?? []), stockLimit: row.stockLimit, unitsHeld: held.get(row.id) ?? 0,
      }))
    },
    async panels(connectionIds, except) {
      if (connectionIds.length === 0) return []
      const rows = await db.select({ id: connections.id, maintenance: connections.maintenance, ...placementLimits, accounts: panelServers.accounts, most: panelServers.maxAccounts, used: panelServers.diskUsed, total: panelServers.diskTotal, observedAt: panelServers.observedAt })
        .from(connections).leftJoin(panelServers, eq(panelServers.connectionId, connections.id)).where(inArray(connections.id, [...connectionIds])).orderBy(asc(connections.id))
      // Held and not read back yet; and what was read back after the look, which may not know of it.
      const promised = new Map((await db.select({ id: hostingAccounts.connectionId, n: count() }).from(hostingAccounts).leftJoin(panelServers, eq(panelServers.connectionId, hostingAccounts.connectionId))
        .where(and(inArray(hostingAccounts.connectionId, [...connectionIds]), eq(hostingAccounts.released, false), or(isNull(hostingAccounts.birth), isNull(panelServers.observedAt), gte(hostingAccounts.changedAt, panelServers.observedAt)), except === undefined ? undefined : ne(hostingAccounts.serviceId, except)))
        .groupBy(hostingAccounts.connectionId)).map(row => [row.id, row.n]))
      return rows.map(({ id, maintenance, accounts, most, used, total, observedAt, ...limits }) => ({ connectionId: id, maintenance, limits, accounts, promised: promised.get(id) ?? 0, maxAccounts: most, diskFree: used === null || total === null ? null : total - used, observedAt }))
    },
    all: () => db.select().from(productStock).limit(200),
    async list() {
      const rows = await db.select({ stock: productStock, name: products.name, connectionIds: sql<string[]>`array(select pc.connection_id::text from product_connections pc where pc.product_id = ${products.id} order by 1)` }).from(productStock).innerJoin(products, eq(products.id, productStock.productId)).orderBy(asc(products.position), asc(products.id)).limit(200)
      return rows.map(({ stock, ...row }) => ({ ...stock, ...row }))
    },
    async replace(stock, at) {
      // In one order, so that two at once do not wait for each other crosswise.
      const rows = stock.toSorted((a, b) => a.productId < b.productId ? -1 : 1).map(row => ({ ...row, countedAt: at }))
      if (rows.length > 0) await db.insert(productStock).values(rows).onConflictDoUpdate({ target: productStock.productId, set: { places: sql`excluded.places`, complete: sql`excluded.complete`, limitedBy: sql`excluded.limited_by`, countedAt: sql`excluded.counted_at` } })
      await db.delete(productStock).where(rows.length > 0 ? notInArray(productStock.productId, rows.map(row => row.productId)) : undefined)
    },
  } satisfies StockStore,
})

/** Units of each product that are sold or promised: services that have not ended, and services that wait to be changed to it. */
export const unitsHeld = async (db: Executor, ids: readonly string[]): Promise<Map<string, number>> => {
  const rows = await db.select({ id: services.productId, n: count() }).from(services).where(and(inArray(services.productId, [...ids]), ne(services.status, 'ended'))).groupBy(services.productId)
  const waiting = await db.select({ id: serviceChanges.toProductId, n: count() }).from(serviceChanges).where(and(inArray(serviceChanges.toProductId, [...ids]), eq(serviceChanges.status, 'waiting'), ne(serviceChanges.toProductId, serviceChanges.fromProductId))).groupBy(serviceChanges.toProductId)
  const held = new Map(rows.map(row => [row.id, row.n]))
  for (const { id, n } of waiting) held.set(id, (held.get(id) ?? 0) + n)
  return held
}
