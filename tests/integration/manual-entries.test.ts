import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { manualAccounts } from '#shared/vocabulary/ledger.ts'
import type { ManualAccount } from '#shared/vocabulary/ledger.ts'
import type { StaffActor } from '#server/billing/book-manual-entry.ts'
import type { TypedLine } from '#server/billing/manual-entry.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld } from '../support/billing.ts'

describe.each(databaseKinds())('entries by hand on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  let [author, second]: StaffActor[] = []
  const staff = async (name: string): Promise<StaffActor> => {
    const id = await world.client(name)
    await world.rows(sql`update users set role = 'finance' where id = ${id}`)
    return { kind: 'user', id, name, role: 'finance' }
  }
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = billingWorld(test.app)
    author = await staff('Rina')
    second = await staff('Budi')
  })
  afterAll(() => test.close())

  const line = (account: ManualAccount, side: 'debit' | 'credit', amount: number, more: Partial<TypedLine> = {}): TypedLine => ({ account, side, amount: money(amount), clientId: null, gateway: null, ...more })
  const write = (lines: TypedLine[], day = '2026-11-02') => test.app.billing.proposeManualEntry({ day, reason: 'bank charges', lines, actor: author as StaffActor })
  const pay = (amount: number) => write([line('expenses', 'debit', amount), line('bank', 'credit', amount)])
  const decide = (id: string, decision: 'approve' | 'reject', actor = second as StaffActor) => test.app.billing.decideManualEntry({ id, decision, note: 'checked', actor })
  const booked = async (id: string) => (await world.rows<{ n: number }>(sql`select count(*)::int as n from journal_entries where cause = 'manual_entry' and cause_id = ${id}`))[0]?.n
  const findings = async () => {
    test.clock.advance(1_000)
    await test.app.billing.handlers['billing.ledger-audit-due']({ requestedBy: 'test' })
    return (await test.app.billing.listLedgerAudits({ page: 1, pageSize: 1 })).items[0]?.findings
  }

  it('up to the limit it is booked at once, on its day; above it nothing is booked before a second person approves, once', async () => {
    const small = await pay(5_000_000)
    expect(await test.app.billing.showManualEntry(small)).toMatchObject({ status: 'booked', day: '2026-11-02', secondPerson: false, decidedBy: { name: 'Rina' }, lines: [{ account: 'expenses', side: 'debit' }, { account: 'bank', side: 'credit', amount: { amount: '5000000' } }] })
    expect(await booked(small)).toBe(1)
    const large = await pay(5_000_001)
    expect(await test.app.billing.showManualEntry(large)).toMatchObject({ status: 'proposed', secondPerson: true, decidedBy: null })
    expect(await booked(large)).toBe(0)
    await expect(decide(large, 'approve', author)).rejects.toMatchObject({ code: 'second_person_required' })
    expect(await booked(large)).toBe(0)
    const results = await Promise.allSettled([decide(large, 'approve'), decide(large, 'approve')])
    expect(results.map(result => result.status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await booked(large)).toBe(1)
    expect(await world.rows(sql`select "from", "to" from transitions where entity_id = ${large}`)).toEqual([{ from: 'proposed', to: 'booked' }])
    expect((await world.rows<{ action: string }>(sql`select action from audit_log where entity_id = ${large} order by at, id`)).map(row => row.action)).toEqual(['ledger.propose_entry', 'ledger.book_entry'])
  })

  it('rejected, also by whoever wrote it, it is never booked', async () => {
    const [one, two] = [await pay(9_000_000), await pay(9_000_000)]
    await decide(one, 'reject')
    await decide(two, 'reject', author)
    await expect(decide(one, 'approve')).rejects.toMatchObject({ code: 'transition_refused' })
    expect([await booked(one), await booked(two)]).toEqual([0, 0])
    expect((await test.app.billing.listManualEntries({ page: 1, pageSize: 20, status: 'rejected' })).items.map(entry => entry.id).sort()).toEqual([one, two].sort())
  })

  it('the database itself refuses an approval by the author, a change of what was proposed, and a booking that nobody decided or that says something else', async () => {
    const { executor, transaction } = test.app.core.database
    const large = await pay(7_000_000)
    const refused = async (statement: string, message: string) => expect(executor.execute(sql.raw(statement))).rejects.toMatchObject({ cause: { message: expect.stringContaining(message) as string } })
    await refused(`update manual_entries set status = 'booked', decided_by = proposed_by, decided_at = now() where id = '${large}'`, 'manual_entries_second_person')
    await refused(`update manual_entries set total = 1 where id = '${large}'`, 'stays what was proposed')
    await refused(`update manual_entry_lines set amount = 1 where entry_id = '${large}'`, 'append-only')
    await refused(`delete from manual_entries where id = '${large}'`, 'not deleted')
    await refused(`insert into manual_entries (id, status, at, reason, total, approval_limit, proposed_by, proposed_at, decided_by, decided_at) select '${uuidv7()}', 'booked', at, reason, 1, 1, proposed_by, now(), proposed_by, now() from manual_entries where id = '${large}'`, 'begins as proposed')
    const undecided = { cause: { message: expect.stringContaining('not booked as it was decided') as string } }
    const forge = (cause: string, amount: number) => transaction(async (tx) => {
      const id = uuidv7()
      await tx.execute(sql`insert into journal_entries (id, cause, cause_id, at, memo, actor) select ${id}::uuid, 'manual_entry', ${cause}, coalesce((select at from manual_entries where id::text = ${cause}), now()), 'x', 'test'`)
      await tx.execute(sql`insert into journal_lines (entry_id, position, account, amount) values (${id}, 1, 'expenses', ${amount}), (${id}, 2, 'bank', ${-amount})`)
      await tx.execute(sql`set constraints all immediate`)
    })
    await expect(forge(uuidv7(), 5)).rejects.toMatchObject(undecided)
    await expect(forge(large, 7_000_000)).rejects.toMatchObject(undecided)
    await executor.execute(sql`update manual_entries set status = 'booked', decided_by = ${second?.id ?? ''}, decided_at = now() where id = ${large}`)
    await expect(forge(large, 8_000_000)).rejects.toMatchObject(undecided)
    await forge(large, 7_000_000)
    expect(await booked(large)).toBe(1)
  })

  it('what would break the proofs is refused: sides that differ, an unknown client, a future day, more credit than there is, also by two at once', async () => {
    const clientId = await world.client()
    await expect(write([line('expenses', 'debit', 2), line('bank', 'credit', 1)])).rejects.toMatchObject({ fields: [{ path: 'lines', code: 'entry_unbalanced' }] })
    await expect(write([line('expenses', 'debit', 0), line('bank', 'credit', 0)])).rejects.toMatchObject({ fields: [{ path: 'lines.0.amount', code: 'amount_positive' }] })
    await expect(write([line('client_credit', 'debit', 1), line('bank', 'credit', 1)])).rejects.toMatchObject({ fields: [{ path: 'lines.0.clientId', code: 'client_required' }] })
    await expect(write([line('expenses', 'debit', 1), line('gateway_clearing', 'credit', 1)])).rejects.toMatchObject({ fields: [{ path: 'lines.1.gateway', code: 'gateway_required' }] })
    await expect(write([line('expenses', 'debit', 1), line('bank', 'credit', 1, { clientId: author?.id ?? '' })])).rejects.toMatchObject({ fields: [{ path: 'lines.1.clientId', code: 'client_unknown' }] })
    await expect(write([line('expenses', 'debit', 1), line('bank', 'credit', 1)], '2026-11-03')).rejects.toMatchObject({ fields: [{ path: 'day', code: 'day_in_future' }] })
    await write([line('suspense', 'debit', 100), line('client_credit', 'credit', 100, { clientId })])
    const take = () => write([line('client_credit', 'debit', 70, { clientId }), line('bank', 'credit', 70)])
    const taken = await Promise.allSettled([take(), take()])
    expect(taken.map(result => result.status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(taken.find(result => result.status === 'rejected')).toMatchObject({ reason: { code: 'credit_insufficient' } })
    expect(await test.app.core.read.ledger.credit(clientId)).toBe(30n)
    expect(await findings()).toEqual([])
  })

  it('every account that is open to the hand keeps the self-audit green, on either side, and a reversal takes it back once', async () => {
    const clientId = await world.client()
    const named = (account: ManualAccount) => account === 'client_credit' ? { clientId } : account === 'gateway_clearing' ? { gateway: 'midtrans' as const } : {}
    await write([line('bank', 'debit', 1_000), line('client_credit', 'credit', 1_000, { clientId })])
    for (const account of manualAccounts) {
      const other = account === 'suspense' ? 'bank' : 'suspense'
      const id = await write([line(account, 'debit', 10, named(account)), line(other, 'credit', 10)])
      await write([line(other, 'debit', 10), line(account, 'credit', 10, named(account))])
      const reversal = await test.app.billing.reverseManualEntry({ id, reason: 'by mistake', actor: second as StaffActor })
      expect(await test.app.billing.showManualEntry(reversal)).toMatchObject({ status: 'booked', reverses: id, lines: [{ account, side: 'credit' }, { account: other, side: 'debit' }] })
      await expect(test.app.billing.reverseManualEntry({ id, reason: 'again', actor: second as StaffActor })).rejects.toMatchObject({ code: 'entry_reversed' })
      await expect(test.app.billing.reverseManualEntry({ id: reversal, reason: 'again', actor: second as StaffActor })).rejects.toMatchObject({ code: 'entry_reversed' })
    }
    expect(await findings()).toEqual([])
  })

  it('the reversal of a large entry waits for a second person, too; rejected, it can be asked for again', async () => {
    const id = await pay(6_000_000)
    await decide(id, 'approve')
    const reverse = () => test.app.billing.reverseManualEntry({ id, reason: 'by mistake', actor: author as StaffActor })
    const reversal = await reverse()
    expect(await booked(reversal)).toBe(0)
    await expect(reverse()).rejects.toMatchObject({ code: 'entry_reversed' })
    await decide(reversal, 'reject')
    const again = await reverse()
    await decide(again, 'approve')
    expect((await test.app.billing.showManualEntry(id)).reversedBy).toBe(again)
    expect(await booked(again)).toBe(1)
  })
})
