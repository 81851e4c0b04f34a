import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import type { UserActor } from '#server/platform/http.ts'
import checkCoretax from '../../server/api/admin/coretax/index.get.ts'
import coretaxXml from '../../server/api/admin/coretax/xml.get.ts'
import showAdminInvoice from '../../server/api/admin/invoices/[id].get.ts'
import showCreditable from '../../server/api/admin/invoices/[id]/credit-notes/index.get.ts'
import issueCreditNote from '../../server/api/admin/invoices/[id]/credit-notes/index.post.ts'
import deleteDraft from '../../server/api/admin/invoices/[id]/draft.delete.ts'
import changeDraft from '../../server/api/admin/invoices/[id]/draft.put.ts'
import issueDraft from '../../server/api/admin/invoices/[id]/issue.post.ts'
import setTaxNumber from '../../server/api/admin/invoices/[id]/tax-number.put.ts'
import draftInvoice from '../../server/api/admin/invoices/index.post.ts'
import preview from '../../server/api/admin/invoices/preview.post.ts'
import showInvoice from '../../server/api/portal/invoices/[id].get.ts'
import notePdf from '../../server/api/portal/invoices/[id]/credit-notes/[noteId]/pdf.get.ts'
import noteXml from '../../server/api/portal/invoices/[id]/credit-notes/[noteId]/xml.get.ts'
import invoiceXml from '../../server/api/portal/invoices/[id]/xml.get.ts'
import listInvoices from '../../server/api/portal/invoices/index.get.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld, day, tester } from '../support/billing.ts'
import { serveRoutes } from '../support/http.ts'

describe.each(databaseKinds())('invoicing by hand on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  let server: Awaited<ReturnType<typeof serveRoutes>>
  let actor: UserActor | null = null
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false, env: { SELLER_NPWP: '98.765.432.1-098.7654' } })
    world = billingWorld(test.app)
    server = await serveRoutes(test.app, [
      ['get', '/api/admin/coretax', checkCoretax], ['get', '/api/admin/coretax/xml', coretaxXml], ['get', '/api/admin/invoices/{id}', showAdminInvoice], ['post', '/api/admin/invoices', draftInvoice], ['post', '/api/admin/invoices/preview', preview],
      ['put', '/api/admin/invoices/{id}/draft', changeDraft], ['delete', '/api/admin/invoices/{id}/draft', deleteDraft], ['post', '/api/admin/invoices/{id}/issue', issueDraft], ['put', '/api/admin/invoices/{id}/tax-number', setTaxNumber],
      ['get', '/api/admin/invoices/{id}/credit-notes', showCreditable], ['post', '/api/admin/invoices/{id}/credit-notes', issueCreditNote],
      ['get', '/api/portal/invoices', listInvoices], ['get', '/api/portal/invoices/{id}', showInvoice], ['get', '/api/portal/invoices/{id}/xml', invoiceXml],
      ['get', '/api/portal/invoices/{id}/credit-notes/{noteId}/pdf', notePdf], ['get', '/api/portal/invoices/{id}/credit-notes/{noteId}/xml', noteXml],
    ], (event) => {
      event.context.actor = actor
    })
    await as('finance')
  })
  afterAll(async () => {
    await server.close()
    await test.close()
  })
  const as = async (role: UserActor['role'], id?: string) => {
    actor = { kind: 'user', id: id ?? await world.client('Petugas'), name: 'Petugas', role }
  }
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${server.url}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
    const text = await response.text()
    return { status: response.status, text, body: text.startsWith('{') ? JSON.parse(text) : null }
  }
  const rupiah = (amount: number) => ({ amount: String(amount), currency: 'IDR' })
  const draft = (clientId: string, lines = [{ description: 'Migrasi server', quantity: 3, unitPrice: rupiah(250_000) }]) => ({ clientId, lines, termDays: 14, note: 'PO 7' })
  const write = async (clientId: string, lines?: Parameters<typeof draft>[1]) => (await call('POST', '/api/admin/invoices', draft(clientId, lines))).body
  const issue = async (clientId: string, lines?: Parameters<typeof draft>[1]) => {
    const { id, total } = await write(clientId, lines)
    return (await call('POST', `/api/admin/invoices/${id}/issue`, { expectedTotal: total })).body
  }
  const credit = (id: string, body: object) => call('POST', `/api/admin/invoices/${id}/credit-notes`, body)
  const findings = async () => {
    test.clock.advance(1_000)
    await test.app.billing.handlers['billing.ledger-audit-due']({ requestedBy: 'test' })
    return (await test.app.billing.listLedgerAudits({ page: 1, pageSize: 1 })).items[0]?.findings
  }

  it('a draft has no number, books nothing and is nobody\'s to see but staff\'s; issued, it has all of it and the parties of that moment', async () => {
    const clientId = await world.client()
    expect((await call('POST', '/api/admin/invoices/preview', { lines: draft(clientId).lines })).body).toMatchObject({ subtotal: rupiah(750_000), tax: rupiah(82_500), total: rupiah(832_500) })
    const written = await write(clientId)
    expect(written).toMatchObject({ number: null, status: 'draft', termDays: 14, note: 'PO 7', journal: [], rail: [], lines: [{ kind: 'other', quantity: 3, unitPrice: rupiah(250_000), amount: rupiah(750_000) }] })
    const staff = actor
    await as('client', clientId)
    expect((await call('GET', '/api/portal/invoices')).body.total).toBe(0)
    for (const path of ['', '/xml']) expect((await call('GET', `/api/portal/invoices/${written.id}${path}`)).status).toBe(404)
    actor = staff
    const changed = await call('PUT', `/api/admin/invoices/${written.id}/draft`, { ...draft(clientId, [{ description: 'Migrasi', quantity: 1, unitPrice: rupiah(1_000_000) }, { description: 'Konsultasi', quantity: 2, unitPrice: rupiah(50_000) }]), termDays: 7 })
    expect(changed.body).toMatchObject({ total: rupiah(1_221_000), lines: [{ description: 'Migrasi' }, { quantity: 2 }] })
    expect((await call('POST', `/api/admin/invoices/${written.id}/issue`, { expectedTotal: written.total })).body.code).toBe('conflict')
    await world.rows(sql`update client_profiles set company_name = 'CV Baru' where user_id = ${clientId}`)
    const issued = await call('POST', `/api/admin/invoices/${written.id}/issue`, { expectedTotal: changed.body.total })
    expect(issued.body).toMatchObject({ status: 'issued', number: expect.stringMatching(/^INV-2026-\d{6}$/), buyer: { name: 'CV Baru' }, outstanding: rupiah(1_221_000), stampDuty: false, rail: [{ kind: 'issued' }, { kind: 'due' }] })
    expect(Date.parse(issued.body.dueAt) - Date.parse(issued.body.issuedAt)).toBe(7 * day)
    expect(await world.mails('invoice_issued', clientId)).toHaveLength(1)
    for (const [method, path] of [['PUT', 'draft'], ['POST', 'issue']] as const) expect((await call(method, `/api/admin/invoices/${written.id}/${path}`, path === 'draft' ? draft(clientId) : { expectedTotal: written.total })).body.code).toBe('invoice_not_draft')
    expect((await call('DELETE', `/api/admin/invoices/${written.id}/draft`)).body.code).toBe('invoice_not_draft')
    expect((await world.rows<{ action: string }>(sql`select action from audit_log where entity_id = ${written.id} order by at, id`)).map(row => row.action)).toEqual(['invoice.draft', 'invoice.draft_change', 'invoice.issue'])
    await world.pay(written.id)
    expect((await world.invoice(written.id)).status).toBe('paid')
  })

  it('a deleted draft leaves no gap; one for nobody, for nothing, or for a client without an address is refused', async () => {
    const clientId = await world.client()
    const before = await issue(clientId)
    const thrown = await write(clientId)
    expect((await call('DELETE', `/api/admin/invoices/${thrown.id}/draft`)).status).toBe(204)
    expect((await call('GET', `/api/admin/invoices/${thrown.id}`)).status).toBe(404)
    const after = await issue(clientId)
    expect(Number(after.number.slice(-6)) - Number(before.number.slice(-6))).toBe(1)
    expect((await call('POST', '/api/admin/invoices', draft('01900000-0000-7000-8000-00000000dead'))).body.errors).toMatchObject([{ path: 'clientId', code: 'client_unknown' }])
    expect((await call('POST', '/api/admin/invoices', draft(clientId, [{ description: 'Gratis', quantity: 1, unitPrice: rupiah(0) }]))).body.errors).toMatchObject([{ code: 'amount_positive' }])
    const bare = await write(clientId)
    await world.rows(sql`delete from client_profiles where user_id = ${clientId}`)
    expect((await call('POST', `/api/admin/invoices/${bare.id}/issue`, { expectedTotal: bare.total })).body.code).toBe('client_profile_missing')
    const staff = actor
    await as('business')
    expect((await call('POST', '/api/admin/invoices', draft(clientId))).status).toBe(403)
    actor = staff
  })

  it('overdue by hand means overdue, and nothing more: no notice, no service touched', async () => {
    const clientId = await world.client()
    const issued = await issue(clientId)
    test.clock.advance(20 * day)
    expect((await world.sweep()).failed).toBe(0)
    expect((await call('GET', `/api/admin/invoices/${issued.id}`)).body).toMatchObject({ status: 'issued', overdue: true, rail: [{ kind: 'issued' }, { kind: 'due', done: true }] })
    expect(await world.notices(issued.id)).toEqual([])
  })

  it('a credit note lowers what is owed by line and PPN, never by more than is left, and the rest paid settles the invoice', async () => {
    const clientId = await world.client()
    const issued = await issue(clientId, [{ description: 'Migrasi', quantity: 1, unitPrice: rupiah(100_001) }, { description: 'Konsultasi', quantity: 1, unitPrice: rupiah(50_000) }])
    const [first, second] = (await call('GET', `/api/admin/invoices/${issued.id}/credit-notes`)).body.items
    const part = (lineId: string, amount: number) => ({ reason: 'salah harga', lines: [{ lineId, amount: rupiah(amount) }] })
    expect((await credit(issued.id, part(second.id, 50_001))).body.errors).toMatchObject([{ path: 'lines.0.amount', code: 'credit_too_high' }])
    expect((await credit(issued.id, part(first.id, 0))).body.errors).toMatchObject([{ code: 'amount_positive' }])
    const noted = await credit(issued.id, part(second.id, 50_000))
    expect(noted.body).toMatchObject({ status: 'issued', total: rupiah(166_501), outstanding: rupiah(111_002), credited: rupiah(55_499), paid: rupiah(0), creditNotes: [{ number: expect.stringMatching(/^CN-2026-\d{6}$/), tax: rupiah(5_499), toCredit: rupiah(0) }] })
    expect((await credit(issued.id, part(second.id, 1))).body.errors).toMatchObject([{ code: 'credit_too_high' }])
    await world.pay(issued.id)
    expect((await call('GET', `/api/admin/invoices/${issued.id}`)).body).toMatchObject({ status: 'paid', paid: rupiah(111_002) })
    const whole = await credit(issued.id, { reason: 'batal' })
    expect(whole.body).toMatchObject({ status: 'paid', credited: rupiah(166_501), creditNotes: [{}, { toCredit: rupiah(111_002) }] })
    expect(await test.app.core.read.ledger.credit(clientId)).toBe(111_002n)
    expect((await credit(issued.id, { reason: 'lagi' })).body.code).toBe('invoice_not_creditable')
    expect(await world.mails('credit_note_issued', clientId)).toHaveLength(2)
    expect(await findings()).toEqual([])
  })

  it('a whole credit of an unpaid first invoice closes it and builds nothing; of a renewal, the service is not renewed for it', async () => {
    const order = await world.order()
    await world.pay(order.invoiceId, 11_000n)
    const closed = await credit(order.invoiceId, { reason: 'pesanan keliru' })
    expect(closed.body).toMatchObject({ status: 'void', outstanding: rupiah(0), creditNotes: [{ total: rupiah(111_000), toCredit: rupiah(11_000) }] })
    expect([(await world.service(order.serviceId)).status, (await world.orderRow(order.orderId)).status]).toEqual(['ended', 'cancelled'])
    expect(await world.jobs('billing.service-paid', 'serviceId', order.serviceId)).toBe(0)
    expect(await test.app.core.read.ledger.credit(order.clientId)).toBe(11_000n)
    const late = await world.pay(order.invoiceId, 100_000n)
    expect(late).toMatchObject({ toCredit: money(100_000), invoicePaid: false })
    const live = await world.running()
    test.clock.advance(17 * day)
    await test.app.billing.runBilling({ actor: { kind: 'system', name: 'test' }, confirmBrake: true })
    const renewal = (await world.invoicesOf(live.serviceId)).at(-1)?.id ?? ''
    expect((await credit(renewal, { reason: 'salah' })).body.status).toBe('void')
    expect(await world.periods(live.serviceId)).toHaveLength(1)
    expect((await world.service(live.serviceId)).status).toBe('active')
    expect(await findings()).toEqual([])
  })

  it('what credit notes took is not taken again when the rest of the invoice is voided or lost', async () => {
    const clientId = await world.client()
    const issued = await issue(clientId)
    const [line] = (await call('GET', `/api/admin/invoices/${issued.id}/credit-notes`)).body.items
    await world.pay(issued.id, 32_500n)
    await credit(issued.id, { reason: 'sebagian', lines: [{ lineId: line.id, amount: rupiah(250_000) }] })
    await test.app.billing.voidInvoice({ invoiceId: issued.id, reason: 'ditarik', actor: { kind: 'system', name: 'test' } })
    const sums = await world.rows<{ account: string, sum: string }>(sql`select account, sum(amount)::text as sum from journal_lines where invoice_id = ${issued.id} and account <> 'gateway_clearing' group by account order by account`)
    expect(sums.filter(row => row.sum !== '0')).toEqual([{ account: 'client_credit', sum: '-32500' }])
    expect(await findings()).toEqual([])
  })

  it('a payment that is taken back after a credit note leaves owed what was not credited: the note pays its part again', async () => {
    const clientId = await world.client()
    const invoice = await issue(clientId)
    const { paymentId } = await world.pay(invoice.id)
    await credit(invoice.id, { reason: 'gangguan', lines: [{ lineId: (await call('GET', `/api/admin/invoices/${invoice.id}/credit-notes`)).body.items[0].id, amount: rupiah(200_000) }] })
    expect(await test.app.core.read.ledger.credit(clientId)).toBe(222_000n)
    const total = BigInt(invoice.total.amount)
    await test.app.core.transact(stores => test.app.billing.reversePayment(stores, { paymentId, invoiceId: invoice.id, clientId, gateway: 'midtrans', amount: money(total), at: test.clock.now(), actor: tester, cause: 'denied' }))
    expect((await world.invoice(invoice.id)).status).toBe('issued')
    expect([(await test.app.core.read.ledger.outstanding([invoice.id])).get(invoice.id), await test.app.core.read.ledger.credit(clientId)]).toEqual([total - 222_000n, 0n])
    // What else the client has stays theirs, however often money comes and goes.
    const again = await world.pay(invoice.id)
    await test.app.core.transact(stores => test.app.billing.creditClient(stores, { clientId, amount: money(500_000n), causeId: 'other', memo: 'other', actor: tester }))
    await test.app.core.transact(stores => test.app.billing.reversePayment(stores, { paymentId: again.paymentId, invoiceId: invoice.id, clientId, gateway: 'midtrans', amount: money(total - 222_000n), at: test.clock.now(), actor: tester, cause: 'denied' }))
    expect(await test.app.core.read.ledger.credit(clientId)).toBe(500_000n)
  })

  it('of ten credit notes at once over the whole invoice one is issued, and its series has no gap', async () => {
    const issued = await issue(await world.client())
    const answers = await Promise.all(Array.from({ length: 10 }, () => credit(issued.id, { reason: 'batal' })))
    expect(answers.map(answer => answer.status).sort()).toEqual([201, ...Array.from({ length: 9 }, () => 409)])
    const rows = await world.rows<{ sequence: number }>(sql`select sequence from credit_notes order by sequence`)
    expect(rows.map(row => row.sequence)).toEqual(rows.map((_, i) => i + 1))
    await expect(world.rows(sql`update credit_notes set reason = 'lain'`)).rejects.toThrow()
  })

  it('a client downloads own documents and no other\'s: UBL of the invoice, PDF and UBL of its note', async () => {
    const clientId = await world.client()
    const issued = await issue(clientId, [{ description: 'A & <B>', quantity: 2, unitPrice: rupiah(3_000_000) }])
    expect(issued.stampDuty).toBe(true)
    const [note] = (await credit(issued.id, { reason: 'batal' })).body.creditNotes
    const other = await issue(clientId)
    const staff = actor
    await as('client', clientId)
    const xml = await call('GET', `/api/portal/invoices/${issued.id}/xml`)
    expect(xml.text).toContain('<cbc:Name>A &amp; &lt;B&gt;</cbc:Name>')
    expect(xml.text).toContain('<cbc:PriceAmount currencyID="IDR">3000000</cbc:PriceAmount>')
    expect((await call('GET', `/api/portal/invoices/${issued.id}/credit-notes/${note.id}/pdf?locale=en`)).text.slice(0, 5)).toBe('%PDF-')
    expect((await call('GET', `/api/portal/invoices/${issued.id}/credit-notes/${note.id}/xml`)).text).toContain(`<cbc:ID>${note.number}</cbc:ID>`)
    expect((await call('GET', `/api/portal/invoices/${other.id}/credit-notes/${note.id}/xml`)).status).toBe(404)
    await as('client', await world.client())
    for (const path of ['xml', `credit-notes/${note.id}/pdf`, `credit-notes/${note.id}/xml`]) expect((await call('GET', `/api/portal/invoices/${issued.id}/${path}`)).status).toBe(404)
    actor = staff
  })

  it('a faktur pajak number has seventeen digits, belongs to one invoice and leaves an audit row; the client sees it', async () => {
    const clientId = await world.client()
    const [one, other] = [await issue(clientId), await issue(clientId)]
    expect((await call('PUT', `/api/admin/invoices/${one.id}/tax-number`, { number: '040025' })).body.errors).toMatchObject([{ code: 'tax_number_shape' }])
    expect((await call('PUT', `/api/admin/invoices/${one.id}/tax-number`, { number: '04002500123456789' })).body.taxInvoiceNumber).toBe('04002500123456789')
    expect((await call('PUT', `/api/admin/invoices/${other.id}/tax-number`, { number: '04.002500-123456789' })).body.code).toBe('tax_number_taken')
    expect((await call('PUT', `/api/admin/invoices/${one.id}/tax-number`, { number: null })).body.taxInvoiceNumber).toBeNull()
    expect(await world.rows(sql`select 1 from audit_log where entity_id = ${one.id} and action = 'invoice.tax_number'`)).toHaveLength(2)
  })

  it('the Coretax file of a month holds its issued invoices in order and names what it leaves out', async () => {
    test.clock.set('2027-03-10T03:00:00Z')
    const [company, person, unknown] = [await world.client('PT Maju'), await world.client('Budi'), await world.client('Tanpa NPWP')]
    await world.rows(sql`update client_profiles set npwp = '0123456789012345' where user_id = ${company}`)
    await world.rows(sql`update client_profiles set nik = '3273010101010001' where user_id = ${person}`)
    const [a, b, c, voided] = [await issue(company), await issue(person), await issue(unknown), await issue(company)]
    await test.app.billing.voidInvoice({ invoiceId: voided.id, reason: 'salah', actor: { kind: 'system', name: 'test' } })
    const draftOnly = await write(company)
    expect((await call('GET', '/api/admin/coretax?month=2027-03')).body).toMatchObject({ sellerTin: '9876543210987654', ready: 2, tax: rupiah(165_000), lacking: 1, missing: [{ number: c.number, lacks: ['buyer_tax_id'] }] })
    const file = (await call('GET', '/api/admin/coretax/xml?month=2027-03')).text
    expect([...file.matchAll(/<RefDesc>([^<]*)/g)].map(match => match[1])).toEqual([a.number, b.number])
    expect(file.endsWith('</TaxInvoiceBulk>\n')).toBe(true)
    expect((await call('GET', '/api/admin/coretax/xml?month=2027-02')).text).not.toContain('<TaxInvoice>')
    expect((await call('GET', '/api/admin/coretax?month=2027-04')).body.errors).toMatchObject([{ path: 'month', code: 'month_in_future' }])
    await call('DELETE', `/api/admin/invoices/${draftOnly.id}/draft`)
  })
})
