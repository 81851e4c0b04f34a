import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { carriedBy, creditPayoutEntry, divideReturn, feeEntry, payoutEntry, returnEntry } from '#server/billing/return-entries.ts'
import { transaction } from '#server/drivers/gateway/midtrans/schema.ts'
import { readState } from '#server/drivers/gateway/midtrans/returns.ts'
import { comparedSpans, findDifferences } from '#server/payments/compare-gateways.ts'
import { decideReturns, feeOf, needsApproval, refundable } from '#server/payments/refund.ts'
import type { Payment } from '#server/payments/ports.ts'
import type { Refund } from '#server/payments/refund-ports.ts'
import { money } from '#shared/money/money.ts'
import { refundConsequences, refundStatuses } from '#shared/vocabulary/refunds.ts'

const at = new Date('2026-11-02T03:00:00Z')
const context = { causeId: 'x', at, memo: 'INV-1', actor: 'test', clientId: 'c', invoiceId: 'i' }
const rupiah = (min = 0n) => fc.bigInt({ min, max: 10_000_000n })
const refund = (change: Partial<Refund> = {}): Refund => ({
  id: 'r', paymentId: 'p', invoiceId: 'i', clientId: 'c', kind: 'gateway', status: 'pending', consequence: 'reopen', amount: money(1_000), refundKey: 'k', found: false, reason: 'x', reference: null, paidOn: null, requestedBy: null, requestedByName: 'x', needsApproval: false,
  approvedBy: null, approvedByName: null, approvedAt: null, createdAt: at, sentAt: at, checkedAt: null, finishedAt: null, problem: null, notedAt: null, notedByName: null, ...change,
})

describe('what goes back', () => {
  const facts = fc.record({
    amount: rupiah(1n), way: fc.constantFrom('gateway' as const, 'bank' as const, 'credit' as const), consequence: fc.constantFrom(...refundConsequences), invoiceOpen: fc.boolean(),
    carriedInvoice: rupiah(), carriedCredit: rupiah(), given: rupiah(), credit: fc.bigInt({ min: -1_000n, max: 10_000_000n }),
  }).map(({ carriedInvoice, carriedCredit, given, amount, credit, ...rest }) => ({ ...rest, amount: money(amount), credit: money(credit), carried: { invoice: money(carriedInvoice), credit: money(carriedCredit), given: money(given) } }))

  it('is borne to the last Rupiah, by nobody more than they have, and every entry balances', () => {
    fc.assert(fc.property(facts, (given) => {
      const parts = divideReturn(given)
      const all = [parts.invoice, parts.credit, parts.expenses, parts.suspense].map(part => part.amount)
      expect(all.every(part => part >= 0n)).toBe(true)
      expect(all.reduce((a, b) => a + b, 0n)).toBe(given.amount.amount)
      expect(parts.invoice.amount <= given.carried.invoice.amount).toBe(true)
      expect(parts.credit.amount <= (given.credit.amount > 0n ? given.credit.amount : 0n)).toBe(true)
      if (given.consequence === 'keep') expect([parts.invoice.amount, parts.suspense.amount]).toEqual([0n, 0n])
      if (!given.invoiceOpen) expect(parts.invoice.amount).toBe(0n)
      const entry = returnEntry('refund', context, given.way, 'midtrans', given.amount, parts)
      expect(entry.lines.reduce((sum, line) => sum + line.amount.amount, 0n)).toBe(0n)
    }))
  })

  it('fees, payouts and paid-out credit balance, and a fee is never more than the payment', () => {
    fc.assert(fc.property(rupiah(1n), rupiah(), fc.integer({ min: 0, max: 10_000 }), (amount, fixed, basisPoints) => {
      const fee = feeOf(money(amount), { fixed: money(fixed), basisPoints })
      expect(fee.amount <= amount).toBe(true)
      for (const entry of [feeEntry(context, 'midtrans', fee), feeEntry(context, 'midtrans', fee, true), payoutEntry(context, 'midtrans', money(amount), fee), creditPayoutEntry(context, money(amount))]) expect(entry.lines.reduce((sum, line) => sum + line.amount.amount, 0n)).toBe(0n)
    }))
    expect(feeOf(money(111_000), { fixed: money(0), basisPoints: 70 })).toEqual(money(777))
  })

  it('is bounded by what earlier returns left of the payment', () => {
    fc.assert(fc.property(rupiah(1n), fc.array(fc.record({ amount: rupiah(1n), status: fc.constantFrom(...refundStatuses) })), (settled, all) => {
      const counted = all.filter(one => one.status !== 'failed' && one.status !== 'reversed').reduce((sum, one) => sum + one.amount, 0n)
      expect(refundable(money(settled), all.map(one => refund({ ...one, amount: money(one.amount) }))).amount).toBe(settled > counted ? settled - counted : 0n)
    }))
    const line = (account: 'receivable' | 'client_credit', amount: bigint) => ({ account, clientId: 'c', invoiceId: 'i', gateway: null, amount: money(amount) })
    expect(carriedBy([line('receivable', -100n), line('client_credit', -40n)], [line('client_credit', 40n), line('receivable', 25n)], 'IDR')).toEqual({ invoice: money(75), credit: money(0), given: money(0) })
    // 30 were given as credit, of which 20 are taken again.
    expect(carriedBy([line('receivable', -100n)], [line('receivable', 30n), line('client_credit', -30n), line('client_credit', 20n)], 'IDR')).toEqual({ invoice: money(70), credit: money(-20), given: money(10) })
  })

  it('needs a second person above five million, not at it', () => {
    expect([needsApproval(money(5_000_000)), needsApproval(money(5_000_001))]).toEqual([false, true])
  })
})

describe('what a gateway reports as gone', () => {
  const reported = { key: 'k', kind: 'refund' as const, amount: money(1_000), confirmed: true }

  it('confirms ours by its key, once; what has no row of ours is found; another amount is left to a person', () => {
    expect(decideReturns([refund()], [reported])).toMatchObject([{ act: 'confirm' }])
    expect(decideReturns([refund({ status: 'requested' })], [{ ...reported, confirmed: false }])).toMatchObject([{ act: 'send' }])
    expect(decideReturns([refund({ status: 'done' })], [reported])).toEqual([])
    expect(decideReturns([refund({ status: 'failed' })], [reported])).toMatchObject([{ act: 'confirm' }])
    expect(decideReturns([], [reported])).toMatchObject([{ act: 'found' }])
    const refused = { ...reported, confirmed: false, refused: 'no such account' }
    expect(decideReturns([refund()], [refused])).toMatchObject([{ act: 'refuse', reason: 'no such account' }])
    expect(decideReturns([refund({ status: 'failed' })], [refused])).toEqual([])
    expect(decideReturns([], [refused])).toEqual([])
    expect(decideReturns([refund({ amount: money(999) })], [reported])).toBe('differs')
    expect(decideReturns([refund({ found: true, refundKey: null, status: 'done' })], [reported])).toEqual([])
  })

  const told = (more: object) => readState(transaction.parse({ status_code: '200', transaction_id: 't', order_id: 'o', gross_amount: '10000.00', ...more }))
  it('Midtrans: refunds by key, final with the bank\'s confirmation; the bank\'s own have no key; a part without its amount is left to a person', () => {
    expect(told({ transaction_status: 'partial_refund', refunds: [{ refund_key: 'a', refund_amount: '2500.00' }, { refund_key: 'b', refund_amount: '500.00', bank_confirmed_at: '2026-11-02 10:00:00' }] })).toMatchObject({ status: 'refunded', refunds: [{ key: 'a', amount: money(2_500), confirmed: false }, { key: 'b', confirmed: true }] })
    expect(told({ transaction_status: 'refund' }).refunds).toMatchObject([{ kind: 'refund', amount: money(10_000), confirmed: true }])
    expect(told({ transaction_status: 'chargeback', refunds: [{ refund_key: 'a', refund_amount: '2500.00', bank_confirmed_at: '2026-11-02 10:00:00' }] })).toMatchObject({ status: 'charged_back', refunds: [{ kind: 'refund' }, { kind: 'chargeback', amount: money(7_500) }] })
    expect(told({ transaction_status: 'partial_chargeback', refunds: [{ refund_chargeback_id: 7, refund_amount: '400.00' }] }).refunds).toEqual([{ key: 'chargeback-7', kind: 'chargeback', amount: money(400), confirmed: true }])
    for (const word of ['partial_refund', 'partial_chargeback']) expect(told({ transaction_status: word }).status).toBe('review')
    expect([told({ transaction_status: 'settlement', payment_type: 'gopay' }).channel, told({ transaction_status: 'settlement', payment_type: 'bank_transfer', va_numbers: [{ bank: 'bca', va_number: '1' }] }).channel]).toEqual(['gopay', 'bca_va'])
  })

  it('is compared with our books: same sums say nothing, others are findings', () => {
    const payment = { status: 'settled', amount: money(10_000) } as Payment
    const state = told({ transaction_status: 'partial_refund', refunds: [{ refund_key: 'k', refund_amount: '1000.00', bank_confirmed_at: '2026-11-02 10:00:00' }] })
    const compared = (moved: bigint, refunds: Refund[] = []) => findDifferences({ payment, state, parked: null, moved, refunds, now: new Date(at.getTime() + 4 * 86_400_000) }).map(finding => finding.kind)
    expect([compared(9_000n), compared(10_000n), compared(9_000n, [refund()])]).toEqual([[], ['amount_differs'], ['refund_unconfirmed']])
    expect(findDifferences({ payment, state, parked: 'wrong_amount', moved: 0n, refunds: [], now: at })).toMatchObject([{ kind: 'wrong_amount' }])
  })
})

it('of any ten nights in a row one reads a settlement of the last 180 days again; a young one is read every night', () => {
  const day = 86_400_000
  fc.assert(fc.property(fc.integer({ min: 0, max: 169 * day }), fc.array(fc.integer({ min: 0, max: 1_800_000 }), { minLength: 10, maxLength: 10 }), (age, late) => {
    const reads = late.map((minutes, night) => comparedSpans(new Date(at.getTime() + age + night * day + minutes)).some(({ from, to }) => from <= at && at < to))
    expect(reads.includes(true)).toBe(true)
    if (age < day / 2) expect(reads.slice(0, 9)).not.toContain(false)
  }))
})
