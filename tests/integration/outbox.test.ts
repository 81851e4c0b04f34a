import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'

describe.each(databaseKinds())('outbox on %s', (kind) => {
  let test: TestApp
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  const mail = (dedupeKey: string) => ({ dedupeKey, userId: null, recipient: 'budi@contoh.test', locale: 'id' as const, template: 'verify_email' as const, params: { code: '123456' } })
  const jobs = async () => {
    const { sql } = await import('drizzle-orm')
    const found = await test.app.core.database.executor.execute(sql`select count(*)::int as n from pgboss.job where name = 'notifications.mail-queued'`)
    return (found as unknown as { rows: { n: number }[] }).rows[0]?.n
  }

  it('a rolled-back transaction leaves neither the mail nor its job', async () => {
    await expect(test.app.core.transact(async (stores) => {
      await stores.mail.queue(mail('rolled-back'))
      throw new Error('undo')
    })).rejects.toThrow('undo')
    expect(await jobs()).toBe(0)
  })

  it('the same cause makes one mail and one job', async () => {
    await test.app.core.transact(async (stores) => {
      await stores.mail.queue(mail('once'))
      await stores.mail.queue(mail('once'))
    })
    expect(await jobs()).toBe(1)
  })

  it('a journal entry that does not sum to zero is refused by the database', async () => {
    const { sql } = await import('drizzle-orm')
    await expect(test.app.core.database.executor.transaction(async (tx) => {
      await tx.execute(sql`insert into journal_entries (id, cause, cause_id, at, memo, actor) values ('01900000-0000-7000-8000-000000000001', 'invoice_issued', 'x', now(), 'm', 'test')`)
      await tx.execute(sql`insert into journal_lines (entry_id, position, account, amount) values ('01900000-0000-7000-8000-000000000001', 1, 'revenue', 5)`)
    })).rejects.toThrow()
  })
})
