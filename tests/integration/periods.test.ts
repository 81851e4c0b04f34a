import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import type { StaffActor } from '#server/billing/book-manual-entry.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld } from '../support/billing.ts'

/** One story in its order: September to November, closed one after the other. */
describe.each(databaseKinds())('closing months on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  let [closer, second]: StaffActor[] = []
  const staff = async (name: string): Promise<StaffActor> => {
    const id = await world.client(name)
    await world.rows(sql`update users set role = 'finance' where id = ${id}`)
    return { kind: 'user', id, name, role: 'finance' }
  }
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false, start: '2026-09-10T03:00:00Z' })
    world = billingWorld(test.app)
    closer = await staff('Rina')
    second = await staff('Budi')
  })
  afterAll(() => test.close())

  const close = (month: string) => test.app.billing.closePeriod({ month, actor: closer as StaffActor })
  const periods = () => test.app.billing.listPeriods({ page: 1, pageSize: 20 })
  const prove = async () => {
    test.clock.advance(1_000)
    await test.app.billing.handlers['billing.ledger-audit-due']({ requestedBy: 'test' })
    return (await test.app.billing.listLedgerAudits({ page: 1, pageSize: 1 })).items[0]?.findings
  }
  const entry = (day: string, amount = 100) => test.app.billing.proposeManualEntry({ day, reason: 'bank charges', actor: second as StaffActor, lines: [
    { account: 'expenses', side: 'debit', amount: money(amount), clientId: null, gateway: null }, { account: 'bank', side: 'credit', amount: money(amount), clientId: null, gateway: null }] })
  const sums = async () => Object.fromEntries((await world.rows<{ account: string, debit: string, credit: string }>(sql`select account, coalesce(sum(amount) filter (where amount > 0), 0)::text as debit, coalesce(sum(amount) filter (where amount < 0), 0)::text as credit from journal_lines group by account`)).map(row => [row.account, [row.debit, row.credit]]))
  const shown = async () => Object.fromEntries((await test.app.billing.showBalances()).items.filter(row => row.debit.amount !== '0' || row.credit.amount !== '0').map(row => [row.account, [row.debit.amount, row.credit.amount]]))

  it('a month is closed only when it is over, nothing in it waits, and the ledger has proven it since, to its last entry', async () => {
    expect(await periods()).toMatchObject({ total: 0, next: null })
    const { invoiceId } = await world.order()
    await world.pay(invoiceId)
    expect((await periods()).next).toEqual({ month: '2026-09', blockers: ['not_over'] })
    test.clock.set('2026-10-01T03:00:00Z')
    const waiting = await entry('2026-09-30', 9_000_000)
    expect((await periods()).next?.blockers).toEqual(['entries_waiting', 'not_proven'])
    await prove()
    expect((await periods()).next?.blockers).toEqual(['entries_waiting'])
    await test.app.billing.decideManualEntry({ id: waiting, decision: 'reject', note: 'not ours', actor: closer as StaffActor })
    await entry('2026-09-30')
    expect((await periods()).next?.blockers).toEqual(['booked_since'])
    await expect(close('2026-09')).rejects.toMatchObject({ code: 'period_not_ready' })
    expect(await prove()).toEqual([])
    await expect(close('2026-10')).rejects.toMatchObject({ code: 'conflict' })
    await close('2026-09')
    expect(await periods()).toMatchObject({ total: 1, items: [{ month: '2026-09', closedBy: { name: 'Rina' }, reopened: null }], next: { month: '2026-10', blockers: ['not_over'] } })
  })

  it('nothing dated in a closed month is booked by anyone, not by hand and not past the application', async () => {
    await expect(entry('2026-09-30')).rejects.toMatchObject({ fields: [{ path: 'day', code: 'day_in_closed_month' }] })
    const { executor } = test.app.core.database
    await expect(executor.execute(sql`insert into journal_entries (id, cause, cause_id, at, memo, actor) values (${uuidv7()}, 'refund', 'x', '2026-09-30T16:59:59.999Z', 'x', 'test')`)).rejects.toMatchObject({ cause: { message: expect.stringContaining('is closed') as string } })
    for (const statement of ['update closed_periods set month = \'2026-08\'', 'delete from closed_periods', 'update closed_period_totals set debit = 0', 'delete from closed_period_totals']) await expect(executor.execute(sql.raw(statement))).rejects.toMatchObject({ cause: { message: expect.stringContaining('append-only') as string } })
  })

  it('late money is booked all the same: into the open month, its true day on the payment; an entry dated before the border moves behind it and says so', async () => {
    const { invoiceId } = await world.order()
    await test.app.billing.recordManualPayment({ invoiceId, amount: money(111_000), receivedOn: '2026-09-20', reference: 'BCA 77', actor: second as StaffActor })
    expect((await world.invoice(invoiceId)).status).toBe('paid')
    const [payment] = await world.rows<{ id: string, day: string }>(sql`select id, (settled_at at time zone 'Asia/Jakarta')::date::text as day from payments where invoice_id = ${invoiceId}`)
    expect(payment?.day).toBe('2026-09-20')
    const [late] = await world.rows<{ late: boolean }>(sql`select at >= '2026-09-30T17:00:00Z' as late from journal_entries where cause_id = ${payment?.id ?? ''}`)
    expect(late?.late).toBe(true)
    await test.app.core.transact(stores => stores.ledger.post({ cause: 'gateway_payout', causeId: 'payout-1', at: new Date('2026-09-29T05:00:00Z'), memo: 'payout', actor: 'system:test', lines: [
      { account: 'bank', clientId: null, invoiceId: null, gateway: null, amount: money(5) }, { account: 'gateway_clearing', clientId: null, invoiceId: null, gateway: 'midtrans', amount: money(-5) }] }))
    expect(await world.rows(sql`select memo, at = '2026-09-30T17:00:00Z' as moved from journal_entries where cause_id = 'payout-1'`)).toEqual([{ memo: 'payout (2026-09-29T05:00:00.000Z)', moved: true }])
  })

  it('balances are the last closing and what was booked since: always the sums of all lines', async () => {
    expect(await shown()).toEqual(await sums())
    test.clock.set('2026-11-01T00:00:00Z')
    await prove()
    await close('2026-10')
    expect(await shown()).toEqual(await sums())
    expect((await periods()).items[0]?.totals.map(row => [row.account, [row.debit.amount, row.credit.amount]])).toEqual(expect.arrayContaining(Object.entries(await sums())))
    await entry('2026-11-01', 7)
    await world.order()
    expect(await shown()).toEqual(await sums())
    expect(await prove()).toEqual([])
  })

  it('months are closed in order and without a gap, also by the database', async () => {
    const { executor } = test.app.core.database
    const insert = (from: string, until: string) => executor.execute(sql`insert into closed_periods (id, month, starts_at, ends_at, closed_by, closed_at, audit_id, head_sequence) select ${uuidv7()}::uuid, 'x', ${from}::timestamptz, ${until}::timestamptz, ${closer?.id ?? ''}::uuid, ${until}::timestamptz, id, 1 from ledger_audits limit 1`)
    for (const [from, until] of [['2026-11-30T17:00:00Z', '2026-12-31T17:00:00Z'], ['2026-09-30T17:00:00Z', '2026-10-31T17:00:00Z'], ['2026-07-31T17:00:00Z', '2026-08-31T17:00:00Z']] as const) await expect(insert(from, until)).rejects.toMatchObject({ cause: { message: expect.stringContaining('in order') as string } })
  })

  it('only the last closed month is reopened, once, and by another person, also by the database; then it is closed again with its new totals', async () => {
    const [october, september] = (await periods()).items
    const reopen = (id: string | undefined, actor = second as StaffActor) => test.app.billing.reopenPeriod({ periodId: id ?? '', reason: 'a bill came late', actor })
    await expect(reopen(september?.id)).rejects.toMatchObject({ code: 'conflict' })
    await expect(reopen(october?.id, closer)).rejects.toMatchObject({ code: 'second_person_required' })
    const { executor } = test.app.core.database
    for (const [id, by] of [[september?.id, second?.id], [october?.id, closer?.id]]) await expect(executor.execute(sql`insert into reopened_periods (period_id, reason, reopened_by, reopened_at) values (${id}, 'x', ${by}, now())`)).rejects.toMatchObject({ cause: { message: expect.stringContaining('only the last closed month') as string } })
    await reopen(october?.id)
    await expect(reopen(october?.id)).rejects.toMatchObject({ code: 'conflict' })
    await entry('2026-10-31', 13)
    expect(await shown()).toEqual(await sums())
    expect((await periods())).toMatchObject({ next: { month: '2026-10', blockers: ['booked_since'] }, items: [{ month: '2026-10', reopened: { by: { name: 'Budi' }, reason: 'a bill came late' } }, { month: '2026-09' }] })
    await prove()
    await close('2026-10')
    expect(await prove()).toEqual([])
    expect(await shown()).toEqual(await sums())
  })

  it('a month is closed while money is being booked: every entry ends on its side of the border, none is lost', async () => {
    test.clock.set('2026-12-01T01:00:00Z')
    await prove()
    const orders = await Promise.all(Array.from({ length: 6 }, () => world.order()))
    await Promise.all([close('2026-11'), ...orders.map(order => world.pay(order.invoiceId))])
    for (const order of orders) expect((await world.invoice(order.invoiceId)).status).toBe('paid')
    expect(await shown()).toEqual(await sums())
  })

  it('a checkpoint that was forged behind our back is found by the next audit', async () => {
    const { executor } = test.app.core.database
    await executor.execute(sql.raw('alter table closed_period_totals disable trigger user'))
    await executor.execute(sql.raw('update closed_period_totals t set debit = debit + 1 where account = \'bank\' and period_id = (select id from closed_periods order by ends_at desc limit 1)'))
    expect(await prove()).toEqual([{ check: 'balance', subject: '2026-11 bank', detail: expect.stringMatching(/^kept \d+\/-\d+, booked \d+\/-\d+$/) as string }])
    expect((await test.app.billing.listPeriods({ page: 1, pageSize: 1 })).next?.blockers).toEqual(['not_over'])
  })
})
