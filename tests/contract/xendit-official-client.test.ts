import { Xendit, XenditSdkError } from 'xendit-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sessionBody } from '#server/drivers/gateway/xendit/transform.ts'
import { startXenditSimulator } from '../../simulators/xendit/index.ts'
import type { XenditSimulator } from '../../simulators/xendit/index.ts'
import { chargeBy } from './gateway.suite.ts'

/** The vendor's own Node client knows refunds; of sessions, which are newer, it knows nothing. */
describe('the official Xendit client reads our simulator as it reads Xendit', () => {
  let simulator: XenditSimulator
  let client: Xendit
  beforeAll(async () => {
    simulator = await startXenditSimulator({ app: 'http://127.0.0.1:9' })
    client = new Xendit({ secretKey: simulator.secretKey, xenditURL: simulator.url })
  })
  afterAll(() => simulator.close())

  async function paidRequest(channel: 'QRIS' | 'BCA_VIRTUAL_ACCOUNT' = 'QRIS') {
    const charge = chargeBy('xendit')
    await fetch(`${simulator.url}/sessions`, { method: 'POST', headers: { 'authorization': `Basic ${Buffer.from(`${simulator.secretKey}:`).toString('base64')}`, 'content-type': 'application/json' }, body: JSON.stringify(sessionBody(charge, new Date())) })
    simulator.act.pay(charge.orderId, channel)
    return simulator.state.paymentRequests.find(request => request.referenceId === charge.orderId)?.id ?? ''
  }
  const refusalOf = (work: Promise<unknown>) => work.then(() => null, (error: unknown) => error instanceof XenditSdkError ? [error.status, error.errorCode] : String(error))

  it('a refund in part: made once per key, read by its id and in the list of its payment', async () => {
    const paymentRequestId = await paidRequest()
    const ask = () => client.Refund.createRefund({ idempotencyKey: 'key-1', data: { paymentRequestId, referenceId: 'A-1:rf-1', amount: 11_000, currency: 'IDR', reason: 'REQUESTED_BY_CUSTOMER' } })
    const made = await ask()
    expect(made).toMatchObject({ paymentRequestId, amount: 11_000, currency: 'IDR', channelCode: 'QRIS', referenceId: 'A-1:rf-1' })
    expect((await ask()).id).toBe(made.id)
    expect(await client.Refund.getRefund({ refundID: made.id ?? '' })).toMatchObject({ id: made.id, amount: 11_000, paymentRequestId })
    expect((await client.Refund.getAllRefunds({ paymentRequestId })).data).toMatchObject([{ id: made.id }])
  })

  it('more than is left, a channel that gives nothing back, and another key are refused by their codes', async () => {
    const ask = (paymentRequestId: string, amount: number, of = client) => of.Refund.createRefund({ data: { paymentRequestId, amount, currency: 'IDR', reason: 'OTHERS' } })
    expect(await refusalOf(ask(await paidRequest(), 111_001))).toEqual([400, 'REFUND_AMOUNT_EXCEEDED'])
    expect(await refusalOf(ask(await paidRequest('BCA_VIRTUAL_ACCOUNT'), 1_000))).toEqual([403, 'REFUND_NOT_SUPPORTED'])
    expect(await refusalOf(ask(await paidRequest(), 1_000, new Xendit({ secretKey: 'another-key', xenditURL: simulator.url })))).toEqual([401, 'INVALID_API_KEY'])
  })
})
