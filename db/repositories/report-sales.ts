import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { monthsOfCycle } from '#shared/vocabulary/billing.ts'
import type { Reports } from '#server/reports/ports.ts'
import type { Executor } from '../client.ts'
import { rowsOf } from '../rows-of.ts'
import { cursorParts, epoch, tableQuery, toDetail, toPart, within } from './report-sql.ts'
import type { RawDetail, TableColumns } from './report-sql.ts'

const sold: TableColumns = { units: 'count', revenue: 'money', before: 'money', cost: 'money', unknown: 'count' }
/** From when to when each cost of a product holds. */
const costs = sql`(select product_id, monthly, effective_from, lead(effective_from) over (partition by product_id order by effective_from, id) as until from product_costs)`
const monthsOfService = sql`case s.cycle ${sql.join(Object.entries(monthsOfCycle).map(([cycle, months]) => sql`when ${cycle} then ${months}::int`), sql` `)} else 1 end`
/** What serving the days of a line costs: a month is a twelfth of 365 days. A first period has its days once it is paid, until then those of its cycle; what is paid once costs once. */
const costOfLine = sql`round(c.monthly * coalesce(12 * extract(epoch from coalesce(l.period_end, first.period_end) - coalesce(l.period_start, first.period_start))::numeric / 31536000, ${monthsOfService}))`
const promoted: TableColumns = { used: 'count', lapsed: 'count', newClients: 'count', discount: 'money', revenue: 'money', renewals: 'money' }
/** Invoices that still ask for something or were paid: voided ones sold nothing. */
const counts = sql`i.status not in ('draft', 'void')`

/** What the code itself took off, at the order and at renewals; lines of the invoice of the promoted order; or (`renewals`) of later invoices of its services. */
const promoLines = (what: 'discount' | 'revenue' | 'renewals'): SQL => ({
  discount: sql`join services s on s.order_id = r.order_id join invoice_lines l on l.promo_id = r.promo_id and l.service_id = s.id join invoices i on i.id = l.invoice_id`,
  revenue: sql`join invoices i on i.order_id = r.order_id join invoice_lines l on l.invoice_id = i.id`,
  renewals: sql`join services s on s.order_id = r.order_id join invoice_lines l on l.service_id = s.id join invoices i on i.id = l.invoice_id and i.order_id is null`,
})[what]

/** What is sold, and what promo codes did for it. Amounts without PPN. */
export const salesReports = (db: Executor): Pick<Reports, 'products' | 'productLines' | 'promos' | 'promoLines'> => ({
  async products(span, before, window) {
    const during = within(sql`i.issued_at`, span)
    const rows = sql`select s.product_id as key, pr.name as label, count(distinct s.id) filter (where ${during} and (i.order_id is not null or l.period_start = s.trial_ends_at) and i.status = 'paid' and l.kind = 'service')::bigint as units,
        coalesce(sum(l.amount) filter (where ${during}), 0) as revenue, coalesce(sum(l.amount) filter (where not (${during})), 0) as before, coalesce(sum(l.amount) filter (where ${during}), 0) as size,
        coalesce(sum(${costOfLine}) filter (where ${during} and l.kind = 'service'), 0)::bigint as cost, count(*) filter (where ${during} and l.kind = 'service' and c.monthly is null)::bigint as unknown
      from invoices i join invoice_lines l on l.invoice_id = i.id join services s on s.id = l.service_id join products pr on pr.id = s.product_id
        left join paid_periods first on l.period_start is null and l.kind = 'service' and first.service_id = l.service_id and first.invoice_id = l.invoice_id
        left join ${costs} c on c.product_id = s.product_id and c.effective_from <= i.issued_at and (c.until is null or c.until > i.issued_at)
      where ${within(sql`i.issued_at`, { start: before.start, end: span.end })} and ${counts} group by s.product_id, pr.name`
    const part = toPart(rowsOf(await db.execute(tableQuery(rows, sold, window))), sold)
    const trend = (revenue: bigint, earlier: bigint) => earlier === 0n ? null : Number((revenue - earlier) * 1000n / earlier) / 10
    // Where the cost of anything sold is not known, neither is that of all of it.
    const complete = ({ unknown, ...cells }: typeof part.totals) => {
      const [revenue, cost] = [BigInt(cells.revenue ?? 0), unknown === 0 ? BigInt(cells.cost ?? 0) : null]
      return { ...cells, cost, margin: cost === null ? null : revenue - cost, trend: trend(revenue, BigInt(cells.before ?? 0)) }
    }
    return { ...part, rows: part.rows.map(row => ({ ...row, cells: complete(row.cells) })), totals: complete(part.totals) }
  },
  async productLines(productId, span, { after, limit }) {
    const from = cursorParts(after, 'id', 'number')
    if (from === undefined) return []
    return rowsOf<RawDetail>(await db.execute(sql`
      select l.invoice_id || '|' || l.position as cursor, ${epoch(sql`i.issued_at`)} as at, i.number || ' · ' || l.description as label, u.name as "clientName", l.invoice_id as "invoiceId", l.service_id as "serviceId", l.amount::text as amount
      from invoices i join invoice_lines l on l.invoice_id = i.id join services s on s.id = l.service_id join users u on u.id = i.client_id
      where s.product_id = ${productId} and ${within(sql`i.issued_at`, span)} and ${counts} ${from ? sql`and l.invoice_id >= ${from[0]}::uuid and (l.invoice_id, l.position) > (${from[0]}::uuid, ${from[1]}::int)` : sql``} order by l.invoice_id, l.position limit ${limit}`)).map(toDetail)
  },
  async promos(span, window) {
    const sum = (what: 'discount' | 'revenue' | 'renewals') => sql`(select coalesce(sum(l.amount), 0) from promo_redemptions r ${promoLines(what)} where r.promo_id = c.id and r.status <> 'released' and ${within(sql`r.at`, span)} and ${counts})`
    const rows = sql`select c.id as key, c.code as label, g.used, g.lapsed, g.new_clients as "newClients", -${sum('discount')} as discount, ${sum('revenue')} as revenue, ${sum('renewals')} as renewals, g.used as size
      from promo_codes c join (
        select r.promo_id, count(*) filter (where r.status <> 'released') as used, count(*) filter (where r.status = 'released') as lapsed,
          count(*) filter (where r.status = 'committed' and not exists (select 1 from orders o join orders mine on mine.id = r.order_id where o.client_id = r.client_id and o.placed_at < mine.placed_at and o.status <> 'cancelled')) as new_clients
        from promo_redemptions r where ${within(sql`r.at`, span)} group by r.promo_id
      ) g on g.promo_id = c.id`
    return toPart(rowsOf(await db.execute(tableQuery(rows, promoted, window))), promoted)
  },
  async promoLines(promoId, what, span, { after, limit }) {
    const from = cursorParts(after, 'id', 'number')
    if (from === undefined) return []
    const amount = what === 'discount' ? sql`-l.amount` : sql`l.amount`
    return rowsOf<RawDetail>(await db.execute(sql`
      select l.invoice_id || '|' || l.position as cursor, ${epoch(sql`i.issued_at`)} as at, i.number || ' · ' || l.description as label, u.name as "clientName", l.invoice_id as "invoiceId", l.service_id as "serviceId", (${amount})::text as amount
      from promo_redemptions r ${promoLines(what)} join users u on u.id = i.client_id
      where r.promo_id = ${promoId} and r.status <> 'released' and ${within(sql`r.at`, span)} and ${counts} ${from ? sql`and (l.invoice_id, l.position) > (${from[0]}::uuid, ${from[1]}::int)` : sql``} order by l.invoice_id, l.position limit ${limit}`)).map(toDetail)
  },
})
