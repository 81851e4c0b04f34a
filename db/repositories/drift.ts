import { and, count, desc, eq, inArray, isNotNull, isNull, lt, sql } from 'drizzle-orm'
import type { BirthOwner, DriftFinding, DriftStore, ExpectedAccount, ExpectedMachine, MarkOwner } from '#server/provisioning/drift-ports.ts'
import { slowed } from '#server/provisioning/traffic-rules.ts'
import type { Executor } from '../client.ts'
import { addresses, addressPools, connections, driftFindings, hostingAccounts, resources, sagas, services } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'
import { unnested } from '../unnested.ts'

const keptDays = 90

export function driftStores(db: Executor, context: StoreContext) {
  const busy = sql<boolean>`exists (select 1 from ${sagas} g where g.service_id = ${services.id} and g.status in ('running', 'waiting'))`
  const found = (where: ReturnType<typeof and>) => db.select({ finding: driftFindings, connectionName: connections.name, connectionKind: connections.kind }).from(driftFindings).innerJoin(connections, eq(connections.id, driftFindings.connectionId)).where(where)
  const toFinding = ({ finding: { ignoredAt, ignoredBy, ignoredWhy, ...rest }, connectionName, connectionKind }: Awaited<ReturnType<typeof found>>[number]): DriftFinding => ({ ...rest, connectionName, connectionKind, ignored: ignoredAt ? { at: ignoredAt, by: ignoredBy ?? '', why: ignoredWhy ?? '' } : null })
  return {
    drift: {
      async expectedOn(connectionId) {
        const rows = await db.select({
          serviceId: services.id, hostname: services.hostname, status: resources.status, ownershipMark: resources.ownershipMark, vmid: resources.vmid, node: resources.node, mac: resources.mac, spec: services.spec, rateCapMbps: resources.rateCapMbps, busy,
          changed: sql<boolean>`exists (select 1 from service_changes c where c.service_id = ${services.id} and c.status = 'applied')`,
        }).from(resources).innerJoin(services, eq(services.id, resources.serviceId)).where(and(eq(resources.connectionId, connectionId), isNotNull(resources.vmid), inArray(resources.status, ['ready', 'stopped_by_policy'])))
        return rows.flatMap(({ vmid, rateCapMbps, ...row }): ExpectedMachine[] => vmid === null ? [] : [{ ...row, spec: slowed(row.spec, rateCapMbps), vmid }])
      },
      async noteCards(seen) {
        if (seen.length === 0) return
        await db.execute(sql`update resources r set mac = v.mac from ${unnested(seen, { mark: ['uuid', card => card.ownershipMark], mac: ['text', card => card.mac] })} where r.ownership_mark = v.mark and r.mac is null`)
      },
      async ownersOf(marks) {
        const owners = new Map<string, MarkOwner>()
        for (let from = 0; from < marks.length; from += 1000) {
          const rows = await db.select({ mark: resources.ownershipMark, serviceId: services.id, hostname: services.hostname, status: resources.status, connectionId: resources.connectionId, vmid: resources.vmid, busy }).from(resources).innerJoin(services, eq(services.id, resources.serviceId)).where(inArray(resources.ownershipMark, marks.slice(from, from + 1000)))
          for (const { mark, ...owner } of rows) owners.set(mark, owner)
        }
        return owners
      },
      async expectedAccountsOn(connectionId) {
        const rows = await db.select({
          serviceId: services.id, domain: hostingAccounts.domain, user: resources.username, ownershipMark: resources.ownershipMark, birth: hostingAccounts.birth, status: resources.status, spec: services.spec, busy,
          changed: sql<boolean>`exists (select 1 from service_changes c where c.service_id = ${services.id} and c.status = 'applied')`,
        }).from(resources).innerJoin(services, eq(services.id, resources.serviceId)).innerJoin(hostingAccounts, eq(hostingAccounts.serviceId, services.id))
          .where(and(eq(resources.connectionId, connectionId), isNotNull(hostingAccounts.birth), isNotNull(resources.username), inArray(resources.status, ['ready', 'stopped_by_policy'])))
        return rows.flatMap(({ user, birth, spec, ...row }): ExpectedAccount[] => user === null || birth === null ? [] : [{ ...row, user, birth, package: spec.panelPackage ?? null }])
      },
      async ownersOfBirths(connectionId, births) {
        const owners = new Map<string, BirthOwner>()
        for (let from = 0; from < births.length; from += 1000) {
          const rows = await db.select({ birth: hostingAccounts.birth, serviceId: services.id, hostname: services.hostname, status: resources.status, connectionId: resources.connectionId, busy }).from(hostingAccounts).innerJoin(services, eq(services.id, hostingAccounts.serviceId)).innerJoin(resources, eq(resources.serviceId, services.id))
            .where(and(eq(resources.connectionId, connectionId), inArray(hostingAccounts.birth, births.slice(from, from + 1000))))
          for (const { birth, ...owner } of rows) if (birth !== null) owners.set(birth, owner)
        }
        return owners
      },
      async leakedAddresses(connectionId) {
        const rows = await db.select({ address: addresses.address, serviceId: services.id, hostname: services.hostname }).from(addresses)
          .innerJoin(addressPools, eq(addressPools.id, addresses.poolId)).innerJoin(services, eq(services.id, addresses.serviceId)).leftJoin(resources, eq(resources.serviceId, services.id))
          .where(and(eq(addressPools.connectionId, connectionId), eq(services.status, 'ended'), sql`coalesce(${resources.status}, 'none') in ('none', 'destroyed')`, sql`not ${busy}`)).limit(200)
        return rows.map(({ address, serviceId, hostname }) => ({ kind: 'leaked_address' as const, key: address, serviceId, node: null, vmid: null, detail: { hostname, address } }))
      },
      async record(connectionId, seen, unsure, at) {
        await db.delete(driftFindings).where(lt(driftFindings.resolvedAt, new Date(at.getTime() - keptDays * 86_400_000)))
        const open = await db.select({ id: driftFindings.id, kind: driftFindings.kind, key: driftFindings.key }).from(driftFindings).where(and(eq(driftFindings.connectionId, connectionId), isNull(driftFindings.resolvedAt)))
        const nameOf = (drift: { readonly kind: string, readonly key: string }) => `${drift.kind} ${drift.key}`
        const still = new Set(seen.map(nameOf))
        const over = open.filter(row => !still.has(nameOf(row)) && !unsure.has(row.key)).map(row => row.id)
        if (over.length > 0) await db.update(driftFindings).set({ resolvedAt: at }).where(inArray(driftFindings.id, over))
        for (let from = 0; from < seen.length; from += 500) {
          await db.insert(driftFindings).values(seen.slice(from, from + 500).map(({ kind, key, serviceId, node, vmid, detail }) => ({ id: context.newId(), kind, key, serviceId, node, vmid, detail: { ...detail }, connectionId, firstSeenAt: at, lastSeenAt: at })))
            .onConflictDoUpdate({ target: [driftFindings.connectionId, driftFindings.kind, driftFindings.key], targetWhere: sql`resolved_at is null`, set: { serviceId: sql`excluded.service_id`, node: sql`excluded.node`, vmid: sql`excluded.vmid`, detail: sql`excluded.detail`, lastSeenAt: at } })
        }
        const known = new Set(open.map(nameOf))
        return seen.filter(drift => !known.has(nameOf(drift))).length
      },
      async openOf(connectionId, kinds) {
        return new Set((await db.select({ key: driftFindings.key }).from(driftFindings).where(and(eq(driftFindings.connectionId, connectionId), inArray(driftFindings.kind, [...kinds]), isNull(driftFindings.resolvedAt)))).map(({ key }) => key))
      },
      async list({ state, kind, page, pageSize }) {
        const where = and(kind ? eq(driftFindings.kind, kind) : undefined, state === 'resolved' ? isNotNull(driftFindings.resolvedAt) : isNull(driftFindings.resolvedAt), state === 'open' ? isNull(driftFindings.ignoredAt) : state === 'ignored' ? isNotNull(driftFindings.ignoredAt) : undefined)
        const items = await found(where).orderBy(desc(driftFindings.lastSeenAt), desc(driftFindings.firstSeenAt), desc(driftFindings.id)).limit(pageSize).offset((page - 1) * pageSize)
        const [counted] = await db.select({ total: count() }).from(driftFindings).where(where)
        return { items: items.map(toFinding), total: counted?.total ?? 0, page, pageSize }
      },
      async lock(id) {
        await db.select({ id: driftFindings.id }).from(driftFindings).where(eq(driftFindings.id, id)).for('update')
        const [row] = await found(eq(driftFindings.id, id))
        return row ? toFinding(row) : null
      },
      async find(id) {
        const [row] = await found(eq(driftFindings.id, id))
        return row ? toFinding(row) : null
      },
      async ignore(id, ignored) {
        await db.update(driftFindings).set({ ignoredAt: ignored?.at ?? null, ignoredBy: ignored?.by ?? null, ignoredWhy: ignored?.why ?? null }).where(eq(driftFindings.id, id))
      },
      async resolve(id, at) {
        await db.update(driftFindings).set({ resolvedAt: at }).where(eq(driftFindings.id, id))
      },
    } satisfies DriftStore,
  }
}
