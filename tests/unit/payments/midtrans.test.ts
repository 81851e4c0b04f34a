import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import { money } from '#shared/money/money.ts'
import { gatewayMethods } from '#shared/vocabulary/payments.ts'
import { isSigned, midtransGateway } from '#server/drivers/gateway/midtrans/driver.ts'
import { transaction } from '#server/drivers/gateway/midtrans/schema.ts'
import { chargeBody, readAmount, readExpiry, readInstructions, snapBody } from '#server/drivers/gateway/midtrans/transform.ts'
import { readState } from '#server/drivers/gateway/midtrans/returns.ts'
import { xenditWebhooks } from '#server/drivers/gateway/xendit/webhook.ts'
import { gatewayOrderId } from '#server/payments/payment.ts'
import type { GatewayCharge } from '#server/payments/ports.ts'

const now = new Date('2026-11-22T09:00:00Z')
const charge = (change: Partial<GatewayCharge> = {}): GatewayCharge => ({
  orderId: 'INV-2026-000123-1a2b3c4d', amount: money(111_000n), method: 'snap', lines: [{ id: 'vps', name: 'VPS-1', amount: money(100_000n) }, { id: 'ppn', name: 'PPN', amount: money(11_000n) }],
  buyer: { name: 'Budi', email: 'budi@contoh.test', phone: '+628123456789' }, now, expiresAt: new Date(now.getTime() + 86_400_000), returnUrl: 'https://gardu.test/portal/invoices/1', locale: 'id', ...change,
})
const answer = (change: object = {}) => transaction.parse({ status_code: '200', transaction_id: 't-1', order_id: 'INV-1', gross_amount: '111000.00', transaction_status: 'settlement', ...change })
const codeOf = (work: () => unknown) => {
  try {
    work()
    return 'no error'
  } catch (error) {
    return error instanceof AppError ? error.code : error instanceof DriverError ? error.kind : String(error)
  }
}

describe('Midtrans signatures', () => {
  const published = { order_id: '1111', status_code: '200', gross_amount: '100000.00', signature_key: 'edc076b21793ebe3e17926350f5b8ae67d902fe657b3d0aa31b932d5c127e2375d308a2bc94f3265ac2d80a1f181a79b997ac178a236fcff35af263fc4d4c231' }
  const key = 'askvnoibnosifnboseofinbofinfgbiufglnbfg'

  it('the published vector is accepted', () => expect(isSigned(published, key)).toBe(true))
  it('the strings count as they came: 100000.0 is another amount', () => expect(isSigned({ ...published, gross_amount: '100000.0' }, key)).toBe(false))
  it('no other signature, of whatever length, is accepted', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (signature_key) => {
      expect(isSigned({ ...published, signature_key }, key)).toBe(false)
    }))
  })
  it('attack 93738a3: with an empty secret nothing is proven, and the gateway counts as not set up', () => {
    expect(isSigned({ ...published, signature_key: '' }, '')).toBe(false)
    const gateway = midtransGateway({ serverKey: '', signatureKey: '', apiUrl: 'http://127.0.0.1:1', snapUrl: 'http://127.0.0.1:1', notificationUrl: 'http://127.0.0.1:1' })
    expect(codeOf(() => gateway.verify({ raw: Buffer.from(JSON.stringify({ ...published, transaction_status: 'settlement' })), headers: {} }))).toBe('gateway_not_configured')
    expect(codeOf(() => xenditWebhooks({ callbackToken: '' }).verify({ raw: Buffer.from('{}'), headers: { 'x-callback-token': '' } }))).toBe('gateway_not_configured')
  })
  it('bytes that are no UTF-8, no JSON or no notification are unreadable', () => {
    const gateway = midtransGateway({ serverKey: key, signatureKey: key, apiUrl: 'http://127.0.0.1:1', snapUrl: 'http://127.0.0.1:1', notificationUrl: 'http://127.0.0.1:1' })
    for (const raw of [Buffer.from([0xFF, 0xFE]), Buffer.from('{'), Buffer.from('null'), Buffer.from('[]'), Buffer.from('{"order_id":1}')]) expect(codeOf(() => gateway.verify({ raw, headers: {} }))).toBe('webhook_unreadable')
  })
})

describe('what Midtrans is sent', () => {
  it('the lines add up to the gross amount, PPN among them', () => {
    const body = snapBody(charge())
    expect(body.item_details.reduce((all, item) => all + item.price * item.quantity, 0)).toBe(body.transaction_details.gross_amount)
    expect(body.item_details.at(-1)).toMatchObject({ id: 'ppn', price: 11_000 })
    expect(codeOf(() => snapBody(charge({ lines: [] })))).toBe('permanent')
  })
  it('every field stays within its limit, whatever names people have', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.constantFrom(...gatewayMethods.filter(method => method !== 'xendit')), (name, method) => {
      const input = charge({ method, lines: [{ id: name, name, amount: money(111_000n) }], buyer: { name, email: 'a@b.test', phone: name } })
      const body = method === 'snap' ? snapBody(input) : chargeBody({ ...input, method })
      const limit = method === 'bca_va' ? 30 : 50
      for (const item of body.item_details) {
        expect(item.name.length).toBeGreaterThan(0)
        expect(item.name.length).toBeLessThanOrEqual(limit)
        expect(item.name).not.toContain('|')
        expect(item.id.length).toBeLessThanOrEqual(50)
      }
      expect(body.customer_details.first_name.length).toBeLessThanOrEqual(limit)
    }))
  })
  it('an order id of any invoice number is within its letters and leaves room for the idempotency key (46)', () => {
    fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 80 }), fc.uuid(), (number, id) => {
      const orderId = gatewayOrderId(number, id)
      expect(orderId).toMatch(/^[\w.~-]+$/)
      expect(`${orderId}.snap`.length).toBeLessThanOrEqual(46)
    }))
  })
  it('Snap is told when its clock starts, in GMT+7; five minutes to seven days', () => {
    expect(snapBody(charge()).expiry).toEqual({ start_time: '2026-11-22 16:00:00 +0700', unit: 'minutes', duration: 1440 })
    expect(snapBody(charge({ expiresAt: now })).expiry.duration).toBe(5)
  })
  it('a telephone number that BNI would refuse is left out', () => {
    expect(snapBody(charge({ buyer: { name: 'A', email: 'a@b.test', phone: '+6581234567' } })).customer_details).not.toHaveProperty('phone')
  })
})

describe('what Midtrans answers', () => {
  it.each([['settlement', undefined, 'settled'], ['settlement', 'accept', 'settled'], ['capture', 'accept', 'settled'], ['capture', 'challenge', 'review'], ['settlement', 'deny', 'denied'], ['PENDING', undefined, 'pending'], ['authorize', undefined, 'pending'], ['deny', undefined, 'denied'], ['cancel', undefined, 'failed'], ['failure', undefined, 'failed'], ['expire', undefined, 'expired'], ['refund', undefined, 'refunded'], ['partial_refund', undefined, 'review'], ['chargeback', undefined, 'charged_back'], ['partial_chargeback', undefined, 'review'], ['brand_new', undefined, 'review']])('%s with fraud status %s is %s', (transaction_status, fraud_status, expected) => {
    expect(readState(answer({ transaction_status, fraud_status })).status).toBe(expected)
  })
  it('amounts are whole Rupiah, never a float; cents and other currencies are refused', () => {
    expect(readAmount('9007199254740993.00', 'IDR').amount).toBe(9_007_199_254_740_993n)
    for (const [text, currency] of [['1.50', 'IDR'], ['1e5', 'IDR'], ['-1.00', 'IDR'], ['', 'IDR'], ['100.00', 'USD']] as const) expect(codeOf(() => readAmount(text, currency))).toBe('permanent')
  })
  it('Permata\'s number has a field of its own', () => {
    expect(readInstructions(answer({ permata_va_number: '8562000087926752' }))).toMatchObject({ vaNumber: '8562000087926752', bank: 'permata' })
    expect(readInstructions(answer({ va_numbers: [{ bank: 'bca', va_number: '812' }] }))).toMatchObject({ vaNumber: '812', bank: 'bca' })
  })
  it('an attempt lapses when Midtrans says, by a distance of its own times, never later than asked', () => {
    expect(readExpiry(answer({ transaction_time: '2020-01-01 00:00:00', expiry_time: '2020-01-01 00:15:00' }), charge()).getTime() - now.getTime()).toBe(900_000)
    expect(readExpiry(answer({ transaction_time: '2020-01-01 00:00:00', expiry_time: '2020-02-01 00:00:00' }), charge())).toEqual(charge().expiresAt)
    expect(readExpiry(answer(), charge())).toEqual(charge().expiresAt)
  })
})
