import { and, asc, eq, gte, inArray, isNull, lt, or, sql } from 'drizzle-orm'
import type { SeriesChunk, SeriesStore, SeriesSubject, StorageRecord, StorageStore } from '#server/infrastructure/series-ports.ts'
import { slotOf, slotWidth, stepRules } from '#server/infrastructure/series.ts'
import { seriesKinds } from '#shared/vocabulary/monitoring.ts'
import type { SeriesStep } from '#shared/vocabulary/monitoring.ts'
import type { Executor } from '../client.ts'
import { insertRows } from '../insert-rows.ts'
import { connections, metricSeries, storages } from '../schema/index.ts'

/** NaN as four bytes, lowest first: nothing was measured. */
const nothing = '0000c07f'
const madeKey = (step: SeriesStep) => `series.made.${step}`

/** Over the settings, so that what was rolled up and the note of it are one transaction. */
interface Settings { get(key: string): Promise<string | null>, set(key: string, value: string): Promise<void> }

export function seriesStores(db: Executor, settings: Settings) {
  const chunks = async (query: PromiseLike<SeriesChunk[]>): Promise<SeriesChunk[]> => await query
  const columns = { connectionId: metricSeries.connectionId, kind: metricSeries.kind, name: metricSeries.name, startsAt: metricSeries.startsAt, points: metricSeries.points }
  const between = (step: SeriesStep, from: Date, to: Date) => and(eq(metricSeries.step, step), gte(metricSeries.startsAt, from), lt(metricSeries.startsAt, to))
  const storageRows = async (where: ReturnType<typeof and>): Promise<StorageRecord[]> => {
    const found = await db.select({ storage: storages, connectionName: connections.name }).from(storages).innerJoin(connections, eq(connections.id, storages.connectionId)).where(where)
      .orderBy(sql`${storages.used}::float8 / nullif(${storages.total}, 0) desc nulls last`, asc(storages.connectionId), asc(storages.key)).limit(500)
    return found.map(({ storage, connectionName }) => ({ ...storage, connectionName }))
  }
  return {
    series: {
      async put(step, at, slots) {
        const { startsAt, slot } = slotOf(step, at)
        for (const kind of seriesKinds) {
          const rows = slots.filter(each => each.kind === kind).map(each => ({ c: each.connectionId, n: each.name, s: Buffer.from(each.slot).toString('hex') }))
          if (rows.length === 0) continue
          const bytes = slotWidth(step, kind) * 4
          const first = slot * bytes + 1
          await db.execute(sql`
            insert into metric_series (connection_id, kind, name, step, starts_at, points)
            select v.c, ${kind}, v.n, ${step}, ${new Date(startsAt).toISOString()}::timestamptz, overlay(decode(repeat(${nothing}, ${stepRules[step].slots * slotWidth(step, kind)}::int), 'hex') placing decode(v.s, 'hex') from ${first}::int)
            from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as v(c uuid, n text, s text) order by v.c, v.n
            on conflict (connection_id, kind, name, step, starts_at) do update set points = overlay(metric_series.points placing substring(excluded.points from ${first}::int for ${bytes}::int) from ${first}::int)`)
        }
      },
      read: (subject, step, from, to) => chunks(db.select(columns).from(metricSeries).where(and(eq(metricSeries.connectionId, subject.connectionId), eq(metricSeries.kind, subject.kind), eq(metricSeries.name, subject.name), between(step, from, to))).orderBy(asc(metricSeries.startsAt))),
      readMany: (connectionId, kind, step, from, to) => chunks(db.select(columns).from(metricSeries).where(and(connectionId === null ? undefined : eq(metricSeries.connectionId, connectionId), eq(metricSeries.kind, kind), between(step, from, to))).orderBy(asc(metricSeries.startsAt)).limit(5000)),
      page: (step, from, to, after: SeriesSubject | null, limit) => chunks(db.select(columns).from(metricSeries)
        .where(and(between(step, from, to), after ? sql`(${metricSeries.connectionId}, ${metricSeries.kind}, ${metricSeries.name}) > (${after.connectionId}::uuid, ${after.kind}, ${after.name})` : undefined))
        .orderBy(asc(metricSeries.connectionId), asc(metricSeries.kind), asc(metricSeries.name), asc(metricSeries.startsAt)).limit(limit)),
      async lockConnections(ids) {
        if (ids.length === 0) return new Set()
        const found = await db.select({ id: connections.id }).from(connections).where(inArray(connections.id, [...ids])).orderBy(asc(connections.id)).for('key share')
        return new Set(found.map(({ id }) => id))
      },
      async forgetBefore(step, moment, atMost) {
        const done = await db.execute(sql`delete from metric_series where ctid = any(array(select ctid from metric_series where step = ${step} and starts_at < ${moment.toISOString()}::timestamptz order by starts_at limit ${atMost})) returning 1`)
        return (done as unknown as { rows: unknown[] }).rows.length
      },
      async madeUntil(step) {
        const kept = await settings.get(madeKey(step))
        return kept === null ? null : new Date(kept)
      },
      setMadeUntil: (step, moment) => settings.set(madeKey(step), moment.toISOString()),
    } satisfies SeriesStore,

    storages: {
      list: () => storageRows(undefined),
      forNode: (connectionId, node) => storageRows(and(eq(storages.connectionId, connectionId), or(eq(storages.node, node), isNull(storages.node)))),
      async record(connectionId, found, at) {
        await db.execute(sql`delete from storages where connection_id = ${connectionId} and key <> all(array(select jsonb_array_elements_text(${JSON.stringify(found.map(storage => storage.key))}::jsonb)))`)
        await insertRows(db, storages, found.map(storage => ({ ...storage, connectionId, observedAt: at })), sql`on conflict (connection_id, key) do update set name = excluded.name, node = excluded.node, type = excluded.type, shared = excluded.shared, active = excluded.active, used = excluded.used, total = excluded.total, observed_at = excluded.observed_at`)
      },
      async recordGrowth(growths) {
        if (growths.length === 0) return
        await db.execute(sql`update storages s set growth_per_day = v.g, growth_days = v.d from jsonb_to_recordset(${JSON.stringify(growths.map(each => ({ c: each.connectionId, k: each.key, g: each.growthPerDay, d: each.growthDays })))}::jsonb) as v(c uuid, k text, g float8, d int) where s.connection_id = v.c and s.key = v.k`)
      },
    } satisfies StorageStore,
  }
}
