import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ppnRules } from '#shared/money/tax.ts'
import type { UserActor } from '#server/platform/http.ts'
import { composeTax } from '#server/platform/compose/tax.ts'
import showTax from '../../server/api/admin/tax/index.get.ts'
import addRule from '../../server/api/admin/tax/rules.post.ts'
import setStatus from '../../server/api/admin/tax/status.post.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld } from '../support/billing.ts'
import { serveRoutes } from '../support/http.ts'
import { shopWorld } from '../support/shop.ts'

describe.each(databaseKinds())('PPN as rows on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  let shop: ReturnType<typeof shopWorld>
  let server: Awaited<ReturnType<typeof serveRoutes>>
  let actor: UserActor | null = null
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = billingWorld(test.app)
    shop = shopWorld(test.app)
    server = await serveRoutes(test.app, [['get', '/api/admin/tax', showTax], ['post', '/api/admin/tax/rules', addRule], ['post', '/api/admin/tax/status', setStatus]], (event) => {
      event.context.actor = actor
    })
    actor = { kind: 'user', id: await world.client('Petugas'), name: 'Petugas', role: 'finance' }
  })
  afterAll(async () => {
    await server.close()
    await test.close()
  })
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${server.url}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
    return { status: response.status, body: await response.json() }
  }
  const rule = (from: string, name = 'ppn-13', ratePercent = 13) => ({ name, from, ratePercent, dppNumerator: 1, dppDenominator: 1, reason: 'UU baru' })

  /** The PPN that the storefront shows, the cart says, and the invoice of an order asks for. */
  async function taxes(productId: string, templateId: string) {
    const clientId = await shop.buyer()
    const items = [shop.item(productId, templateId)]
    const shown = (await test.app.catalog.listStorefrontProducts({})).items.find(item => item.id === productId)?.prices[0]?.tax.amount
    const quoted = (await shop.ordering.quoteCart({ cart: { items, promoCodes: [] }, clientId, unknown: 'refuse' })).tax.amount
    const order = await shop.ordering.placeOrder({ clientId, items, promoCodes: [], cartToken: null })
    const invoice = await world.invoice(order.invoiceId ?? '')
    return [shown, quoted, invoice.tax.toString(), invoice.taxRule]
  }

  it('begins with the rules of the law and with SELLER_PKP, once; later the rows count, not the setting', async () => {
    expect((await test.app.core.read.taxRules.load()).rules.map(({ name, from, ratePercent, dppNumerator, dppDenominator }) => ({ name, from, ratePercent, dppNumerator, dppDenominator }))).toEqual(ppnRules)
    const again = await composeTax({ ...test.app.core, config: { ...test.app.core.config, SELLER_PKP: 'off' } })
    again.close()
    expect(again.sellerIsPkp(test.clock.now())).toBe(true)
    expect((await call('GET', '/api/admin/tax')).body).toMatchObject({ pkp: true, rules: [{ name: 'ppn-12-dpp-11/12', current: true, sample: { amount: '110000' } }, { name: 'ppn-11', current: false }], statuses: [{ pkp: true, current: true }] })
  })

  it('storefront, cart and invoice agree before and after a rule begins, and when the seller stops being PKP', async () => {
    const place = await shop.connection()
    const productId = await shop.product(place)
    // The business day of the clock is 2 November; midnight in Jakarta is 17:00 UTC of the day before.
    expect((await call('POST', '/api/admin/tax/rules', rule('2026-11-10'))).status).toBe(201)
    expect((await call('POST', '/api/admin/tax/status', { pkp: false, from: '2026-11-20', reason: 'omzet turun' })).status).toBe(201)
    const seen = []
    for (const moment of ['2026-11-09T16:59:59Z', '2026-11-09T17:00:00Z', '2026-11-19T16:59:59Z', '2026-11-19T17:00:00Z']) {
      test.clock.set(moment)
      seen.push(await taxes(productId, place.templateId))
    }
    expect(seen).toEqual([['11000', '11000', '11000', 'ppn-12-dpp-11/12'], ['13000', '13000', '13000', 'ppn-13'], ['13000', '13000', '13000', 'ppn-13'], ['0', '0', '0', 'not-pkp']])
  })

  it('a rule of the same day replaces one that has not begun; what was written is never changed, and audited', async () => {
    test.clock.set('2026-11-21T03:00:00Z')
    await call('POST', '/api/admin/tax/status', { pkp: true, from: '2026-11-22', reason: 'naik lagi' })
    await call('POST', '/api/admin/tax/rules', rule('2026-11-25', 'ppn-15', 15))
    test.clock.advance(60_000)
    await call('POST', '/api/admin/tax/rules', rule('2026-11-25', 'ppn-14', 14))
    expect(test.app.taxes.computeTax({ amount: 100n, currency: 'IDR' }, new Date('2026-11-25T00:00:00Z'))).toMatchObject({ rule: 'ppn-14', tax: { amount: 14n } })
    expect((await world.rows<{ action: string }>(sql`select action from audit_log where entity = 'tax' order by at, id`)).map(row => row.action)).toEqual(['tax.rule', 'tax.status', 'tax.status', 'tax.rule', 'tax.rule'])
    for (const table of ['tax_rules', 'seller_tax_statuses']) await expect(world.rows(sql.raw(`delete from ${table}`))).rejects.toThrow()
  })

  it('refuses a day that has begun, a name that is taken, a base above the price, and everyone but Finance', async () => {
    const refusal = async (body: object) => (await call('POST', '/api/admin/tax/rules', body)).body.errors
    expect(await refusal(rule('2026-11-21', 'ppn-16'))).toMatchObject([{ path: 'from', code: 'day_not_ahead' }])
    expect(await refusal(rule('2026-12-01', 'ppn-11'))).toMatchObject([{ path: 'name', code: 'name_taken' }])
    expect(await refusal({ ...rule('2026-12-01', 'ppn-17'), dppNumerator: 2 })).toMatchObject([{ path: 'dppNumerator', code: 'dpp_over_price' }])
    const finance = actor
    actor = { kind: 'user', id: await world.client(), name: 'x', role: 'business' }
    expect((await call('POST', '/api/admin/tax/status', { pkp: false, from: '2026-12-01', reason: 'coba' })).status).toBe(403)
    actor = finance
  })
})
