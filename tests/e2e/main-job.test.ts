import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { apiClient, atMidtrans, codeFor, inboxOf, logIn, until } from '../support/journey.ts'

describe('the main job over the API of the built demo', () => {
  let demo: Demo
  let client: ReturnType<typeof apiClient>
  let invoiceId = ''
  let serviceId = ''
  const email = `siti-${process.pid}@contoh.test`
  const password = 'bukit-Barisan-77'
  const service = async () => (await client.get(`/api/portal/services/${serviceId}`)).body
  const advance = async (advanceBy: string) => expect((await apiClient(demo.url).post('/api/demo/clock', { advance: advanceBy })).status).toBe(200)
  const machines = async () => Object.values(((await (await fetch(`${demo.controlUrl}/state/proxmox`)).json()) as { machines: Record<string, { vmid: number, config: { template?: string } }> }).machines).filter(machine => machine.config.template !== '1')

  beforeAll(async () => {
    demo = await startDemo()
  })
  afterAll(async () => {
    await demo?.stop()
  })

  it('a visitor registers, verifies the e-mail and logs in', async () => {
    const visitor = apiClient(demo.url)
    expect((await visitor.post('/api/auth/register', { name: 'Siti Rahma', email, password })).status).toBe(202)
    expect((await visitor.post('/api/auth/login', { email, password })).body.code).toBe('email_unverified')
    expect((await visitor.post('/api/auth/verify-email', { email, code: await codeFor(demo, email) })).status).toBe(200)
    const login = await visitor.post('/api/auth/login', { email, password })
    expect(login.body).toMatchObject({ accessToken: expect.any(String), refreshToken: expect.any(String), expiresIn: 900 })
    client = apiClient(demo.url, login.body.accessToken)
    expect((await client.get('/api/auth/me')).body).toMatchObject({ email, role: 'client', profileComplete: false })
  })

  it('orders only after the profile is complete, at the server\'s price', async () => {
    const { items } = (await client.get('/api/storefront/products?kind=vps')).body
    const product = items[0]
    const order = { items: [{ productId: product.id, cycle: 'monthly', hostname: 'web-1.contoh.id', templateId: product.templates[0].id }], promoCodes: [] }
    expect((await client.post('/api/portal/orders', order)).body.code).toBe('profile_incomplete')
    expect((await client.put('/api/portal/profile', { kind: 'person', nik: '3171234567890123', phone: '0812 3456 7890', addressLine: 'Jl. Melati No. 5', city: 'Bandung', province: 'Jawa Barat', postalCode: '40115' })).status).toBe(200)
    const tampered = await client.post('/api/portal/orders', { ...order, expectedTotal: '1' })
    expect([tampered.status, tampered.body.code]).toEqual([409, 'price_changed'])
    const placed = await client.post('/api/portal/orders', order, { 'idempotency-key': 'order-1' })
    const again = await client.post('/api/portal/orders', order, { 'idempotency-key': 'order-1' })
    expect(placed.status).toBe(201)
    expect(again.body).toEqual(placed.body)
    invoiceId = placed.body.invoiceId
    serviceId = placed.body.items[0].serviceId
    const monthly = product.prices.find((p: { cycle: string }) => p.cycle === 'monthly')
    expect(placed.body.total.amount).toBe(String(BigInt(monthly.priceWithTax.amount)))
  })

  it('pays by BCA VA; the webhook turns the invoice to paid and the machine is built, once', async () => {
    const before = (await machines()).length
    const payment = await client.post(`/api/portal/invoices/${invoiceId}/payments`, { method: 'bca_va' })
    expect(payment.status).toBe(201)
    const number = payment.body.instructions.vaNumber as string
    expect(number).toMatch(/^\d{8,}$/)
    const again = await client.post(`/api/portal/invoices/${invoiceId}/payments`, { method: 'bca_va' })
    expect(again.body.id).toBe(payment.body.id)
    await atMidtrans(demo, number)
    const invoice = await until('the invoice is paid', async () => (await client.get(`/api/portal/invoices/${invoiceId}`)).body, body => body.status === 'paid')
    expect(invoice.outstanding.amount).toBe('0')
    const active = await until('the service is active', service, body => body.status === 'active' && body.resourceStatus === 'ready', 60)
    expect(active).toMatchObject({ power: 'running', credentialsAvailable: true, ipv4: expect.stringMatching(/^203\.0\.113\.\d+$/) })
    expect((await machines()).length).toBe(before + 1)
    const { firewalls } = await (await fetch(`${demo.controlUrl}/state/proxmox`)).json() as { firewalls: Record<string, { options: object, ipsets: object }> }
    expect(Object.values(firewalls)).toContainEqual(expect.objectContaining({ options: expect.objectContaining({ enable: '1', ipfilter: '1', policy_in: 'ACCEPT' }), ipsets: { 'ipfilter-net0': expect.arrayContaining([{ cidr: active.ipv4 }, { cidr: active.ipv6?.address.replace(/::1$/, '::/64') }]) } }))
    expect(await (await fetch(`${demo.controlUrl}/proxmox`)).text()).toContain('web-1.contoh.id')
    expect(active.sagas[0].steps.every((step: { status: string }) => step.status === 'done' || step.status === 'skipped')).toBe(true)
    await until('the mail of the ready service', () => inboxOf(demo, email), messages => messages.some(m => m.text.includes('web-1.contoh.id')))
  })

  it('shows the credentials once', async () => {
    const shown = await client.post(`/api/portal/services/${serviceId}/credentials`)
    expect(shown.body.password.length).toBeGreaterThan(11)
    expect((await client.post(`/api/portal/services/${serviceId}/credentials`)).status).toBe(410)
  })

  it('the client stops and starts the machine', async () => {
    expect((await client.post(`/api/portal/services/${serviceId}/actions`, { action: 'stop' })).status).toBe(202)
    await until('the machine is stopped', service, body => body.power === 'stopped' && body.sagas[0].status === 'done')
    expect((await client.post(`/api/portal/services/${serviceId}/actions`, { action: 'start' })).status).toBe(202)
    await until('the machine runs', service, body => body.power === 'running' && body.sagas[0].status === 'done')
  })

  it('downloads the invoice as PDF, and nobody else does', async () => {
    const other = await logIn(demo, 'client@demo.gardu.test')
    expect((await other.get(`/api/portal/invoices/${invoiceId}`)).body).toMatchObject({ status: 404, code: 'not_found' })
    expect((await other.get(`/api/portal/invoices/${invoiceId}/pdf`)).status).toBe(404)
    const me = await apiClient(demo.url).post('/api/auth/login', { email, password })
    const pdf = await fetch(`${demo.url}/api/portal/invoices/${invoiceId}/pdf`, { headers: { authorization: `Bearer ${me.body.accessToken}` } })
    expect(pdf.headers.get('content-type')).toContain('application/pdf')
    expect(Buffer.from(await pdf.arrayBuffer()).subarray(0, 5).toString()).toBe('%PDF-')
  })

  it('a month later: renewal invoice, reminders, suspension three days after the due date', async () => {
    await advance('P20D')
    const renewal = await until('the renewal invoice', async () => (await client.get('/api/portal/invoices?status=issued')).body, body => body.items.length === 1)
    invoiceId = renewal.items[0].id
    await advance('P12D')
    expect((await service()).status).toMatch(/active|past_due/)
    await advance('P4D')
    const suspended = await until('the suspension', service, body => body.status === 'suspended' && body.resourceStatus === 'stopped_by_policy', 60)
    expect(suspended).toMatchObject({ suspensionReason: 'nonpayment', allowedActions: [] })
    const refused = await client.post(`/api/portal/services/${serviceId}/actions`, { action: 'start' })
    expect([refused.status, refused.body.code]).toEqual([402, 'service_suspended'])
    const mails = await inboxOf(demo, email)
    expect(mails.length).toBeGreaterThanOrEqual(5)
  })

  it('a payment brings the machine back', async () => {
    const payment = await client.post(`/api/portal/invoices/${invoiceId}/payments`, { method: 'bni_va' })
    expect(payment.status).toBe(201)
    await atMidtrans(demo, payment.body.instructions.vaNumber)
    const back = await until('the return', service, body => body.status === 'active' && body.resourceStatus === 'ready', 60)
    expect(back.power).toBe('running')
  })

  it('without payment the service ends and its machine is destroyed, no other', async () => {
    const before = await machines()
    await advance('P30D')
    await advance('P12D')
    await advance('P12D')
    await until('the end', service, body => body.status === 'ended' && body.resourceStatus === 'destroyed', 60)
    expect((await machines()).length).toBe(before.length - 1)
  })

  it('at the end the ledger sums to zero and Finance sees every payment', async () => {
    const finance = await logIn(demo, 'finance@demo.gardu.test')
    const payments = (await finance.get('/api/admin/payments?status=settled')).body
    expect(payments.items.filter((p: { clientName: string }) => p.clientName === 'Siti Rahma')).toHaveLength(2)
    const journal = (await finance.get(`/api/admin/invoices/${invoiceId}`)).body.journal as { amount: { amount: string } }[]
    expect(journal.length).toBeGreaterThan(0)
    expect(journal.reduce((sum, line) => sum + BigInt(line.amount.amount), 0n)).toBe(0n)
  })
})
