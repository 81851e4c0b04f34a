import { and, eq, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { CountedMachine, TrafficAdd, TrafficCounts } from '#server/infrastructure/traffic-ports.ts'
import type { TrafficAddressee, TrafficConsumer, TrafficStanding, TrafficStore } from '#server/provisioning/traffic-ports.ts'
import { hypervisorCapabilities, hypervisorKinds } from '#shared/vocabulary/machines.ts'
import type { Executor } from '../client.ts'
import { machineTraffic } from '../schema/index.ts'
import { containing } from '../search-pattern.ts'
import { rowsOf } from '../rows-of.ts'
import { unnested } from '../unnested.ts'
import type { UnnestedColumns } from '../unnested.ts'
import { toDate } from './service-pages.ts'

/** As `trafficWish` has it, for the choice of rows: which decides is read again under its lock. */
const used = sql`(coalesce(t.bytes_out, 0) + case when s.spec->'traffic'->>'counts' = 'out' then 0 else coalesce(t.bytes_in, 0) end)`
const limit = sql`((s.spec->'traffic'->>'limitGiB')::numeric * 1073741824)`
const limiting = sql.join(hypervisorKinds.filter(kind => hypervisorCapabilities[kind].rateLimit).map(kind => sql`${kind}`), sql`, `)
const cap = sql`case when c.kind in (${limiting}) and s.spec->'traffic' is not null and ${used} >= ${limit} and (s.spec->'traffic'->>'slowMbps')::int < (s.spec->>'rateMbps')::int then (s.spec->'traffic'->>'slowMbps')::int end`
const traffic = sql`t.bytes_in as "bytesIn", t.bytes_out as "bytesOut", t.read_at as "readAt", t.counted_to is not null as measured, t.measured_seconds as "measuredSeconds", t.missed_seconds as "missedSeconds", t.lag_seconds as "lagSeconds"`
interface TrafficRow { bytesIn: unknown, bytesOut: unknown, readAt: string | Date | null, measured: boolean | null, measuredSeconds: unknown, missedSeconds: unknown, lagSeconds: unknown }
const ofRow = <Row extends TrafficRow>({ measured, measuredSeconds, missedSeconds, lagSeconds, readAt, bytesIn, bytesOut, ...row }: Row) => ({
  ...row, bytesIn: Number(bytesIn ?? 0), bytesOut: Number(bytesOut ?? 0), readAt: toDate(readAt), samples: measured ? { measuredSeconds: Number(measuredSeconds), missedSeconds: Number(missedSeconds), lagSeconds: Number(lagSeconds) } : null,
})

/** Of thousands of rows: a number is read in a tenth of the time of a date that is written out. */
const milliseconds = (moment: SQL) => sql`(extract(epoch from ${moment}) * 1000)::float8`
const toMoment = (told: number | null) => told === null ? null : new Date(Number(told))

const sums = ['bytes_in', 'bytes_out', 'measured_seconds', 'missed_seconds']
/** Adds what one look says of a month. `columns`: what it read, by their names; `cleared`: what the other way of reading would have left. */
async function addTo<Row extends Pick<TrafficAdd, 'serviceId' | 'after' | 'bytesIn' | 'bytesOut'>>(db: Executor, month: string, readAt: Date, rows: readonly Row[], columns: UnnestedColumns<Row>, cleared: SQL): Promise<void> {
  if (rows.length === 0) return
  const written: UnnestedColumns<Row> = { bytes_in: ['bigint', row => row.bytesIn], bytes_out: ['bigint', row => row.bytesOut], ...columns }
  const values = unnested(rows, { id: ['uuid', row => row.serviceId], after: ['float8', row => row.after?.getTime() ?? null], ...written })
  const names = Object.keys(written)
  const at = sql`${readAt.toISOString()}::timestamptz`
  // Nearly all of them are there: an update takes half the time of an insert with a conflict.
  const [updated] = rowsOf<{ n: number }>(await db.execute(sql`
    with u as (update machine_traffic t set ${sql.raw(names.map(name => sums.includes(name) ? `${name} = t.${name} + v.${name}` : `${name} = v.${name}`).join(', '))}, ${cleared}, read_at = ${at}
      from ${values} where t.service_id = v.id and t.month = ${month} and t.read_at is not distinct from to_timestamp(v.after / 1000) returning 1)
    select count(*)::int as n from u`))
  if (updated?.n === rows.length) return
  await db.execute(sql`
    insert into machine_traffic (service_id, month, read_at, ${sql.raw(names.join(', '))}) select v.id, ${month}, ${at}, ${sql.raw(names.map(name => `v.${name}`).join(', '))} from ${values}
    where not exists (select 1 from machine_traffic t where t.service_id = v.id and t.month = ${month}) order by v.id`)
}

export const trafficStores = (db: Executor) => ({
  trafficCounts: {
    async machines(connectionId, sinceMonth) {
      type Row = { serviceId: string, ownershipMark: string, vmid: number, counterIn: string | null, counterOut: string | null, uptimeSeconds: number | null, readAt: number | null, countedTo: number | null, off: boolean, lagSeconds: number }
      const found = rowsOf<Row>(await db.execute(sql`
        select distinct on (r.service_id) r.service_id as "serviceId", r.ownership_mark as "ownershipMark", r.vmid, t.counter_in as "counterIn", t.counter_out as "counterOut", t.uptime_seconds as "uptimeSeconds", ${milliseconds(sql`t.read_at`)} as "readAt", ${milliseconds(sql`t.counted_to`)} as "countedTo", t.was_off as off, t.lag_seconds as "lagSeconds"
        from resources r left join machine_traffic t on t.service_id = r.service_id and t.month >= ${sinceMonth}
        where r.connection_id = ${connectionId} and r.vmid is not null and r.status in ('ready', 'stopped_by_policy', 'error') order by r.service_id, t.month desc`))
      return found.map(({ serviceId, ownershipMark, vmid, counterIn, counterOut, uptimeSeconds, off, lagSeconds, ...row }): CountedMachine => {
        const [at, countedTo] = [toMoment(row.readAt), toMoment(row.countedTo)]
        return {
          serviceId, ownershipMark, vmid, readAt: at,
          last: at === null || countedTo !== null ? null : { in: Number(counterIn), out: Number(counterOut), uptimeSeconds: Number(uptimeSeconds), at },
          measured: at === null || countedTo === null ? null : { countedTo, off, lagSeconds: Number(lagSeconds), at },
        }
      })
    },
    async add(connectionId, rows, readAt) {
      await db.execute(sql`select pg_advisory_xact_lock(hashtextextended('traffic:' || ${connectionId}, 0))`)
      for (const [month, ofMonth] of Map.groupBy(rows, row => row.month)) {
        await addTo(db, month, readAt, ofMonth.flatMap(({ reading, ...row }) => 'in' in reading ? [{ ...row, reading }] : []), {
          counter_in: ['bigint', row => row.reading.in], counter_out: ['bigint', row => row.reading.out], uptime_seconds: ['float8', row => row.reading.uptimeSeconds],
        }, sql`counted_to = null, was_off = false, lag_seconds = 0`)
        await addTo(db, month, readAt, ofMonth.flatMap(({ reading, ...row }) => 'in' in reading ? [] : [{ ...row, reading }]), {
          counted_to: ['timestamptz', row => row.reading.countedTo.toISOString()], was_off: ['bool', row => row.reading.off], lag_seconds: ['float8', row => row.reading.lagSeconds],
          measured_seconds: ['float8', row => row.reading.measuredSeconds], missed_seconds: ['float8', row => row.reading.missedSeconds],
        }, sql`counter_in = null, counter_out = null, uptime_seconds = null`)
      }
    },
    async forgetBefore(month, limit) {
      await db.execute(sql`delete from machine_traffic where (service_id, month) in (select service_id, month from machine_traffic where month < ${month} order by month limit ${limit})`)
    },
  } satisfies TrafficCounts,
  traffic: {
    async due(month, triedBefore, most) {
      // Those of this month that were sold with a limit, and those that are slowed down, in this month or since an earlier one.
      const found = await db.execute(sql`
        select s.id from resources r join services s on s.id = r.service_id left join connections c on c.id = r.connection_id left join machine_traffic t on t.service_id = s.id and t.month = ${month}
        where s.status in ('active', 'past_due') and (r.rate_cap_mbps is not null or r.rate_cap_pending or (t.service_id is not null and s.spec->'traffic' is not null)) and (
          (s.spec->'traffic' is not null and t.told100_at is null and ${used} >= ${limit}) or (s.spec->'traffic' is not null and t.told80_at is null and t.told100_at is null and ${used} >= ${limit} * 0.8)
          or (r.status = 'ready' and (r.rate_cap_mbps is distinct from (${cap}) or r.rate_cap_pending) and not exists (select 1 from sagas g where g.service_id = s.id and (g.status in ('running', 'waiting') or (g.kind = 'throttle' and g.status = 'failed' and g.finished_at > ${triedBefore.toISOString()}::timestamptz)))))
        order by s.id limit ${most}`)
      return rowsOf<{ id: string }>(found).map(({ id }) => id)
    },
    async standing(serviceId, month) {
      type Row = Omit<TrafficStanding, 'capAt' | 'readAt' | 'samples'> & TrafficRow & { capAt: string | Date | null }
      const [row] = rowsOf<Row>(await db.execute(sql`
        select s.id as "serviceId", s.status, s.spec->'traffic' as terms, (s.spec->>'rateMbps')::int as "rateMbps", r.status as "resourceStatus", c.kind as "connectionKind", r.rate_cap_mbps as "capMbps", coalesce(r.rate_cap_pending, false) as "capPending", r.rate_cap_at as "capAt", ${traffic},
          t.told80_at is not null as told80, t.told100_at is not null as told100, s.client_id as "clientId", s.hostname
        from services s left join resources r on r.service_id = s.id left join connections c on c.id = r.connection_id left join machine_traffic t on t.service_id = s.id and t.month = ${month} where s.id = ${serviceId}`))
      return row ? { ...ofRow(row), terms: row.terms ?? null, capAt: toDate(row.capAt) } : null
    },
    async addressee(serviceId) {
      const found = await db.execute(sql`select u.name as "clientName", u.email as "clientEmail", u.locale, s.product_name as product from services s join users u on u.id = s.client_id where s.id = ${serviceId}`)
      return rowsOf<TrafficAddressee>(found)[0] ?? null
    },
    async markTold(serviceId, month, step, at) {
      await db.update(machineTraffic).set(step === 80 ? { told80At: at } : { told100At: at }).where(and(eq(machineTraffic.serviceId, serviceId), eq(machineTraffic.month, month)))
    },
    async months(serviceId, most) {
      const found = rowsOf<TrafficRow & { month: string }>(await db.execute(sql`select t.month, ${traffic} from machine_traffic t where t.service_id = ${serviceId} order by t.month desc limit ${most}`))
      return found.map(ofRow)
    },
    async top({ month, q, order, page, pageSize }) {
      const where = q ? sql`and (s.hostname ilike ${containing(q)} or u.name ilike ${containing(q)})` : sql``
      const by = order === 'share' ? sql`${used} / ${limit} desc nulls last, ${used} desc` : sql`t.bytes_in + t.bytes_out desc`
      const rows = rowsOf<Omit<TrafficConsumer, 'readAt' | 'samples'> & TrafficRow & { total: number }>(await db.execute(sql`
        select s.id as "serviceId", s.hostname, u.id as "clientId", u.name as "clientName", ${traffic}, s.spec->'traffic' as terms, r.rate_cap_mbps as "capMbps", coalesce(r.rate_cap_pending, false) as "capPending", count(*) over ()::int as total
        from machine_traffic t join services s on s.id = t.service_id join users u on u.id = s.client_id left join resources r on r.service_id = s.id
        where t.month = ${month} ${where} order by ${by}, s.id limit ${pageSize} offset ${(page - 1) * pageSize}`))
      return { items: rows.map(({ total: _, ...row }) => ({ ...ofRow(row), terms: row.terms ?? null })), total: Number(rows[0]?.total ?? 0), page, pageSize }
    },
  } satisfies TrafficStore,
})
