import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { Cohort, MrrMonth, Month, Reports } from '#server/reports/ports.ts'
import { cohortMonths } from '#shared/vocabulary/reports.ts'
import type { Executor } from '../client.ts'
import { rowsOf } from '../rows-of.ts'
import { cursorParts, epoch, groupOf, instant, toDetail, within } from './report-sql.ts'
import type { RawDetail } from './report-sql.ts'

/** What the whole of a paid period costs right before an instant: its own amount, until a change within it gave it another price. Beside `repriced`. */
const worth = sql`coalesce(w.amount, p.amount)`
/** The prices that changes gave to paid periods, each from its moment until the next one. */
const repriced = (at: SQL): SQL => sql`left join (select service_id, period_start, amount, since, lead(since) over (partition by service_id, period_start order by since, change_id) as next from period_prices) w
  on w.service_id = p.service_id and w.period_start = p.period_start and w.since < ${at} and (w.next is null or w.next >= ${at})`
/** What a paid period is worth in a month: its price by its whole months; a shorter one scaled up to thirty days. */
const monthly = sql`(case when p.period_end - p.period_start >= interval '28 days' then ${worth} / round(extract(epoch from p.period_end - p.period_start) / 2629800)::bigint
  else (${worth} * 2592000 / greatest(extract(epoch from p.period_end - p.period_start), 86400))::bigint end)`
/** Paid and not ended right before an instant. */
const covers = (at: SQL): SQL => sql`p.period_start < ${at} and p.period_end >= ${at} and (s.ended_at is null or s.ended_at >= ${at}) and ${worth} > 0`
/** The moment since which each client has been one. What is paid once renews nothing: it makes no subscriber. */
const firsts = sql`select s.client_id, min(p.period_start) as first_at from paid_periods p join services s on s.id = p.service_id where p.amount > 0 and p.period_end is not null group by s.client_id`

/** What a client paid for upgrades in the midst of a period: their periods were paid before, at the price of then. */
const paidForChanges = (client: SQL): SQL => sql`coalesce((select sum(il.amount) from invoices i join invoice_lines il on il.invoice_id = i.id where i.client_id = ${client} and i.status = 'paid' and il.kind = 'change'), 0)`

/** What each client pays a month at each bound, numbered from 0. */
const paying = (bounds: readonly Date[]): SQL => sql`
  select t.i, s.client_id, sum(${monthly})::bigint as mrr from (values ${sql.join(bounds.map((bound, i) => sql`(${i}::int, ${instant(bound)})`), sql`, `)}) t (i, at)
  join paid_periods p on p.period_start < t.at and p.period_end >= t.at join services s on s.id = p.service_id ${repriced(sql`t.at`)} where ${covers(sql`t.at`)} group by 1, 2`

/** Each client from one bound to the next: before, after, and whether it had been a client before. */
const steps = (bounds: readonly Date[]): SQL => sql`
  with c as materialized (${paying(bounds)}), f as (${firsts}), t (i, at) as (values ${sql.join(bounds.map((bound, i) => sql`(${i}::int, ${instant(bound)})`), sql`, `)}),
  step as (select coalesce(b.i, a.i + 1) as i, coalesce(b.client_id, a.client_id) as client_id, coalesce(a.mrr, 0) as before, coalesce(b.mrr, 0) as after from c a full join c b on b.client_id = a.client_id and b.i = a.i + 1),
  known as (select step.*, f.first_at < t.at as known from step join t on t.i = step.i - 1 join f on f.client_id = step.client_id where step.i between 1 and ${bounds.length - 1}::int)`
const kinds = {
  new: sql`before = 0 and after > 0 and not known`, reactivation: sql`before = 0 and after > 0 and known`, churn: sql`before > 0 and after = 0`,
  expansion: sql`before > 0 and after > before`, contraction: sql`after > 0 and after < before`,
}

const boundsOf = (months: readonly Month[]): Date[] => months.length === 0 ? [] : [months[0]?.start ?? new Date(0), ...months.map(month => month.end)]

/** Recurring revenue and cohorts, from paid periods. */
export const growthReports = (db: Executor): Pick<Reports, 'mrr' | 'mrrChanges' | 'cohorts' | 'cohortClients'> => ({
  async mrr(months) {
    const moved = sql.join(Object.entries(kinds).map(([name, is]) => sql`coalesce(sum(after - before) filter (where ${is}), 0)::text as ${sql.identifier(name)}`), sql`, `)
    type Row = { i: number } & Record<Exclude<keyof MrrMonth, 'clients'>, string> & { clients: number }
    const found = rowsOf<Row>(await db.execute(sql`${steps(boundsOf(months))} select i, sum(before)::text as start, sum(after)::text as "end", ${moved}, count(*) filter (where after > 0)::int as clients from known group by i`))
    const of = (row: Row | undefined, name: Exclude<keyof MrrMonth, 'clients'>) => BigInt(row?.[name] ?? 0)
    return months.map((_, i) => {
      const row = found.find(candidate => candidate.i === i + 1)
      return { start: of(row, 'start'), new: of(row, 'new'), expansion: of(row, 'expansion'), reactivation: of(row, 'reactivation'), contraction: of(row, 'contraction'), churn: of(row, 'churn'), end: of(row, 'end'), clients: row?.clients ?? 0 }
    })
  },
  async mrrChanges(month, what, { after, limit }) {
    const from = cursorParts(after, 'id')
    if (from === undefined) return []
    const [is, amount] = what === 'end' ? [sql`after > 0`, sql`after`] : [kinds[what], sql`after - before`]
    return rowsOf<RawDetail>(await db.execute(sql`${steps(boundsOf([month]))} select k.client_id::text as cursor, null as at, u.name as label, u.name as "clientName", null as "invoiceId", null as "serviceId", (${amount})::text as amount
      from known k join users u on u.id = k.client_id where ${is} ${from ? sql`and k.client_id > ${from[0]}::uuid` : sql``} order by k.client_id limit ${limit}`)).map(toDetail)
  },
  async cohorts(months, bounds, now) {
    const [first, last] = [months[0], months.at(-1)]
    if (!first || !last) return []
    const cohort = sql`f as (select client_id, first_at, ${groupOf(sql`first_at`, months)} as i from (${firsts}) all_clients where ${within(sql`first_at`, { start: first.start, end: last.end })})`
    const sizes = rowsOf<{ i: number, clients: number, active: number, revenue: string }>(await db.execute(sql`
      with ${cohort} select f.i, count(*)::int as clients, count(*) filter (where v.active)::int as active, sum(v.revenue + ${paidForChanges(sql`f.client_id`)})::text as revenue from f
      join (select s.client_id, sum(p.amount) as revenue, bool_or(${covers(instant(now))}) as active from paid_periods p join services s on s.id = p.service_id ${repriced(instant(now))} where s.client_id in (select client_id from f) group by s.client_id) v on v.client_id = f.client_id group by f.i`))
    const pairs = months.flatMap((_, i) => cohortMonths.flatMap(later => bounds[i + 1 + later] ? [{ i, later, at: bounds[i + 1 + later] ?? now }] : []))
    const kept = pairs.length === 0
      ? []
      : rowsOf<{ i: number, later: number, clients: number }>(await db.execute(sql`
      with ${cohort} select b.i, b.later, count(distinct f.client_id)::int as clients from (values ${sql.join(pairs.map(({ i, later, at }) => sql`(${i}::int, ${later}::int, ${instant(at)})`), sql`, `)}) b (i, later, at)
      join f on f.i = b.i join services s on s.client_id = f.client_id join paid_periods p on p.service_id = s.id ${repriced(sql`b.at`)} where ${covers(sql`b.at`)} group by 1, 2`))
    return months.map((_, i): Cohort => {
      const size = sizes.find(row => row.i === i)
      return { clients: size?.clients ?? 0, active: size?.active ?? 0, revenue: BigInt(size?.revenue ?? 0), kept: new Map(kept.filter(row => row.i === i).map(row => [row.later, row.clients])) }
    })
  },
  async cohortClients(month, { after, limit }) {
    const from = cursorParts(after, 'id')
    if (from === undefined) return []
    return rowsOf<RawDetail>(await db.execute(sql`
      select f.client_id::text as cursor, ${epoch(sql`f.first_at`)} as at, u.name as label, u.name as "clientName", null as "invoiceId", null as "serviceId", ((select sum(p.amount) from paid_periods p join services s on s.id = p.service_id where s.client_id = f.client_id) + ${paidForChanges(sql`f.client_id`)})::text as amount
      from (${firsts}) f join users u on u.id = f.client_id where ${within(sql`f.first_at`, month)} ${from ? sql`and f.client_id > ${from[0]}::uuid` : sql``} order by f.client_id limit ${limit}`)).map(toDetail)
  },
})
