import { createHash } from 'node:crypto'
import { Pool } from 'pg'
import { uuidv7 } from '#server/platform/ids.ts'
import { median, rate, residentMegabytes } from './measure.ts'
import type { Line, Server } from './measure.ts'

/** Pages of the built product beside `/health` of the same process and a bare page of the same Nuxt. */
export async function benchPages(gardu: Server, bare: Server): Promise<Line[]> {
  const health = await rate(`${gardu.url}/health`)
  const cached = await rate(`${gardu.url}/vps`)
  const barePage = await rate(`${bare.url}/`)
  // A query that no cache knows: every request renders.
  const uncached = await rate(`${gardu.url}/domains`, { requests: [{ method: 'GET', path: '/domains?name=' }] })
  return [
    { name: 'cached storefront page / health', value: cached.perSecond / health.perSecond, unit: '×', atLeast: 0.6, note: `${cached.perSecond.toFixed(0)} and ${health.perSecond.toFixed(0)} requests/s (${cached.spread}; ${health.spread})` },
    { name: 'uncached page / one-line page with the same modules', value: uncached.perSecond / barePage.perSecond, unit: '×', atLeast: 0.4, note: `${uncached.perSecond.toFixed(0)} and ${barePage.perSecond.toFixed(0)} requests/s (${uncached.spread}; ${barePage.spread})` },
  ]
}

/** As many at a time write rows, and deliver notifications. */
const callers = 100

/** Distinct signed notifications for an order that does not exist: each is verified, stored durably and answered. */
export async function benchWebhooks(gardu: Server, databaseUrl: string, serverKey: string): Promise<Line[]> {
  const pool = new Pool({ connectionString: databaseUrl, max: 10 })
  await pool.query('create table if not exists bench_insert (id uuid primary key, body text not null)')
  const body = JSON.stringify({ transaction_status: 'settlement', order_id: 'BENCH', gross_amount: '100000.00', filler: 'x'.repeat(600) })
  const insertRun = async (milliseconds: number) => {
    const until = performance.now() + milliseconds
    let n = 0
    await Promise.all(Array.from({ length: callers }, async () => {
      while (performance.now() < until) {
        await pool.query('insert into bench_insert (id, body) values ($1, $2)', [uuidv7(), body])
        n++
      }
    }))
    return n / milliseconds * 1000
  }
  await insertRun(1000)
  const inserts = []
  for (let i = 0; i < 5; i++) inserts.push(await insertRun(3000))
  await pool.query('drop table bench_insert')
  await pool.end()
  const notification = () => {
    const order = `BENCH-${uuidv7()}`
    return JSON.stringify({ order_id: order, status_code: '200', gross_amount: '100000.00', transaction_status: 'settlement', transaction_id: uuidv7(), payment_type: 'bank_transfer', currency: 'IDR', fraud_status: 'accept', transaction_time: '2026-11-22 10:00:00', signature_key: createHash('sha512').update(`${order}200100000.00${serverKey}`).digest('hex') })
  }
  const webhooks = await rate(`${gardu.url}/api/webhooks/midtrans`, { connections: callers, requests: [{ method: 'POST', path: '/api/webhooks/midtrans', headers: { 'content-type': 'application/json' }, setupRequest: request => ({ ...request, body: notification() }) }] })
  return [{ name: 'webhook acknowledged / committed single-row INSERT', value: webhooks.perSecond / median(inserts), unit: '×', atLeast: 0.5, note: `${webhooks.perSecond.toFixed(0)} and ${median(inserts).toFixed(0)} per second; p99 ${webhooks.p99.toFixed(0)} ms` }]
}

export const benchMemory = (gardu: Server): Line => ({ name: 'idle memory on PostgreSQL and Redis', value: residentMegabytes(gardu.process.pid ?? 0), unit: 'MB', atMost: 250, note: `started in ${(gardu.startedMilliseconds / 1000).toFixed(1)} s` })
