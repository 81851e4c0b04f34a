import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { setApp, whileRunning } from '#server/platform/app.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld, day } from '../support/billing.ts'

describe.each(databaseKinds())('a product that was down, on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = billingWorld(test.app)
  })
  afterEach(() => setApp(null))
  afterAll(() => test.close())
  const waiting = () => world.rows<{ name: string, n: number }>(sql`select name, count(*)::int as n from pgboss.job where state = 'created' and name in ('billing.sweep-due', 'payments.reconcile-due', 'provisioning.recover-due', 'infrastructure.collect-due') group by name order by name`)
  const once = ['billing.sweep-due', 'infrastructure.collect-due', 'payments.reconcile-due', 'provisioning.recover-due'].map(name => ({ name, n: 1 }))

  it('D19: asks at its start for everything that recurs, once however many replicas start, and the missed day is done once', async () => {
    const { serviceId } = await world.running()
    test.clock.advance(17 * day)
    await Promise.all([test.app.catchUp(), test.app.catchUp(), test.app.catchUp()])
    expect(await waiting()).toEqual(once)
    await test.app.startWorkers()
    await test.idle()
    await test.app.catchUp()
    await test.idle()
    expect((await world.invoicesOf(serviceId)).map(invoice => invoice.status)).toEqual(['paid', 'issued'])
  })

  it('what the clock starts before the application runs, or after it was stopped, is left to the next tick without an error', async () => {
    const asked: string[] = []
    const ask = () => whileRunning(async (app) => {
      asked.push(app.core.database.kind)
    })
    expect(await ask()).toEqual({ result: 'not running' })
    setApp(test.app)
    expect(await ask()).toEqual({ result: 'requested' })
    setApp(null)
    expect(await ask()).toEqual({ result: 'not running' })
    expect(asked).toEqual([kind])
  })
})
