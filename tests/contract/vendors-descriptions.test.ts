import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { midtransGateway } from '#server/drivers/gateway/midtrans/driver.ts'
import { xenditGateway } from '#server/drivers/gateway/xendit/driver.ts'
import type { PaymentGateway } from '#server/payments/ports.ts'
import { money } from '#shared/money/money.ts'
import type { GatewayMethod } from '#shared/vocabulary/payments.ts'
import { startMidtransSimulator } from '../../simulators/midtrans/index.ts'
import type { MidtransSimulator } from '../../simulators/midtrans/index.ts'
import { startXenditSimulator } from '../../simulators/xendit/index.ts'
import type { XenditSimulator } from '../../simulators/xendit/index.ts'
import { openApiJudge, startJudge } from '../support/openapi-judge.ts'
import type { Judge } from '../support/openapi-judge.ts'
import { chargeBy } from './gateway.suite.ts'

/**
 * What our drivers send and what the simulators answer, judged by OpenAPI descriptions of the vendors' interfaces: a driver and a simulator
 * of one hand may agree with each other and be wrong together. The descriptions are not ours to ship: `GARDU_TEST_OPENAPI` names a folder
 * with `midtrans.openapi.yaml` and `xendit-sessions.openapi.yaml`; without it this is left out.
 *
 * ajv judges, not Prism: our simulators keep state, so no mock server is wanted, and of Prism only its validator (ajv, too) would be used:
 * its command line brings 160 packages, one of which reports home when it is installed. Unlike Prism's, this judge also tells what a
 * request holds beyond the description.
 */
const folder = process.env.GARDU_TEST_OPENAPI ?? ''
const [midtransFile, xenditFile] = [join(folder, 'midtrans.openapi.yaml'), join(folder, 'xendit-sessions.openapi.yaml')]
const there = folder !== '' && existsSync(midtransFile) && existsSync(xenditFile)
/** What the descriptions leave out (each calls itself a subset), and how we know that it is so. Each must occur, or it is no longer needed. */
const explained: readonly (readonly [RegExp, string])[] = [
  [/^POST \/v2\/charge → \d+: request must NOT have additional properties \{"additionalProperty":"custom_expiry"\}$/, 'a charge of the Core API takes `custom_expiry` (docs.midtrans.com, "Custom Expiry Object"); the description lists only what Snap calls `expiry`'],
  [/^POST \/v2\/charge → 401: status 401 is not described$/, 'described is only what is answered to a known key; an unknown one is refused with 401 there as at Snap, where it is described'],
  [/^GET \/refunds is not described$/, 'the list of refunds of a payment request: `getAllRefunds` of the vendor\'s own client (xendit-node, refund/apis) reads this very path'],
]
const seen = new Set<string>()
const unexplained = (mismatches: readonly string[]) => mismatches.filter((mismatch) => {
  const [, why] = explained.find(([pattern]) => pattern.test(mismatch)) ?? []
  if (why) seen.add(why)
  return why === undefined
})
const leftOut = there ? '' : ' (left out: GARDU_TEST_OPENAPI names no folder with the descriptions)'

describe.skipIf(!there)(`Midtrans' description${leftOut}`, () => {
  let simulator: MidtransSimulator
  let judge: Judge
  let gateway: PaymentGateway
  beforeAll(async () => {
    simulator = await startMidtransSimulator()
    judge = await startJudge(midtransFile, simulator.url)
    gateway = driver(simulator.serverKey)
  })
  afterAll(async () => {
    await judge.close()
    await simulator.close()
  })
  const driver = (serverKey: string) => midtransGateway({ serverKey, signatureKey: serverKey, apiUrl: judge.url, snapUrl: judge.url, notificationUrl: 'https://gardu.test/api/webhooks/midtrans' })
  const begin = async (method: GatewayMethod) => {
    const charge = chargeBy(method)
    const { gatewayTransactionId, instructions } = await gateway.start(charge)
    return { orderId: charge.orderId, gatewayTransactionId, token: instructions.token }
  }
  const since = () => {
    const from = judge.mismatches.length
    return () => judge.mismatches.slice(from)
  }

  it.each(['bca_va', 'bni_va', 'bri_va', 'permata_va', 'cimb_va', 'mandiri_bill', 'gopay', 'qris', 'snap'] as const)('%s: started, read, paid, given back or cancelled as it says', async (method) => {
    const told = since()
    const one = await begin(method)
    await gateway.read(one)
    await gateway.cancel(one)
    await gateway.read(one)
    const other = await begin(method)
    if (method === 'snap') simulator.act.choose(other.orderId, 'other_qris')
    simulator.act.pay(other.orderId)
    const state = await gateway.read(other)
    expect(state?.status).toBe('settled')
    if (gateway.refund?.days(state?.channel ?? method)) {
      for (const amount of [1_000n, 110_000n]) await gateway.refund.request({ ...other, refundKey: `rf-${amount}-${method.replaceAll('_', '')}`, amount: money(amount), reason: 'asked for' })
      expect((await gateway.read(other))?.status).toBe('refunded')
    }
    expect(unexplained(told())).toEqual([])
  })
  it('every end of a transaction is answered as it says: denied, lapsed, charged back, unknown, an unknown key', async () => {
    const told = since()
    for (const act of [simulator.act.fail, simulator.act.expire]) {
      const one = await begin('bca_va')
      act(one.orderId)
      await gateway.read(one)
    }
    const charged = await begin('qris')
    simulator.act.pay(charged.orderId)
    simulator.act.chargeback(charged.orderId, 1_000)
    await gateway.read(charged)
    await gateway.read({ orderId: 'INV-of-nobody', gatewayTransactionId: null })
    for (const method of ['bca_va', 'snap'] as const) await driver('another-key').start(chargeBy(method)).catch(() => {})
    expect(unexplained(told())).toEqual([])
  })
  it('judged was every way in which the driver speaks', () => {
    expect([...judge.judged].sort()).toEqual(['GET /v2/{id}/status → 200', 'POST /snap/v1/transactions → 201', 'POST /snap/v1/transactions → 401', 'POST /snap/v1/transactions/{token}/cancel → 200', 'POST /v2/charge → 200', 'POST /v2/charge → 401', 'POST /v2/{id}/cancel → 200', 'POST /v2/{id}/refund → 200'])
  })
})

describe.skipIf(!there)(`Xendit's description${leftOut}`, () => {
  let simulator: XenditSimulator
  let judge: Judge
  let gateway: PaymentGateway
  beforeAll(async () => {
    simulator = await startXenditSimulator()
    judge = await startJudge(xenditFile, simulator.url)
    gateway = driver(simulator.secretKey)
  })
  afterAll(async () => {
    await judge.close()
    await simulator.close()
  })
  const driver = (secretKey: string) => xenditGateway({ secretKey, callbackToken: simulator.callbackToken, apiUrl: judge.url, wallNow: () => new Date() })
  const begin = async () => {
    const charge = chargeBy('xendit')
    const { gatewayTransactionId, instructions } = await gateway.start(charge)
    return { orderId: charge.orderId, gatewayTransactionId, token: instructions.token }
  }

  it('a session is made, read, cancelled, paid and given back as it says', async () => {
    const one = await begin()
    await gateway.read(one)
    await gateway.cancel(one)
    await gateway.read(one)
    const lapsed = await begin()
    simulator.act.expire(lapsed.orderId)
    await gateway.read(lapsed)
    const other = await begin()
    simulator.act.pay(other.orderId)
    expect((await gateway.read(other))?.status).toBe('settled')
    await gateway.refund?.request({ ...other, refundKey: 'rf-1', amount: money(1_000n), reason: 'asked for' })
    await gateway.read(other)
    expect(unexplained(judge.mismatches)).toEqual([])
  })
  it('what is refused is refused as it says: an unknown key, an unknown session, a second cancellation', async () => {
    await driver('another-key').start(chargeBy('xendit')).catch(() => {})
    await gateway.read({ orderId: 'INV-of-nobody', gatewayTransactionId: 'ps-000000000000000000000001' }).catch(() => {})
    const one = await begin()
    simulator.act.pay(one.orderId)
    await gateway.cancel(one).catch(() => {})
    expect(unexplained(judge.mismatches)).toEqual([])
  })
  it('judged was every way in which the driver speaks', () => {
    expect([...judge.judged].sort()).toEqual(['GET /refunds → 200', 'GET /sessions/{session_id} → 200', 'GET /sessions/{session_id} → 404', 'GET /v3/payment_requests/{payment_request_id} → 200', 'POST /refunds → 200', 'POST /sessions → 201', 'POST /sessions → 401', 'POST /sessions/{session_id}/cancel → 200', 'POST /sessions/{session_id}/cancel → 400'])
  })
})

describe.skipIf(!there)(`the judge${leftOut}`, () => {
  const order = { transaction_details: { order_id: 'INV-1', gross_amount: 1_000 }, payment_type: 'qris' }
  const exchange = { method: 'POST', path: '/v2/charge', headers: {}, request: JSON.stringify(order), status: 200, response: JSON.stringify({ status_code: '201', status_message: 'ok', gross_amount: '1000.00' }) }
  it.each([
    ['a missing field', { request: '{"payment_type":"qris"}' }], ['a field that is not listed', { request: JSON.stringify({ ...order, extra: 1 }) }], ['an amount with cents', { request: JSON.stringify({ ...order, transaction_details: { order_id: 'INV-1', gross_amount: 1_000.5 } }) }], ['a key that is too long', { headers: { 'idempotency-key': 'k'.repeat(47) } }],
    ['a status that is not described', { status: 418 }], ['an answer of another kind', { response: '{"status_code":201,"status_message":"ok"}' }], ['a path that is not described', { path: '/v3/charge' }],
  ])('says so of %s', (_, change) => {
    const judge = openApiJudge(midtransFile)
    expect(judge(exchange).mismatches).toEqual([])
    expect(judge({ ...exchange, ...change }).mismatches).toHaveLength(1)
  })
  it('what is explained away still occurs', () => {
    expect(explained.map(([, why]) => why).filter(why => !seen.has(why))).toEqual([])
  })
})
