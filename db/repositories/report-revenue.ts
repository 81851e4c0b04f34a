import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { Reports, RevenueDetail } from '#server/reports/ports.ts'
import { periodLineKinds } from '#shared/vocabulary/billing.ts'
import type { Executor } from '../client.ts'
import { rowsOf } from '../rows-of.ts'
import { cursorParts, dayNumber, epoch, instant, toDetail, words } from './report-sql.ts'
import type { RawDetail } from './report-sql.ts'

/** The last day that there is: a line whose period is not known yet is never done. */
const never = sql`2147483647`

/** Behind a place in the order of `lines`; the lone comparison of the first column is what an index answers. */
const behind = (id: SQL, position: SQL, from: readonly string[] | null): SQL => from ? sql`and ${id} >= ${from[0]}::uuid and (${id}, ${position}) > (${from[0]}::uuid, ${from[1]}::int)` : sql``

/**
 * Lines of issued invoices with the days that they earn on: their own period; for the first one of a service, which begins when it is paid,
 * that of the paid period; of what is paid once the day of its delivery; else the day of issue. Deposits are no revenue. A credit note takes off the days that are left of a line's period
 * what had not been earned when it was issued, the rest on its own day. In the order of (id, position) from a place on.
 */
const lines = (zone: string, until: Date, from: readonly string[] | null): SQL => {
  const day = (at: SQL) => dayNumber(at, zone)
  const ofService = sql`il.kind in (${words(periodLineKinds)}) and il.service_id is not null`
  const edge = (own: SQL, paid: SQL) => sql`case when il.period_start is not null then ${day(own)} when ${ofService} then ${day(paid)} else ${day(sql`i.issued_at`)} end`
  // Paid once: earned when it was delivered, or given up undelivered.
  const delivered = sql`coalesce(o.delivered_at, o.ended_at)`
  const [first, next] = [edge(sql`il.period_start`, sql`case when o.id is null then p.period_start else ${delivered} end`), edge(sql`il.period_end`, sql`case when o.id is null then p.period_end else ${delivered} end`)]
  const whole = sql`il.service_id, i.client_id, case when i.status = 'void' then ${day(sql`i.closed_at`)} end as voided`
  const paid = sql`left join paid_periods p on p.service_id = il.service_id and p.invoice_id = il.invoice_id and il.period_start is null left join services o on o.id = p.service_id and p.period_end is null`
  const noted = day(sql`n.issued_at`)
  return sql`select il.invoice_id as id, il.position, il.amount, il.description, il.invoice_id, ${whole}, i.number, i.issued_at, ${day(sql`i.issued_at`)} as issued, ${first} as first_day, ${next} as next_day
    from invoices i join invoice_lines il on il.invoice_id = i.id ${paid}
    where i.issued_at < ${instant(until)} and il.kind <> 'deposit' ${behind(sql`il.invoice_id`, sql`il.position`, from)}
    union all select n.id, part.position, part.amount, nl.description, il.invoice_id, ${whole}, n.number, n.issued_at, ${noted}, case when part.rest then ${noted} when ${first} is not null then greatest(${noted}, ${first}) end, case when part.rest then ${noted} else ${next} end
    from credit_notes n join credit_note_lines nl on nl.credit_note_id = n.id join invoice_lines il on il.id = nl.invoice_line_id join invoices i on i.id = il.invoice_id ${paid}
    cross join lateral (values (nl.position * 2, false, -nl.unearned), (nl.position * 2 + 1, true, nl.unearned - nl.amount)) part (position, rest, amount)
    where n.issued_at < ${instant(until)} and part.amount <> 0 ${behind(sql`n.id`, sql`part.position`, from)}`
}

/** `earnedBefore` of `shared/money/spread.ts` as SQL. A test holds the one against the other. */
const earned = (day: SQL): SQL => sql`(case when ${day} <= l.issued or l.first_day is null or ${day} > l.voided then 0 when l.next_day <= l.first_day then case when ${day} > l.first_day then l.amount else 0 end
  else l.amount * least(greatest(${day} - l.first_day, 0), l.next_day - l.first_day) / (l.next_day - l.first_day) end)`
const invoiced = (day: SQL): SQL => sql`(case when ${day} > l.issued and (l.voided is null or ${day} <= l.voided) then l.amount else 0 end)`
/** Whether anything of a line can happen from a day on, up to another. */
const moves = (from: SQL, until: SQL): SQL => sql`l.issued < ${until} and ((case when l.first_day is null then ${never} else greatest(l.next_day, l.first_day + 1, l.issued + 1) end) >= ${from} or l.voided >= ${from}) and (l.voided is null or l.voided >= ${from})`

/** Revenue by exact days of the business zone. */
export const revenueReports = (db: Executor, zone: string): Pick<Reports, 'earned' | 'revenueLines'> => ({
  async earned(months) {
    const last = months.at(-1)
    if (!last) return []
    const spans = sql.join(months.map((month, i) => sql`(${i}::int, ${month.firstDay}::int, ${month.nextDay}::int)`), sql`, `)
    const found = rowsOf<{ i: number, earned: string, deferred: string }>(await db.execute(sql`
      with m (i, d0, d1) as (values ${spans}), l as materialized (${lines(zone, last.end, null)})
      select m.i, sum(${earned(sql`m.d1`)} - ${earned(sql`m.d0`)})::text as earned, sum(${invoiced(sql`m.d1`)} - ${earned(sql`m.d1`)})::text as deferred from m join l on ${moves(sql`m.d0`, sql`m.d1`)} group by m.i`))
    return months.map((_, i) => {
      const row = found.find(candidate => candidate.i === i)
      return { earned: BigInt(row?.earned ?? 0), deferred: BigInt(row?.deferred ?? 0) }
    })
  },
  async revenueLines(month, what, { after, limit }) {
    const from = cursorParts(after, 'id', 'number')
    if (from === undefined) return []
    const [d0, d1] = [sql`${month.firstDay}::int`, sql`${month.nextDay}::int`]
    const counts = what === 'earned' ? sql`${earned(d1)} <> ${earned(d0)}` : sql`${invoiced(d1)} <> ${earned(d1)}`
    type Raw = RawDetail & Pick<RevenueDetail, 'issued' | 'voided' | 'from' | 'to'>
    const found = rowsOf<Raw>(await db.execute(sql`
      select l.id || '|' || l.position as cursor, ${epoch(sql`l.issued_at`)} as at, l.number || ' · ' || l.description as label, u.name as "clientName", l.invoice_id as "invoiceId", l.service_id as "serviceId", l.amount::text as amount, l.issued, l.voided, l.first_day as "from", l.next_day as "to"
      from (${lines(zone, month.end, from)}) l join users u on u.id = l.client_id where ${counts} order by l.id, l.position limit ${limit}`))
    return found.map(({ issued, voided, from: first, to, ...row }) => ({ ...toDetail(row), issued, voided, from: first, to }))
  },
})
