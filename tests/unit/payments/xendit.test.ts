import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DriverError } from '#shared/errors/driver-error.ts'
import { money } from '#shared/money/money.ts'
import { paymentRequest, session } from '#server/drivers/gateway/xendit/schema.ts'
import { readAmount, readState, sessionBody } from '#server/drivers/gateway/xendit/transform.ts'
import { gatewayOrderId } from '#server/payments/payment.ts'
import type { GatewayCharge } from '#server/payments/ports.ts'
import { readSession } from '../../../simulators/xendit/requests.ts'

const now = new Date('2026-11-22T09:00:00Z')
const charge = (change: Partial<GatewayCharge> = {}): GatewayCharge => ({
  orderId: 'INV-2026-000123-1a2b3c4d', amount: money(111_000n), method: 'xendit', lines: [{ id: 'vps', name: 'VPS-1', amount: money(100_000n) }, { id: 'vps-ppn', name: 'PPN', amount: money(11_000n) }],
  buyer: { name: 'Budi', email: 'budi@contoh.test', phone: '+628123456789' }, now, expiresAt: new Date(now.getTime() + 86_400_000), returnUrl: 'https://gardu.test/portal/invoices/1', locale: 'id', ...change,
})
const answer = (status: string, change: object = {}) => session.parse({ payment_session_id: 'ps-1', reference_id: 'INV-1', status, amount: 111_000, currency: 'IDR', payment_request_id: null, ...change })
const paid = (status: string, change: object = {}) => paymentRequest.parse({ payment_request_id: 'pr-1', status, request_amount: 111_000, currency: 'IDR', ...change })

describe('what Xendit is sent', () => {
  it('whatever names, addresses and numbers people have, the session is within every limit that the vendor names', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.string({ minLength: 1, maxLength: 80 }), fc.uuid(), fc.integer({ min: -5, max: 10_000 }), fc.boolean(), (text, number, id, minutes, secure) => {
      const body = sessionBody(charge({
        orderId: gatewayOrderId(number, id), buyer: { name: text, email: text, phone: text }, lines: [{ id: text, name: text, amount: money(111_000n) }], expiresAt: new Date(now.getTime() + minutes * 60_000), returnUrl: `${secure ? 'https' : 'http'}://gardu.test/x`,
      }), now)
      expect(readSession(JSON.parse(JSON.stringify(body)) as Record<string, unknown>, now.getTime())).not.toHaveProperty('error_code')
    }))
  })
  it('two orders never share a customer\'s reference, so that one order is refused a second session and another is not', () => {
    fc.assert(fc.property(fc.uuid(), fc.uuid(), (one, other) => {
      fc.pre(one.slice(-8) !== other.slice(-8))
      const reference = (id: string) => sessionBody(charge({ orderId: gatewayOrderId('INV-2026-000123', id) }), now).customer.reference_id
      expect(reference(one)).not.toBe(reference(other))
    }))
  })
  it('PPN is an item of its own, and the items add up to the amount', () => {
    const { items, amount } = sessionBody(charge(), now)
    expect(items.reduce((sum, item) => sum + item.net_unit_amount * item.quantity, 0)).toBe(amount)
    expect(items.at(-1)).toMatchObject({ type: 'FEE', category: 'TAX', net_unit_amount: 11_000 })
  })
})

describe('what Xendit answers', () => {
  it('amounts are whole Rupiah, as number or text, never a float; fractions and other currencies are refused', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 999_999_999_999_999_999n }), (amount) => {
      expect(readAmount(amount.toString(), 'IDR').amount).toBe(amount)
      if (amount <= BigInt(Number.MAX_SAFE_INTEGER)) expect(readAmount(Number(amount), 'IDR').amount).toBe(amount)
    }))
    for (const [given, currency] of [[1.5, 'IDR'], ['1.50', 'IDR'], ['1e5', 'IDR'], [-1, 'IDR'], ['', 'IDR'], [2 ** 60, 'IDR'], ['100', 'USD']] as const) expect(() => readAmount(given, currency)).toThrow(DriverError)
  })
  it.each([
    ['ACTIVE', null, 'pending'], ['ACTIVE', 'FAILED', 'pending'], ['ACTIVE', 'SUCCEEDED', 'settled'], ['COMPLETED', 'SUCCEEDED', 'settled'], ['completed', 'succeeded', 'settled'], ['COMPLETED', 'PENDING', 'pending'], ['COMPLETED', 'AUTHORIZED', 'pending'],
    ['COMPLETED', 'FAILED', 'review'], ['COMPLETED', null, 'review'], ['EXPIRED', null, 'expired'], ['EXPIRED', 'SUCCEEDED', 'settled'], ['CANCELED', null, 'failed'], ['CANCELED', 'SUCCEEDED', 'settled'], ['BRAND_NEW', null, 'review'],
  ] as const)('a session that is %s with a payment that is %s is %s', (word, payment, expected) => {
    expect(readState(answer(word), payment === null ? null : paid(payment)).status).toBe(expected)
  })
  it('what was captured counts, not what was asked for', () => {
    expect(readState(answer('COMPLETED'), paid('SUCCEEDED', { captures: [{ capture_amount: '60000' }, { capture_amount: 1_000 }] })).amount).toEqual(money(61_000n))
  })
})
