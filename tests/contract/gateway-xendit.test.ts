import { describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { xenditGateway } from '#server/drivers/gateway/xendit/driver.ts'
import { startXenditSimulator } from '../../simulators/xendit/index.ts'
import { notificationShop } from '../support/gateway-shop.ts'
import { chargeBy, gatewayContract } from './gateway.suite.ts'
import type { GatewayBench } from './gateway.suite.ts'

async function openBench(): Promise<GatewayBench & { readonly simulator: Awaited<ReturnType<typeof startXenditSimulator>> }> {
  const shop = await notificationShop()
  const simulator = await startXenditSimulator({ app: shop.url })
  const driver = (secretKey: string, callbackToken = simulator.callbackToken) => xenditGateway({ secretKey, callbackToken, apiUrl: simulator.url, wallNow: () => new Date() })
  const of = (orderId: string) => simulator.state.sessions.filter(session => session.referenceId === orderId)
  return {
    simulator, gateway: driver(simulator.secretKey), method: 'xendit', foreignMethod: 'bca_va',
    pay: orderId => simulator.act.pay(orderId), fail: simulator.act.fail, expire: simulator.act.expire,
    changeAmount(orderId, amount) {
      for (const session of of(orderId)) session.amount = amount
    },
    setFault: (fault, count, status = 503) => simulator.faults.set({ [fault]: count, failStatus: status }),
    clearFaults: simulator.faults.clear,
    charges: orderId => of(orderId).length, payable: orderId => of(orderId).filter(session => session.status === 'ACTIVE').length,
    async delivered(orderId) {
      await simulator.notifications.idle()
      return shop.about(orderId)
    },
    duplicateNext: () => simulator.faults.set({ duplicateNotifications: 1 }),
    withOtherKey: () => driver('another-key-of-nobody'), withoutSecret: () => driver(simulator.secretKey, ''),
    forge: ({ raw, headers }) => ({ raw, headers: { ...headers, 'x-callback-token': `${headers['x-callback-token']} ` } }),
    async close() {
      await simulator.close()
      await shop.close()
    },
  }
}
gatewayContract('Xendit', openBench)

describe('Xendit\'s own ways', () => {
  const withBench = async (work: (bench: Awaited<ReturnType<typeof openBench>>) => Promise<void>) => {
    const bench = await openBench()
    try {
      await work(bench)
    } finally {
      await bench.close()
    }
  }
  const hook = (bench: Awaited<ReturnType<typeof openBench>>, body: object) => bench.gateway.verify({ raw: Buffer.from(JSON.stringify(body)), headers: { 'x-callback-token': bench.simulator.callbackToken } })

  it('amounts that come as text are the same amounts', () => withBench(async (bench) => {
    bench.simulator.faults.set({ amountsAsText: true })
    const charge = chargeBy('xendit')
    const answer = await bench.gateway.start(charge)
    const read = () => bench.gateway.read({ orderId: charge.orderId, gatewayTransactionId: answer.gatewayTransactionId })
    expect(await read()).toMatchObject({ status: 'pending', amount: money(111_000n) })
    bench.pay(charge.orderId)
    expect(await read()).toMatchObject({ status: 'settled', amount: money(111_000n) })
  }))
  it('a session that claims completion without money is for a person to look at', () => withBench(async (bench) => {
    const charge = chargeBy('xendit')
    const answer = await bench.gateway.start(charge)
    const [session] = bench.simulator.state.sessions
    if (session) session.status = 'COMPLETED'
    expect((await bench.gateway.read({ orderId: charge.orderId, gatewayTransactionId: answer.gatewayTransactionId }))?.status).toBe('review')
  }))
  it('a lost session is read by the id that a notification names, and only where there is nothing else to read by', () => withBench(async (bench) => {
    const charge = chargeBy('xendit')
    bench.setFault('cutAfterAct', 1)
    await bench.gateway.start(charge).catch(() => {})
    bench.pay(charge.orderId)
    const named = (await bench.delivered(charge.orderId)).map(delivery => bench.gateway.verify(delivery).gatewayTransactionId).find(Boolean)
    expect(await bench.gateway.read({ orderId: charge.orderId, gatewayTransactionId: null })).toBeNull()
    expect(await bench.gateway.read({ orderId: charge.orderId, gatewayTransactionId: null, notifiedId: named ?? null })).toMatchObject({ status: 'settled', orderId: charge.orderId })
    expect(await bench.gateway.read({ orderId: charge.orderId, gatewayTransactionId: 'ps-000000000000000000000001', notifiedId: named ?? null })).toBeNull()
    expect(await bench.gateway.read({ orderId: charge.orderId, gatewayTransactionId: null, notifiedId: '../v2/balance' })).toBeNull()
  }))
  it('return addresses that are not https are left out instead of being refused', () => withBench(async (bench) => {
    await bench.gateway.start(chargeBy('xendit', { returnUrl: 'http://localhost:3000/portal/invoices/1' }))
    await bench.gateway.start(chargeBy('xendit'))
    expect(bench.simulator.state.sessions.map(session => session.successUrl)).toEqual([null, 'https://gardu.test/portal/invoices/1'])
  }))
  it('an attempt that ends in a minute still gets the ten minutes that Xendit wants, and counts as lapsed when we said', () => withBench(async (bench) => {
    const now = new Date()
    const expiresAt = new Date(now.getTime() + 60_000)
    expect((await bench.gateway.start(chargeBy('xendit', { now, expiresAt }))).expiresAt).toEqual(expiresAt)
  }))
  it('moved business time does not move the session: its life is counted from the real moment', () => withBench(async (bench) => {
    const now = new Date(Date.now() + 90 * 86_400_000)
    const charge = chargeBy('xendit', { now, expiresAt: new Date(now.getTime() + 3_600_000) })
    const left = charge.expiresAt.getTime() - (await bench.gateway.start(charge)).expiresAt.getTime()
    expect(left).toBeGreaterThanOrEqual(0)
    expect(left).toBeLessThan(60_000)
    expect((bench.simulator.state.sessions[0]?.expiresAt ?? 0) - Date.now()).toBeLessThanOrEqual(3_600_000)
  }))
  it('429 is put off for as long as its header says', () => withBench(async (bench) => {
    bench.setFault('failNext', 1, 429)
    await expect(bench.gateway.start(chargeBy('xendit'))).rejects.toMatchObject({ kind: 'retryable', afterSeconds: 8 })
  }))
  const paid = async (bench: Awaited<ReturnType<typeof openBench>>, channel: Parameters<typeof bench.simulator.act.pay>[1] = 'QRIS') => {
    const charge = chargeBy('xendit')
    const { gatewayTransactionId } = await bench.gateway.start(charge)
    bench.simulator.act.pay(charge.orderId, channel)
    const { orderId } = charge
    return {
      orderId, read: () => bench.gateway.read({ orderId, gatewayTransactionId }),
      giveBack: (refundKey: string, amount: bigint) => bench.gateway.refund?.request({ orderId, gatewayTransactionId, refundKey, amount: money(amount), reason: 'asked for' }),
    }
  }
  it('a refund is asked for once per key, and is read back by its key: in parts, confirmed or not yet', () => withBench(async (bench) => {
    const { read, giveBack } = await paid(bench)
    await giveBack('rf-1', 11_000n)
    await giveBack('rf-1', 11_000n)
    bench.simulator.faults.set({ refunds: 'hold' })
    await giveBack('rf-2', 50_000n)
    const refunds = [{ key: 'rf-2', kind: 'refund', amount: money(50_000n), confirmed: false }, { key: 'rf-1', kind: 'refund', amount: money(11_000n), confirmed: true }]
    expect(await read()).toMatchObject({ status: 'refunded', amount: money(111_000n), channel: 'qris', refunds })
    await expect(giveBack('rf-3', 1_000n)).rejects.toMatchObject({ kind: 'retryable' })
  }))
  it('the answer to a refund is lost: asked again by the same key, it is one', () => withBench(async (bench) => {
    const { read, giveBack } = await paid(bench)
    bench.simulator.faults.set({ cutAfterAct: 1, match: '^POST /refunds$' })
    await expect(giveBack('rf-1', 111_000n)).rejects.toMatchObject({ kind: 'unknown_outcome' })
    bench.clearFaults()
    await giveBack('rf-1', 111_000n)
    expect((await read())?.refunds).toHaveLength(1)
  }))
  it('a refund that the bank refuses after it was taken says so, and the money stays settled', () => withBench(async (bench) => {
    const { read, giveBack } = await paid(bench)
    bench.simulator.faults.set({ refunds: 'fail' })
    await giveBack('rf-1', 1_000n)
    expect(await read()).toMatchObject({ status: 'settled', refunds: [{ key: 'rf-1', confirmed: false, refused: expect.stringContaining('ACCOUNT_NOT_FOUND') as string }] })
  }))
  it('more than is left, and what was paid by a channel that gives nothing back, are refused for good; our key is not blamed', () => withBench(async (bench) => {
    const qris = await paid(bench)
    await expect(qris.giveBack('rf-1', 111_001n)).rejects.toMatchObject({ kind: 'permanent', message: expect.stringContaining('REFUND_AMOUNT_EXCEEDED') as string })
    const va = await paid(bench, 'BCA_VIRTUAL_ACCOUNT')
    await expect(va.giveBack('rf-2', 1_000n)).rejects.toMatchObject({ kind: 'permanent', message: expect.stringContaining('403') as string })
    expect([bench.gateway.refund?.days('bca_va'), bench.gateway.refund?.days('qris')]).toEqual([null, 30])
  }))
  it('the webhook of a refund says whose order it is; one made on the dashboard is read with the payment', () => withBench(async (bench) => {
    const { orderId, read, giveBack } = await paid(bench)
    await giveBack('rf-1', 1_000n)
    expect((await bench.delivered(orderId)).map(delivery => bench.gateway.verify(delivery)).filter(({ event }) => event === 'refund.succeeded')).toMatchObject([{ orderId }])
    bench.simulator.act.refund(orderId, 10_000)
    expect((await read())?.refunds).toMatchObject([{ key: expect.stringMatching(/^rfd-/) as string, amount: money(10_000n) }, { key: 'rf-1' }])
  }))
  it('both names of the payment event, the legacy invoice and a refund that is nested twice are understood', () => withBench(async (bench) => {
    for (const event of ['payment.capture', 'payment.succeeded']) expect(hook(bench, { event, data: { reference_id: 'A-1', payment_id: 'py-1', status: 'SUCCEEDED' } })).toEqual({ orderId: 'A-1', gatewayTransactionId: null, event })
    expect(hook(bench, { id: 'inv-1', external_id: 'A-1', status: 'PAID', amount: '10000' })).toMatchObject({ orderId: 'A-1', event: 'PAID' })
    expect(hook(bench, { event: 'refund.succeeded', data: { event: 'refund.succeeded', data: { id: 'rfd-1', reference_id: 'R-1', amount: '10000' } } })).toMatchObject({ orderId: 'R-1', event: 'refund.succeeded' })
  }))
})
