import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { UserActor } from '#server/platform/http.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { money } from '#shared/money/money.ts'
import type { Role } from '#shared/vocabulary/roles.ts'
import exportReport from '../../server/api/admin/reports/[report]/export.get.ts'
import showReport from '../../server/api/admin/reports/[report]/index.get.ts'
import listRows from '../../server/api/admin/reports/[report]/rows.get.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld, tester } from '../support/billing.ts'
import { serveRoutes } from '../support/http.ts'

type Cells = Record<string, { amount: string } | number | null>
interface View { items: { key: string, label: string, cells: Cells }[], totals: Cells, total: number }

/** Times are those of Jakarta: 03:00 UTC is 10:00 there. */
describe.each(databaseKinds())('reports on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  let server: Awaited<ReturnType<typeof serveRoutes>>
  let role: Role = 'finance'
  const ids = { a: '', b: '', c: '' }
  const raw = async (path: string) => fetch(`${server.url}/api/admin/reports/${path}`)
  const get = async (path: string) => (await raw(path)).json() as Promise<View>
  const value = (cell: Cells[string] | undefined) => typeof cell === 'object' && cell !== null ? Number(cell.amount) : cell
  const figures = (cells: Cells | undefined) => Object.fromEntries(Object.entries(cells ?? {}).map(([key, cell]) => [key, value(cell)]))
  const rowsOf = async (path: string) => Object.fromEntries((await get(path)).items.map(row => [row.key, figures(row.cells)]))
  /** The sum of all rows behind a number, read page by page. */
  async function sumBehind(report: string, query: string) {
    let sum = 0
    let after: string | null = null
    do {
      const answer = await raw(`${report}/rows?${query}&limit=2${after ? `&after=${encodeURIComponent(after)}` : ''}`)
      expect(answer.status).toBe(200)
      const page = await answer.json() as { items: { amount: { amount: string } }[], next: string | null }
      sum += page.items.reduce((total, item) => total + Number(item.amount.amount), 0)
      after = page.next
    } while (after)
    return sum
  }

  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false, start: '2026-01-11T03:00:00Z' })
    world = billingWorld(test.app)
    server = await serveRoutes(test.app, [['get', '/api/admin/reports/{report}', showReport], ['get', '/api/admin/reports/{report}/rows', listRows], ['get', '/api/admin/reports/{report}/export', exportReport]], (event) => {
      event.context.actor = { kind: 'user', id: uuidv7(), name: 'Petugas', role } as UserActor
    })
    await history()
  })
  afterAll(async () => {
    await server.close()
    await test.close()
  })

  /** Three clients from January to March 2026; every expectation below is worked out by hand from these lines. */
  async function history() {
    // A: 310,000 a month with a setup fee of 50,000, the first month 31,000 off: 11 Jan – 11 Feb (31 days), then 11 Feb – 11 Mar (28 days).
    const a = await world.running({ clientId: await world.client('=Ayu'), prices: [310_000n], setup: 50_000n, discount: 31_000n })
    // C: 900,000 a quarter: 15 Jan – 15 Apr, 90 days; pays 100,000 too much.
    test.clock.set('2026-01-15T03:00:00Z')
    const c = await world.order({ clientId: await world.client('Citra; "Maju"'), prices: [900_000n], cycle: 'quarterly' })
    await world.pay(c.invoiceId, 999_000n + 100_000n)
    await world.activate(c.serviceId)
    // B: never pays; voided in February.
    test.clock.set('2026-01-20T03:00:00Z')
    const b = await world.order({ clientId: await world.client('Budi'), prices: [100_000n] })
    Object.assign(ids, { a: a.clientId, b: b.clientId, c: c.clientId })
    test.clock.set('2026-02-01T03:00:00Z')
    await test.app.billing.voidInvoice({ invoiceId: b.invoiceId, reason: 'tidak jadi', actor: { kind: 'user', id: a.clientId, name: 'Rina', role: 'finance' } })
    await world.sweep()
    const renewal = (await world.invoicesOf(a.serviceId)).find(invoice => invoice.id !== a.invoiceId)
    test.clock.set('2026-02-05T03:00:00Z')
    await world.pay(renewal?.id ?? '')
    // D orders in March and has not paid: all of it stays deferred, month after month.
    test.clock.set('2026-03-01T03:00:00Z')
    await world.order({ prices: [70_000n] })
    // A ends in March and is not renewed.
    test.clock.set('2026-03-05T03:00:00Z')
    await test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId: a.serviceId, reason: 'request', note: 'pindah', actor: tester }))
    test.clock.set('2026-03-20T03:00:00Z')
  }
  const span = 'from=2026-01&to=2026-04'

  it('revenue: accrual by exact days, deferred at month end and cash, to the Rupiah; earned and deferred are the balance of the revenue account', async () => {
    const rows = await rowsOf(`revenue?${span}`)
    // A earns 210,000 − 21,000 + 50,000 in January; C 17 of 90 days.
    expect(rows['2026-01']).toEqual({ invoiced: 329_000 + 900_000 + 100_000, earned: 239_000 + 170_000, deferred: 90_000 + 730_000 + 100_000, received: 365_190 + 1_099_000, returned: 0, cash: 1_464_190 })
    // A: 100,000 − 10,000, and 18 of 28 days of 310,000; C 28 days; the 100,000 of B go again.
    expect(rows['2026-02']).toEqual({ invoiced: 310_000 - 100_000, earned: 90_000 + 199_285 + 280_000, deferred: 110_715 + 450_000, received: 344_100, returned: 0, cash: 344_100 })
    expect(rows['2026-03']).toMatchObject({ invoiced: 70_000, earned: 110_715 + 310_000, deferred: 140_000 + 70_000 })
    expect(rows['2026-04']).toMatchObject({ earned: 140_000, deferred: 70_000 })
    const [balance] = await world.rows<{ sum: string }>(sql`select -sum(amount) as sum from journal_lines where account = 'revenue'`)
    expect(Object.values(rows).reduce((sum, row) => sum + Number(row.earned), 70_000)).toBe(Number(balance?.sum))
    for (const month of ['2026-01', '2026-02', '2026-03', '2026-04']) for (const column of ['invoiced', 'earned', 'deferred', 'received', 'returned']) expect([month, column, await sumBehind('revenue', `${span}&key=${month}&column=${column}`)]).toEqual([month, column, rows[month]?.[column]])
  })

  it('receivables by age: what was owed at the end of any day, by days late, per client', async () => {
    expect(await rowsOf('ageing?at=2026-01-21')).toEqual({ [ids.b]: { current: 111_000, days30: 0, days60: 0, days90: 0, older: 0, total: 111_000 } })
    expect((await rowsOf('ageing?at=2026-01-31'))[ids.b]).toMatchObject({ current: 0, days30: 111_000 })
    expect(await sumBehind('ageing', `at=2026-01-31&key=${ids.b}&column=days30`)).toBe(111_000)
  })

  it('PPN: issued and taken back are the movements of the account, with the tax base of what was issued', async () => {
    const rows = await rowsOf(`tax?${span}`)
    expect(rows['2026-01']).toEqual({ dpp: 301_583 + 825_000 + 91_666, issued: 36_190 + 99_000 + 11_000, takenBack: 0, other: 0, movement: 146_190 })
    expect(rows['2026-02']).toEqual({ dpp: 284_166, issued: 34_100, takenBack: 11_000, other: 0, movement: 23_100 })
    const [balance] = await world.rows<{ sum: string }>(sql`select -sum(amount) as sum from journal_lines where account = 'ppn_payable'`)
    expect(value((await get(`tax?${span}`)).totals.movement)).toBe(Number(balance?.sum))
    expect(await sumBehind('tax', `${span}&key=2026-02&column=movement`)).toBe(23_100)
  })

  it('payments by way, with fees and what went back; what we owe clients', async () => {
    expect(await rowsOf(`payments?${span}`)).toEqual({ 'midtrans:': { number: 3, received: 365_190 + 1_099_000 + 344_100, returned: 0, fees: 0, net: 1_808_290 } })
    expect(await sumBehind('payments', `${span}&key=${encodeURIComponent('midtrans:')}&column=received`)).toBe(1_808_290)
    expect(await rowsOf('credit?at=2026-01-14')).toEqual({})
    expect(await rowsOf('credit?at=2026-03-01')).toEqual({ [ids.c]: { credit: 100_000 } })
    expect(await sumBehind('credit', `at=2026-03-01&key=${ids.c}&column=credit`)).toBe(100_000)
  })

  it('recurring revenue: start and movements make the end, month after month', async () => {
    const rows = await rowsOf(`mrr?${span}`)
    const none = { new: 0, expansion: 0, reactivation: 0, contraction: 0, churn: 0 }
    expect(rows['2026-01']).toEqual({ ...none, start: 0, new: 279_000 + 300_000, end: 579_000, clients: 2 })
    expect(rows['2026-02']).toEqual({ ...none, start: 579_000, expansion: 31_000, end: 610_000, clients: 2 })
    expect(rows['2026-03']).toEqual({ ...none, start: 610_000, churn: -310_000, end: 300_000, clients: 1 })
    expect(await sumBehind('mrr', `${span}&key=2026-01&column=new`)).toBe(579_000)
    expect(await sumBehind('mrr', `${span}&key=2026-03&column=churn`)).toBe(-310_000)
  })

  it('the margin of a product is its revenue less what its days cost by the cost of the invoice\'s day; not known for one is not known for all', async () => {
    const february = 'products?from=2026-02&to=2026-02'
    const row = async (query: string, key: string) => figures((await get(query)).items.find(item => item.key === key)?.cells ?? {})
    const products = (await get('products?from=2026-01&to=2026-02')).items.map(item => item.key)
    expect(products.length).toBeGreaterThan(1)
    const [sold] = (await get(february)).items.filter(item => value(item.cells.revenue) === 310_000)
    const set = (productId: string, monthly: bigint, effectiveOn: string) => test.app.catalog.setProductCost({ productId, monthly: money(monthly), effectiveOn, actor: { kind: 'user', id: staff, name: 'Petugas', role: 'business' } })
    const key = sold?.key ?? ''
    const staff = await world.client('Petugas')
    await set(key, 100_000n, '2026-01-01')
    await set(key, 999_000n, '2026-02-01')
    await set(key, 146_000n, '2026-02-01')
    await set(key, 500_000n, '2026-03-01')
    // 28 days (11 February to 11 March) of Rp 146.000 × 12 / 365 = Rp 4.800.
    const cost = 28 * 4_800
    expect(await row(february, key)).toMatchObject({ revenue: 310_000, cost, margin: 310_000 - cost })
    // Its first period, 11 January to 11 February, had no days on its invoice: 31 days of Rp 100.000 × 12 / 365.
    expect(await row('products?from=2026-01&to=2026-01', key)).toMatchObject({ cost: 101_918 })
    expect(figures((await get('products?from=2026-01&to=2026-02')).totals)).toMatchObject({ cost: null, margin: null })
    for (const other of products.filter(product => product !== key)) await set(other, 0n, '2020-01-01')
    const both = figures((await get('products?from=2026-01&to=2026-02')).totals)
    expect(both.margin).toBe(Number(both.revenue) - Number(both.cost))
    expect((await test.app.catalog.listProductCosts(key)).items.map(item => [item.monthly.amount, item.current])).toEqual([['500000', true], ['146000', false], ['999000', false], ['100000', false]])
  })

  it('best sellers, cohorts and the forecast from the billing plan', async () => {
    const products = await get('products?from=2026-02&to=2026-02')
    expect(products.items.map(row => figures(row.cells))).toContainEqual(expect.objectContaining({ units: 0, revenue: 310_000, before: 329_000, trend: -5.7 }))
    expect(figures((await get('products?from=2026-01&to=2026-01')).totals)).toMatchObject({ units: 2, revenue: 1_229_000 })
    expect((await rowsOf('cohorts?from=2026-01&to=2026-03'))['2026-01']).toEqual({ clients: 2, active: 1, after1: 100, after2: null, after3: null, after6: null, after12: null, revenue: 279_000 + 310_000 + 900_000, value: 744_500 })
    // C renews on 15 April, once in ninety days; A has left, D is overdue.
    const forecast = await get('forecast')
    expect(forecast.items).toHaveLength(13)
    expect(figures(forecast.totals)).toEqual({ open: 77_700, renewals: 1, net: 900_000, total: 999_000, expected: 1_076_700 })
    const week = forecast.items.find(row => row.cells.renewals === 1)
    expect(week?.key).toBe('2026-04-10')
    expect(await sumBehind('forecast', 'key=2026-04-10&column=total')).toBe(999_000)
  })

  it('a promo code: what it cost, what it brought, and what was renewed since', async () => {
    const [promoId, orderId] = [uuidv7(), (await world.rows<{ id: string }>(sql`select id from orders where client_id = ${ids.a}`))[0]?.id ?? '']
    await world.rows(sql`insert into promo_codes (id, code, kind, value, created_at) values (${promoId}, 'HEMAT', 'fixed', 31000, now())`)
    await world.rows(sql`insert into promo_redemptions (id, promo_id, client_id, order_id, use, status, at) values (${uuidv7()}, ${promoId}, ${ids.a}, ${orderId}, 1, 'committed', '2026-01-11T03:00:00Z')`)
    await world.rows(sql`update invoice_lines set promo_id = ${promoId} where kind = 'discount' and invoice_id in (select id from invoices where order_id = ${orderId})`)
    expect(await rowsOf('promos?from=2026-01&to=2026-01')).toEqual({ [promoId]: { used: 1, lapsed: 0, newClients: 1, discount: 31_000, revenue: 329_000, renewals: 310_000 } })
    for (const [column, sum] of [['discount', 31_000], ['revenue', 329_000], ['renewals', 310_000]] as const) expect(await sumBehind('promos', `from=2026-01&to=2026-01&key=${promoId}&column=${column}`)).toBe(sum)
  })

  it('recurring revenue: start and movements make the end, whatever was paid and ended', async () => {
    const [template] = await world.rows<{ order_id: string, product_id: string }>(sql`select order_id, product_id from services limit 1`)
    const service = fc.record({ client: fc.nat(39), ended: fc.option(fc.nat(400), { nil: null }), periods: fc.array(fc.record({ gap: fc.nat(70), days: fc.constantFrom(5, 28, 31, 92, 365), amount: fc.nat(3_000_000) }), { minLength: 1, maxLength: 5 }) })
    const sample = fc.sample(service, { numRuns: 60, seed: 20_261_128 })
    const clients = await Promise.all(Array.from({ length: 40 }, (_, i) => world.client(`Klien ${i}`)))
    const at = (days: number) => new Date(Date.parse('2015-12-20T03:00:00Z') + days * 86_400_000).toISOString()
    for (const { client, ended, periods } of sample) {
      const id = uuidv7()
      await world.rows(sql`insert into services (id, order_id, client_id, product_id, product_name, spec, hostname, cycle, price, status, end_reason, ended_at, created_at) values (${id}, ${template?.order_id}, ${clients[client]}, ${template?.product_id}, 'VPS', '{}', ${id}, 'monthly', 1, ${ended === null ? 'active' : 'ended'}, ${ended === null ? null : 'request'}, ${ended === null ? null : at(ended)}, now())`)
      let start = 0
      for (const { gap, days, amount } of periods) {
        start += gap
        await world.rows(sql`insert into paid_periods (service_id, period_start, period_end, amount, at) values (${id}, ${at(start)}, ${at(start + days)}, ${amount}, ${at(start)})`)
        start += days
      }
    }
    const months = (await get('mrr?from=2016-01&to=2018-06')).items.map(row => ({ month: row.key, ...figures(row.cells) }) as Record<string, number> & { month: string })
    months.forEach((row, i) => {
      expect(row.end).toBe(['start', 'new', 'expansion', 'reactivation', 'contraction', 'churn'].reduce((sum, part) => sum + Number(row[part]), 0))
      if (i > 0) expect(row.start).toBe(months[i - 1]?.end)
    })
    const moved = (part: string) => months.filter(row => row[part] !== 0)
    for (const part of ['new', 'expansion', 'reactivation', 'contraction', 'churn', 'end']) {
      expect(moved(part).length).toBeGreaterThan(0)
      const [row] = moved(part)
      expect(await sumBehind('mrr', `key=${row?.month}&column=${part}&from=2016-01&to=2018-06`)).toBe(row?.[part])
    }
  })

  it('each role sees its reports: business what is sold, sysadmin and clients nothing', async () => {
    const seen = async (who: Role) => {
      role = who
      return Promise.all(['revenue', 'products', 'promos', 'products/export'].map(async name => (await raw(name)).status))
    }
    expect(await seen('business')).toEqual([403, 200, 200, 200])
    expect(await seen('sysadmin')).toEqual([403, 403, 403, 403])
    expect(await seen('client')).toEqual([403, 403, 403, 403])
    expect(await seen('owner')).toEqual([200, 200, 200, 200])
    role = 'finance'
    expect((await raw('revenue?from=2020-01&to=2026-01')).status).toBe(422)
    expect((await raw('revenue?from=2026-03&to=2026-01')).status).toBe(422)
    expect((await raw('revenue/rows?key=2026-01&column=cash')).status).toBe(404)
    expect(await sumBehind('revenue', `${span}&key=2026-01&column=invoiced&after=nonsense`)).toBe(0)
  })

  it('attack: a name that is a formula stays text in the CSV; numbers stay numbers, in the manner of each language', async () => {
    const english = await raw(`mrr/export?${span}&key=2026-03&column=churn&locale=en`)
    expect([english.headers.get('content-type'), english.headers.get('content-disposition')]).toEqual(['text/csv; charset=utf-8', 'attachment; filename="gardu-mrr-2026-03-churn.csv"'])
    expect(Buffer.from(await english.arrayBuffer()).toString('utf8')).toBe('\uFEFFTime,What,Client,Amount\r\n,\'=Ayu,\'=Ayu,-310000\r\n')
    const indonesian = Buffer.from(await (await raw('credit/export?at=2026-03-01')).arrayBuffer()).toString('utf8')
    expect(indonesian).toBe('\uFEFFKlien;Saldo\r\n"Citra; ""Maju""";100000\r\n')
  })
})
