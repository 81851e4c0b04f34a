import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import type { UserActor } from '#server/platform/http.ts'
import downloadAnyProof from '../../server/api/admin/bank/proofs/[id].get.ts'
import previewStatement from '../../server/api/admin/bank/statements/preview.post.ts'
import downloadProof from '../../server/api/portal/invoices/[id]/payments/[paymentId]/proofs/[proofId].get.ts'
import uploadProof from '../../server/api/portal/invoices/[id]/payments/[paymentId]/proofs/index.post.ts'
import { databaseKinds } from '../support/app.ts'
import { day, hour } from '../support/billing.ts'
import { serveRoutes } from '../support/http.ts'
import { clientActor, financeActor, startPaymentWorld } from '../support/payments.ts'

const png = Uint8Array.from([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3])
const bytes = (text: string) => new TextEncoder().encode(text)

describe.each(databaseKinds())('paying without a gateway on %s', (kind) => {
  let w: Awaited<ReturnType<typeof startPaymentWorld>>
  let accountId = ''
  beforeAll(async () => {
    w = await startPaymentWorld(kind)
    accountId = (await w.test.app.payments.saveBankAccount({ id: null, bank: 'BCA', number: '1234567890', holder: 'PT Contoh', active: true, position: 1, actor: financeActor })).id
  })
  // Whatever a test did, the ledger proves itself.
  afterEach(async () => {
    await w.test.app.billing.handlers['billing.ledger-audit-due']({ requestedBy: 'test' })
    expect((await w.test.app.core.read.ledgerAudits.last())?.findings).toEqual([])
  })
  afterAll(() => w.close())

  /** The calendar, over as many days as it takes. */
  const sweep = () => w.world.sweep(true)
  const payments = () => w.test.app.payments
  const transfer = (order: { clientId: string, invoiceId: string }) => payments().startTransfer({ ...order, actor: clientActor(order.clientId) })
  const creditOf = (clientId: string) => w.test.app.core.read.ledger.credit(clientId)
  const today = () => w.test.app.billing.calendar.isoDay(w.test.clock.now())
  /** A BCA statement of today's movements. */
  const statement = (rows: readonly (readonly [amount: bigint, text: string])[]) => {
    const [year, month, date] = today().split('-')
    return bytes(['No. rekening : 1234567890', `Periode : 01/${month}/${year} - ${date}/${month}/${year}`, 'Tanggal Transaksi,Keterangan,Cabang,Jumlah,Saldo', ...rows.map(([amount, text], i) => `'${date}/${month},"${text}",'0000,"${amount} CR","${1_000_000 + i}.17"`)].join('\n'))
  }
  const bring = (rows: readonly (readonly [amount: bigint, text: string])[]) => payments().importStatement({ accountId, name: 'november.csv', content: statement(rows), actor: financeActor })
  const open = async () => (await payments().listBankLines({ page: 1, pageSize: 100, status: 'open' })).items
  const lineOf = async (text: string) => {
    const found = (await open()).find(line => line.description === text)
    if (!found) throw new Error(`no open line ${text}`)
    return found
  }
  const decide = (lineId: string, decision: Parameters<ReturnType<typeof payments>['decideBankLine']>[0]['decision']) => payments().decideBankLine({ lineId, decision, actor: financeActor })
  const paid = (paymentId: string, order: { clientId: string, invoiceId: string }) => payments().addProof({ clientId: order.clientId, invoiceId: order.invoiceId, paymentId, content: png })

  it('the amounts of open transfers over the same price are all different, also when they start at once; the same choice again is the same attempt', async () => {
    const orders = await Promise.all(Array.from({ length: 8 }, () => w.world.order()))
    const started = await Promise.all(orders.map(transfer))
    expect(new Set(started.map(one => one.amount.amount)).size).toBe(8)
    for (const one of started) expect(BigInt(one.amount.amount)).toBe(111_000n + BigInt(one.code))
    const [first] = orders
    if (first) expect((await transfer(first)).paymentId).toBe(started[0]?.paymentId)
    expect(started[0]?.accounts).toEqual([{ bank: 'BCA', number: '1234567890', holder: 'PT Contoh' }])
  })

  it('an exact line is confirmed in one go: the invoice is paid, the code becomes credit, and importing or confirming again books nothing', async () => {
    const order = await w.world.order()
    const started = await transfer(order)
    const rows = [[BigInt(started.amount.amount), 'TRSF A'], [5_000n, 'BUNGA']] as const
    expect(await payments().previewStatement({ accountId, name: '', content: statement(rows) })).toMatchObject({ bank: 'BCA', rows: 2, added: 2, problemCount: 0 })
    expect(await bring(rows)).toMatchObject({ rows: 2, added: 2 })
    expect(await bring([...rows, [7_000n, 'LATER THAT DAY']])).toMatchObject({ rows: 3, added: 1 })
    expect((await lineOf('TRSF A')).suggestions).toMatchObject([{ reason: 'exact_code', paymentId: started.paymentId }])
    const tallies = await Promise.all([payments().confirmExact({ actor: financeActor }), payments().confirmExact({ actor: financeActor })])
    expect(tallies.reduce((sum, one) => sum + one.confirmed, 0)).toBe(1)
    expect((await w.world.invoice(order.invoiceId)).status).toBe('paid')
    expect(await creditOf(order.clientId)).toBe(BigInt(started.code))
    // That the code became credit was said before: no mail tells of a payment that nothing asked for.
    expect(await w.world.mails('payment_to_credit', order.clientId)).toEqual([])
    expect(await w.entries('manual_payment', started.paymentId)).toBe(1)
    expect((await w.payment(started.paymentId))).toMatchObject({ status: 'settled', settledAmount: BigInt(started.amount.amount) })
  })

  it('money that comes after the transfer lapsed or for less than its amount is booked when a person says so, once', async () => {
    const order = await w.world.order()
    const started = await transfer(order)
    w.test.clock.advance(3 * day + hour)
    await payments().handlers['payments.reconcile-due']()
    expect((await w.payment(started.paymentId)).status).toBe('expired')
    await bring([[BigInt(started.amount.amount), 'LATE'], [11_000n, 'A PART']])
    const late = await lineOf('LATE')
    expect(late.suggestions).toMatchObject([{ reason: 'late_code' }])
    expect(await payments().confirmExact({ actor: financeActor })).toEqual({ confirmed: 0, failed: 0 })
    const tries = await Promise.allSettled([1, 2, 3].map(() => decide(late.id, { as: 'transfer', paymentId: started.paymentId })))
    expect(tries.filter(one => one.status === 'fulfilled')).toHaveLength(1)
    expect(await w.entries('manual_payment', started.paymentId)).toBe(1)
    const other = await w.world.order({ clientId: order.clientId })
    await decide((await lineOf('A PART')).id, { as: 'invoice', invoiceId: other.invoiceId })
    expect((await w.world.invoice(other.invoiceId)).status).toBe('issued')
    expect((await w.test.app.core.read.ledger.outstanding([other.invoiceId])).get(other.invoiceId)).toBe(111_000n - BigInt(started.code) - 11_000n)
  })

  it('what staff booked by hand is tied to its line, not booked again; a line may become credit, or be ignored with a reason and come back', async () => {
    const order = await w.world.order()
    await w.test.app.billing.recordManualPayment({ invoiceId: order.invoiceId, amount: money(111_000n), receivedOn: today(), reference: 'by hand', actor: financeActor })
    await bring([[111_000n, 'SAME MONEY'], [42_000n, 'WHOSE']])
    const same = await lineOf('SAME MONEY')
    const [recorded] = same.suggestions
    expect(recorded).toMatchObject({ reason: 'recorded', invoiceId: order.invoiceId })
    await decide(same.id, { as: 'recorded', paymentId: recorded?.paymentId ?? '' })
    expect(await creditOf(order.clientId)).toBe(0n)
    const whose = await lineOf('WHOSE')
    await decide(whose.id, { as: 'ignored', reason: 'own money' })
    await expect(decide(whose.id, { as: 'credit', clientId: order.clientId })).rejects.toMatchObject({ code: 'bank_line_decided' })
    await decide(whose.id, { as: 'reopened' })
    await decide(whose.id, { as: 'credit', clientId: order.clientId })
    expect(await creditOf(order.clientId)).toBe(42_000n)
    await expect(w.world.rows(sql`select 1 from audit_log where entity_id = ${whose.id}`)).resolves.toHaveLength(3)
  })

  it('a wrong decision is taken back: the invoice is owed again or the credit gone, the client is told, and the line books anew', async () => {
    const [wrong, right] = [await w.world.order(), await w.world.order()]
    await bring([[111_000n, 'MISREAD'], [42_000n, 'NOT HERS']])
    const [misread, credit] = [await lineOf('MISREAD'), await lineOf('NOT HERS')]
    for (const round of [1, 2]) {
      await decide(misread.id, { as: 'invoice', invoiceId: wrong.invoiceId })
      expect((await w.world.invoice(wrong.invoiceId)).status).toBe('paid')
      await decide(misread.id, { as: 'undone', reason: 'other client' })
      expect((await w.world.invoice(wrong.invoiceId)).status).toBe('issued')
      expect(await w.world.mails('payment_corrected', wrong.clientId)).toHaveLength(round)
    }
    await decide(misread.id, { as: 'invoice', invoiceId: right.invoiceId })
    expect((await w.world.invoice(right.invoiceId)).status).toBe('paid')
    await decide(credit.id, { as: 'credit', clientId: wrong.clientId })
    expect(await w.world.mails('credit_added', wrong.clientId)).toHaveLength(1)
    await decide(credit.id, { as: 'undone', reason: 'other client' })
    expect([await creditOf(wrong.clientId), (await w.world.mails('credit_corrected', wrong.clientId)).length]).toEqual([0n, 1])
    await decide(credit.id, { as: 'credit', clientId: right.clientId })
    expect(await creditOf(right.clientId)).toBe(42_000n)
  })

  it('what was spent or given back since is not undone, and nothing changes', async () => {
    const order = await w.world.order()
    await bring([[42_000n, 'SPENT'], [69_000n, 'REST']])
    const [spent, rest] = [await lineOf('SPENT'), await lineOf('REST')]
    await decide(spent.id, { as: 'credit', clientId: order.clientId })
    await payments().payWithCredit({ actor: clientActor(order.clientId), clientId: order.clientId, invoiceId: order.invoiceId, amount: money(42_000n) })
    await expect(decide(spent.id, { as: 'undone', reason: 'mistake' })).rejects.toMatchObject({ code: 'credit_insufficient' })
    await decide(rest.id, { as: 'invoice', invoiceId: order.invoiceId })
    const [payment] = await w.paymentsOf(order.invoiceId)
    await payments().requestRefund({ paymentId: payment?.id ?? '', kind: 'credit', consequence: 'reopen', amount: money(9_000n), reason: 'part', transfer: null, actor: financeActor })
    await expect(decide(rest.id, { as: 'undone', reason: 'mistake' })).rejects.toMatchObject({ code: 'bank_line_bound' })
    await expect(decide(rest.id, { as: 'reopened' })).rejects.toMatchObject({ code: 'bank_line_decided' })
    expect((await payments().listBankLines({ page: 1, pageSize: 100, status: 'settled' })).items.filter(line => [spent.id, rest.id].includes(line.id))).toHaveLength(2)
  })

  it('a statement of another account is refused whole', async () => {
    await expect(payments().importStatement({ accountId, name: '', content: bytes('No. rekening : 9999999999\nPeriode : 01/11/2026 - 30/11/2026\nTanggal Transaksi,Keterangan,Cabang,Jumlah,Saldo\n01/11,X,0000,"1.00 CR",1'), actor: financeActor })).rejects.toMatchObject({ code: 'statement_other_account' })
  })

  it('a proof is kept for its owner and Finance only, a file that is none is refused, and a transfer freezes the suspension only once it is proven', async () => {
    const order = await w.world.running()
    w.test.clock.advance(31 * day)
    await sweep()
    const renewal = (await w.world.invoicesOf(order.serviceId)).at(-1)
    const invoice = { clientId: order.clientId, invoiceId: renewal?.id ?? '' }
    const { dueAt } = await w.world.invoice(invoice.invoiceId)
    w.test.clock.set(new Date((dueAt?.getTime() ?? 0) + 2 * day + hour))
    await sweep()
    const started = await transfer(invoice)
    await expect(payments().addProof({ ...invoice, paymentId: started.paymentId, content: bytes('<html>') })).rejects.toMatchObject({ code: 'file_refused' })
    const underWay = async () => (await w.test.app.core.read.subscriptions.factsOf(order.serviceId))?.invoice?.paymentUnderWay
    expect(await underWay()).toBe(false)
    const view = await paid(started.paymentId, invoice)
    expect(await underWay()).toBe(true)
    w.test.clock.advance(day)
    await sweep()
    expect((await w.world.service(order.serviceId)).status).toBe('past_due')
    w.test.clock.advance(day + hour)
    await sweep()
    expect((await w.world.service(order.serviceId)).status).toBe('suspended')
    const proofId = view.proofs[0]?.id ?? ''
    const owner = { ...invoice, paymentId: started.paymentId }
    expect((await payments().openProof({ proofId, owner })).content).toEqual(png)
    expect(await payments().openProof({ proofId, owner: null })).toMatchObject({ name: `${proofId}.png`, type: 'image/png' })
    await expect(payments().openProof({ proofId, owner: { ...owner, clientId: await w.world.client() } })).rejects.toMatchObject({ code: 'not_found' })
    for (let i = 0; i < 4; i++) await paid(started.paymentId, invoice)
    await expect(paid(started.paymentId, invoice)).rejects.toMatchObject({ code: 'files_too_many' })
  })

  it('over HTTP a file is taken up to 5 MiB and given back to be saved only: attachment, nosniff, no page of ours; a stranger finds nothing', async () => {
    let actor: UserActor | null = null
    const proofs = '/api/portal/invoices/{id}/payments/{paymentId}/proofs'
    const server = await serveRoutes(w.test.app, [['post', proofs, uploadProof], ['get', `${proofs}/{proofId}`, downloadProof], ['get', '/api/admin/bank/proofs/{id}', downloadAnyProof], ['post', '/api/admin/bank/statements/preview', previewStatement]], (event) => {
      event.context.actor = actor
    })
    const send = (path: string, body: Uint8Array) => fetch(server.url + path, { method: 'POST', body: Buffer.from(body), headers: { 'content-type': 'application/octet-stream' } })
    const order = await w.world.order()
    const { paymentId } = await transfer(order)
    const place = `/api/portal/invoices/${order.invoiceId}/payments/${paymentId}/proofs`
    const sized = (size: number) => Buffer.concat([png, Buffer.alloc(size - png.length)])
    actor = clientActor(order.clientId)
    expect((await send(place, sized(5 * 1_048_576 + 1))).status).toBe(413)
    const kept = await send(place, sized(5 * 1_048_576))
    expect(kept.status).toBe(201)
    const { proofs: [proof] } = await kept.json() as { proofs: { id: string, size: number }[] }
    expect(proof?.size).toBe(5 * 1_048_576)
    const given = await fetch(`${server.url}${place}/${proof?.id}`)
    expect(Object.fromEntries(['content-type', 'content-disposition', 'x-content-type-options', 'content-security-policy', 'cache-control'].map(name => [name, given.headers.get(name)]))).toEqual({
      'content-type': 'image/png', 'content-disposition': `attachment; filename="${proof?.id}.png"`, 'x-content-type-options': 'nosniff', 'content-security-policy': 'default-src \'none\'; sandbox', 'cache-control': 'no-store',
    })
    expect(Buffer.from(await given.arrayBuffer()).equals(sized(5 * 1_048_576))).toBe(true)
    expect((await fetch(`${server.url}/api/admin/bank/proofs/${proof?.id}`)).status).toBe(403)
    actor = clientActor(await w.world.client('Orang lain'))
    expect([(await fetch(`${server.url}${place}/${proof?.id}`)).status, (await send(place, png)).status]).toEqual([404, 404])
    actor = financeActor
    expect((await fetch(`${server.url}/api/admin/bank/proofs/${proof?.id}`)).status).toBe(200)
    expect((await send(`/api/admin/bank/statements/preview?accountId=${accountId}`, bytes('no statement'))).status).toBe(422)
    await server.close()
  })
})
