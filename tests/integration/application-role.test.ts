import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { sql } from 'drizzle-orm'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appendOnlyTables, grantApplicationRole } from '#db/application-role.ts'
import { openDatabase } from '#db/client.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld } from '../support/billing.ts'
import { redisUrl } from '../support/redis.ts'

const run = promisify(execFile)

/** Rights are PostgreSQL's alone: the embedded database has one user. */
describe.runIf(databaseKinds().includes('postgres') && redisUrl())('the application as a role that owns nothing', () => {
  const server = process.env.GARDU_TEST_DATABASE_URL ?? ''
  const id = uuidv7().replaceAll('-', '')
  const [database, role] = [`gardu_role_${id}`, `gardu_app_${id}`]
  const [ownUrl, appUrl] = [new URL(server || 'postgres://x'), new URL(server || 'postgres://x')]
  let test: TestApp
  const admin = async (...statements: string[]) => {
    const client = new Client({ connectionString: server })
    await client.connect()
    for (const statement of statements) await client.query(statement)
    await client.end()
  }
  const migrate = (...args: string[]) => run(process.execPath, ['scripts/migrate.ts', ...args], { env: { ...process.env, DATABASE_URL: ownUrl.href } })
  beforeAll(async () => {
    ownUrl.pathname = appUrl.pathname = `/${database}`
    Object.assign(appUrl, { username: role, password: 'secret' })
    await admin(`create database ${database}`, `create role ${role} login password 'secret'`)
    const { stdout } = await migrate('--app-role', role)
    expect(stdout).toContain(`role ${role}: may run the application`)
    await migrate('--app-role', role)
    test = await startTestApp({ kind: 'embedded', workers: false, env: { GARDU_MODE: 'production', DATABASE_URL: appUrl.href, REDIS_URL: redisUrl() ?? '', SMTP_URL: 'smtp://127.0.0.1:1' } })
  }, 60_000)
  afterAll(async () => {
    await test.close()
    await admin(`drop database ${database} with (force)`, `drop role ${role}`)
  })

  it('works: an order is invoiced, paid and sealed, its jobs are written and done, the ledger proves itself and a month is closed and reopened', async () => {
    const { app } = test
    const world = billingWorld(app)
    const order = await world.order()
    await world.pay(order.invoiceId)
    expect((await world.invoice(order.invoiceId)).status).toBe('paid')
    expect(await world.jobs('billing.service-paid', 'serviceId', order.serviceId)).toBe(1)
    test.clock.set('2026-12-02T03:00:00Z')
    await app.billing.handlers['billing.ledger-audit-due']({ requestedBy: 'test' })
    expect((await app.billing.listLedgerAudits({ page: 1, pageSize: 1 })).items[0]).toMatchObject({ findings: [] })
    const [closer, second] = [await world.client('Rina'), await world.client('Budi')].map(user => ({ kind: 'user' as const, id: user, name: 'x', role: 'finance' as const }))
    if (!closer || !second) throw new Error('nobody')
    await app.billing.closePeriod({ month: '2026-11', actor: closer })
    const { lastClosedId } = await app.billing.listPeriods({ page: 1, pageSize: 1 })
    await app.billing.reopenPeriod({ periodId: lastClosedId ?? '', reason: 'for the test', actor: second })
    await app.startWorkers()
    await test.idle()
  })

  it('cannot change, delete or empty what was booked, sealed, proven or closed, nor take the guards away', async () => {
    const { executor } = test.app.core.database
    const denied = (statement: string) => expect(executor.execute(sql.raw(statement)), statement).rejects.toMatchObject({ cause: { code: '42501' } })
    for (const table of appendOnlyTables) for (const statement of [`delete from ${table}`, `truncate ${table} cascade`, `alter table ${table} disable trigger user`, `drop table ${table} cascade`]) await denied(statement)
    await denied('update journal_lines set amount = amount + 1')
    await denied('update journal_entries set memo = \'x\'')
    await denied('update closed_periods set month = \'x\'')
    await denied('insert into allowed_transitions values (\'invoice\', \'void\', \'paid\')')
    await denied('create table mine (x int)')
  })

  it('is refused to a role that does not exist, and to one that could help itself', async () => {
    await expect(migrate('--app-role', 'nobody_at_all')).rejects.toMatchObject({ stderr: expect.stringContaining('there is no role nobody_at_all') as string })
    const own = await openDatabase({ url: ownUrl.href, poolSize: 1 })
    try {
      const found = await own.executor.execute(sql`select current_user as me`) as unknown as { rows: { me: string }[] }
      await expect(grantApplicationRole(own, found.rows[0]?.me ?? '')).rejects.toThrow('owns tables')
    } finally {
      await own.close()
    }
  })
})
