import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startMidtransSimulator } from '../../simulators/midtrans/index.ts'
import type { MidtransSimulator } from '../../simulators/midtrans/index.ts'

/** The vendor's own Node client, which brings no types: what this test calls of it. */
interface Answer { status_code: string, transaction_status: string, order_id: string, transaction_id: string, gross_amount: string, va_numbers?: { bank: string, va_number: string }[], permata_va_number?: string, actions?: { name: string }[] }
interface Refusal { httpStatusCode: number, ApiResponse: { status_code?: string, error_messages?: string[] } }
interface Transactions { status(id: string): Promise<Answer>, cancel(id: string): Promise<Answer>, expire(id: string): Promise<Answer>, notification(body: object): Promise<Answer> }
interface CoreClient { charge(body: object): Promise<Answer>, transaction: Transactions }
interface SnapClient { createTransaction(body: object): Promise<{ token: string, redirect_url: string }> }
type Client<T> = new (options: { isProduction: boolean, serverKey: string, clientKey: string }) => T

const require = createRequire(import.meta.url)
const { CoreApi, Snap } = require('midtrans-client') as { CoreApi: Client<CoreClient>, Snap: Client<SnapClient> }
const addresses = require('midtrans-client/lib/apiConfig') as { CORE_SANDBOX_BASE_URL: string, SNAP_SANDBOX_BASE_URL: string }

describe('the official Midtrans client reads our simulator as it reads Midtrans', () => {
  let simulator: MidtransSimulator
  let core: CoreClient
  let snap: SnapClient
  beforeAll(async () => {
    simulator = await startMidtransSimulator({ app: 'http://127.0.0.1:9' })
    addresses.CORE_SANDBOX_BASE_URL = simulator.url
    addresses.SNAP_SANDBOX_BASE_URL = `${simulator.url}/snap/v1`
    const options = { isProduction: false, serverKey: simulator.serverKey, clientKey: 'SB-Mid-client-simulator' }
    core = new CoreApi(options)
    snap = new Snap(options)
  })
  afterAll(() => simulator.close())

  const refusal = (work: Promise<unknown>) => work.then(() => null, (error: unknown) => error as Refusal)
  const va = (order_id: string, bank: string) => core.charge({ payment_type: 'bank_transfer', bank_transfer: { bank }, transaction_details: { order_id, gross_amount: 111_000 } })

  it.each(['bca', 'bni', 'bri'])('a %s virtual account: charged, pending, paid, settled', async (bank) => {
    const charged = await va(`SDK-${bank}`, bank)
    expect(charged).toMatchObject({ status_code: '201', transaction_status: 'pending', gross_amount: '111000.00', va_numbers: [{ bank }] })
    simulator.act.pay(charged.order_id)
    expect(await core.transaction.status(charged.order_id)).toMatchObject({ status_code: '200', transaction_status: 'settlement', transaction_id: charged.transaction_id })
  })

  it('Permata\'s number comes in a field of its own', async () => {
    expect((await va('SDK-permata', 'permata')).permata_va_number).toMatch(/^\d{10,}$/)
  })

  it('QRIS answers actions with the code\'s address', async () => {
    const charged = await core.charge({ payment_type: 'qris', qris: { acquirer: 'gopay' }, transaction_details: { order_id: 'SDK-qris', gross_amount: 25_000 } })
    expect(charged.actions?.map(action => action.name)).toContain('generate-qr-code')
  })

  it('an order id is charged once: the second is refused with 406', async () => {
    await va('SDK-twice', 'bca')
    expect(await refusal(va('SDK-twice', 'bca'))).toMatchObject({ ApiResponse: { status_code: '406' } })
  })

  it('cancel and expire end what is pending; what is settled refuses with 412', async () => {
    await va('SDK-cancel', 'bni')
    expect(await core.transaction.cancel('SDK-cancel')).toMatchObject({ transaction_status: 'cancel' })
    await va('SDK-expire', 'bni')
    expect(await core.transaction.expire('SDK-expire')).toMatchObject({ status_code: '407', transaction_status: 'expire' })
    await va('SDK-paid', 'bni')
    simulator.act.pay('SDK-paid')
    expect(await refusal(core.transaction.cancel('SDK-paid'))).toMatchObject({ ApiResponse: { status_code: '412' } })
  })

  it('an unknown order is 404; a wrong key 401', async () => {
    expect(await refusal(core.transaction.status('SDK-nobody'))).toMatchObject({ ApiResponse: { status_code: '404' } })
    const stranger = new CoreApi({ isProduction: false, serverKey: 'SB-Mid-server-other', clientKey: '' })
    expect(await refusal(stranger.transaction.status('SDK-bca'))).toMatchObject({ httpStatusCode: 401 })
  })

  it('a notification is read back, not believed', async () => {
    const charged = await va('SDK-notified', 'bri')
    expect(await core.transaction.notification({ order_id: 'SDK-notified', transaction_id: charged.transaction_id, transaction_status: 'settlement' })).toMatchObject({ transaction_status: 'pending' })
  })

  it('Snap answers a token and the address of its page; lines that do not add up are refused with the vendor\'s words', async () => {
    const created = await snap.createTransaction({ transaction_details: { order_id: 'SDK-snap', gross_amount: 111_000 }, item_details: [{ id: 'vps', price: 111_000, quantity: 1, name: 'VPS' }] })
    expect(created.redirect_url).toBe(`${simulator.url}/snap/v3/redirection/${created.token}`)
    const refused = await refusal(snap.createTransaction({ transaction_details: { order_id: 'SDK-sum', gross_amount: 111_000 }, item_details: [{ id: 'vps', price: 100_000, quantity: 1, name: 'VPS' }] }))
    expect(refused?.ApiResponse.error_messages?.join()).toMatch(/gross_amount/)
  })
})
