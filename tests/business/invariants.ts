import { sql } from 'drizzle-orm'
import type { House } from './house.ts'

/** A sentence for each promise that the books, the periods or the notices break; none is what must be. */
export async function brokenPromises(house: House): Promise<string[]> {
  const { rows } = house.world()
  const broken: string[] = []
  const none = async (promise: string, statement: ReturnType<typeof sql>) => {
    const found = await rows<Record<string, unknown>>(sql`${statement} limit 3`)
    if (found.length > 0) broken.push(`${promise}: ${JSON.stringify(found)}`)
  }
  await house.app().billing.handlers['billing.ledger-audit-due']({ requestedBy: 'simulation' })
  const audit = await house.app().core.read.ledgerAudits.last()
  if (!audit || audit.findings.length > 0) broken.push(`the ledger proves itself: ${JSON.stringify(audit?.findings.slice(0, 3))}`)

  await none('every entry sums to zero', sql`select entry_id, sum(amount) from journal_lines group by entry_id, currency having sum(amount) <> 0`)
  await none('an invoice is paid exactly if nothing is owed', sql`
    select i.number, i.status, coalesce(sum(l.amount), 0) as owed from invoices i left join journal_lines l on l.invoice_id = i.id and l.account = 'receivable'
    where i.status in ('issued', 'paid') group by i.id having (i.status = 'paid') <> (coalesce(sum(l.amount), 0) = 0) or coalesce(sum(l.amount), 0) < 0`)
  await none('closed invoices owe nothing', sql`select i.number from invoices i join journal_lines l on l.invoice_id = i.id and l.account = 'receivable' where i.status in ('void', 'uncollectible') group by i.id, i.number having sum(l.amount) <> 0`)
  await none('credit is never negative', sql`select client_id, -sum(amount) as credit from journal_lines where account = 'client_credit' group by client_id having sum(amount) > 0`)
  await none('periods follow each other without gap or overlap', sql`
    select * from (select service_id, period_start, lag(period_end) over (partition by service_id order by period_start) as before from paid_periods) p where before is not null and before <> period_start`)
  await none('no period is invoiced twice', sql`
    select l.service_id, l.period_start, count(*) from invoice_lines l join invoices i on i.id = l.invoice_id where l.kind = 'service' and l.period_start is not null and i.status in ('issued', 'paid') group by 1, 2 having count(*) > 1`)
  await none('every period stands on an invoice that was paid', sql`select p.service_id, p.period_start from paid_periods p left join invoices i on i.id = p.invoice_id where p.amount > 0 and i.paid_at is null and not exists (select 1 from transitions t where t.entity = 'invoice' and t.entity_id = i.id and t."to" = 'paid')`)
  await none('numbers are gapless', sql`select series, year, max(sequence) as last, count(*) as issued from invoices where number is not null group by series, year having max(sequence) <> count(*)`)
  await none('nobody is suspended without a final notice of the day before', sql`
    select t.entity_id, t.at from transitions t where t.entity = 'service' and t."to" = 'suspended' and not exists (select 1 from dunning_notices n where n.service_id = t.entity_id and n.step = 'final' and n.at <= t.at - interval '24 hours')`)
  await none('nothing ends for nonpayment that was not suspended', sql`
    select s.id from services s where s.end_reason = 'nonpayment' and not exists (select 1 from transitions t where t.entity = 'service' and t.entity_id = s.id and t."to" = 'suspended')`)
  await none('PPN owed is that of the invoices that stand', sql`
    select owed.sum as owed, due.sum as due from (select coalesce(-sum(amount), 0) as sum from journal_lines where account = 'ppn_payable') owed,
      (select coalesce(sum(i.tax), 0) - coalesce((select sum(l.amount) from journal_lines l join journal_entries e on e.id = l.entry_id where l.account = 'ppn_payable' and e.cause = 'invoice_uncollectible'), 0) as sum from invoices i where i.status in ('issued', 'paid', 'uncollectible')) due where owed.sum <> due.sum`)
  const apart = await differences(house)
  if (apart.length > 0) broken.push(`each payment moved what the gateway says: ${JSON.stringify(apart.slice(0, 3))}`)
  return broken
}

/** Payments of which our books say something else than the gateway. */
async function differences(house: House): Promise<object[]> {
  const booked = await house.world().rows<{ order: string, status: string, moved: string }>(sql`
    select p.gateway_order_id as order, p.status, coalesce((select sum(l.amount) from journal_entries e join journal_lines l on l.entry_id = e.id where e.cause_id = p.id::text and l.account = 'gateway_clearing'), 0)::text as moved from payments p where p.gateway = 'midtrans'`)
  const settled = new Map(house.midtrans.state.transactions.map(({ orderId, status, amount }) => [orderId, { there: status, amount: status === 'settlement' ? amount : 0 }]))
  return booked.flatMap(({ order, status, moved }) => {
    const { there, amount } = settled.get(order) ?? { there: 'unknown', amount: 0 }
    return BigInt(moved) === BigInt(amount) ? [] : [{ order, ours: status, there, moved, amount }]
  })
}

/** What the gateway holds for us by its own books and by ours, in whole Rupiah. They are equal once every state was read back. */
export async function gatewayTotals(house: House): Promise<{ gateway: bigint, ledger: bigint }> {
  const [row] = await house.world().rows<{ sum: string }>(sql`select coalesce(sum(amount), 0)::text as sum from journal_lines where account = 'gateway_clearing' and gateway = 'midtrans'`)
  const settled = house.midtrans.state.transactions.filter(transaction => transaction.status === 'settlement').reduce((sum, transaction) => sum + transaction.amount, 0)
  return { gateway: BigInt(settled), ledger: BigInt(row?.sum ?? '0') }
}
