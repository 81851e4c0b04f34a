import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import type { JournalLine } from '#server/billing/ledger.ts'
import type { PaymentBooking } from '#server/billing/ports.ts'
import type { GatewayCharge, GatewayState } from '#server/payments/ports.ts'
import { currencies } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld } from '../support/billing.ts'
import { shopWorld } from '../support/shop.ts'

/** D15: a plan of 3.99 EUR was invoiced as 3.99 SEK, because the price came from one place and its currency from another. */
describe.each(databaseKinds())('D15: price and currency travel as one value, on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = billingWorld(test.app)
  })
  afterAll(() => test.close())

  it('by type: what is quoted, charged, booked and written into the ledger is Money, never a number beside a currency', () => {
    expectTypeOf<PaymentBooking['amount']>().toEqualTypeOf<Money>()
    expectTypeOf<GatewayCharge['amount']>().toEqualTypeOf<Money>()
    expectTypeOf<GatewayState['amount']>().toEqualTypeOf<Money>()
    expectTypeOf<JournalLine['amount']>().toEqualTypeOf<Money>()
    expectTypeOf<bigint>().not.toExtend<Money>()
    expectTypeOf<{ amount: bigint, currency: 'USD' }>().not.toExtend<Money>()
  })

  it('by the database: every table that holds an amount refuses a currency that Gardu does not book', async () => {
    const tables = (await world.rows<{ name: string }>(sql`select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'currency' order by 1`)).map(row => row.name)
    expect(tables).toEqual(expect.arrayContaining(['product_prices', 'orders', 'services', 'invoices', 'invoice_lines', 'payments', 'paid_periods', 'journal_lines']))
    const known = `CHECK ((currency = ANY (ARRAY[${currencies.map(currency => `'${currency}'::bpchar`).join(', ')}])))`
    const checks = await world.rows<{ name: string, definition: string }>(sql`select conrelid::regclass::text as name, pg_get_constraintdef(oid) as definition from pg_constraint where contype = 'c' and conname like '%\\_currency'`)
    expect(Object.fromEntries(checks.map(check => [check.name, check.definition === known || check.definition === `CHECK ((currency = '${currencies[0]}'::bpchar))`]))).toEqual(Object.fromEntries(tables.map(name => [name, true])))
  })

  it('by the database: a ledger entry balances in each currency by itself; a debit in one is no cover for a credit in another', async () => {
    const { executor, transaction } = test.app.core.database
    const entry = uuidv7()
    await expect(transaction(async (tx) => {
      // As if a second currency were known already.
      await tx.execute(sql`alter table journal_lines drop constraint journal_lines_currency`)
      await tx.execute(sql`insert into journal_entries (id, cause, cause_id, at, memo, actor) values (${entry}, 'manual_payment', ${entry}, now(), 'x', 'test')`)
      await tx.execute(sql`insert into journal_lines (entry_id, position, account, amount, currency) values (${entry}, 1, 'bank', 39900, 'IDR'), (${entry}, 2, 'receivable', -39900, 'USD')`)
      await tx.execute(sql`set constraints all immediate`)
    })).rejects.toMatchObject({ cause: { code: '23514', message: expect.stringContaining('does not sum to zero') as string } })
    expect((await executor.execute(sql`select 1 from journal_entries where id = ${entry}`) as unknown as { rows: unknown[] }).rows).toEqual([])
  })

  it('from the price row over order, service, invoice and payment into the ledger and the next invoice it is one currency, and never another amount', async () => {
    const shop = shopWorld(test.app)
    const place = await shop.connection()
    const [clientId, productId] = [await shop.buyer(), await shop.product(place, { price: 39_900n })]
    const items = [shop.item(productId, place.templateId)]
    const { total } = await shop.ordering.quoteCart({ cart: { items, promoCodes: [] }, clientId, unknown: 'refuse' })
    const placed = await shop.ordering.placeOrder({ clientId, items, promoCodes: [], expectedTotal: total.amount, cartToken: null })
    await world.pay(placed.invoiceId ?? '')
    const serviceId = placed.items[0]?.serviceId ?? ''
    await world.activate(serviceId)
    test.clock.advance(17 * 86_400_000)
    await world.sweep()
    const seen = await world.rows<{ place: string, amount: string, currency: string }>(sql`
      select 'price' as place, price::text as amount, currency from product_prices where product_id = ${productId}
      union all select 'service', price::text, currency from services where id = ${serviceId}
      union all select 'line', amount::text, currency from invoice_lines where service_id = ${serviceId} and kind = 'service'
      union all select 'period', amount::text, currency from paid_periods where service_id = ${serviceId}
      union all select 'revenue', (-amount)::text, currency from journal_lines where account = 'revenue' and invoice_id in (select invoice_id from invoice_lines where service_id = ${serviceId})
      order by 1`)
    expect(seen.map(row => row.place)).toEqual(['line', 'line', 'period', 'price', 'revenue', 'revenue', 'service'])
    expect(new Set(seen.map(row => `${row.amount} ${row.currency}`))).toEqual(new Set(['39900 IDR']))
  })
})
