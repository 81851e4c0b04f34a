import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { House } from './house.ts'
import { brokenBooks } from './invariants.ts'

/** One row of what is asked for, by its place in the table. */
const one = (table: string, asked: string) => `${table}.ctid = (select ${asked} limit 1)`
/** A copy of the first row that fits, with other values. */
const copy = (table: string, where: string, values: string) => `insert into ${table} select (c.x).* from (select jsonb_populate_record(t, ${values}) as x from ${table} t where ${where} limit 1) c`

const refundLines = 'refunds r join journal_entries e on e.cause in (\'refund\', \'payment_reversed\') and e.cause_id = r.id::text join journal_lines l on l.entry_id = e.id'
const openRefund = 'r.ctid from refunds r where not r.found and r.payment_id is not null and r.status in (\'requested\', \'pending\', \'done\') and not exists (select 1 from refunds o where o.payment_id = r.payment_id and o.found)'
const leaver = 'services s where s.cycle <> \'one_time\' and s.status = \'active\' and exists (select 1 from paid_periods p where p.service_id = s.id)'
const word = (says: string) => `insert into mails select (c.x).* from (select jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'template', '${says}', 'dedupe_key', 'service-cancelled:' || s.id || ':x', 'created_at', '2026-01-05T00:00:00Z')) as x from mails t, ${leaver} limit 1) c`

/** For each promise of the books what a fault of the program would leave behind: the smallest damage that breaks it. */
const damages: Readonly<Record<string, readonly string[]>> = {
  'every entry sums to zero': [`update journal_lines set amount = amount + 1 where ${one('journal_lines', 'ctid from journal_lines where account = \'revenue\'')}`],
  'an invoice is paid exactly if nothing is owed': [`update invoices set status = 'issued' where ${one('invoices', 'ctid from invoices where status = \'paid\' and total > 0')}`],
  'closed invoices owe nothing': [`delete from journal_lines where ${one('journal_lines', 'l.ctid from journal_lines l join invoices i on i.id = l.invoice_id where i.status in (\'void\', \'uncollectible\') and l.account = \'receivable\'')}`],
  'credit is never negative': [`update journal_lines set amount = amount + 1000000000 where ${one('journal_lines', 'ctid from journal_lines where account = \'client_credit\'')}`],
  'periods follow each other without gap or overlap': [`update paid_periods set period_end = period_end - interval '1 hour' where ${one('paid_periods', 'p.ctid from paid_periods p where exists (select 1 from paid_periods n where n.service_id = p.service_id and n.period_start = p.period_end)')}`],
  'no period is invoiced twice': [copy('invoice_lines', 't.kind = \'service\' and t.period_start is not null and exists (select 1 from invoices i where i.id = t.invoice_id and i.status in (\'issued\', \'paid\'))', 'jsonb_build_object(\'id\', gen_random_uuid(), \'position\', 99)')],
  'every period stands on an invoice that was paid': [`update paid_periods set invoice_id = (select i.id from invoices i where i.paid_at is null and not exists (select 1 from transitions t where t.entity_id = i.id and t."to" = 'paid') limit 1) where ${one('paid_periods', 'ctid from paid_periods where amount > 0')}`],
  'numbers are gapless': [`update invoices set sequence = sequence + 100000 where ${one('invoices', 'ctid from invoices where number is not null')}`],
  'nobody is suspended whose final notice had not left a day before': [`update mails set sent_at = sent_at + interval '30 days', failed_at = failed_at + interval '30 days' where template = 'final_notice'`],
  'nothing ends for nonpayment that was not suspended': [`update services set end_reason = 'nonpayment' where ${one('services', 's.ctid from services s where s.status = \'ended\' and not exists (select 1 from transitions t where t.entity_id = s.id and t."to" = \'suspended\')')}`],
  'PPN owed is that of the invoices that stand': [`update journal_lines set amount = amount - 1 where ${one('journal_lines', 'ctid from journal_lines where account = \'ppn_payable\' and amount <> 1')}`],
  'numbers of credit notes are gapless': [`update credit_notes set sequence = sequence + 100000 where ${one('credit_notes', 'ctid from credit_notes')}`],
  'credit notes never exceed their invoice': [`update credit_notes set tax = tax + 1000000000, total = total + 1000000000, to_credit = to_credit + 1000000000 where ${one('credit_notes', 'ctid from credit_notes')}`],
  'we give back no more than was paid': [`update refunds set amount = amount + 1000000000 where ${one('refunds', openRefund)}`],
  'more goes back than was paid only where a gateway or a bank took it': [`update refunds set amount = amount + 1000000000 where ${one('refunds', openRefund)}`],
  'what nobody bears is told to Finance, to the Rupiah': [`update journal_lines set account = 'suspense' where ${one('journal_lines', `l.ctid from ${refundLines} where l.amount > 0`)}`],
  'nobody holds as credit what was given for a payment that the bank took': [`update journal_lines set account = 'suspense' where ${one('journal_lines', `l.ctid from ${refundLines} where r.kind = 'credit' and l.amount > 0`)}`],
  'what went back is booked once, to the Rupiah, and nothing else is': [`update refunds set amount = amount + 1 where ${one('refunds', 'ctid from refunds where status = \'done\'')}`],
  'a charge-back that was won is booked once': [`update refunds set status = case status when 'done' then 'reversed' else 'done' end where ${one('refunds', 'ctid from refunds where kind = \'chargeback\' and status in (\'done\', \'reversed\')')}`],
  'no refund is left without an answer in peace': [`update refunds set status = 'pending', kind = 'gateway', needs_approval = false where ${one('refunds', 'ctid from refunds where payment_id is not null and status = \'done\'')}`],
  'what is paid once is invoiced once and has one period without an end': [`update services set cycle = 'one_time' where ${one('services', 's.ctid from services s join paid_periods p on p.service_id = s.id where p.period_end is not null')}`],
  'what renews has an end': [`update paid_periods set period_end = null where ${one('paid_periods', 'p.ctid from paid_periods p join services s on s.id = p.service_id where s.cycle <> \'one_time\'')}`],
  'a change takes effect only when it is paid': [`update service_changes set timing = 'now', status = 'done', expires_at = '2001-01-02', applied_at = '2001-01-01', invoice_id = (select id from invoices limit 1) where ${one('service_changes', 'ctid from service_changes')}`],
  'a change at renewal takes effect with its paid period': [`update service_changes set timing = 'renewal', status = 'done', expires_at = null, starts_at = '2001-01-01' where ${one('service_changes', 'ctid from service_changes')}`],
  'a service is sold as its last change that took effect says': [`update service_changes set applied_at = '2040-01-01', to_price = to_price + 1 where ${one('service_changes', 'ctid from service_changes')}`],
  'an unpaid upgrade lapses': [`update service_changes set timing = 'now', expires_at = created_at - interval '6 days' where ${one('service_changes', 'ctid from service_changes')}`],
  'who left is not charged for another period': [
    `update services set status = 'ended', suspension_reason = null, end_reason = 'request', ended_at = '2026-01-01'`,
    `update invoices set status = 'issued' where ${one('invoices', 'i.ctid from invoices i join invoice_lines l on l.invoice_id = i.id where l.kind = \'service\' and l.period_start is not null')}`,
  ],
  'who leaves at the end of what is paid has left by then': [word('service_cancelled'), `update paid_periods set period_start = period_start - interval '20 years', period_end = period_end - interval '20 years'`],
  'who said that he leaves gets no renewal': [word('service_cancelled'), `update invoice_lines set kind = 'service', period_start = '2026-03-01', service_id = (select s.id from ${leaver} limit 1) where ${one('invoice_lines', 'l.ctid from invoice_lines l join invoices i on i.id = l.invoice_id where i.issued_at is not null')}`],
  'nothing is charged for a service that has ended': [`update services set ended_at = '2026-01-01' where status = 'ended'`],
  'nothing is renewed that has ended': [`update services set status = 'ended', suspension_reason = null, end_reason = 'request', ended_at = '2026-01-01'`],
  'what has ended runs no more': [`update resources set status = 'ready' where ${one('resources', 'r.ctid from resources r join services s on s.id = r.service_id where s.status = \'ended\'')}`],
  'no more is sold than there is': [`update products set stock_limit = 0`],
  'a code is used as often as it may': [`update promo_codes set max_redemptions = 0`],
  'a client uses a code as often as he may': [
    `update promo_codes set max_per_client = 1`,
    copy('promo_redemptions', 't.status <> \'released\'', 'jsonb_build_object(\'id\', gen_random_uuid(), \'order_id\', gen_random_uuid(), \'use\', 99)'),
  ],
  'every discount of a paid order stands on a use of its code': [`delete from promo_redemptions`],
  'a code goes on for its periods and no longer': [copy('invoice_lines', 't.kind = \'discount\' and t.service_id is not null and exists (select 1 from invoices i where i.id = t.invoice_id and i.status in (\'issued\', \'paid\')) and exists (select 1 from promo_codes p where p.id = t.promo_id and p.periods = 1)', 'jsonb_build_object(\'id\', gen_random_uuid(), \'position\', 99)')],
}

/**
 * Does each damage to the books of a life that kept its promises, one at a time and never for good. Answers the promises that did not notice,
 * and those for which no damage is known.
 */
export async function unnoticed(house: House): Promise<string[]> {
  const { database } = house.app().core
  const silent: string[] = []
  await brokenBooks(house.world().rows, promise => promise in damages || silent.push(promise))
  const undo = new Error('undo')
  for (const [promise, statements] of Object.entries(damages)) {
    await database.transaction(async (tx) => {
      const rows = async <T>(statement: SQL) => (await tx.execute(statement) as unknown as { rows: T[] }).rows
      // The database's own guards would refuse nearly all of it: what is asked here is whether the promises would see what got past them.
      await tx.execute(sql`set local session_replication_role = replica`)
      for (const statement of statements) await tx.execute(sql.raw(statement))
      if (!(await brokenBooks(rows)).some(broken => broken.startsWith(`${promise}: `))) silent.push(promise)
      throw undo
    }).catch((error: unknown) => {
      if (error !== undo) throw new Error(`${promise}: ${String(error)}`, { cause: error })
    })
  }
  return silent
}
