import { and, desc, eq, inArray, sql } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import type { Currency } from '#shared/money/money.ts'
import type { ChangeStore, ChangeSubjectRow, ServiceChange, ServiceTerms } from '#server/billing/change-ports.ts'
import type { Executor } from '../client.ts'
import { periodPrices, products, resources, serviceChanges, services, templates } from '../schema/index.ts'
import { refuseSecond } from '../unique-violation.ts'
import { rowsOf } from '../rows-of.ts'
import { toSold, toStored } from './sold-options.ts'
import { toDate } from './service-pages.ts'

const open = ['waiting', 'applied'] as const
type ChangeRow = typeof serviceChanges.$inferSelect

const toChange = (row: ChangeRow): ServiceChange => ({
  id: row.id, serviceId: row.serviceId, timing: row.timing, status: row.status, invoiceId: row.invoiceId, expiresAt: row.expiresAt, startsAt: row.startsAt, createdAt: row.createdAt, appliedAt: row.appliedAt, closedAt: row.closedAt, closedReason: row.closedReason,
  from: { productId: row.fromProductId, productName: row.fromName, spec: row.fromSpec, cycle: row.fromCycle, price: money(row.fromPrice, row.currency), options: toSold(row.fromOptions, row.currency) },
  to: { productId: row.toProductId, productName: row.toName, spec: row.toSpec, cycle: row.toCycle, price: money(row.toPrice, row.currency), options: toSold(row.toOptions, row.currency) },
  setups: row.setups.map(({ optionId, amount }) => ({ optionId, amount: money(BigInt(amount), row.currency) })),
})
const termsOf = (row: typeof services.$inferSelect): ServiceTerms => ({ productId: row.productId, productName: row.productName, spec: row.spec, cycle: row.cycle, price: money(row.price, row.currency), options: toSold(row.options, row.currency) })

/** An issued invoice of an upgrade or of an alignment that still waits for it: nobody owes it, nobody is reminded of it, it lapses. `v` is the invoice. */
export const notWaitedFor = sql`not exists (select 1 from service_changes w where w.invoice_id = v.id and w.status = 'waiting' and w.timing = 'now') and not exists (select 1 from alignments w where w.invoice_id = v.id and w.status = 'waiting')`

function changeStore(db: Executor): ChangeStore {
  const one = (rows: ChangeRow[]) => rows[0] ? toChange(rows[0]) : null
  return {
    async insert({ from, to, setups, ...change }) {
      await refuseSecond(db.insert(serviceChanges).values({
        ...change, fromProductId: from.productId, fromName: from.productName, fromSpec: from.spec, fromCycle: from.cycle, fromPrice: from.price.amount, fromOptions: toStored(from.options),
        toProductId: to.productId, toName: to.productName, toSpec: to.spec, toCycle: to.cycle, toPrice: to.price.amount, toOptions: toStored(to.options), currency: to.price.currency, setups: setups.map(({ optionId, amount }) => ({ optionId, amount: amount.amount.toString() })),
      }), 'service_changes_one_open', 'change_open')
    },
    find: async changeId => one(await db.select().from(serviceChanges).where(eq(serviceChanges.id, changeId))),
    lock: async changeId => one(await db.select().from(serviceChanges).where(eq(serviceChanges.id, changeId)).for('update')),
    openOf: async serviceId => one(await db.select().from(serviceChanges).where(and(eq(serviceChanges.serviceId, serviceId), inArray(serviceChanges.status, [...open])))),
    async openOfMany(serviceIds) {
      const rows = await db.select().from(serviceChanges).where(and(sql`${serviceChanges.serviceId} = any(string_to_array(${serviceIds.join()}, ',')::uuid[])`, inArray(serviceChanges.status, [...open])))
      return rows.map(toChange)
    },
    byInvoice: async invoiceId => one(await db.select().from(serviceChanges).where(eq(serviceChanges.invoiceId, invoiceId))),
    async newestOf(serviceIds, lapsedSince) {
      if (serviceIds.length === 0) return []
      const rows = await db.selectDistinctOn([serviceChanges.serviceId]).from(serviceChanges).where(inArray(serviceChanges.serviceId, [...serviceIds])).orderBy(serviceChanges.serviceId, desc(serviceChanges.createdAt), desc(serviceChanges.id))
      return rows.filter(row => row.status === 'waiting' || row.status === 'applied' || (row.status === 'lapsed' && row.closedAt !== null && row.closedAt > lapsedSince)).map(toChange)
    },
    async setStatus(changeId, change) {
      await db.update(serviceChanges).set(change).where(eq(serviceChanges.id, changeId))
    },
    async setRenewal(changeId, renewal) {
      await db.update(serviceChanges).set(renewal ?? { invoiceId: null, startsAt: null }).where(eq(serviceChanges.id, changeId))
    },
    async listExpired({ now, frozenBefore, limit }) {
      return rowsOf<{ changeId: string, invoiceId: string }>(await db.execute(sql`
        select c.id as "changeId", c.invoice_id as "invoiceId" from service_changes c join services s on s.id = c.service_id and (s.hold_until is null or s.hold_until <= ${now.toISOString()})
        where c.status = 'waiting' and c.timing = 'now' and c.invoice_id is not null and c.expires_at <= ${now.toISOString()} and (c.expires_at <= ${frozenBefore.toISOString()}
          or not exists (select 1 from payments y left join transfers t on t.payment_id = y.id where y.invoice_id = c.invoice_id and y.status in ('created', 'pending') and (y.method <> 'transfer' or t.proof_at is not null)))
        order by c.expires_at, c.id limit ${limit}`))
    },
    async listStarting({ now, limit }) {
      return rowsOf<{ changeId: string, serviceId: string }>(await db.execute(sql`
        select c.id as "changeId", c.service_id as "serviceId" from service_changes c join services s on s.id = c.service_id and (s.hold_until is null or s.hold_until <= ${now.toISOString()})
        where c.status = 'waiting' and c.timing = 'renewal' and c.starts_at <= ${now.toISOString()} and exists (select 1 from paid_periods p where p.service_id = c.service_id and p.period_start = c.starts_at)
        order by c.starts_at, c.id limit ${limit}`))
    },
    async setTerms(serviceId, { price, options, ...terms }) {
      await db.update(services).set({ ...terms, options: toStored(options), price: price.amount, currency: price.currency }).where(eq(services.id, serviceId))
    },
    async livePeriods(serviceId, now) {
      type Row = { periodStart: string | Date, periodEnd: string | Date, price: string, currency: Currency }
      const rows = rowsOf<Row>(await db.execute(sql`
        select p.period_start as "periodStart", p.period_end as "periodEnd", coalesce(n.amount, p.amount)::text as price, p.currency from paid_periods p
        left join lateral (select amount from period_prices where service_id = p.service_id and period_start = p.period_start order by since desc, change_id desc limit 1) n on true
        where p.service_id = ${serviceId} and p.period_end > ${now.toISOString()} order by p.period_start limit 100`))
      return rows.map(row => ({ periodStart: new Date(row.periodStart), periodEnd: new Date(row.periodEnd), price: money(BigInt(row.price), row.currency) }))
    },
    async addPeriodPrice({ amount, ...price }) {
      await db.insert(periodPrices).values({ ...price, amount: amount.amount, currency: amount.currency })
    },
    async subject(serviceId, { lock, now }) {
      const rows = db.select().from(services).where(eq(services.id, serviceId))
      const [service] = await (lock ? rows.for('update') : rows)
      if (!service) return null
      const [product] = await db.select({ kind: products.kind }).from(products).where(eq(products.id, service.productId))
      const [resource] = await db.select({ connectionId: resources.connectionId, node: resources.node, status: resources.status }).from(resources).where(eq(resources.serviceId, serviceId))
      const [template] = service.templateId ? await db.select({ type: templates.machineType }).from(templates).where(eq(templates.id, service.templateId)) : []
      const [money] = rowsOf<{ paidUntil: string | Date | null, owed: number, renewalInvoiceId: string | null }>(await db.execute(sql`
        select (select max(period_end) from paid_periods where service_id = ${serviceId}) as "paidUntil",
          (select count(distinct v.id)::int from invoice_lines l join invoices v on v.id = l.invoice_id where l.service_id = ${serviceId} and v.status = 'issued' and ${notWaitedFor}) as owed,
          (select v.id from renewals r join invoices v on v.id = r.invoice_id where r.service_id = ${serviceId} and v.status = 'issued' and v.due_at > ${now.toISOString()}
            and (select sum(amount) from journal_lines where invoice_id = v.id and account = 'receivable') = v.total and not exists (select 1 from payments y where y.invoice_id = v.id and y.status in ('created', 'pending')) limit 1) as "renewalInvoiceId"`))
      return {
        serviceId, clientId: service.clientId, hostname: service.hostname, kind: product?.kind ?? '', status: service.status, cancelAtPeriodEnd: service.cancelAtPeriodEnd, terms: termsOf(service), paidUntil: toDate(money?.paidUntil), trialEndsAt: service.trialEndsAt, endsAt: service.endsAt, owed: money?.owed ?? 0, renewalInvoiceId: money?.renewalInvoiceId ?? null,
        machine: resource?.connectionId && resource.node ? { connectionId: resource.connectionId, node: resource.node, status: resource.status, ...template } : null,
      } satisfies ChangeSubjectRow
    },
  }
}

export const changeStores = (db: Executor) => ({ changes: changeStore(db) })
