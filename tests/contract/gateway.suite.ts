import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import { money } from '#shared/money/money.ts'
import type { GatewayMethod } from '#shared/vocabulary/payments.ts'
import type { GatewayCharge, PaymentGateway, StartedCharge } from '#server/payments/ports.ts'

type Fault = 'cutAfterAct' | 'failNext' | 'garbleNext'
/** A gateway under test, beside its simulator; each driver's test file brings one. */
export interface GatewayBench {
  readonly gateway: PaymentGateway
  /** A method that it takes, and one that it does not. */
  readonly method: GatewayMethod
  readonly foreignMethod: GatewayMethod
  /** What the buyer and the bank do. */
  pay(orderId: string): void
  fail(orderId: string): void
  expire(orderId: string): void
  /** The amount at the gateway is another than was asked for. */
  changeAmount(orderId: string, amount: number): void
  setFault(fault: Fault, count: number, status?: number): void
  clearFaults(): void
  /** How many charges stand there under this order id, and how many of them can still be paid. */
  charges(orderId: string): number
  payable(orderId: string): number
  /** Everything that was delivered for an order, as it came. */
  delivered(orderId: string): Promise<{ raw: Uint8Array, headers: Record<string, string> }[]>
  duplicateNext(): void
  /** The same driver with another key, or with no secret for notifications. */
  withOtherKey(): PaymentGateway
  withoutSecret(): PaymentGateway
  /** A delivery changed so that its proof no longer holds. */
  forge(delivery: { raw: Uint8Array, headers: Record<string, string> }): { raw: Uint8Array, headers: Record<string, string> }
  close(): Promise<void>
}

const failureOf = async (work: Promise<unknown>): Promise<DriverError> => {
  const thrown = await work.then(value => new Error(`no failure, but ${JSON.stringify(value)}`), (error: unknown) => error)
  if (thrown instanceof DriverError) return thrown
  throw thrown
}
const codeOf = (work: () => unknown) => {
  try {
    work()
    return 'no error'
  } catch (error) {
    return error instanceof AppError ? error.code : String(error)
  }
}

let serial = 0
/** Every try has an order of its own. */
export function chargeBy(method: GatewayMethod, change: Partial<GatewayCharge> = {}): GatewayCharge {
  const now = new Date()
  return {
    orderId: `INV-2026-${String(++serial).padStart(6, '0')}-${Math.random().toString(16).slice(2, 10)}`, amount: money(111_000n), method, lines: [{ id: 'vps', name: 'VPS-1', amount: money(100_000n) }, { id: 'x-ppn', name: 'PPN', amount: money(11_000n) }],
    buyer: { name: 'Budi Santoso', email: 'budi@contoh.test', phone: '+628123456789' }, now, expiresAt: new Date(now.getTime() + 86_400_000), returnUrl: 'https://gardu.test/portal/invoices/1', locale: 'id', ...change,
  }
}

/** What every payment gateway guarantees, whatever it speaks. */
export function gatewayContract(name: string, open: () => Promise<GatewayBench>) {
  describe(`gateway contract: ${name}`, () => {
    let bench: GatewayBench
    let gateway: PaymentGateway
    beforeEach(async () => {
      bench = await open()
      gateway = bench.gateway
    })
    afterEach(() => bench.close())
    const started = async () => {
      const charge = chargeBy(bench.method)
      return { charge, orderId: charge.orderId, answer: await gateway.start(charge) }
    }
    const read = ({ orderId, answer }: { orderId: string, answer: StartedCharge }) => gateway.read({ orderId, gatewayTransactionId: answer.gatewayTransactionId })
    const cancel = ({ orderId, answer }: { orderId: string, answer: StartedCharge }) => gateway.cancel({ orderId, token: answer.instructions.token })

    it('a start makes one charge and answers with something to pay by, until when it can be', async () => {
      const { charge, orderId, answer } = await started()
      expect(bench.payable(orderId)).toBe(1)
      expect([answer.instructions.vaNumber, answer.instructions.redirectUrl, answer.instructions.qrString, answer.instructions.billKey].some(Boolean)).toBe(true)
      expect(answer.expiresAt.getTime()).toBeGreaterThan(charge.now.getTime())
      expect(answer.expiresAt.getTime()).toBeLessThanOrEqual(charge.expiresAt.getTime())
    })
    it('started twice with one order id there is one charge: answered alike, or an unknown outcome to be looked at', async () => {
      const { charge, orderId, answer } = await started()
      const again = await gateway.start(charge).catch((error: unknown) => error)
      if (again instanceof DriverError) expect(again.kind).toBe('unknown_outcome')
      else expect(again).toEqual(answer)
      expect(bench.charges(orderId)).toBe(1)
    })
    it('an answer lost after the act is an unknown outcome, and the next try makes no second charge', async () => {
      const charge = chargeBy(bench.method)
      bench.setFault('cutAfterAct', 1)
      expect((await failureOf(gateway.start(charge))).kind).toBe('unknown_outcome')
      await gateway.start(charge).catch((error: unknown) => expect((error as DriverError).kind).toBe('unknown_outcome'))
      expect(bench.charges(charge.orderId)).toBe(1)
    })
    it('lines that do not add up to the amount never leave', async () => {
      const charge = chargeBy(bench.method, { amount: money(111_001n) })
      expect((await failureOf(gateway.start(charge))).kind).toBe('permanent')
      expect(bench.charges(charge.orderId)).toBe(0)
    })
    it('an order id with letters that it does not take never leaves', async () => {
      expect((await failureOf(gateway.start(chargeBy(bench.method, { orderId: 'INV 2026/1' })))).kind).toBe('permanent')
    })
    it('a method that it does not take is refused for good', async () => {
      expect((await failureOf(gateway.start(chargeBy(bench.foreignMethod)))).kind).toBe('permanent')
      expect(gateway.methods).toContain(bench.method)
      expect(gateway.methods).not.toContain(bench.foreignMethod)
    })
    it('names and telephone numbers of any kind are worth no refused charge', async () => {
      for (const buyer of [{ name: '', email: 'a@b.test', phone: null }, { name: 'Nama | dengan garis '.repeat(20), email: 'a@b.test', phone: 'bukan nomor' }]) expect(await gateway.start(chargeBy(bench.method, { buyer }))).toBeTruthy()
    })
    it('while nobody paid, the state is pending, with our order id and the exact amount', async () => {
      const one = await started()
      expect(await read(one)).toMatchObject({ status: 'pending', orderId: one.orderId, amount: { amount: 111_000n, currency: 'IDR' } })
    })
    it('once paid, the state is settled, with our order id and the exact amount', async () => {
      const one = await started()
      bench.pay(one.orderId)
      expect(await read(one)).toMatchObject({ status: 'settled', orderId: one.orderId, amount: { amount: 111_000n, currency: 'IDR' } })
    })
    it('a refused try is never settled', async () => {
      const one = await started()
      bench.fail(one.orderId)
      expect(['denied', 'failed', 'pending']).toContain((await read(one))?.status)
    })
    it('lapsed, the state is expired', async () => {
      const one = await started()
      bench.expire(one.orderId)
      expect((await read(one))?.status).toBe('expired')
    })
    it('money for a charge that had lapsed is seen as settled', async () => {
      const one = await started()
      bench.expire(one.orderId)
      bench.pay(one.orderId)
      expect((await read(one))?.status).toBe('settled')
    })
    it('money for a charge that was cancelled is seen as settled', async () => {
      const one = await started()
      await cancel(one)
      bench.pay(one.orderId)
      expect((await read(one))?.status).toBe('settled')
    })
    it('another amount at the gateway is what is read: it is never taken for ours', async () => {
      const one = await started()
      bench.changeAmount(one.orderId, 1_000)
      bench.pay(one.orderId)
      expect(await read(one)).toMatchObject({ status: 'settled', amount: { amount: 1_000n } })
    })
    it('an order that it does not know is null, not a failure', async () => {
      expect(await gateway.read({ orderId: 'INV-2026-999999-ffffffff', gatewayTransactionId: null })).toBeNull()
      expect(await gateway.read({ orderId: 'INV-2026-999999-ffffffff', gatewayTransactionId: 'ps-ffffffffffffffffffffffff' })).toBeNull()
    })
    it('cancelled before payment, nothing can be paid any more, and doing it again is no failure', async () => {
      const one = await started()
      expect(await cancel(one)).toBe(true)
      expect(bench.payable(one.orderId)).toBe(0)
      expect((await read(one))?.status).toBe('failed')
      await expect(cancel(one)).resolves.toBeTypeOf('boolean')
    })
    it('what is paid cannot be cancelled: false, and it stays settled', async () => {
      const one = await started()
      bench.pay(one.orderId)
      expect(await cancel(one)).toBe(false)
      expect((await read(one))?.status).toBe('settled')
    })
    it('what lapsed cannot be cancelled: false, and it is read as expired', async () => {
      const one = await started()
      bench.expire(one.orderId)
      expect(await cancel(one)).toBe(false)
      expect((await read(one))?.status).toBe('expired')
    })
    it('an answer to a cancellation that was lost is an unknown outcome; asked again it is done', async () => {
      const one = await started()
      bench.setFault('cutAfterAct', 1)
      expect((await failureOf(cancel(one))).kind).toBe('unknown_outcome')
      await cancel(one)
      expect(bench.payable(one.orderId)).toBe(0)
    })
    it('a key that is not accepted asks for somebody, whatever was asked', async () => {
      const one = await started()
      const other = bench.withOtherKey()
      for (const work of [other.start(chargeBy(bench.method)), other.read({ orderId: one.orderId, gatewayTransactionId: one.answer.gatewayTransactionId }), other.cancel({ orderId: one.orderId, token: one.answer.instructions.token })]) expect((await failureOf(work)).kind).toBe('action_required')
    })
    it('429: it did not happen, and may be tried later', async () => {
      const charge = chargeBy(bench.method)
      bench.setFault('failNext', 1, 429)
      const failure = await failureOf(gateway.start(charge))
      expect([failure.kind, (failure.afterSeconds ?? 0) > 0]).toEqual(['retryable', true])
      expect(bench.charges(charge.orderId)).toBe(0)
    })
    it.each([500, 503])('%i: a write may have happened, a read is asked again', async (status) => {
      bench.setFault('failNext', 1, status)
      expect((await failureOf(gateway.start(chargeBy(bench.method)))).kind).toBe('unknown_outcome')
      const one = await started()
      bench.setFault('failNext', 1, status)
      expect((await failureOf(read(one))).kind).toBe('retryable')
      expect((await read(one))?.status).toBe('pending')
    })
    it('an unreadable answer: a write may have happened, a read is asked again', async () => {
      const charge = chargeBy(bench.method)
      bench.setFault('garbleNext', 1)
      expect((await failureOf(gateway.start(charge))).kind).toBe('unknown_outcome')
      expect(bench.charges(charge.orderId)).toBe(1)
      const one = await started()
      bench.setFault('garbleNext', 1)
      expect((await failureOf(read(one))).kind).toBe('retryable')
    })
    it('no message of a failure shows the key', async () => {
      const other = bench.withOtherKey()
      expect((await failureOf(other.start(chargeBy(bench.method)))).message).not.toContain('another-key-of-nobody')
    })
    it('a notification that it sent itself is proven and names our order', async () => {
      const { orderId } = await started()
      bench.pay(orderId)
      const deliveries = await bench.delivered(orderId)
      expect(deliveries.length).toBeGreaterThan(0)
      for (const delivery of deliveries) expect(gateway.verify(delivery)).toMatchObject({ orderId, event: expect.stringMatching(/./) as string })
    })
    it('a forged notification is refused', async () => {
      const { orderId } = await started()
      bench.pay(orderId)
      for (const delivery of await bench.delivered(orderId)) expect(codeOf(() => gateway.verify(bench.forge(delivery)))).toBe('webhook_refused')
    })
    it('without a secret nothing is believed, not even what is true', async () => {
      const { orderId } = await started()
      bench.pay(orderId)
      const bare = bench.withoutSecret()
      for (const delivery of await bench.delivered(orderId)) {
        expect(codeOf(() => bare.verify(delivery))).toBe('gateway_not_configured')
        expect(codeOf(() => bare.verify({ ...delivery, headers: { 'x-callback-token': '' } }))).toBe('gateway_not_configured')
      }
    })
    it('bytes that are no notification are unreadable', async () => {
      const { orderId } = await started()
      bench.pay(orderId)
      const [delivery] = await bench.delivered(orderId)
      for (const raw of [Buffer.from([0xFF, 0xFE]), Buffer.from('{'), Buffer.from('[]'), Buffer.from('null')]) expect(codeOf(() => gateway.verify({ raw, headers: delivery?.headers ?? {} }))).toBe('webhook_unreadable')
    })
    it('a doubled delivery is the same to the byte', async () => {
      const charge = chargeBy(bench.method)
      await gateway.start(charge)
      await bench.delivered(charge.orderId)
      bench.duplicateNext()
      bench.pay(charge.orderId)
      const bodies = (await bench.delivered(charge.orderId)).map(delivery => Buffer.from(delivery.raw).toString())
      expect(new Set(bodies).size).toBe(bodies.length - 1)
    })
    it('a check says that the key is accepted and a secret is set, and charges nothing', async () => {
      const checks = await gateway.check()
      expect(checks.map(check => [check.check, check.ok])).toEqual([['api', true], ['page', true], ['notifications', true]])
      expect((await bench.withOtherKey().check()).filter(check => check.check !== 'notifications').every(check => !check.ok)).toBe(true)
      expect((await bench.withoutSecret().check()).at(-1)).toMatchObject({ check: 'notifications', ok: false })
    })
  })
}
