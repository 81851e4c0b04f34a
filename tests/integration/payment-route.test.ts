import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { UserActor } from '#server/platform/http.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import showInvoice from '../../server/api/portal/invoices/[id].get.ts'
import startPayment from '../../server/api/portal/invoices/[id]/payments/index.post.ts'
import { databaseKinds } from '../support/app.ts'
import { serveRoutes } from '../support/http.ts'
import { clientActor, startPaymentWorld } from '../support/payments.ts'

describe.each(databaseKinds())('paying over HTTP on %s', (kind) => {
  let w: Awaited<ReturnType<typeof startPaymentWorld>>
  let server: Awaited<ReturnType<typeof serveRoutes>>
  let actor: UserActor | null = null
  beforeAll(async () => {
    w = await startPaymentWorld(kind)
    server = await serveRoutes(w.test.app, [['get', '/api/portal/invoices/{id}', showInvoice], ['post', '/api/portal/invoices/{id}/payments', startPayment]], (event) => {
      event.context.actor = actor
    })
  })
  afterEach(() => w.midtrans.faults.clear())
  afterAll(async () => {
    await server.close()
    await w.close()
  })
  const call = async (method: string, path: string, locale = 'id', body?: unknown) => {
    const reply = await fetch(`${server.url}/api/portal/invoices/${path}`, { method, headers: { 'x-gardu-locale': locale }, ...(body ? { body: JSON.stringify(body) } : {}) })
    return { status: reply.status, retryAfter: reply.headers.get('retry-after'), body: await reply.json() as Record<string, unknown> }
  }
  const pay = (invoiceId: string, locale = 'id') => call('POST', `${invoiceId}/payments`, locale, { method: 'qris' })

  it.each([['answers 503', { failNext: 100, failStatus: 503 }], ['cuts every line', { down: true }]] as const)('gateway down, it %s: the buyer reads in both languages that the invoice stays payable, and it is', async (_, fault) => {
    const order = await w.world.order()
    actor = clientActor(order.clientId)
    for (const [locale, words] of [['id', /tagihan tetap dapat dibayar/i], ['en', /invoice stays payable/i]] as const) {
      w.midtrans.faults.set(fault)
      const refused = await pay(order.invoiceId, locale)
      expect(refused).toMatchObject({ status: 503, body: { code: 'gateway_unavailable', title: expect.stringMatching(words) as string } })
      expect(Number(refused.retryAfter)).toBeGreaterThan(0)
      w.midtrans.faults.clear()
      // A start whose outcome is unknown blocks the next one for a minute.
      w.test.clock.advance(61_000)
    }
    const shown = await call('GET', order.invoiceId)
    expect(shown.body).toMatchObject({ status: 'issued', outstanding: { amount: '111000' } })
    expect((shown.body as { methods: { method: string }[] }).methods.map(({ method }) => method)).toEqual(expect.arrayContaining(['qris', 'bca_va']))
    expect((await pay(order.invoiceId)).status).toBe(201)
    expect((await call('GET', order.invoiceId)).body).toMatchObject({ activePayment: { status: 'pending', method: 'qris' } })
  })

  it('a foreign invoice id is answered byte for byte like one that does not exist', async () => {
    const { invoiceId } = await w.world.order()
    actor = clientActor(await w.world.client('Orang lain'))
    const [foreign, unknown] = [await pay(invoiceId), await pay(uuidv7())]
    for (const answer of [foreign, unknown]) delete answer.body.requestId
    expect(foreign).toEqual(unknown)
    expect(foreign).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })
})
