import { and, asc, count, eq, ilike, inArray, ne, or, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { AccountBook, PackageStore, PanelServerStore } from '#server/infrastructure/panel-ports.ts'
import type { Executor } from '../client.ts'
import { connections, hostingAccounts, packages, panelServers, productConnections, products } from '../schema/index.ts'
import { byOffer, offerState } from '../offer-use.ts'
import { containing } from '../search-pattern.ts'
import { rowsOf as rowsIn } from '../rows-of.ts'
import type { StoreContext } from '../store-context.ts'

/** Columns are named in the database as the schema names them; `excluded` is the row that was to be inserted. */
const refreshed = { diskMiB: sql.raw('excluded.disk_mi_b'), bandwidthMiB: sql.raw('excluded.bandwidth_mi_b'), maxAddonDomains: sql`excluded.max_addon_domains`, maxMailboxes: sql`excluded.max_mailboxes`, maxDatabases: sql`excluded.max_databases`, seenAt: sql`excluded.seen_at`, present: true }

export function panelStores(db: Executor, context: StoreContext) {
  const rowsOf = (where: SQL | undefined) => db.select({ package: packages, connectionName: connections.name }).from(packages).innerJoin(connections, eq(connections.id, packages.connectionId)).where(where)
  const flat = (found: Awaited<ReturnType<typeof rowsOf>>) => found.map(({ package: each, connectionName }) => ({ ...each, connectionName }))
  const madeFrom = and(eq(products.kind, 'hosting'), ne(products.status, 'retired'), sql`${products.spec} ->> 'panelPackage' = ${packages.name}`)
  const usedBy: PackageStore['usedBy'] = async ids => ids.length === 0
    ? new Map()
    : byOffer(await db.select({ offerId: packages.id, id: products.id, name: products.name }).from(packages).innerJoin(productConnections, eq(productConnections.connectionId, packages.connectionId)).innerJoin(products, and(eq(products.id, productConnections.productId), madeFrom)).where(inArray(packages.id, [...ids])).orderBy(asc(products.name), asc(products.id)))
  return {
    packages: {
      async list(filter) {
        const where = and(filter.q ? or(ilike(packages.name, containing(filter.q)), ilike(connections.name, containing(filter.q))) : undefined, offerState(filter.state, packages.present, sql`exists (select 1 from ${productConnections} join ${products} on ${products.id} = ${productConnections.productId} where ${productConnections.connectionId} = ${packages.connectionId} and ${madeFrom})`))
        const found = await rowsOf(where).orderBy(asc(connections.name), asc(packages.name), asc(packages.id)).limit(filter.pageSize).offset((filter.page - 1) * filter.pageSize)
        const [counted] = await db.select({ total: count() }).from(packages).innerJoin(connections, eq(connections.id, packages.connectionId)).where(where)
        const uses = await usedBy(found.map(row => row.package.id))
        return { items: flat(found).map(row => ({ ...row, products: uses.get(row.id) ?? [] })), total: counted?.total ?? 0, page: filter.page, pageSize: filter.pageSize }
      },
      usedBy,
      forConnection: async connectionId => flat(await rowsOf(eq(packages.connectionId, connectionId)).orderBy(asc(packages.name))),
      async save(connectionId, found, at) {
        if (found.length === 0) return
        await db.insert(packages).values(found.map(each => ({ ...each, id: context.newId(), connectionId, present: true, seenAt: at }))).onConflictDoUpdate({ target: [packages.connectionId, packages.name], set: refreshed })
      },
      async markVanished(ids) {
        if (ids.length > 0) await db.update(packages).set({ present: false, madeAt: null }).where(and(inArray(packages.id, [...ids]), eq(packages.present, true)))
      },
      async find(id) {
        const [found] = flat(await rowsOf(eq(packages.id, id)))
        return found ?? null
      },
      async claim(connectionId, name, at) {
        const which = and(eq(packages.connectionId, connectionId), eq(packages.name, name))
        await db.update(packages).set({ madeAt: at }).where(which)
        const [found] = flat(await rowsOf(which))
        return found ?? null
      },
    } satisfies PackageStore,

    panelServers: {
      async find(connectionId) {
        const [row] = await db.select({ server: panelServers, version: connections.version }).from(panelServers).innerJoin(connections, eq(connections.id, panelServers.connectionId)).where(eq(panelServers.connectionId, connectionId))
        if (!row) return null
        const { hostname, load, diskMount, diskUsed, diskTotal, accounts, maxAccounts, nameservers, observedAt } = row.server
        return {
          connectionId, observedAt, hostname, version: row.version, load, nameservers, accounts: accounts === null ? null : { now: accounts, most: maxAccounts },
          disk: diskMount === null || diskUsed === null || diskTotal === null ? null : { mount: diskMount, used: diskUsed, total: diskTotal },
        }
      },
      async record(connectionId, { hostname, load, disk, accounts, nameservers }, at) {
        const kept = { hostname, load, diskMount: disk?.mount ?? null, diskUsed: disk?.used ?? null, diskTotal: disk?.total ?? null, accounts: accounts?.now ?? null, maxAccounts: accounts?.most ?? null, nameservers: nameservers && [...nameservers], observedAt: at }
        // First the connection, as everybody does who writes below it. Deleted meanwhile: there is nothing to keep.
        if (rowsIn(await db.execute(sql`select id from connections where id = ${connectionId} for key share`)).length === 0) return
        await db.insert(panelServers).values({ connectionId, ...kept }).onConflictDoUpdate({ target: panelServers.connectionId, set: kept })
      },
    } satisfies PanelServerStore,

    hostingAccounts: {
      async hold(serviceId, domain, connectionId) {
        return (await db.insert(hostingAccounts).values({ serviceId, domain, connectionId, changedAt: context.now() }).onConflictDoNothing().returning({ id: hostingAccounts.serviceId })).length === 1
      },
      async place(serviceId, connectionId) {
        await db.update(hostingAccounts).set({ connectionId }).where(eq(hostingAccounts.serviceId, serviceId))
      },
      async keep(serviceId, { birth, ip }) {
        // Only the first time: it is from then on that looks know of it.
        await db.update(hostingAccounts).set({ birth: sql`coalesce(${hostingAccounts.birth}, ${birth})`, ip, changedAt: sql`case when ${hostingAccounts.birth} is null then ${context.now().toISOString()}::timestamptz else ${hostingAccounts.changedAt} end` }).where(eq(hostingAccounts.serviceId, serviceId))
      },
      async release(serviceId) {
        await db.update(hostingAccounts).set({ released: true, changedAt: context.now() }).where(eq(hostingAccounts.serviceId, serviceId))
      },
    } satisfies AccountBook,
  }
}
