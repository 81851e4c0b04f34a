import { asc, eq, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { clientProfiles, dunningNotices, invoices, orders, paidPeriods, products, services, users } from '#db/schema/index.ts'
import { money } from '#shared/money/money.ts'
import type { BillingCycle } from '#shared/vocabulary/billing.ts'
import type { Actor } from '#server/kernel/ports.ts'
import type { App } from '#server/platform/app.ts'
import { uuidv7 } from '#server/platform/ids.ts'

export const tester: Actor = { kind: 'system', name: 'test' }
export const hour = 3_600_000
export const day = 24 * hour

export interface OrderOptions { clientId?: string, prices?: bigint[], cycle?: BillingCycle, discount?: bigint, setup?: bigint }

/** Rows and acts that billing tests share: a client, an order with services, a payment as the gateway's module books it. */
export function billingWorld(app: App) {
  const db = app.core.database.executor
  const { transact, clock } = app.core
  const only = <T>(found: T | undefined): T => {
    if (!found) throw new Error('no such row')
    return found
  }
  const rows = async <T>(statement: SQL) => (await db.execute(statement) as unknown as { rows: T[] }).rows
  const world = {
    rows,
    /** An empty house again, faster than a new one: the append-only tables are emptied, too. */
    async reset() {
      await db.execute(sql`truncate users, products, orders, services, invoices, invoice_counters, journal_entries, billing_runs, transitions, mails, audit_log, settings cascade`)
      await db.execute(sql`delete from pgboss.job`)
    },
    async client(name = 'Sari Dewi') {
      const id = uuidv7()
      await db.insert(users).values({ id, email: `${id}@contoh.test`, name, passwordHash: 'x', createdAt: clock.now() })
      await db.insert(clientProfiles).values({ userId: id, kind: 'person', phone: '+628123456789', addressLine: 'Jl. Kenanga 5', city: 'Bandung', province: 'Jawa Barat', postalCode: '40111', updatedAt: clock.now() })
      return id
    },
    /** Places an order: rows, then the invoice as the ordering module asks for it. */
    async order(options: OrderOptions = {}) {
      const clientId = options.clientId ?? await world.client()
      const [productId, orderId] = [uuidv7(), uuidv7()]
      const cycle = options.cycle ?? 'monthly'
      const lines = (options.prices ?? [100_000n]).map((price, i) => ({ serviceId: uuidv7(), description: `VPS Mini ${i + 1}`, cycle, price: money(price), setup: money(options.setup ?? 0n), discounts: options.discount ? [{ promoId: null, label: 'PROMO', off: 'period' as const, amount: money(options.discount) }] : [] }))
      await db.insert(products).values({ id: productId, slug: productId, kind: 'vps', name: 'VPS Mini', summary: { id: 'a', en: 'a' }, description: { id: 'a', en: 'a' }, spec: { cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100 }, createdAt: clock.now(), updatedAt: clock.now() })
      await db.insert(orders).values({ id: orderId, number: `ORD-${orderId}`, clientId, status: 'placed', placedAt: clock.now(), total: 0n })
      for (const line of lines) await db.insert(services).values({ id: line.serviceId, orderId, clientId, productId, productName: 'VPS Mini', spec: { cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100 }, hostname: `${line.serviceId}.contoh.id`, cycle, price: line.price.amount, status: 'pending', createdAt: clock.now() })
      const { invoiceId, total } = await transact(stores => app.billing.issueOrderInvoice(stores, { orderId, clientId, lines }))
      return { clientId, orderId, invoiceId, total, serviceIds: lines.map(line => line.serviceId), serviceId: lines[0]?.serviceId ?? '' }
    },
    /** Money at the gateway, booked as the payments module does; the id of the payment is answered. */
    async pay(invoiceId: string, amount?: bigint, paymentId: string = uuidv7()) {
      const invoice = await world.invoice(invoiceId)
      const owed = (await app.core.read.ledger.outstanding([invoiceId])).get(invoiceId) ?? 0n
      const booked = await transact(stores => app.billing.bookPayment(stores, { paymentId, invoiceId, clientId: invoice.clientId, gateway: 'midtrans', amount: money(amount ?? owed), at: clock.now(), actor: tester }))
      return { paymentId, ...booked }
    },
    activate: (serviceId: string) => transact(stores => app.billing.markServiceActive(stores, { serviceId, cause: 'machine_ready', actor: tester })),
    /** An order that is paid and built. */
    async running(options: OrderOptions = {}) {
      const order = await world.order(options)
      await world.pay(order.invoiceId)
      for (const serviceId of order.serviceIds) await world.activate(serviceId)
      return order
    },
    /** A run of the calendar, whose letters leave at once. */
    async sweep(confirmBrake = false) {
      const run = await app.billing.runBilling({ actor: tester, confirmBrake })
      await world.post()
      return run
    },
    /** The mail server takes all letters that wait. */
    post: () => rows(sql`update mails set status = 'sent', sent_at = ${clock.now().toISOString()} where status = 'queued'`),
    invoice: async (id: string) => only((await db.select().from(invoices).where(eq(invoices.id, id)))[0]),
    service: async (id: string) => only((await db.select().from(services).where(eq(services.id, id)))[0]),
    orderRow: async (id: string) => only((await db.select().from(orders).where(eq(orders.id, id)))[0]),
    periods: (serviceId: string) => db.select().from(paidPeriods).where(eq(paidPeriods.serviceId, serviceId)).orderBy(asc(paidPeriods.periodStart)),
    invoicesOf: async (serviceId: string) => (await rows<{ id: string, status: string, due_at: string }>(sql`select distinct i.id, i.status, i.due_at from invoices i join invoice_lines l on l.invoice_id = i.id where l.service_id = ${serviceId} order by i.due_at`)),
    notices: async (invoiceId: string) => (await db.select().from(dunningNotices).where(eq(dunningNotices.invoiceId, invoiceId)).orderBy(asc(dunningNotices.at))).map(row => row.step),
    mails: async (template: string, clientId: string) => rows<{ dedupe_key: string }>(sql`select dedupe_key from mails where template = ${template} and user_id = ${clientId}`),
    jobs: async (queue: string, key: string, id: string) => (await rows<{ n: number }>(sql`select count(*)::int as n from pgboss.job where name = ${queue} and data ->> ${key} = ${id}`))[0]?.n ?? 0,
    balances: async () => Object.fromEntries((await rows<{ account: string, sum: string }>(sql`select account, sum(amount)::text as sum from journal_lines group by account`)).map(row => [row.account, BigInt(row.sum)])),
  }
  return world
}
