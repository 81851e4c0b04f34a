import { and, asc, count, desc, eq, gt, gte, ilike, inArray, isNull, lte, ne, or, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import type { Currency } from '#shared/money/money.ts'
import type { BillingCycle, OrderStatus, ServiceStatus, SuspensionReason } from '#shared/vocabulary/billing.ts'
import { isLateFee } from '#server/billing/late-fee.ts'
import { intoOpenPeriod } from '#server/billing/ledger.ts'
import { optionTexts } from '#shared/options/option-text.ts'
import type { PromoKind } from '#shared/vocabulary/catalog.ts'
import type { BilledClients, BillingRun, BillingRunStore, Invoice, InvoiceLine, InvoicePaymentStore, InvoiceStore, InvoiceWithClient, LedgerStore, NoticeStore, OrderStates, PriceTerms, ServiceBilling, Subscription, SubscriptionStore } from '#server/billing/ports.ts'
import type { PageRequest } from '#server/kernel/ports.ts'
import type { Executor } from '../client.ts'
import { insertRows } from '../insert-rows.ts'
import { containing } from '../search-pattern.ts'
import { billingRuns, clientProfiles, dunningNotices, invoiceCounters, invoiceLines, invoices, journalEntries, journalLines, mails, orders, paidPeriods, payments, renewals, servicePriceChanges, services, users } from '../schema/index.ts'
import type { StoredOption } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'
import { refuseSecond } from '../unique-violation.ts'
import { notWaitedFor } from './changes.ts'
import { toJournalLine } from './ledger.ts'
import { journalOpenFrom } from './periods.ts'
import type { SoldOption } from '#shared/options/sold-options.ts'
import { toSold } from './sold-options.ts'
import { termsOf, toTerms } from './terms.ts'

type InvoiceRow = typeof invoices.$inferSelect
type ServiceRow = typeof services.$inferSelect
const liveStatuses = ['created', 'pending'] as const
const offset = (page: PageRequest) => (page.page - 1) * page.pageSize

export function toInvoice(row: InvoiceRow): Invoice {
  const of = (amount: bigint) => money(amount, row.currency)
  return {
    id: row.id, clientId: row.clientId, orderId: row.orderId, status: row.status, number: row.number, taxRule: row.taxRule, issuedAt: row.issuedAt, dueAt: row.dueAt, paidAt: row.paidAt, closedAt: row.closedAt, closedReason: row.closedReason, buyer: row.buyer, seller: row.seller, termDays: row.termDays, note: row.note, taxInvoiceNumber: row.taxInvoiceNumber,
    subtotal: of(row.subtotal), discount: of(row.discount), taxable: of(row.taxable), dpp: of(row.dpp), tax: of(row.tax), total: of(row.total),
  }
}

const toLine = (row: typeof invoiceLines.$inferSelect): InvoiceLine => ({ kind: row.kind, description: row.description, serviceId: row.serviceId, periodStart: row.periodStart, periodEnd: row.periodEnd, quantity: row.quantity, amount: money(row.amount, row.currency) })

const toSubscription = (row: ServiceRow): Subscription => ({
  id: row.id, orderId: row.orderId, clientId: row.clientId, productName: row.productName, hostname: row.hostname, cycle: row.cycle, price: money(row.price, row.currency), status: row.status, suspensionReason: row.suspensionReason,
  anchorDay: row.anchorDay, cancelAtPeriodEnd: row.cancelAtPeriodEnd, trialEndsAt: row.trialEndsAt, termPeriods: row.termPeriods, endsAt: row.endsAt, holdUntil: row.holdUntil, holdReason: row.holdReason, resumeRequestedAt: row.resumeRequestedAt,
})

const invoiceStore = (db: Executor, context: StoreContext): InvoiceStore => ({
  async takeSequence(series, year, count = 1) {
    const [row] = await db.insert(invoiceCounters).values({ series, year, last: count }).onConflictDoUpdate({ target: [invoiceCounters.series, invoiceCounters.year], set: { last: sql`${invoiceCounters.last} + ${count}` } }).returning({ last: invoiceCounters.last })
    if (!row) throw new Error('the invoice counter answered nothing')
    return row.last
  },
  async insert(...issued) {
    await insertRows(db, invoices, issued.map(({ invoice: { subtotal, discount, taxable, dpp, tax, total, ...rest } }) => ({ ...rest, status: 'issued' as const, currency: total.currency, subtotal: subtotal.amount, discount: discount.amount, taxable: taxable.amount, dpp: dpp.amount, tax: tax.amount, total: total.amount, createdAt: rest.issuedAt })))
    await insertRows(db, invoiceLines, issued.flatMap(({ invoice, lines }) => lines.map(({ amount, kind, description, serviceId, periodStart, periodEnd, quantity, promoId }, index) => ({ id: context.newId(), invoiceId: invoice.id, position: index + 1, kind, description, serviceId, periodStart, periodEnd, promoId: promoId ?? null, quantity: quantity ?? 1, amount: amount.amount, currency: amount.currency }))))
  },
  async issueDraft({ id, subtotal, discount, taxable, dpp, tax, total, ...rest }) {
    await db.update(invoices).set({ ...rest, status: 'issued', currency: total.currency, subtotal: subtotal.amount, discount: discount.amount, taxable: taxable.amount, dpp: dpp.amount, tax: tax.amount, total: total.amount }).where(eq(invoices.id, id))
  },
  async lock(invoiceId) {
    const [row] = await db.select().from(invoices).where(eq(invoices.id, invoiceId)).for('update')
    return row ? toInvoice(row) : null
  },
  async find(invoiceId) {
    const [row] = await db.select({ invoice: invoices, clientName: users.name, clientEmail: users.email }).from(invoices).innerJoin(users, eq(users.id, invoices.clientId)).where(eq(invoices.id, invoiceId))
    return row ? { ...toInvoice(row.invoice), clientName: row.clientName, clientEmail: row.clientEmail } : null
  },
  async linesOf(invoiceId) {
    const rows = await db.select().from(invoiceLines).where(eq(invoiceLines.invoiceId, invoiceId)).orderBy(asc(invoiceLines.position))
    return rows.map(toLine)
  },
  async shownLinesOf(invoiceId) {
    const period = and(eq(paidPeriods.serviceId, invoiceLines.serviceId), eq(paidPeriods.invoiceId, invoiceLines.invoiceId), inArray(invoiceLines.kind, ['service', 'option']))
    const rows = await db.select({ line: invoiceLines, paidStart: paidPeriods.periodStart, paidEnd: paidPeriods.periodEnd }).from(invoiceLines).leftJoin(paidPeriods, period).where(eq(invoiceLines.invoiceId, invoiceId)).orderBy(asc(invoiceLines.position))
    return rows.map(({ line, paidStart, paidEnd }) => ({ ...toLine(line), periodStart: line.periodStart ?? paidStart, periodEnd: line.periodEnd ?? paidEnd }))
  },
  async list(filter) {
    const like = filter.q ? containing(filter.q) : undefined
    const where = and(
      filter.clientId ? eq(invoices.clientId, filter.clientId) : undefined, filter.issuedOnly ? ne(invoices.status, 'draft') : undefined, filter.status ? eq(invoices.status, filter.status) : undefined,
      filter.overdueAt ? and(eq(invoices.status, 'issued'), lte(invoices.dueAt, filter.overdueAt)) : undefined,
      like ? or(ilike(invoices.number, like), ilike(users.name, like), ilike(users.email, like)) : undefined,
    )
    const rows = await db.select({ invoice: invoices, clientName: users.name, clientEmail: users.email }).from(invoices).innerJoin(users, eq(users.id, invoices.clientId)).where(where).orderBy(desc(invoices.createdAt), desc(invoices.id)).limit(filter.pageSize).offset(offset(filter))
    const [counted] = await db.select({ total: count() }).from(invoices).innerJoin(users, eq(users.id, invoices.clientId)).where(where)
    return { items: rows.map((row): InvoiceWithClient => ({ ...toInvoice(row.invoice), clientName: row.clientName, clientEmail: row.clientEmail })), total: counted?.total ?? 0, page: filter.page, pageSize: filter.pageSize }
  },
  async setPaid(invoiceId, at) {
    await db.update(invoices).set({ status: 'paid', paidAt: at }).where(eq(invoices.id, invoiceId))
  },
  async setReopened(invoiceId) {
    await db.update(invoices).set({ status: 'issued', paidAt: null }).where(eq(invoices.id, invoiceId))
  },
  async setClosed(invoiceId, status, at, reason) {
    await db.update(invoices).set({ status, closedAt: at, closedReason: reason }).where(eq(invoices.id, invoiceId))
  },
  async lockOpenOfService(serviceId) {
    const own = sql`select invoice_id from invoice_lines where service_id = ${serviceId}`
    const rows = await db.select().from(invoices).where(and(eq(invoices.status, 'issued'), sql`${invoices.id} in (${own} union all select fee_invoice_id from late_fees where late_invoice_id in (${own}))`)).orderBy(asc(invoices.id)).for('update')
    return rows.map(toInvoice).filter(invoice => !isLateFee(invoice))
  },
  async hasOverdue(serviceId, now) {
    const found = await db.execute(sql`select 1 from invoice_lines l join invoices v on v.id = l.invoice_id where l.service_id = ${serviceId} and v.status = 'issued' and v.due_at <= ${now.toISOString()} and ${notWaitedFor} limit 1`)
    return (found as unknown as { rows: unknown[] }).rows.length > 0
  },
  async countLiveServices(invoiceId) {
    const [row] = await db.select({ live: sql<number>`count(distinct ${services.id})::int` }).from(invoiceLines).innerJoin(services, eq(services.id, invoiceLines.serviceId)).where(and(eq(invoiceLines.invoiceId, invoiceId), ne(services.status, 'ended')))
    return row?.live ?? 0
  },
  async releaseRenewal(invoiceId) {
    await db.delete(renewals).where(eq(renewals.invoiceId, invoiceId))
  },
  async claimRenewals(...claims) {
    await insertRows(db, renewals, claims)
  },
})

const ledgerStore = (db: Executor, context: StoreContext): LedgerStore => ({
  async post(given) {
    const { lines, ...entry } = intoOpenPeriod(given, await journalOpenFrom(db))
    const [booked] = await db.insert(journalEntries).values({ id: context.newId(), ...entry }).onConflictDoNothing().returning({ id: journalEntries.id })
    if (!booked) return false
    await db.insert(journalLines).values(lines.map(({ amount, ...line }, index) => ({ ...line, entryId: booked.id, position: index + 1, amount: amount.amount, currency: amount.currency })))
    return true
  },
  async postMany(entries) {
    const openFrom = await journalOpenFrom(db)
    const booked = entries.map(given => intoOpenPeriod(given, openFrom)).map(({ lines, ...entry }) => ({ id: context.newId(), entry, lines }))
    await insertRows(db, journalEntries, booked.map(({ id, entry }) => ({ id, ...entry })))
    await insertRows(db, journalLines, booked.flatMap(({ id, lines }) => lines.map(({ amount, ...line }, index) => ({ ...line, entryId: id, position: index + 1, amount: amount.amount, currency: amount.currency }))))
  },
  async linesOf(cause, causeId) {
    const rows = await db.select({ line: journalLines }).from(journalLines).innerJoin(journalEntries, eq(journalEntries.id, journalLines.entryId)).where(and(eq(journalEntries.cause, cause), eq(journalEntries.causeId, causeId))).orderBy(asc(journalLines.position))
    return rows.map(({ line }) => toJournalLine(line))
  },
  async linesOfMany(causes, causeIds) {
    if (causeIds.length === 0) return []
    const rows = await db.select({ line: journalLines }).from(journalLines).innerJoin(journalEntries, eq(journalEntries.id, journalLines.entryId)).where(and(inArray(journalEntries.cause, [...causes]), inArray(journalEntries.causeId, [...causeIds]))).orderBy(asc(journalEntries.id), asc(journalLines.position))
    return rows.map(({ line }) => toJournalLine(line))
  },
  async writtenOff(invoiceId) {
    const [row] = await db.select({ sum: sql<string>`coalesce(sum(${journalLines.amount}), 0)::text` }).from(journalLines).where(and(eq(journalLines.invoiceId, invoiceId), eq(journalLines.account, 'write_off')))
    return BigInt(row?.sum ?? 0)
  },
  async outstanding(invoiceIds) {
    if (invoiceIds.length === 0) return new Map()
    const rows = await db.select({ id: journalLines.invoiceId, owed: sql<string>`sum(${journalLines.amount})::text` }).from(journalLines).where(and(inArray(journalLines.invoiceId, [...invoiceIds]), eq(journalLines.account, 'receivable'))).groupBy(journalLines.invoiceId)
    return new Map(rows.flatMap(row => row.id ? [[row.id, BigInt(row.owed)] as const] : []))
  },
  async credit(clientId) {
    const [row] = await db.select({ balance: sql<string>`coalesce(-sum(${journalLines.amount}), 0)::text` }).from(journalLines).where(and(eq(journalLines.clientId, clientId), eq(journalLines.account, 'client_credit')))
    return BigInt(row?.balance ?? '0')
  },
  async withCredit(clientIds) {
    const rows = await db.select({ id: journalLines.clientId }).from(journalLines).where(and(sql`${journalLines.clientId} = any(string_to_array(${clientIds.join()}, ',')::uuid[])`, eq(journalLines.account, 'client_credit'))).groupBy(journalLines.clientId).having(ne(sql`sum(${journalLines.amount})`, 0))
    return new Set(rows.flatMap(row => row.id ?? []))
  },
  async lockCredit(...clientIds) {
    await db.execute(sql`select pg_advisory_xact_lock(key) from (select distinct hashtextextended('credit:' || id, 0) as key from json_array_elements_text(${JSON.stringify(clientIds)}::json) as asked (id) order by key) keys`)
  },
  async creditEntries(clientId, page) {
    const where = and(eq(journalLines.clientId, clientId), eq(journalLines.account, 'client_credit'))
    const rows = await db.select({ at: journalEntries.at, cause: journalEntries.cause, invoiceId: journalLines.invoiceId, amount: journalLines.amount, currency: journalLines.currency }).from(journalLines).innerJoin(journalEntries, eq(journalEntries.id, journalLines.entryId)).where(where).orderBy(desc(journalEntries.at), desc(journalEntries.id)).limit(page.pageSize).offset(offset(page))
    const [counted] = await db.select({ total: count() }).from(journalLines).where(where)
    return { items: rows.map(({ amount, currency, ...row }) => ({ ...row, amount: money(-amount, currency) })), total: counted?.total ?? 0, page: page.page, pageSize: page.pageSize }
  },
  async journalOf(invoiceId) {
    const rows = await db.select({ at: journalEntries.at, cause: journalEntries.cause, account: journalLines.account, amount: journalLines.amount, currency: journalLines.currency }).from(journalLines).innerJoin(journalEntries, eq(journalEntries.id, journalLines.entryId)).where(eq(journalLines.invoiceId, invoiceId)).orderBy(asc(journalEntries.at), asc(journalEntries.id), asc(journalLines.position)).limit(500)
    return rows.map(({ amount, currency, ...row }) => ({ ...row, amount: money(amount, currency) }))
  },
})

/** What renewals cost beside the price, as one JSON value; null for the many services that have neither codes, options nor pending prices. */
interface RawTerms { periods: number, options: StoredOption[], setups: { optionId: string, amount: string }[] | null, discounts: { promo_id: string | null, label: string, kind: PromoKind, value: string, periods: number | null, ends: number | null }[], changes: { id: string, price: string, at: number }[] }
/** A change that waits for the renewal: from then on its cycle and price count. */
const waitingChange = sql`left join service_changes c on c.service_id = s.id and c.status = 'waiting' and c.timing = 'renewal'`
/** A change of options alone leaves the product at its own price, which may be announced anew while the change waits. */
const priceNow = sql`case when c.to_product_id = s.product_id and c.to_cycle = s.cycle then s.price else coalesce(c.to_price, s.price) end`
/** A pending price counts while its announcement does and the service still is of that product and cycle; a waiting change brings its own price, unless it changes options alone. */
const termsQuery = sql`(select case when d.list is null and pending.list is null and o.list = '[]'::jsonb then null else json_build_object('options', o.list, 'setups', case when c.starts_at is null then nullif(c.setups, '[]'::jsonb) end, 'periods', (select count(*) from paid_periods where service_id = s.id), 'discounts', coalesce(d.list, '[]'), 'changes', coalesce(pending.list, '[]')) end
  from (select json_agg(json_build_object('promo_id', promo_id, 'label', label, 'kind', kind, 'value', value::text, 'periods', periods, 'ends', extract(epoch from ends_at) * 1000)) as list from service_discounts where service_id = s.id) d,
    (select coalesce(c.to_options, s.options) as list) o,
    (select json_agg(json_build_object('id', w.id, 'price', w.price::text, 'at', extract(epoch from w.effective_from) * 1000)) as list from service_price_changes w left join price_announcements a on a.id = w.announcement_id
      where w.service_id = s.id and (c.id is null or (c.to_product_id = s.product_id and c.to_cycle = s.cycle)) and w.applied_at is null and w.withdrawn_at is null and a.withdrawn_at is null and (a.id is null or (a.product_id = s.product_id and a.cycle = s.cycle))) pending)`
/** Fees of options that a waiting change adds: asked with the renewal that it waits for, until that is written. */
const toSetups = (setups: NonNullable<RawTerms['setups']>, options: readonly SoldOption[], currency: Currency) => setups.flatMap(({ optionId, amount }) => {
  const option = options.find(candidate => candidate.optionId === optionId)
  return option ? [{ text: optionTexts(option), price: money(BigInt(amount), currency) }] : []
})
const toPriceTerms = (price: string, currency: Currency, terms: RawTerms | null): PriceTerms => ({
  price: money(BigInt(price), currency), periodsPaid: terms?.periods ?? 0, options: toSold(terms?.options ?? [], currency).map(option => ({ text: optionTexts(option), price: option.price })), ...(terms?.setups ? { setups: toSetups(terms.setups, toSold(terms.options, currency), currency) } : {}),
  discounts: (terms?.discounts ?? []).map(({ promo_id: promoId, value, ends, ...discount }) => ({ ...discount, promoId, value: BigInt(value), ...(ends === null ? {} : { endsAt: new Date(Number(ends)) }) })),
  priceChanges: (terms?.changes ?? []).map(({ id, price: next, at }) => ({ id, price: money(BigInt(next), currency), from: new Date(at) })),
})

/** Milliseconds as a number and amounts as text: one form on both databases, cheap to read for a hundred thousand rows. */
interface CandidateRow {
  id: string, client_id: string, order_id: string, hostname: string, client_name: string, status: ServiceStatus, suspension_reason: SuspensionReason | null, cycle: BillingCycle, price: string, currency: Currency, anchor_day: number | null, cancel_at_period_end: boolean, trial_ends_at: number | null, ends_at: number | null, hold_until: number | null, price_terms: RawTerms | null, terms: string | null,
  paid_until: number | null, for_good: boolean | null, by_hand: boolean | null, renewal_issued: boolean, invoice_id: string | null, number: string | null, issued_at: number | null, due_at: number | null, outstanding: string | null, noticed: string | null, final_notice_at: number | null, payment_under_way: boolean | null, fee_charged: boolean
}
const moment = (milliseconds: number | null) => milliseconds === null ? null : new Date(Number(milliseconds))
const epoch = (column: SQL) => sql`(extract(epoch from ${column}) * 1000)::float8`

/** The letter of a step (`notify` in server/billing/execute-action.ts): one for all services of an invoice. */
const noticeKey = (invoiceId: SQL, step: SQL) => sql`'notice:' || ${invoiceId}::text || ':' || ${step}`
/** When the final notice was out of our hands: taken by the mail server, or refused by it for good. Null while it waits. */
const noticeLeftAt = sql`case when letter.status = 'queued' then null else coalesce(letter.sent_at, letter.failed_at, n.final_at) end`

/**
 * What the calendar has to look at, as one statement; benchmarks time it beside the plan. It is written so that each row is found by the one
 * index that is right for a page of services, whatever the statistics of a table say that grows while a run goes on.
 */
export const candidateQuery = (where: SQL, limit: number): SQL => sql`
  select s.id, s.client_id, s.order_id, s.hostname, u.name as client_name, s.status, s.suspension_reason, coalesce(c.to_cycle, s.cycle) as cycle, ${priceNow}::text as price, s.currency, s.anchor_day, s.cancel_at_period_end, ${epoch(sql`s.trial_ends_at`)} as trial_ends_at, ${epoch(sql`s.ends_at`)} as ends_at, ${epoch(sql`s.hold_until`)} as hold_until, ${termsQuery} as price_terms, ${termsOf(sql`s.client_id`, sql`s.product_id`)} as terms,
    ${epoch(sql`p.paid_until`)} as paid_until, p.for_good, case when s.cycle = 'one_time' then (select kind = 'work' from products where id = s.product_id) end as by_hand, coalesce((select true from renewals r where r.service_id = s.id and r.period_start = p.paid_until limit 1), false) as renewal_issued,
    i.id as invoice_id, i.number, ${epoch(sql`i.issued_at`)} as issued_at, ${epoch(sql`i.due_at`)} as due_at, o.outstanding, n.noticed, ${epoch(noticeLeftAt)} as final_notice_at,
    coalesce((select true from payments y left join transfers w on w.payment_id = y.id where y.invoice_id = i.id and y.status in ('created', 'pending') and (y.method <> 'transfer' or w.proof_at is not null) limit 1), false) as payment_under_way,
    coalesce((select true from late_fees where late_invoice_id = i.id), false) as fee_charged
  from services s
  join users u on u.id = s.client_id
  ${waitingChange}
  left join lateral (select max(period_end) as paid_until, bool_or(period_end is null) as for_good from paid_periods where service_id = s.id) p on true
  left join lateral (select v.id, v.number, v.issued_at, v.due_at from invoice_lines l join lateral (select * from invoices where id = l.invoice_id offset 0) v on true where l.service_id = s.id and v.status = 'issued' and ${notWaitedFor} order by v.due_at, v.id limit 1) i on true
  left join lateral (select string_agg(step, ',') as noticed, max(at) filter (where step = 'final') as final_at from dunning_notices where invoice_id = i.id and service_id = s.id) n on i.id is not null
  left join mails letter on n.final_at is not null and letter.dedupe_key = ${noticeKey(sql`i.id`, sql`'final'`)}
  left join lateral (select (sum(amount) filter (where account = 'receivable'))::text as outstanding from journal_lines where invoice_id = i.id) o on i.id is not null
  where s.status <> 'ended' and ${where}
  order by s.id limit ${limit}`

const toFacts = (row: CandidateRow): Awaited<ReturnType<SubscriptionStore['candidates']>>[number] => ({
  serviceId: row.id, clientId: row.client_id, orderId: row.order_id, hostname: row.hostname, clientName: row.client_name, status: row.status, suspensionReason: row.suspension_reason, cycle: row.cycle, ...toPriceTerms(row.price, row.currency, row.price_terms), anchorDay: row.anchor_day,
  cancelAtPeriodEnd: row.cancel_at_period_end, trialEndsAt: moment(row.trial_ends_at), endsAt: moment(row.ends_at), holdUntil: moment(row.hold_until), paidUntil: moment(row.paid_until), renewalIssued: row.renewal_issued, terms: toTerms(row.terms), ...(row.for_good ? { forGood: true } : {}), ...(row.by_hand ? { byHand: true } : {}),
  invoice: row.invoice_id === null || row.due_at === null || row.issued_at === null
    ? null
    : { invoiceId: row.invoice_id, number: row.number ?? '', issuedAt: new Date(Number(row.issued_at)), dueAt: new Date(Number(row.due_at)), outstanding: money(BigInt(row.outstanding ?? '0'), row.currency), noticed: row.noticed?.split(',') ?? [], finalNoticeAt: moment(row.final_notice_at), paymentUnderWay: row.payment_under_way === true, ...(row.fee_charged ? { feeCharged: true } : {}) },
})

const subscriptionStore = (db: Executor, context: StoreContext): SubscriptionStore => {
  const facts = async (where: SQL, limit: number) => {
    const found = await db.execute(candidateQuery(where, limit))
    return (found as unknown as { rows: CandidateRow[] }).rows.map(toFacts)
  }
  return {
    async lock(serviceId) {
      const [row] = await db.select().from(services).where(eq(services.id, serviceId)).for('update')
      return row ? toSubscription(row) : null
    },
    async lockMany(serviceIds) {
      const rows = await db.select().from(services).where(sql`${services.id} = any(string_to_array(${serviceIds.join()}, ',')::uuid[])`).orderBy(asc(services.id)).for('update')
      return new Map(rows.map(row => [row.id, toSubscription(row)]))
    },
    async ofOrder(orderId) {
      const rows = await db.select().from(services).where(eq(services.orderId, orderId)).orderBy(asc(services.id)).limit(100)
      return rows.map(toSubscription)
    },
    async setStatus(serviceId, change) {
      await db.update(services).set(change).where(eq(services.id, serviceId))
    },
    async setAnchorDay(serviceId, day) {
      await db.update(services).set({ anchorDay: day }).where(eq(services.id, serviceId))
    },
    async setCancellation(serviceId, { atPeriodEnd, reason, note }) {
      await db.update(services).set({ cancelAtPeriodEnd: atPeriodEnd, cancelReason: reason, cancelNote: note }).where(eq(services.id, serviceId))
    },
    async setHold(serviceId, until, reason) {
      await db.update(services).set({ holdUntil: until, holdReason: reason }).where(eq(services.id, serviceId))
    },
    async applyPrice(serviceId, { price, from }, at) {
      await db.update(services).set({ price: price.amount, currency: price.currency }).where(eq(services.id, serviceId))
      await db.update(servicePriceChanges).set({ appliedAt: at }).where(and(eq(servicePriceChanges.serviceId, serviceId), isNull(servicePriceChanges.appliedAt), isNull(servicePriceChanges.withdrawnAt), lte(servicePriceChanges.effectiveFrom, from)))
    },
    async addPeriod({ amount, ...period }) {
      const rows = await db.insert(paidPeriods).values({ ...period, amount: amount.amount, currency: amount.currency, at: context.now() }).onConflictDoNothing().returning({ serviceId: paidPeriods.serviceId })
      return rows.length > 0
    },
    async hasPeriodOf(serviceId, invoiceId) {
      const [row] = await db.select({ at: paidPeriods.at }).from(paidPeriods).where(and(eq(paidPeriods.serviceId, serviceId), eq(paidPeriods.invoiceId, invoiceId))).limit(1)
      return row !== undefined
    },
    async factsOf(serviceId) {
      const [found] = await facts(sql`s.id = ${serviceId}`, 1)
      return found ?? null
    },
    factsOfMany: serviceIds => facts(sql`s.id = any(string_to_array(${serviceIds.join()}, ',')::uuid[])`, serviceIds.length),
    candidates({ after, limit, renewBefore, dueBefore, clientId, productId }) {
      return facts(sql`${after ? sql`s.id > ${after}` : sql`true`} and (p.paid_until <= ${renewBefore.toISOString()} or i.due_at <= ${dueBefore.toISOString()}) ${clientId ? sql`and s.client_id = ${clientId}` : sql``} ${productId ? sql`and s.product_id = ${productId}` : sql``}`, limit)
    },
    async widestTerms() {
      const found = await db.execute(sql`select coalesce(max(renewal_lead_days), 0) as lead, coalesce((select min(day::int) from (select jsonb_array_elements_text(reminder_days || order_reminder_days) as day from billing_terms) days), 0) as reminder from billing_terms`)
      const [row] = (found as unknown as { rows: { lead: number, reminder: number }[] }).rows
      return { renewalLeadDays: row?.lead ?? 0, earliestReminder: Math.min(0, row?.reminder ?? 0) }
    },
    async countLive() {
      const [row] = await db.select({ live: count() }).from(services).where(inArray(services.status, ['active', 'past_due', 'suspended']))
      return row?.live ?? 0
    },
    async describe(serviceIds) {
      if (serviceIds.length === 0) return []
      const found = await db.execute(sql`
        select s.id, s.cancel_at_period_end, ${epoch(sql`s.trial_ends_at`)} as trial_ends_at, ${epoch(sql`s.ends_at`)} as ends_at, ${priceNow}::text as price, s.currency, ${epoch(sql`s.price_locked_until`)} as price_locked_until, ${termsQuery} as price_terms, ${termsOf(sql`s.client_id`, sql`s.product_id`)} as terms, ${epoch(sql`p.paid_until`)} as paid_until, exists (select 1 from renewals r where r.service_id = s.id and r.period_start = p.paid_until) as renewal_issued, i.id as invoice_id
        from services s
        ${waitingChange}
        left join lateral (select max(period_end) as paid_until from paid_periods where service_id = s.id) p on true
        left join lateral (select v.id from invoice_lines l join invoices v on v.id = l.invoice_id where l.service_id = s.id and v.status = 'issued' and ${notWaitedFor} order by v.due_at, v.id limit 1) i on true
        where s.id in (${sql.join(serviceIds.map(id => sql`${id}::uuid`), sql`, `)})`)
      return (found as unknown as { rows: (Pick<CandidateRow, 'id' | 'cancel_at_period_end' | 'trial_ends_at' | 'ends_at' | 'price' | 'currency' | 'price_terms' | 'terms' | 'paid_until' | 'renewal_issued' | 'invoice_id'> & { price_locked_until: number | null })[] }).rows
        .map((row): ServiceBilling => ({ serviceId: row.id, prices: toPriceTerms(row.price, row.currency, row.price_terms), terms: toTerms(row.terms), priceLockedUntil: moment(row.price_locked_until), paidUntil: moment(row.paid_until), renewalIssued: row.renewal_issued, cancelAtPeriodEnd: row.cancel_at_period_end, trialEndsAt: moment(row.trial_ends_at), endsAt: moment(row.ends_at), openInvoiceId: row.invoice_id }))
    },
  }
}

const noticeStore = (db: Executor): NoticeStore => ({
  async record({ steps, ...notice }) {
    if (steps.length === 0) return 0
    const rows = await db.insert(dunningNotices).values(steps.map(step => ({ ...notice, step }))).onConflictDoNothing().returning({ step: dunningNotices.step })
    return rows.length
  },
  async listFor(invoiceId) {
    const n = dunningNotices
    const found = await db.select({ serviceId: n.serviceId, step: n.step, at: n.at, status: mails.status, sentAt: mails.sentAt, failedAt: mails.failedAt }).from(n).leftJoin(mails, eq(mails.dedupeKey, noticeKey(sql`${n.invoiceId}`, sql`${n.step}`))).where(eq(n.invoiceId, invoiceId)).limit(200)
    return found.map(({ serviceId, step, at, status, sentAt, failedAt }) => ({ serviceId, step, at: sentAt ?? failedAt ?? at, waits: status === 'queued' }))
  },
})

const orderStates = (db: Executor): OrderStates => ({
  async lock(orderId) {
    // Its key stays. A service that is changed twice in a transaction has its order checked, which shares the key's lock: `for update` would wait for
    // that, and two services of one order for each other.
    const [row] = await db.select({ id: orders.id, number: orders.number, status: orders.status }).from(orders).where(eq(orders.id, orderId)).for('no key update')
    return row ?? null
  },
  async setStatus(orderId, status: OrderStatus) {
    await db.update(orders).set({ status }).where(eq(orders.id, orderId))
  },
})

const billedClients = (db: Executor): BilledClients => {
  const findMany = async (clientIds: readonly string[]) => {
    const rows = await db.select({ id: users.id, name: users.name, email: users.email, locale: users.locale, profile: clientProfiles }).from(users).leftJoin(clientProfiles, eq(clientProfiles.userId, users.id)).where(sql`${users.id} = any(string_to_array(${clientIds.join()}, ',')::uuid[])`)
    return new Map(rows.map(({ id: clientId, name, email, locale, profile }) => {
      const address = profile ? `${profile.addressLine}, ${profile.city}, ${profile.province} ${profile.postalCode}` : ''
      return [clientId, { clientId, name, email, locale, party: { name: profile?.companyName ?? name, address, email, phone: profile?.phone ?? null, npwp: profile?.npwp ?? null, nik: profile?.nik ?? null } }]
    }))
  }
  return { findMany, find: async clientId => (await findMany([clientId])).get(clientId) ?? null }
}

const invoicePayments = (db: Executor): InvoicePaymentStore => ({
  async listOf(invoiceId) {
    const rows = await db.select().from(payments).where(eq(payments.invoiceId, invoiceId)).orderBy(desc(payments.createdAt), desc(payments.id)).limit(100)
    return rows.map(row => ({ id: row.id, gateway: row.gateway, method: row.method, status: row.status, amount: money(row.settledAmount ?? row.amount, row.currency), fee: money(row.fee, row.currency), createdAt: row.createdAt, settledAt: row.settledAt, expiresAt: row.expiresAt, instructions: row.instructions }))
  },
  async liveOf(invoiceId) {
    const rows = await db.select({ id: payments.id }).from(payments).where(and(eq(payments.invoiceId, invoiceId), inArray(payments.status, [...liveStatuses])))
    return rows.map(row => row.id)
  },
  async insertManual({ amount, at, ...payment }) {
    await refuseSecond(db.insert(payments).values({ ...payment, gateway: null, method: 'manual', status: 'settled', amount: amount.amount, settledAmount: amount.amount, currency: amount.currency, createdAt: at, settledAt: at }), 'payments_one_transfer', 'transfer_known')
  },
})

const runStore = (db: Executor): BillingRunStore => ({
  async start(run) {
    await db.insert(billingRuns).values(run)
  },
  async finish({ id, ...run }) {
    await db.update(billingRuns).set(run).where(eq(billingRuns.id, id))
  },
  async find(runId) {
    const [row] = await db.select().from(billingRuns).where(eq(billingRuns.id, runId))
    return row ?? null
  },
  async lastDone() {
    const [row] = await db.select({ at: billingRuns.at, house: billingRuns.house }).from(billingRuns).where(eq(billingRuns.status, 'done')).orderBy(desc(billingRuns.startedAt), desc(billingRuns.id)).limit(1)
    return row ?? null
  },
  async databaseName() {
    const found = await db.execute(sql`select datname || '/' || oid as name from pg_database where datname = current_database()`)
    return (found as unknown as { rows: { name: string }[] }).rows[0]?.name ?? ''
  },
  async confirmation(since) {
    const [row] = await db.select({ userId: users.id, name: users.name, at: billingRuns.startedAt, terminations: sql<number>`coalesce(${billingRuns.confirmedTerminations}, 0)` }).from(billingRuns).innerJoin(users, eq(users.id, billingRuns.confirmedBy)).where(gte(billingRuns.startedAt, since)).orderBy(desc(billingRuns.startedAt)).limit(1)
    if (!row) return null
    const [done] = await db.select({ id: billingRuns.id }).from(billingRuns).where(and(eq(billingRuns.status, 'done'), gt(billingRuns.startedAt, row.at))).limit(1)
    return done ? null : row
  },
  async list(page) {
    const items: BillingRun[] = await db.select().from(billingRuns).orderBy(desc(billingRuns.startedAt), desc(billingRuns.id)).limit(page.pageSize).offset(offset(page))
    const [counted] = await db.select({ total: count() }).from(billingRuns)
    return { items, total: counted?.total ?? 0, page: page.page, pageSize: page.pageSize }
  },
})

export const billingStores = (db: Executor, context: StoreContext) => ({
  invoices: invoiceStore(db, context), ledger: ledgerStore(db, context), subscriptions: subscriptionStore(db, context), billingNotices: noticeStore(db), orderStates: orderStates(db), billedClients: billedClients(db), invoicePayments: invoicePayments(db), billingRuns: runStore(db),
})
