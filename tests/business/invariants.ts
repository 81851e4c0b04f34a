import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { House } from './house.ts'
import type { Life } from './life.ts'
import { numberOf } from './mail-room.ts'

/** A sentence for each promise that the books, the periods or the notices break; none is what must be. */
export async function brokenPromises(life: Life): Promise<string[]> {
  const { house } = life
  const broken: string[] = []
  await house.app().billing.handlers['billing.ledger-audit-due']({ requestedBy: 'simulation' })
  const audit = await house.app().core.read.ledgerAudits.last()
  if (!audit || audit.findings.length > 0) broken.push(`the ledger proves itself: ${JSON.stringify(audit?.findings.slice(0, 3))}`)
  broken.push(...await brokenBooks(house.world().rows), ...await lostLetters(house))
  const apart = await differences(house)
  if (apart.length > 0) broken.push(`each payment moved what the gateway says: ${JSON.stringify(apart.slice(0, 3))}`)
  return broken
}

type Rows = <T>(statement: SQL) => Promise<T[]>

/** The same of the tables alone, through whatever reads them; `onPromise` hears each promise that is looked at. */
export const brokenBooks = (rows: Rows, onPromise?: (promise: string) => void): Promise<string[]> => lookedAt(rows, books, onPromise)

async function lookedAt(rows: Rows, promises: (none: None) => Promise<void>, onPromise?: (promise: string) => void): Promise<string[]> {
  const broken: string[] = []
  await promises(async (promise, statement) => {
    onPromise?.(promise)
    const found = await rows<Record<string, unknown>>(sql`${statement} limit 3`)
    if (found.length > 0) broken.push(`${promise}: ${JSON.stringify(found)}`)
  })
  return broken
}

async function books(none: None) {
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
  await none('nobody is suspended whose final notice had not left a day before', sql`
    select t.entity_id, t.at from transitions t where t.entity = 'service' and t."to" = 'suspended' and not exists (select 1 from dunning_notices n join mails m on m.dedupe_key = 'notice:' || n.invoice_id::text || ':final' where n.service_id = t.entity_id and n.step = 'final' and coalesce(m.sent_at, m.failed_at) <= t.at - interval '24 hours')`)
  await none('nothing ends for nonpayment that was not suspended', sql`
    select s.id from services s where s.end_reason = 'nonpayment' and not exists (select 1 from transitions t where t.entity = 'service' and t.entity_id = s.id and t."to" = 'suspended')`)
  await none('PPN owed is that of the invoices that stand', sql`
    select owed.sum as owed, due.sum as due from (select coalesce(-sum(amount), 0) as sum from journal_lines where account = 'ppn_payable') owed,
      (select coalesce(sum(i.tax), 0) - coalesce((select sum(l.amount) from journal_lines l join journal_entries e on e.id = l.entry_id where l.account = 'ppn_payable' and e.cause = 'invoice_uncollectible'), 0)
        - coalesce((select sum(n.tax) from credit_notes n join invoices c on c.id = n.invoice_id where c.status in ('issued', 'paid', 'uncollectible')), 0) as sum from invoices i where i.status in ('issued', 'paid', 'uncollectible')) due where owed.sum <> due.sum`)
  await none('numbers of credit notes are gapless', sql`select series, year, max(sequence) as last, count(*) as issued from credit_notes group by series, year having max(sequence) <> count(*)`)
  await none('credit notes never exceed their invoice', sql`select i.number from credit_notes n join invoices i on i.id = n.invoice_id group by i.id having sum(n.total) > i.total or sum(n.tax) > i.tax`)
  await moneyBack(none)
  await plans(none)
  await leavers(none)
  await codes(none)
}

type None = (promise: string, statement: SQL) => Promise<void>

async function moneyBack(none: None) {
  await none('we give back no more than was paid', sql`select p.id from payments p join refunds r on r.payment_id = p.id and not r.found and r.status in ('requested', 'pending', 'done') group by p.id having sum(r.amount) > p.settled_amount`)
  // A bank takes back what we gave back already: a fact, and a loss until somebody pays it.
  await none('more goes back than was paid only where a gateway or a bank took it', sql`
    select p.id, p.settled_amount, sum(r.amount) as back from payments p join refunds r on r.payment_id = p.id and r.status in ('requested', 'pending', 'done') group by p.id
    having sum(r.amount) > p.settled_amount and sum(r.amount) - p.settled_amount > coalesce(sum(r.amount) filter (where r.found and r.status = 'done'), 0)`)
  await none('what nobody bears is told to Finance, to the Rupiah', sql`
    select b.payment_id, b.waits, coalesce(t.told, 0) as told from (select r.payment_id, sum(l.amount) as waits from refunds r join journal_entries e on e.cause in ('refund', 'payment_reversed') and e.cause_id = r.id::text join journal_lines l on l.entry_id = e.id and l.account = 'suspense' group by 1) b
      left join (select (after->>'paymentId')::uuid as payment_id, sum((after->>'suspense')::bigint) as told from audit_log where action = 'billing.return_not_covered' group by 1) t on t.payment_id = b.payment_id where b.waits is distinct from t.told`)
  await none('nobody holds as credit what was given for a payment that the bank took', sql`
    select * from (select r.id, r.payment_id, s.amount as waits, r.amount,
      (select coalesce(-sum(c.amount), 0) from journal_lines c where c.account = 'client_credit' and c.client_id = r.client_id and c.entry_id <= e.id) as credit,
      (select coalesce(-sum(c.amount), 0) from refunds o join journal_entries oe on oe.cause in ('refund', 'payment_reversed') and oe.cause_id = o.id::text join journal_lines c on c.entry_id = oe.id and c.account = 'client_credit' where o.payment_id = r.payment_id and oe.id <= e.id) as given
      from refunds r join journal_entries e on e.cause in ('refund', 'payment_reversed') and e.cause_id = r.id::text join journal_lines s on s.entry_id = e.id and s.account = 'suspense') w where w.credit > 0 and w.given > 0`)
  await none('what went back is booked once, to the Rupiah, and nothing else is', sql`
    select r.id, r.kind, r.status, r.amount, b.moved from refunds r left join lateral (
      select coalesce(sum(l.amount) filter (where l.amount > 0), 0) as moved from journal_entries e join journal_lines l on l.entry_id = e.id where e.cause in ('refund', 'payment_reversed', 'credit_refund') and e.cause_id = r.id::text) b on true
    where b.moved <> case when r.status in ('done', 'reversed') then r.amount else 0 end`)
  await none('a charge-back that was won is booked once', sql`
    select r.id from refunds r where r.kind = 'chargeback' and (r.status = 'reversed') <> exists (select 1 from journal_entries e where e.cause = 'payment_received' and e.cause_id = r.id::text)`)
  await none('no refund is left without an answer in peace', sql`select id, status, kind from refunds where kind = 'gateway' and status in ('requested', 'pending') and (not needs_approval or approved_at is not null)`)
}

async function plans(none: None) {
  await none('what is paid once is invoiced once and has one period without an end', sql`
    select s.id from services s left join paid_periods p on p.service_id = s.id where s.cycle = 'one_time' group by s.id
    having count(p.service_id) > 1 or count(p.period_end) > 0 or (select count(distinct l.invoice_id) from invoice_lines l where l.service_id = s.id) <> 1`)
  await none('what renews has an end', sql`select p.service_id from paid_periods p join services s on s.id = p.service_id where p.period_end is null and s.cycle <> 'one_time'`)
  await none('a change takes effect only when it is paid', sql`
    select c.id, i.number, i.status from service_changes c join invoices i on i.id = c.invoice_id where c.status in ('applied', 'done') and c.timing = 'now'
      and not exists (select 1 from transitions t where t.entity = 'invoice' and t.entity_id = i.id and t."to" = 'paid' and t.at <= c.applied_at)`)
  await none('a change at renewal takes effect with its paid period', sql`
    select c.id from service_changes c where c.status in ('applied', 'done') and c.timing = 'renewal' and not exists (select 1 from paid_periods p where p.service_id = c.service_id and p.period_start = c.starts_at)`)
  await none('a service is sold as its last change that took effect says', sql`
    select s.id, s.price, n.to_price, s.cycle, n.to_cycle from services s join lateral (select * from service_changes c where c.service_id = s.id and c.applied_at is not null order by c.applied_at desc, c.created_at desc limit 1) n on true
    where (s.product_id, s.price, s.cycle) is distinct from (n.to_product_id, n.to_price, n.to_cycle)`)
  // A payment under way is waited for by a day, and the program may be away for three.
  await none('an unpaid upgrade lapses', sql`select c.id, c.status from service_changes c, (select max(at) as now from billing_runs) run where c.timing = 'now' and c.expires_at + interval '5 days' < coalesce(c.applied_at, c.closed_at, run.now)`)
  await none('no more is sold than there is', sql`select p.name, count(*) from products p join services s on s.product_id = p.id and s.status <> 'ended' where p.stock_limit is not null group by p.id having count(*) > p.stock_limit`)
}

/** What clients said of leaving, each until their next word, by the letters that told them so; and periods with the moment in which each was paid first. */
const words = sql`words as (
    select split_part(dedupe_key, ':', 2)::uuid as service_id, created_at as at, template = 'service_cancelled' as leaves, lead(created_at) over (partition by split_part(dedupe_key, ':', 2) order by created_at) as until
    from mails where template in ('service_cancelled', 'service_kept')),
  paid as (select p.service_id, p.period_start, p.period_end, min(t.at) as at from paid_periods p join transitions t on t.entity = 'invoice' and t.entity_id = p.invoice_id and t."to" = 'paid' group by 1, 2, 3)`

async function leavers(none: None) {
  await none('who left is not charged for another period', sql`
    select s.id from services s where s.end_reason = 'request' and exists (select 1 from invoice_lines l join invoices i on i.id = l.invoice_id where l.service_id = s.id and l.kind = 'service' and i.status = 'issued' and l.period_start >= s.ended_at
      and not exists (select 1 from invoice_lines o join services living on living.id = o.service_id and living.status <> 'ended' where o.invoice_id = i.id))`)
  // The program may be away for three days, and a brake waits for a person.
  await none('who leaves at the end of what is paid has left by then', sql`
    with ${words} select w.service_id, w.at, p.until from words w join services s on s.id = w.service_id, (select max(at) as now from billing_runs) run,
      lateral (select max(period_end) as until from paid p where p.service_id = w.service_id and p.at < coalesce(w.until, 'infinity')) p
      where w.leaves and least(w.until, s.ended_at, run.now) > greatest(p.until, w.at) + interval '5 days'`)
  await none('who said that he leaves gets no renewal', sql`
    with ${words} select w.service_id, i.number from words w join invoice_lines l on l.service_id = w.service_id and l.kind = 'service' and l.period_start is not null join invoices i on i.id = l.invoice_id
      where w.leaves and i.issued_at > w.at and i.issued_at < coalesce(w.until, 'infinity')`)
  await none('nothing is charged for a service that has ended', sql`select s.id, i.number from services s join invoice_lines l on l.service_id = s.id join invoices i on i.id = l.invoice_id where s.status = 'ended' and i.issued_at > s.ended_at`)
  await none('nothing is renewed that has ended', sql`with ${words} select s.id, p.period_start from services s join paid p on p.service_id = s.id where s.status = 'ended' and p.at > s.ended_at`)
  await none('what has ended runs no more', sql`select s.id, r.status, a.address from services s left join resources r on r.service_id = s.id and r.status <> 'destroyed' left join addresses a on a.service_id = s.id where s.status = 'ended' and (r.service_id is not null or a.id is not null)`)
}

/** Of the limits of codes, asked every day: a use that lapses is forgotten soon. */
export const brokenLimits = (rows: Rows): Promise<string[]> => lookedAt(rows, limits)

async function limits(none: None) {
  await none('a code is used as often as it may', sql`select p.code, count(*) from promo_codes p join promo_redemptions r on r.promo_id = p.id and r.status <> 'released' group by p.id having count(*) > p.max_redemptions`)
  await none('a client uses a code as often as he may', sql`select p.code, r.client_id from promo_codes p join promo_redemptions r on r.promo_id = p.id and r.status <> 'released' group by p.id, r.client_id having count(*) > p.max_per_client`)
}

async function codes(none: None) {
  await limits(none)
  await none('every discount of a paid order stands on a use of its code', sql`
    select i.number from invoices i join invoice_lines l on l.invoice_id = i.id and l.promo_id is not null join orders o on o.id = i.order_id where i.paid_at is not null and i.status = 'paid'
      and not exists (select 1 from promo_redemptions r where r.order_id = o.id and r.promo_id = l.promo_id and r.status = 'committed')`)
  await none('a code goes on for its periods and no longer', sql`
    select l.service_id, p.code, count(*) from invoice_lines l join invoices i on i.id = l.invoice_id and i.status in ('issued', 'paid') join promo_codes p on p.id = l.promo_id where l.kind = 'discount' and l.service_id is not null and p.periods is not null group by l.service_id, p.id having count(*) > p.periods`)
}

/** Each letter that was queued was taken by the mail server, once; again only where our server did not hear that it was; or refused for good, and noted so. */
async function lostLetters({ world, mailRoom }: House): Promise<string[]> {
  const broken = { lost: [] as string[], twice: [] as string[], misstated: [] as string[] }
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const mails = await world().rows<{ id: string, status: string }>(sql`select id, status from mails where id > ${after}::uuid order by id limit 5000`)
    for (const { id, status } of mails) {
      const number = numberOf(id)
      const [taken, allowed] = [mailRoom.taken(number), 1 + mailRoom.unanswered(number)]
      if (taken === 0 && !mailRoom.bounced.has(number)) broken.lost.push(id)
      if (taken > allowed) broken.twice.push(id)
      if (status !== (mailRoom.bounced.has(number) ? 'failed' : 'sent')) broken.misstated.push(`${id} ${status}`)
    }
    const last = mails.at(-1)
    if (!last) break
    after = last.id
  }
  const sentences = { lost: 'every letter goes out', twice: 'no letter goes out twice', misstated: 'a letter\'s state says what became of it' }
  return (['lost', 'twice', 'misstated'] as const).flatMap(name => broken[name].length > 0 ? [`${sentences[name]}: ${broken[name].length}, ${JSON.stringify(broken[name].slice(0, 3))}`] : [])
}

/** Payments of which our books say something else than the gateway. */
async function differences(house: House): Promise<object[]> {
  const booked = await house.world().rows<{ order: string, status: string, moved: string, won: string }>(sql`
    with moved as (select e.cause_id, sum(l.amount) as amount from journal_entries e join journal_lines l on l.entry_id = e.id and l.account = 'gateway_clearing' group by e.cause_id),
      returned as (select r.payment_id, sum(m.amount) as amount, sum(r.amount) filter (where r.status = 'reversed') as won from refunds r left join moved m on m.cause_id = r.id::text group by r.payment_id)
    select p.gateway_order_id as order, p.status, (coalesce(m.amount, 0) + coalesce(r.amount, 0))::text as moved, coalesce(r.won, 0)::text as won
    from payments p left join moved m on m.cause_id = p.id::text left join returned r on r.payment_id = p.id where p.gateway = 'midtrans'`)
  const standings = house.archive.standings()
  return booked.flatMap(({ order, status, moved, won }) => {
    const { status: there, amount } = standings.get(order) ?? { status: 'unknown', amount: 0 }
    return BigInt(moved) === BigInt(amount) + BigInt(won) ? [] : [{ order, ours: status, there, moved, amount, won }]
  })
}

/** What the gateway holds for us by its own books (and by what charge-backs gave back that were won) and by ours, in whole Rupiah. They are equal once every state was read back. */
export async function gatewayTotals({ house, won }: Life): Promise<{ gateway: bigint, ledger: bigint }> {
  const [row] = await house.world().rows<{ sum: string }>(sql`select coalesce(sum(amount), 0)::text as sum from journal_lines where account = 'gateway_clearing' and gateway = 'midtrans'`)
  const standing = [...house.archive.standings().values()].reduce((sum, { amount }) => sum + amount, 0)
  return { gateway: BigInt(standing) + won, ledger: BigInt(row?.sum ?? '0') }
}
