import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { components, startRedis } from '../../scripts/components.ts'
import type { Running } from '../../scripts/components.ts'
import logIn from '../../server/api/auth/login.post.ts'
import receiveMidtrans from '../../server/api/webhooks/midtrans.post.ts'
import { serveRoutes } from '../support/http.ts'
import { until } from '../support/journey.ts'
import { startPaymentWorld } from '../support/payments.ts'

const command = components.redis.find()
if (!command && process.env.CI === 'true') throw new Error('Redis is missing: with CI=true nothing is left out')

describe.skipIf(!command)('Redis is away', () => {
  let redis: Running
  let w: Awaited<ReturnType<typeof startPaymentWorld>>
  let server: Awaited<ReturnType<typeof serveRoutes>>
  beforeAll(async () => {
    redis = await startRedis(command ?? '')
    w = await startPaymentWorld('embedded', { REDIS_URL: redis.url })
    server = await serveRoutes(w.test.app, [['post', '/api/auth/login', logIn], ['post', '/api/webhooks/midtrans', receiveMidtrans]])
    await w.test.app.startWorkers()
  })
  afterAll(async () => {
    await server.close()
    await w.close()
    await redis.stop()
  })
  const post = (path: string, body: unknown) => fetch(server.url + path, { method: 'POST', headers: { 'content-type': 'application/json', 'x-gardu-locale': 'en' }, body: JSON.stringify(body) })
  const enter = () => post('/api/auth/login', { email: 'sari@contoh.test', password: 'salah-sekali-99' })

  it('what needs a limit is told 503 at once, webhooks and jobs go on, and all of it works again by itself', async () => {
    const order = await w.world.order()
    const view = await w.start(order, 'bca_va')
    const orderId = (await w.payment(view.id)).gatewayOrderId ?? ''
    expect((await enter()).status).toBe(401)
    await redis.stop()
    const refused = await enter()
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await refused.json()).toMatchObject({ code: 'unavailable', title: expect.stringMatching(/nothing was lost.*try again/i) as string })
    await expect(w.test.app.ready()).rejects.toThrow()

    w.midtrans.faults.set({ loseNotifications: 10 })
    w.midtrans.act.pay(orderId)
    const signature_key = createHash('sha512').update(`${orderId}200111000.00${w.midtrans.serverKey}`).digest('hex')
    expect((await post('/api/webhooks/midtrans', { order_id: orderId, status_code: '200', gross_amount: '111000.00', transaction_status: 'settlement', signature_key })).status).toBe(200)
    await until('the payment is booked by a job', () => w.payment(view.id), payment => payment.status === 'settled')

    redis = await startRedis(command ?? '', Number(new URL(redis.url).port))
    await until('logging in works again', enter, reply => reply.status === 401)
    await w.test.app.ready()
  })
})
