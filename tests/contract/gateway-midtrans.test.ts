import { describe, expect, it } from 'vitest'
import { midtransGateway } from '#server/drivers/gateway/midtrans/driver.ts'
import { startMidtransSimulator } from '../../simulators/midtrans/index.ts'
import { notificationShop } from '../support/gateway-shop.ts'
import { chargeBy, gatewayContract } from './gateway.suite.ts'
import type { GatewayBench } from './gateway.suite.ts'

async function openBench(): Promise<GatewayBench & { readonly simulator: Awaited<ReturnType<typeof startMidtransSimulator>> }> {
  const shop = await notificationShop()
  const simulator = await startMidtransSimulator({ app: shop.url })
  const { serverKey, url } = simulator
  const driver = (key: string, signatureKey = key) => midtransGateway({ serverKey: key, signatureKey, apiUrl: url, snapUrl: url, notificationUrl: `${shop.url}/hook` })
  const of = (orderId: string) => simulator.state.transactions.filter(transaction => transaction.orderId === orderId)
  return {
    simulator, gateway: driver(serverKey), method: 'bca_va', foreignMethod: 'xendit',
    pay: simulator.act.pay, fail: simulator.act.fail, expire: simulator.act.expire,
    changeAmount(orderId, amount) {
      for (const transaction of of(orderId)) transaction.amount = amount
    },
    setFault: (fault, count, status = 503) => simulator.faults.set({ [fault]: count, failStatus: status }),
    clearFaults: simulator.faults.clear,
    charges: orderId => of(orderId).length, payable: orderId => of(orderId).filter(transaction => transaction.status === 'pending').length,
    async delivered(orderId) {
      await simulator.notifications.idle()
      return shop.about(orderId)
    },
    duplicateNext: () => simulator.faults.set({ duplicateNotifications: 1 }),
    withOtherKey: () => driver('another-key-of-nobody'), withoutSecret: () => driver(serverKey, ''),
    forge: ({ raw, headers }) => ({ raw: Buffer.from(Buffer.from(raw).toString().replace(/"gross_amount":"\d+/, '"gross_amount":"1')), headers }),
    async close() {
      await simulator.close()
      await shop.close()
    },
  }
}
gatewayContract('Midtrans', openBench)

describe('Midtrans\' methods', () => {
  it.each([
    ['cimb_va', { bank: 'cimb', vaNumber: expect.stringMatching(/^\d{10,}$/) as string }], ['permata_va', { bank: 'permata' }],
    ['mandiri_bill', { billerCode: '70012', billKey: expect.stringMatching(/^\d{6,}$/) as string, vaNumber: null }],
    ['gopay', { qrString: expect.stringMatching(/^0002/) as string, appUrl: expect.stringMatching(/^http/) as string }], ['qris', { qrString: expect.stringMatching(/^0002/) as string, appUrl: null }],
  ] as const)('%s is answered with what its buyer needs, and settles when paid', async (method, instructions) => {
    const bench = await openBench()
    try {
      const charge = chargeBy(method)
      const answer = await bench.gateway.start(charge)
      expect(answer.instructions).toMatchObject(instructions)
      bench.pay(charge.orderId)
      expect((await bench.gateway.read({ orderId: charge.orderId, gatewayTransactionId: answer.gatewayTransactionId }))?.status).toBe('settled')
    } finally {
      await bench.close()
    }
  })
  it('a Snap page that lapses silently is not known to GET status: null, so that our own timer closes it; cancelled, nobody can choose a method on it', async () => {
    const bench = await openBench()
    try {
      const charge = chargeBy('snap')
      const answer = await bench.gateway.start(charge)
      expect(await bench.gateway.read({ orderId: charge.orderId, gatewayTransactionId: null })).toBeNull()
      expect(await bench.gateway.cancel({ orderId: charge.orderId, token: answer.instructions.token })).toBe(true)
      expect(bench.simulator.state.sessions.filter(session => session.orderId === charge.orderId && session.canceledAt === null)).toHaveLength(0)
    } finally {
      await bench.close()
    }
  })
  it('a settlement that the bank takes back is denied', async () => {
    const bench = await openBench()
    try {
      const charge = chargeBy('mandiri_bill')
      const answer = await bench.gateway.start(charge)
      bench.pay(charge.orderId)
      bench.simulator.act.reverse(charge.orderId)
      expect((await bench.gateway.read({ orderId: charge.orderId, gatewayTransactionId: answer.gatewayTransactionId }))?.status).toBe('denied')
    } finally {
      await bench.close()
    }
  })
})
