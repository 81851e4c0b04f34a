import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { UserActor } from '#server/platform/http.ts'
import setHold from '../../server/api/admin/billing/holds/[id].put.ts'
import showPlan from '../../server/api/admin/billing/plan.get.ts'
import runBilling from '../../server/api/admin/billing/run.post.ts'
import listRuns from '../../server/api/admin/billing/runs.get.ts'
import showAdminInvoice from '../../server/api/admin/invoices/[id].get.ts'
import recordPayment from '../../server/api/admin/invoices/[id]/payments.post.ts'
import voidInvoice from '../../server/api/admin/invoices/[id]/void.post.ts'
import listAdminInvoices from '../../server/api/admin/invoices/index.get.ts'
import showClock from '../../server/api/demo/clock.get.ts'
import advanceClock from '../../server/api/demo/clock.post.ts'
import showCredit from '../../server/api/portal/credit.get.ts'
import showInvoice from '../../server/api/portal/invoices/[id].get.ts'
import downloadInvoice from '../../server/api/portal/invoices/[id]/pdf.get.ts'
import listInvoices from '../../server/api/portal/invoices/index.get.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld } from '../support/billing.ts'
import { serveRoutes } from '../support/http.ts'

describe.each(databaseKinds())('billing routes on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  let server: Awaited<ReturnType<typeof serveRoutes>>
  let actor: UserActor | null = null
  const dataDir = mkdtempSync(join(tmpdir(), 'gardu-clock-'))
  const env = { GARDU_DEMO: '1', ...(kind === 'embedded' ? { GARDU_DATA_DIR: dataDir } : {}) }
  const start = async () => {
    test = await startTestApp({ kind, workers: false, env })
    world = billingWorld(test.app)
    server = await serveRoutes(test.app, [
      ['get', '/api/portal/invoices', listInvoices], ['get', '/api/portal/invoices/{id}', showInvoice], ['get', '/api/portal/invoices/{id}/pdf', downloadInvoice], ['get', '/api/portal/credit', showCredit],
      ['get', '/api/admin/invoices', listAdminInvoices], ['get', '/api/admin/invoices/{id}', showAdminInvoice], ['post', '/api/admin/invoices/{id}/void', voidInvoice], ['post', '/api/admin/invoices/{id}/payments', recordPayment],
      ['get', '/api/admin/billing/plan', showPlan], ['post', '/api/admin/billing/run', runBilling], ['get', '/api/admin/billing/runs', listRuns], ['put', '/api/admin/billing/holds/{id}', setHold], ['get', '/api/demo/clock', showClock], ['post', '/api/demo/clock', advanceClock],
    ], (event) => {
      event.context.actor = actor
    })
  }
  beforeAll(start)
  afterAll(async () => {
    await server.close()
    await test.close()
    rmSync(dataDir, { recursive: true, force: true })
  })
  const as = async (role: UserActor['role'], id?: string) => {
    actor = { kind: 'user', id: id ?? await world.client('Petugas'), name: 'Petugas', role }
  }
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${server.url}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
    const text = await response.text()
    return { status: response.status, body: text ? JSON.parse(text) : null }
  }

  it('a client sees own invoices with lines, rail and payments; a foreign one is not found, byte for byte', async () => {
    const mine = await world.order()
    const foreign = await world.order()
    await as('client', mine.clientId)
    const list = await call('GET', '/api/portal/invoices')
    expect(list.body).toMatchObject({ total: 1, items: [{ id: mine.invoiceId, status: 'issued', overdue: false, outstanding: { amount: '111000' } }] })
    const one = await call('GET', `/api/portal/invoices/${mine.invoiceId}`)
    expect(one.body).toMatchObject({ tax: { amount: '11000' }, dpp: { amount: '91666' }, buyer: { name: 'Sari Dewi' }, lines: [{ kind: 'service' }] })
    expect(one.body.rail.map((step: { kind: string }) => step.kind)).toEqual(['issued', 'reminder', 'due'])
    const [a, b] = [await call('GET', `/api/portal/invoices/${foreign.invoiceId}`), await call('GET', '/api/portal/invoices/01900000-0000-7000-8000-00000000dead')]
    expect(a.status).toBe(404)
    expect({ ...a.body, requestId: '' }).toEqual({ ...b.body, requestId: '' })
    expect((await fetch(`${server.url}/api/portal/invoices/${foreign.invoiceId}/pdf`)).status).toBe(404)
  })

  it('the PDF is answered with its type and a file name made of the number', async () => {
    const { invoiceId, clientId } = await world.order()
    await as('client', clientId)
    const response = await fetch(`${server.url}/api/portal/invoices/${invoiceId}/pdf?locale=en`)
    expect(response.headers.get('content-type')).toBe('application/pdf')
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="INV-2026-\d{6}\.pdf"$/)
    expect(Buffer.from(await response.arrayBuffer()).subarray(0, 5).toString()).toBe('%PDF-')
  })

  it('Finance lists, voids and books; a client or another role may not', async () => {
    const { invoiceId, clientId } = await world.order()
    await as('client', clientId)
    expect((await call('GET', '/api/admin/invoices')).status).toBe(403)
    await as('business')
    expect((await call('POST', `/api/admin/invoices/${invoiceId}/void`, { reason: 'salah pesan' })).status).toBe(403)
    await as('finance')
    const number = (await world.invoice(invoiceId)).number ?? ''
    expect((await call('GET', `/api/admin/invoices?q=${number}`)).body).toMatchObject({ total: 1, items: [{ clientName: 'Sari Dewi' }] })
    const paid = await call('POST', `/api/admin/invoices/${invoiceId}/payments`, { amount: { amount: '11000', currency: 'IDR' }, receivedOn: '2026-11-01', reference: 'BCA 7' })
    expect(paid).toMatchObject({ status: 201, body: { status: 'issued', outstanding: { amount: '100000' }, paid: { amount: '11000' } } })
    const voided = await call('POST', `/api/admin/invoices/${invoiceId}/void`, { reason: 'salah pesan' })
    expect(voided.body).toMatchObject({ status: 'void', outstanding: { amount: '0' } })
    expect((await call('POST', `/api/admin/invoices/${invoiceId}/void`, { reason: 'lagi lagi' })).body.code).toBe('invoice_not_payable')
    await as('client', clientId)
    expect((await call('GET', '/api/portal/credit')).body).toMatchObject({ balance: { amount: '11000' }, entries: { total: 1 } })
  })

  it('the demo clock moves day by day: P35D shows invoice, reminders, suspension in their order, and survives a restart', async () => {
    const { serviceId } = await world.running()
    const before = (await call('GET', '/api/demo/clock')).body
    for (const bad of ['P', 'P0D', 'P9999D', '-P1D', 'P1Y']) expect((await call('POST', '/api/demo/clock', { advance: bad })).status).toBe(422)
    // The mail server: it takes letters while the clock moves.
    const postman = setInterval(() => void world.post(), 20)
    const moved = await call('POST', '/api/demo/clock', { advance: 'P35DT1H' }).finally(() => clearInterval(postman))
    expect(Date.parse(moved.body.now) - Date.parse(before.now)).toBe(35 * 86_400_000 + 3_600_000)
    expect((await world.service(serviceId)).status).toBe('suspended')
    expect(await world.notices((await world.invoicesOf(serviceId)).at(-1)?.id ?? '')).toEqual(['before-7', 'before-3', 'due', 'after-1', 'final'])
    await as('finance')
    const runs = await call('GET', '/api/admin/billing/runs')
    expect(runs.body).toMatchObject({ total: 36, items: expect.arrayContaining([expect.objectContaining({ status: 'done', actor: 'system:demo.clock' })]) })
    if (kind === 'postgres') return
    await server.close()
    await test.close()
    await start()
    expect((await call('GET', '/api/demo/clock')).body.offsetSeconds).toBe(35 * 86_400 + 3600)
  })

  it('the plan is shown with reasons in the reader\'s language, one service is held, and the run does the rest', async () => {
    const [held, free] = [await world.running(), await world.running()]
    await as('finance')
    const now = test.app.core.clock.now().getTime()
    expect((await call('PUT', `/api/admin/billing/holds/${held.serviceId}`, { until: new Date(now + 40 * 86_400_000).toISOString(), reason: 'pindahan' })).status).toBe(204)
    test.clock.advance(17 * 86_400_000)
    const plan = await call('GET', '/api/admin/billing/plan?kind=issue_renewal_invoice&pageSize=100')
    const mine = plan.body.items.filter((item: { serviceId: string }) => [held.serviceId, free.serviceId].includes(item.serviceId))
    expect(mine.map((item: { held: boolean }) => item.held).sort()).toEqual([false, true])
    expect(mine[0].reason).toMatch(/^Masa aktif berakhir \d+ \w+ 20\d\d; tagihan perpanjangan/)
    expect((await call('POST', '/api/admin/billing/run', {})).body).toMatchObject({ status: 'done', failed: 0 })
    expect(await world.invoicesOf(free.serviceId)).toHaveLength(2)
    expect(await world.invoicesOf(held.serviceId)).toHaveLength(1)
    const later = await call('GET', `/api/admin/billing/plan?at=${encodeURIComponent(new Date(test.app.core.clock.now().getTime() + 20 * 86_400_000).toISOString())}`)
    expect(later.body.counts.suspend).toBeGreaterThan(0)
    expect((await call('GET', '/api/admin/billing/plan?at=2099-01-01T00:00:00Z')).body).toMatchObject({ status: 422, errors: [{ path: 'at', code: 'date_too_far' }] })
  })
})
