import { AppError, fieldError } from '#shared/errors/codes.ts'
import { canonical6 } from '#shared/network/ipv6.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { Ipv6PrefixStatus } from '#shared/vocabulary/machines.ts'
import type { Actor, Clock, NewId, PageRequest, Transact } from '../kernel/ports.ts'
import type { SheetCell, SheetWriter } from '../reports/ports.ts'
import type { Ipv6PoolChange, Ipv6PoolDay, Ipv6PoolFields, Ipv6PoolRecord, Ipv6PoolStore, Ipv6Prefix } from './ipv6-ports.ts'
import { checkIpv6Pool, firstPlace, gatewayPlace, placesOf } from './ipv6-range.ts'
import { dayOf, daysBefore, lookBackDays, networkView, poolOutlook } from './pool-outlook.ts'
import { checkNetwork, checkNodes } from './pool-network.ts'
import type { InfrastructureStores } from './ports.ts'

interface Deps { readonly transact: Transact<InfrastructureStores>, readonly clock: Clock, readonly newId: NewId }
interface ReadDeps { readonly ipv6Pools: Ipv6PoolStore }
interface OutlookDeps extends ReadDeps { readonly clock: Clock }
const shownDays = 365

const totalOf = (pool: Ipv6PoolFields): number => placesOf(pool) - firstPlace(pool) - (gatewayPlace(pool) === null ? 0 : 1)
/** `total`: how many machines it can ever serve at once. `first`: the oldest day that is known of it. */
function toView({ nextPlace: _, ...pool }: Ipv6PoolRecord, first: Ipv6PoolDay | undefined, now: Date) {
  const total = totalOf(pool)
  const { reserved, assigned, quarantine, blocked } = pool.counts
  return { ...pool, nameservers: [...pool.nameservers], nodes: [...pool.nodes], network: networkView(pool.network), total, outlook: poolOutlook({ first: first ?? null, today: dayOf(now), held: reserved + assigned, free: Math.max(0, total - reserved - assigned - quarantine - blocked), resting: quarantine }) }
}
const toPrefixView = ({ changedAt, quarantineUntil, ...row }: Ipv6Prefix) => ({ ...row, changedAt: changedAt.toISOString(), quarantineUntil: quarantineUntil?.toISOString() ?? null })
const normal = <T extends Pick<Ipv6PoolFields, 'gateway' | 'nameservers'>>(fields: T): T => ({ ...fields, gateway: canonical6(fields.gateway), nameservers: fields.nameservers.map(canonical6) })

/** Pools with how many prefixes are in use, and when each will be full. */
export const listIpv6Pools = ({ ipv6Pools, clock }: OutlookDeps) => async (page: PageRequest) => {
  const now = clock.now()
  const found = await ipv6Pools.list(page)
  const first = await ipv6Pools.firstDays(found.items.map(({ id }) => id), daysBefore(now, lookBackDays))
  return { ...found, items: found.items.map(pool => toView(pool, first.get(pool.id), now)) }
}

/** One pool, when it will be full, and how full it was on each day of the last year that was seen. @throws AppError not_found */
export const showIpv6Pool = ({ ipv6Pools, clock }: OutlookDeps) => async ({ id }: { readonly id: string }) => {
  const pool = await ipv6Pools.find(id)
  if (!pool) throw new AppError('not_found')
  const now = clock.now()
  const days = await ipv6Pools.days(id, daysBefore(now, shownDays))
  return { ...toView(pool, days.find(({ day }) => day >= daysBefore(now, lookBackDays)), now), history: days.map(({ day, held }) => ({ day, held, total: totalOf(pool) })) }
}

/** Adds a pool; nothing of it has a row until it is handed out. @throws AppError invalid_input, also when it overlaps another pool */
export const createIpv6Pool = ({ transact, clock, newId }: Deps) => ({ actor, fields: given }: { readonly actor: Actor, readonly fields: Ipv6PoolFields }) => {
  const fields = normal({ ...given, prefix: canonical6(given.prefix) })
  checkIpv6Pool(fields)
  const id = newId()
  return transact(async (stores) => {
    const connection = await stores.connections.find(fields.connectionId)
    if (!connection) throw fieldError('connectionId', 'connection_unknown')
    checkNetwork(connection.kind, fields)
    await checkNodes(stores.nodes, fields.connectionId, fields.nodes)
    await stores.ipv6Pools.insert(id, fields, clock.now())
    const made = await stores.ipv6Pools.find(id)
    if (!made) throw new AppError('not_found')
    await stores.audit.record({ actor, action: 'ipv6_pool.create', entity: 'ipv6_pool', entityId: id, after: { ...fields } })
    return toView(made, undefined, clock.now())
  })
}

/** Changes a pool: for machines that are built from now on. Prefix, what each machine gets, and connection stay. @throws AppError not_found, invalid_input */
export const updateIpv6Pool = ({ transact, clock }: Pick<Deps, 'transact' | 'clock'>) => ({ actor, id, fields: given }: { readonly actor: Actor, readonly id: string, readonly fields: Ipv6PoolChange }) => transact(async (stores) => {
  const before = await stores.ipv6Pools.lock(id)
  if (!before) throw new AppError('not_found')
  const fields = normal(given)
  checkIpv6Pool({ ...before, ...fields })
  checkNetwork(before.connectionKind, fields)
  await checkNodes(stores.nodes, before.connectionId, fields.nodes, before.nodes)
  if (await stores.ipv6Pools.holds(id, fields.gateway)) throw fieldError('gateway', 'gateway_in_use')
  await stores.ipv6Pools.update(id, fields)
  const after = await stores.ipv6Pools.find(id)
  if (!after) throw new AppError('not_found')
  const { counts: _, network: __, ...was } = before
  await stores.audit.record({ actor, action: 'ipv6_pool.update', entity: 'ipv6_pool', entityId: id, before: was, after: { ...fields } })
  return toView(after, (await stores.ipv6Pools.firstDays([id], daysBefore(clock.now(), lookBackDays))).get(id), clock.now())
})

/** Deletes a pool none of whose prefixes is in use or in quarantine. @throws AppError not_found, address_pool_in_use */
export const deleteIpv6Pool = ({ transact }: Pick<Deps, 'transact'>) => ({ actor, id }: { readonly actor: Actor, readonly id: string }): Promise<void> => transact(async (stores) => {
  const before = await stores.ipv6Pools.lock(id)
  if (!before) throw new AppError('not_found')
  if (!await stores.ipv6Pools.remove(id)) throw new AppError('address_pool_in_use')
  await stores.audit.record({ actor, action: 'ipv6_pool.delete', entity: 'ipv6_pool', entityId: id, before })
})

/** The prefixes of a pool that were handed out at least once or are blocked, with who holds each. @throws AppError not_found */
export const listIpv6Prefixes = ({ ipv6Pools }: ReadDeps) => async ({ id, ...filter }: PageRequest & { readonly id: string, readonly q?: string | undefined, readonly status?: Ipv6PrefixStatus | undefined }) => {
  if (!await ipv6Pools.find(id)) throw new AppError('not_found')
  const page = await ipv6Pools.listPrefixes(id, filter)
  return { ...page, items: page.items.map(toPrefixView) }
}

const part = 500
async function* rowsOf(store: Ipv6PoolStore, poolId: string, length: number): AsyncGenerator<readonly SheetCell[]> {
  for (let after: string | null = null; ;) {
    const rows = await store.after(poolId, after, part)
    for (const row of rows) yield [row.address, length, row.status, row.service?.hostname ?? null, row.reason, row.changedAt]
    const last = rows.at(-1)
    if (!last || rows.length < part) return
    after = last.address
  }
}

/** The same as a file that is written while it is read. @throws AppError not_found */
export const exportIpv6Prefixes = ({ ipv6Pools, writer, zone }: ReadDeps & { readonly writer: SheetWriter, readonly zone: string }) => async ({ id, locale }: { readonly id: string, readonly locale: Locale }): Promise<{ name: string, type: string, content: AsyncIterable<Uint8Array> }> => {
  const pool = await ipv6Pools.find(id)
  if (!pool) throw new AppError('not_found')
  const text = (label: string) => ({ label, kind: 'text' as const })
  const columns = [text('address'), { label: 'length', kind: 'number' as const }, text('status'), text('hostname'), text('reason'), { label: 'since', kind: 'moment' as const }]
  const length = pool.machineLength === 128 ? pool.prefixLength : pool.machineLength
  return { name: `gardu-ipv6-${pool.prefix.replaceAll(':', '-')}.csv`, type: writer.type, content: writer.write({ title: pool.prefix, columns, rows: rowsOf(ipv6Pools, id, length), locale, zone }) }
}
