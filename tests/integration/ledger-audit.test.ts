import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { databaseKinds } from '../support/app.ts'
import { financeActor, startPaymentWorld } from '../support/payments.ts'

describe.each(databaseKinds())('the ledger proves itself on %s', (kind) => {
  let w: Awaited<ReturnType<typeof startPaymentWorld>>
  beforeAll(async () => {
    w = await startPaymentWorld(kind)
  })
  afterAll(() => w.close())

  const handlers = () => w.test.app.billing.handlers
  const audit = async () => {
    w.test.clock.advance(1_000)
    await handlers()['billing.ledger-audit-due']({ requestedBy: 'test' })
    const [last] = (await w.test.app.billing.listLedgerAudits({ page: 1, pageSize: 1 })).items
    if (!last) throw new Error('no audit')
    return last
  }
  const failed = async () => (await audit()).checks.filter(check => !check.passed).map(check => check.check)
  /** What only somebody with the database's own powers can do: past the guards. */
  async function tamper(table: string, statement: string) {
    const { executor } = w.test.app.core.database
    await executor.execute(sql.raw(`alter table ${table} disable trigger user`))
    await executor.execute(sql.raw(statement))
    await executor.execute(sql.raw(`alter table ${table} enable trigger user`))
  }
  const entryOf = async (causeId: string) => (await w.world.rows<{ id: string }>(sql`select id from journal_entries where cause_id = ${causeId} and cause = 'payment_received'`))[0]?.id ?? ''
  async function paid() {
    const order = await w.world.order()
    const view = await w.start(order, 'bca_va')
    w.midtrans.act.pay((await w.payment(view.id)).gatewayOrderId ?? '')
    await w.work()
    return { ...order, paymentId: view.id, entryId: await entryOf(view.id) }
  }

  it('a month of money passes every check: orders, a payment, a void, a reversal, an overpayment whose rest pays a part of the next invoice', async () => {
    await paid()
    const voided = await w.world.order()
    await w.test.app.billing.voidInvoice({ actor: financeActor, invoiceId: voided.invoiceId, reason: 'withdrawn' })
    const reversed = await paid()
    w.midtrans.act.reverse((await w.payment(reversed.paymentId)).gatewayOrderId ?? '')
    await w.work()
    const overpaid = await w.world.order()
    await w.test.app.billing.recordManualPayment({ invoiceId: overpaid.invoiceId, amount: money(150_000), receivedOn: '2026-11-01', reference: 'BCA 1', actor: financeActor })
    await w.world.order({ clientId: overpaid.clientId })
    expect(await w.test.app.core.read.ledger.credit(overpaid.clientId)).toBe(0n)
    const result = await audit()
    expect(result.findings).toEqual([])
    expect(result.checks.map(check => [check.check, check.passed])).toEqual([['balance', true], ['chain', true], ['invoices', true], ['payments', true], ['credit', true]])
    const [booked] = await w.world.rows<{ n: number }>(sql`select count(*)::int as n from journal_entries`)
    expect(result.entries).toBe(booked?.n)
  })

  it('what is booked is sealed in order, once, also by two at the same time, and each place in the chain is told', async () => {
    await paid()
    await Promise.all([handlers()['billing.seal-due'](), handlers()['billing.seal-due']()])
    const seals = await w.world.rows<{ sequence: string }>(sql`select sequence::text as sequence from journal_seals order by journal_seals.sequence`)
    expect(seals.map(seal => Number(seal.sequence))).toEqual(seals.map((_, i) => i + 1))
    const { items } = await w.test.app.billing.listEntries({ page: 1, pageSize: 100 })
    expect(items.every(entry => entry.sequence !== null && entry.hash?.length === 64)).toBe(true)
    for (const entry of items) expect(entry.lines.reduce((sum, line) => sum + BigInt(line.amount.amount), 0n)).toBe(0n)
  })

  it('seals and audits cannot be changed or deleted by the application', async () => {
    const { executor } = w.test.app.core.database
    await audit()
    for (const statement of ['update journal_seals set hash = \'x\'', 'delete from journal_seals', 'update ledger_audits set entries = 0', 'delete from ledger_audits']) await expect(executor.execute(sql.raw(statement))).rejects.toMatchObject({ cause: { message: expect.stringContaining('append-only') as string } })
  })

  it('balances are the sums of the lines and together zero', async () => {
    const { items } = await w.test.app.billing.showBalances()
    expect(items.reduce((sum, row) => sum + BigInt(row.balance.amount), 0n)).toBe(0n)
    const [cash] = await w.world.rows<{ sum: string }>(sql`select sum(amount)::text as sum from journal_lines where account = 'gateway_clearing'`)
    expect(items.find(row => row.account === 'gateway_clearing')?.balance.amount).toBe(cash?.sum)
  })

  it('an amount changed behind our back is found: the entry no longer balances, its seal is broken, invoice and payment disagree', async () => {
    const { entryId } = await paid()
    await audit()
    await tamper('journal_lines', `update journal_lines set amount = amount + 1 where entry_id = '${entryId}' and position = 1`)
    const result = await audit()
    expect(result.findings).toEqual(expect.arrayContaining([{ check: 'balance', subject: entryId, detail: '1 IDR' }, { check: 'chain', subject: entryId, detail: 'changed' }]))
    expect(result.checks.filter(check => !check.passed).map(check => check.check)).toEqual(['balance', 'chain', 'payments'])
    await tamper('journal_lines', `update journal_lines set amount = amount - 1 where entry_id = '${entryId}' and position = 1`)
    expect(await failed()).toEqual([])
  })

  it('a chain that was cut off or written anew is found by the next audit', async () => {
    await paid()
    const before = await audit()
    await tamper('journal_seals', `delete from journal_seals where sequence = ${before.entries}`)
    // Sealing again closes the gap with the same entry: the same hash, so nothing is hidden by it.
    expect(await failed()).toEqual([])
    const [row] = await w.world.rows<{ id: string }>(sql`select entry_id as id from journal_seals where sequence = ${before.entries}`)
    await tamper('journal_entries', `update journal_entries set memo = 'other' where id = '${row?.id}'`)
    await tamper('journal_seals', `delete from journal_seals where sequence = ${before.entries}`)
    expect((await audit()).findings).toEqual([{ check: 'chain', subject: String(before.entries), detail: 'rewritten' }])
  })

  it('an invoice called paid that nobody paid, and a payment called settled that nobody booked, are found', async () => {
    const order = await w.world.order()
    const view = await w.start(order, 'bni_va')
    await tamper('invoices', `update invoices set status = 'paid' where id = '${order.invoiceId}'`)
    await tamper('payments', `update payments set status = 'settled' where id = '${view.id}'`)
    expect((await audit()).findings.map(finding => finding.check).filter(check => check !== 'chain')).toEqual(['invoices', 'payments'])
    await tamper('invoices', `update invoices set status = 'issued' where id = '${order.invoiceId}'`)
    await tamper('payments', `update payments set status = 'pending' where id = '${view.id}'`)
  })

  it('credit that was spent twice is found', async () => {
    const { clientId, entryId } = await paid()
    await tamper('journal_lines', `insert into journal_lines (entry_id, position, account, client_id, amount, currency) values ('${entryId}', 8, 'client_credit', '${clientId}', 5, 'IDR'), ('${entryId}', 9, 'bank', '${clientId}', -5, 'IDR')`)
    expect((await audit()).findings).toEqual(expect.arrayContaining([{ check: 'credit', subject: clientId, detail: '-5' }]))
  })
})
