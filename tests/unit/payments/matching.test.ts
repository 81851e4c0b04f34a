import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { numbersIn, saysName, suggestionsFor } from '#server/payments/match-bank-lines.ts'
import { chooseCode, sniffProof } from '#server/payments/transfer.ts'
import type { PaymentCandidate } from '#server/payments/transfer-ports.ts'

const transfer = (paymentId: string, amount: bigint, more: Partial<PaymentCandidate> = {}): PaymentCandidate => ({ kind: 'transfer', paymentId, status: 'pending', invoiceId: `invoice of ${paymentId}`, invoiceNumber: 'INV-2026-000001', clientId: 'c', clientNames: ['Sari Dewi'], amount: money(amount), base: money(amount - 123n), createdOn: new Date('2026-11-02T03:00:00Z'), ...more })
const line = (amount: bigint, description = '', bookedOn = '2026-11-03') => ({ amount: money(amount), description, bookedOn })
const reasons = (given: ReturnType<typeof line>, payments: PaymentCandidate[], invoices: Parameters<typeof suggestionsFor>[1]['invoices'] = []) => suggestionsFor(given, { payments, invoices, dayOf: at => at.toISOString().slice(0, 10) }).map(one => one.reason)

describe('the unique code', () => {
  it('is between 1 and 999, makes an amount that no open transfer has, and gives up only when all 999 are taken', () => {
    fc.assert(fc.property(fc.bigInt({ min: 1n, max: 10n ** 12n }), fc.array(fc.record({ code: fc.integer({ min: 1, max: 999 }), open: fc.boolean() }), { maxLength: 400 }), fc.nat(), (base, used, seed) => {
      const taken = used.map(one => ({ amount: base + BigInt(one.code), open: one.open }))
      const chosen = chooseCode(money(base), taken, below => seed % below)
      expect(chosen?.amount.amount).toBe(base + BigInt(chosen?.code ?? 0))
      expect(taken.filter(one => one.open).map(one => one.amount)).not.toContain(chosen?.amount.amount)
      expect(chosen?.code).toBeGreaterThan(0)
      expect(chosen?.code).toBeLessThan(1000)
    }))
    const all = Array.from({ length: 999 }, (_, i) => ({ amount: 100n + BigInt(i + 1), open: true }))
    expect(chooseCode(money(100n), all, () => 0)).toBeNull()
    expect(chooseCode(money(100n), all.map((one, i) => ({ ...one, open: i !== 6 })), () => 0)?.code).toBe(7)
  })
})

describe('what a line could be', () => {
  it('is sure only if one open transfer, and no other of late, asks for its amount', () => {
    expect(reasons(line(100_123n), [transfer('a', 100_123n)])).toEqual(['exact_code'])
    expect(reasons(line(100_123n), [transfer('a', 100_123n), transfer('b', 100_123n, { status: 'expired' })])).toEqual(['late_code', 'late_code'])
    expect(reasons(line(100_123n), [transfer('a', 100_123n, { status: 'expired' })])).toEqual(['late_code'])
    expect(reasons(line(100_124n), [transfer('a', 100_123n)])).toEqual([])
  })
  it('is never an attempt that was made after the money came', () => {
    expect(reasons(line(100_123n, '', '2026-11-01'), [transfer('a', 100_123n)])).toEqual([])
  })
  it('is first of all what staff booked by hand that day: nothing is sure then', () => {
    const byHand = transfer('m', 100_123n, { kind: 'manual', status: 'settled', createdOn: new Date('2026-11-03T00:00:00Z') })
    expect(reasons(line(100_123n), [transfer('a', 100_123n), byHand])).toEqual(['recorded', 'late_code'])
  })
  it('is found by the base amount and the name when the code was left out, by number, and by amount and name', () => {
    const invoices = [{ invoiceId: 'i', number: 'INV-2026-000007', clientId: 'c', clientNames: ['PT Maju Jaya', 'Budi'], outstanding: money(500_000n) }]
    expect(reasons(line(100_000n, 'TRSF SARI DEWI'), [transfer('a', 100_123n)])).toEqual(['base_and_name'])
    expect(reasons(line(500_000n, 'pembayaran inv 2026/7'), [], invoices)).toEqual(['number_and_amount'])
    expect(reasons(line(499_000n, 'INV2026000007'), [], invoices)).toEqual(['number'])
    expect(reasons(line(500_000n, 'MAJU JAYA'), [], invoices)).toEqual(['amount_and_name'])
    expect(reasons(line(500_000n, 'ORANG LAIN'), [], invoices)).toEqual([])
  })
  it('names are told from parts that a bank cut short, legal forms alone say nothing', () => {
    expect(saysName('TRSF PT ANGIN', ['PT Maju Jaya'])).toBe(false)
    expect(saysName('TRSF SARI DEW', ['Sari Dewi'])).toBe(true)
    expect(numbersIn('BAYAR INV-2026-000123 DAN DEP/2026/9')).toEqual(['INV-2026-000123', 'DEP-2026-000009'])
  })
})

describe('a proof', () => {
  it('is what its first bytes say, never what it calls itself', () => {
    const bytes = (...values: number[]) => Uint8Array.from([...values, 0, 0, 0])
    expect([bytes(0xff, 0xd8, 0xff), bytes(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), bytes(0x25, 0x50, 0x44, 0x46, 0x2d)].map(sniffProof)).toEqual(['jpeg', 'png', 'pdf'])
    for (const other of ['<html><script>', '<svg onload=alert(1)>', 'GIF89a', '', 'MZ']) expect(sniffProof(new TextEncoder().encode(other))).toBeNull()
  })
})
