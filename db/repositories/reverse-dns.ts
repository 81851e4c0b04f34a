import { and, asc, count, eq, inArray, ne, sql } from 'drizzle-orm'
import { nameByTemplate } from '#shared/dns/reverse-dns.ts'
import type { PtrRecord, ReverseDnsSettings, ReverseDnsStore } from '#server/infrastructure/dns-ports.ts'
import type { Executor } from '../client.ts'
import { addresses, ipv6Prefixes, ptrRecords, reverseDnsSettings, services } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'
import { rowsOf } from '../rows-of.ts'

const atOnce = 500
const queue = (context: StoreContext, address: string) => context.outbox.emit('infrastructure.ptr-due', { address }, { singletonKey: `ptr:${address}` })

async function settingsOf(db: Executor, lock = false): Promise<ReverseDnsSettings | null> {
  const asked = db.select().from(reverseDnsSettings)
  const [row] = lock ? await asked.for('update') : await asked
  if (!row) return null
  const { id: _, changedAt: __, ...settings } = row
  return settings
}

/** Writes a wish and queues it; the same name again, when it is written already, changes nothing. */
async function want(db: Executor, context: StoreContext, { address, serviceId, name, by }: Parameters<ReverseDnsStore['want']>[0]): Promise<void> {
  const changedAt = context.now()
  const wished = await db.insert(ptrRecords).values({ address, serviceId, name, state: 'pending', version: 1, changedAt, changedBy: by })
    .onConflictDoUpdate({ target: ptrRecords.address, set: { serviceId, name, state: 'pending', problem: null, version: sql`${ptrRecords.version} + 1`, changedAt, changedBy: by }, setWhere: sql`${ptrRecords.state} <> 'active' or ${ptrRecords.name} is distinct from ${name} or ${ptrRecords.serviceId} is distinct from ${serviceId}::uuid` }).returning({ address: ptrRecords.address })
  if (wished.length > 0) await queue(context, address)
}

/** The first name of an address that a machine just got; nothing where no name server is set up. */
export async function wantDefaultName(db: Executor, context: StoreContext, { serviceId, address }: { readonly serviceId: string, readonly address: string }): Promise<void> {
  const settings = await settingsOf(db)
  const name = settings && nameByTemplate(settings.template, address)
  if (name) await want(db, context, { address, serviceId, name, by: 'system:provisioning' })
}

/** Who gave addresses back (all, or only these) leaves no name on them. Without a name server the wish waits for one. */
export async function takeNamesAway(db: Executor, context: StoreContext, serviceId: string, only?: readonly string[]): Promise<void> {
  const left = await db.update(ptrRecords).set({ serviceId: null, name: null, state: 'pending', problem: null, version: sql`${ptrRecords.version} + 1`, changedAt: context.now(), changedBy: 'system:provisioning' }).where(and(eq(ptrRecords.serviceId, serviceId), only ? inArray(ptrRecords.address, [...only]) : undefined)).returning({ address: ptrRecords.address })
  if (left.length === 0 || !await settingsOf(db)) return
  await context.outbox.emitMany('infrastructure.ptr-due', left)
}

/** Addresses of machines without a name of the service that has them; IPv4 first. */
const unnamed = sql`(select a.address, a.service_id from addresses a where a.status = 'assigned' union all select x.address, x.service_id from ipv6_prefixes x where x.status = 'assigned') own
  where not exists (select 1 from ptr_records r where r.address = own.address and r.service_id = own.service_id)`
const namedAtOnce = 200

/** Whoever gives an address back meanwhile is waited for, or waits: his name is taken away after it was wished, never before. */
async function nameUnnamed(db: Executor, context: StoreContext, { after, by }: Parameters<ReverseDnsStore['nameUnnamed']>[0]): Promise<string | null> {
  const settings = await settingsOf(db)
  if (!settings) return null
  const seen = rowsOf<{ address: string }>(await db.execute(sql`select host(own.address) as address from ${unnamed} ${after === null ? sql`` : sql`and own.address > ${after}::inet`} order by own.address limit ${namedAtOnce}`)).map(({ address }) => address)
  if (seen.length === 0) return null
  const four = await db.select({ address: addresses.address, serviceId: addresses.serviceId }).from(addresses).where(and(inArray(addresses.address, seen), eq(addresses.status, 'assigned'))).orderBy(asc(addresses.address)).for('update')
  const six = await db.select({ address: ipv6Prefixes.address, serviceId: ipv6Prefixes.serviceId }).from(ipv6Prefixes).where(and(inArray(ipv6Prefixes.address, seen), eq(ipv6Prefixes.status, 'assigned'))).orderBy(asc(ipv6Prefixes.address)).for('update')
  const wishes = [...four, ...six].flatMap(({ address, serviceId }) => {
    const name = nameByTemplate(settings.template, address)
    return name && serviceId ? [{ address, serviceId, name, state: 'pending' as const, version: 1, changedAt: context.now(), changedBy: by }] : []
  })
  if (wishes.length > 0) {
    const made = await db.insert(ptrRecords).values(wishes).onConflictDoUpdate({
      target: ptrRecords.address, set: { serviceId: sql`excluded.service_id`, name: sql`excluded.name`, state: 'pending', problem: null, version: sql`${ptrRecords.version} + 1`, changedAt: context.now(), changedBy: by },
      // A name that its owner chose meanwhile stays.
      setWhere: sql`${ptrRecords.serviceId} is distinct from excluded.service_id`,
    }).returning({ address: ptrRecords.address })
    if (made.length > 0) await context.outbox.emitMany('infrastructure.ptr-due', made)
  }
  return seen.length < namedAtOnce ? null : seen.at(-1) ?? null
}

const columns = { address: ptrRecords.address, serviceId: ptrRecords.serviceId, clientId: services.clientId, name: ptrRecords.name, state: ptrRecords.state, problem: ptrRecords.problem, version: ptrRecords.version, changedAt: ptrRecords.changedAt, changedBy: ptrRecords.changedBy }
const find = async (db: Executor, address: string): Promise<PtrRecord | null> => (await db.select(columns).from(ptrRecords).leftJoin(services, eq(services.id, ptrRecords.serviceId)).where(eq(ptrRecords.address, address)))[0] ?? null

const store = (db: Executor, context: StoreContext): ReverseDnsStore => ({
  settings: () => settingsOf(db),
  lockSettings: () => settingsOf(db, true),
  async saveSettings(settings, at) {
    await db.insert(reverseDnsSettings).values({ ...settings, changedAt: at }).onConflictDoUpdate({ target: reverseDnsSettings.id, set: { ...settings, changedAt: at } })
  },
  async removeSettings() {
    await db.delete(reverseDnsSettings)
  },
  async lockAddresses(serviceId) {
    const own = await db.select({ address: addresses.address }).from(addresses).where(and(eq(addresses.serviceId, serviceId), eq(addresses.status, 'assigned'))).orderBy(asc(addresses.address)).for('update')
    const ipv6 = await db.select({ address: ipv6Prefixes.address }).from(ipv6Prefixes).where(and(eq(ipv6Prefixes.serviceId, serviceId), eq(ipv6Prefixes.status, 'assigned'))).for('update')
    return [...own, ...ipv6].map(({ address }) => address)
  },
  async findForService(serviceId) {
    const own = await db.select({ address: addresses.address }).from(addresses).where(and(eq(addresses.serviceId, serviceId), eq(addresses.status, 'assigned'))).orderBy(asc(addresses.ordinal))
    const ipv6 = await db.select({ address: ipv6Prefixes.address }).from(ipv6Prefixes).where(and(eq(ipv6Prefixes.serviceId, serviceId), eq(ipv6Prefixes.status, 'assigned')))
    const held = [...own, ...ipv6].map(({ address }) => address)
    if (held.length === 0) return []
    const records = await db.select(columns).from(ptrRecords).leftJoin(services, eq(services.id, ptrRecords.serviceId)).where(inArray(ptrRecords.address, held))
    return held.map(address => ({ address, record: records.find(record => record.address === address) ?? null }))
  },
  find: address => find(db, address),
  want: input => want(db, context, input),
  async settle({ address, version, name }, { state, problem }) {
    const same = and(eq(ptrRecords.address, address), eq(ptrRecords.version, version))
    const settled = state === 'active' && name === null
      ? await db.delete(ptrRecords).where(same).returning({ address: ptrRecords.address })
      : await db.update(ptrRecords).set({ state, problem }).where(same).returning({ address: ptrRecords.address })
    if (settled.length > 0) return true
    // What was just written may have come after the newer wish was carried out: it is carried out once more.
    const [newer] = await db.update(ptrRecords).set({ state: 'pending' }).where(eq(ptrRecords.address, address)).returning({ address: ptrRecords.address })
    if (newer) await queue(context, address)
    return false
  },
  async queueOpen() {
    const open = await db.select({ address: ptrRecords.address }).from(ptrRecords).where(ne(ptrRecords.state, 'active')).orderBy(asc(ptrRecords.changedAt)).limit(atOnce)
    await context.outbox.emitMany('infrastructure.ptr-due', open)
    return open.length
  },
  async countUnnamed() {
    return rowsOf<{ n: number }>(await db.execute(sql`select count(*)::int as n from ${unnamed}`))[0]?.n ?? 0
  },
  nameUnnamed: input => nameUnnamed(db, context, input),
  async count() {
    const found = await db.select({ state: ptrRecords.state, n: count() }).from(ptrRecords).groupBy(ptrRecords.state)
    return { pending: 0, active: 0, failed: 0, ...Object.fromEntries(found.map(({ state, n }) => [state, n])) }
  },
})

export const reverseDnsStores = (db: Executor, context: StoreContext) => ({ reverseDns: store(db, context) })
