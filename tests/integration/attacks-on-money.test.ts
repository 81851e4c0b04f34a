import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { changeBody } from '#shared/contracts/changes.ts'
import * as portal from '#shared/contracts/portal.ts'
import * as storefront from '#shared/contracts/storefront.ts'
import { money } from '#shared/money/money.ts'
import type { UserActor } from '#server/platform/http.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import showCreditNotePdf from '../../server/api/portal/invoices/[id]/credit-notes/[noteId]/pdf.get.ts'
import spendCredit from '../../server/api/portal/invoices/[id]/credit.post.ts'
import cancelPayment from '../../server/api/portal/invoices/[id]/payments/[paymentId].delete.ts'
import startPayment from '../../server/api/portal/invoices/[id]/payments/index.post.ts'
import downloadInvoice from '../../server/api/portal/invoices/[id]/pdf.get.ts'
import listRefunds from '../../server/api/portal/invoices/[id]/refunds.get.ts'
import showInvoice from '../../server/api/portal/invoices/[id].get.ts'
import showWays from '../../server/api/portal/invoices/[id]/ways.get.ts'
import downloadXml from '../../server/api/portal/invoices/[id]/xml.get.ts'
import cancelDeposit from '../../server/api/portal/credit/deposits/[id].delete.ts'
import showOrder from '../../server/api/portal/orders/[id].get.ts'
import actOnService from '../../server/api/portal/services/[id]/actions.post.ts'
import cancelChange from '../../server/api/portal/services/[id]/changes/[changeId].delete.ts'
import showChanges from '../../server/api/portal/services/[id]/changes/index.get.ts'
import requestChange from '../../server/api/portal/services/[id]/changes/index.post.ts'
import showService from '../../server/api/portal/services/[id].get.ts'
import { databaseKinds } from '../support/app.ts'
import { changesWorld, large } from '../support/changes.ts'
import type { ChangesWorld } from '../support/changes.ts'
import { serveRoutes } from '../support/http.ts'
import { clientActor, startPaymentWorld } from '../support/payments.ts'

/** Attacks that other products of the field fell to, by the number under which they are known. */
describe.each(databaseKinds())('attacks on money on %s', (kind) => {
  let w: Awaited<ReturnType<typeof startPaymentWorld>>
  let world: ChangesWorld
  let server: Awaited<ReturnType<typeof serveRoutes>>
  let actor: UserActor | null = null
  beforeAll(async () => {
    w = await startPaymentWorld(kind)
    world = await changesWorld(w.test)
    server = await serveRoutes(w.test.app, [
      ['get', '/i/{id}', showInvoice], ['get', '/i/{id}/pdf', downloadInvoice], ['get', '/i/{id}/xml', downloadXml], ['get', '/i/{id}/ways', showWays], ['get', '/i/{id}/refunds', listRefunds], ['post', '/i/{id}/payments', startPayment], ['delete', '/i/{id}/payments/{paymentId}', cancelPayment],
      ['post', '/i/{id}/credit', spendCredit], ['get', '/i/{id}/credit-notes/{noteId}/pdf', showCreditNotePdf], ['delete', '/deposits/{id}', cancelDeposit],
      ['get', '/o/{id}', showOrder], ['get', '/s/{id}', showService], ['post', '/s/{id}/actions', actOnService], ['get', '/s/{id}/changes', showChanges], ['post', '/s/{id}/changes', requestChange], ['delete', '/s/{id}/changes/{changeId}', cancelChange],
    ], (event) => {
      event.context.actor = actor
    })
  })
  afterAll(async () => {
    await server.close()
    await w.close()
  })
  const ledger = () => w.world.rows<{ n: number }>(sql`select count(*)::int as n from journal_entries`)
  const codeOf = (promise: Promise<unknown>) => promise.then(() => 'ok', (error: { code?: string }) => error.code ?? String(error))

  it('attack CVE-2023-3228, a7a16f8: whatever a browser adds to an order or to a change of plan, the server takes its own price, size and discount', async () => {
    const clientId = await world.shop.buyer()
    const productId = await world.plan('VPS Mini', { cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100 }, 100_000n)
    await world.addAddress(null)
    const forged = { price: '1', setup: '0', total: '1', discount: '99999', tax: '0', spec: large, discounts: [{ promoId: uuidv7(), amount: '99999' }], status: 'active', clientId: uuidv7(), currency: 'USD', quantity: -1 }
    const item = { ...world.shop.item(productId, world.templateId), ...forged }
    const body = portal.placeOrderBody.parse({ items: [item], promoCodes: [], ...forged })
    expect(Object.keys(body).sort()).toEqual(['items', 'promoCodes'])
    const order = await world.shop.ordering.placeOrder({ clientId, ...body, cartToken: null })
    expect(order.total).toMatchObject({ amount: '111000', currency: 'IDR' })
    const [service] = await world.shop.servicesOf(productId)
    expect(service).toMatchObject({ clientId, price: 100_000n, status: 'pending', spec: { cpuCores: 1, diskGiB: 20 } })
    const change = changeBody.parse({ productId, cycle: 'monthly', timing: 'now', ...forged, expectedTotal: '1' })
    expect(Object.keys(change).sort()).toEqual(['cycle', 'expectedTotal', 'productId', 'timing'])
    for (const [field, value] of [['cycle', 'hourly'], ['timing', 'yesterday'], ['productId', '\' or 1=1']] as const) expect(changeBody.safeParse({ productId, cycle: 'monthly', timing: 'now', [field]: value }).success).toBe(false)
  })

  it('attack d3fe778, 0bab8e7: an upgrade to a cheaper plan, to one of another hypervisor, not on sale, or at a price of the browser\'s is refused, and nothing is written', async () => {
    const built = await world.build()
    const elsewhere = await world.shop.product(await world.shop.connection(0), { spec: large, price: 250_000n })
    const pro = await world.plan('VPS Pro', large, 250_000n)
    const before = [await ledger(), await w.world.rows(sql`select count(*) from service_changes`)]
    for (const [product, more, code] of [
      [await world.plan('Murah', large, 1_000n), {}, 'not_an_upgrade'], [elsewhere, {}, 'product_elsewhere'], [await world.plan('Rahasia', large, 250_000n, { status: 'draft' }), {}, 'product_unavailable'],
      [await world.plan('Lama', large, 250_000n, { status: 'retired' }), {}, 'product_unavailable'], [uuidv7(), {}, 'product_unavailable'], [pro, { expectedTotal: '1' }, 'price_changed'], [pro, { cycle: 'triennially' as const }, 'product_unavailable'],
    ] as const) expect(await codeOf(world.ask(built, product, more))).toBe(code)
    expect([await ledger(), await w.world.rows(sql`select count(*) from service_changes`)]).toEqual(before)
  })

  it('attack 8961efa: a proven word about another amount books nothing; the same word again books nothing more', async () => {
    const order = await w.world.order()
    const view = await w.start(order, 'bca_va')
    const gatewayOrder = (await w.payment(view.id)).gatewayOrderId ?? ''
    const there = w.midtrans.state.transactions.find(transaction => transaction.orderId === gatewayOrder)
    if (!there) throw new Error('not charged')
    const entries = () => w.entries('payment_received', view.id)
    there.amount = 1_000
    w.midtrans.act.pay(gatewayOrder)
    await w.work()
    expect([await entries(), (await w.world.invoice(order.invoiceId)).status]).toEqual([0, 'issued'])
    there.amount = 111_000
    for (let i = 0; i < 5; i++) {
      w.midtrans.act.notify(gatewayOrder)
      await w.work()
    }
    expect([await entries(), (await w.world.invoice(order.invoiceId)).status]).toEqual([1, 'paid'])
  })

  it('attack 225cc69, faveo 3685: another client\'s invoice, document, payment, order, service or change is answered like one that does not exist, at every door', async () => {
    const built = await world.build()
    const { invoiceId } = built
    const open = await w.world.order({ clientId: built.clientId })
    const payment = await w.start(open, 'bca_va')
    const { noteId } = await w.test.app.billing.issueCreditNote({ invoiceId, lines: null, reason: 'x', actor: { kind: 'user', id: uuidv7(), name: 'Finance', role: 'finance' } })
    const before = await ledger()
    actor = clientActor(await w.world.client('Orang lain'))
    const ask = async (method: string, path: string, body?: object) => {
      const reply = await fetch(`${server.url}${path}`, { method, headers: { 'idempotency-key': uuidv7() }, ...(body ? { body: JSON.stringify(body) } : {}) })
      const text = await reply.text()
      return { status: reply.status, text: text.replace(/"requestId":"[^"]*"/, '').replace(/"instance":"[^"]*"/, '') }
    }
    const doors = (ids: { invoice: string, open: string, payment: string, note: string, order: string, service: string }): [string, string, object?][] => [
      ['GET', `/i/${ids.invoice}`], ['GET', `/i/${ids.invoice}/pdf`], ['GET', `/i/${ids.invoice}/xml`], ['GET', `/i/${ids.invoice}/ways`], ['GET', `/i/${ids.invoice}/refunds`], ['GET', `/i/${ids.invoice}/credit-notes/${ids.note}/pdf`], ['POST', `/i/${ids.open}/payments`, { method: 'qris' }], ['DELETE', `/i/${ids.open}/payments/${ids.payment}`],
      ['POST', `/i/${ids.open}/credit`, {}], ['GET', `/o/${ids.order}`], ['GET', `/s/${ids.service}`], ['POST', `/s/${ids.service}/actions`, { action: 'cancel' }], ['GET', `/s/${ids.service}/changes`], ['POST', `/s/${ids.service}/changes`, { productId: ids.order, cycle: 'monthly', timing: 'now' }], ['DELETE', `/s/${ids.service}/changes/${ids.note}`], ['DELETE', `/deposits/${ids.open}`],
    ]
    const foreign = doors({ invoice: invoiceId, open: open.invoiceId, payment: payment.id, note: noteId, order: built.orderId, service: built.serviceId })
    const unknown = doors({ invoice: uuidv7(), open: uuidv7(), payment: uuidv7(), note: uuidv7(), order: uuidv7(), service: uuidv7() })
    for (const [i, [method, path, body]] of foreign.entries()) {
      const [theirs, nobodys] = [await ask(method, path, body), await ask(method, unknown[i]?.[1] ?? '', body)]
      expect({ door: path, ...theirs }).toEqual({ door: path, ...nobodys })
      // Spending credit is refused for a foreign invoice as for none: it cannot be paid so.
      expect([path, theirs.status]).toEqual([path, path.endsWith('/credit') ? 409 : 404])
    }
    expect(await ledger()).toEqual(before)
    expect((await w.payment(payment.id)).status).toBe('pending')
  })

  it('attack ac6f9ad, bc44d62: every door at which a promo code can be guessed counts the guesses', () => {
    const doors: readonly { readonly path: string, readonly rateLimit?: { readonly limit: number, readonly seconds: number } }[] = [storefront.showPromoOffer, storefront.putCart, portal.placeOrder]
    for (const contract of doors) expect([contract.path, contract.rateLimit?.seconds ? contract.rateLimit.limit / contract.rateLimit.seconds <= 2 : false]).toEqual([contract.path, true])
    expect(storefront.cartInput.safeParse({ items: [], promoCodes: Array.from({ length: 50 }, (_, i) => `CODE${i}`) }).success).toBe(false)
  })

  it('attack CVE-2026-31051: a hundred requests at once to spend one balance spend it once, and it is never negative', async () => {
    const order = await w.world.order()
    const { clientId } = order
    await w.test.app.core.transact(stores => w.test.app.billing.creditClient(stores, { clientId, amount: money(50_000), causeId: uuidv7(), memo: 'x', actor: { kind: 'system', name: 'test' } }))
    await Promise.allSettled(Array.from({ length: 100 }, () => w.test.app.core.transact(stores => w.test.app.billing.applyCredit(stores, { invoiceId: order.invoiceId, clientId, atMost: null, causeId: uuidv7(), actor: clientActor(clientId) }))))
    expect(await w.test.app.core.read.ledger.credit(clientId)).toBe(0n)
    expect((await w.test.app.core.read.ledger.outstanding([order.invoiceId])).get(order.invoiceId)).toBe(61_000n)
  })

  it.each(['\'; drop table invoices; --', '\' or \'1\'=\'1', '%', '_', '\\', '") union select password_hash from users --', '$1'])('attack 832b364, df51900: a search for %j among invoices, payments and entries is a search for those letters', async (q) => {
    await w.world.order()
    const { billing, payments } = w.test.app
    const found = [
      await billing.listInvoices({ page: 1, pageSize: 5, q }), await billing.listEntries({ page: 1, pageSize: 5, q }), await payments.listPayments({ page: 1, pageSize: 5, q }),
    ]
    for (const page of found) expect(page.items).toEqual([])
    expect((await w.world.rows<{ n: number }>(sql`select count(*)::int as n from invoices`))[0]?.n).toBeGreaterThan(0)
  })
})
