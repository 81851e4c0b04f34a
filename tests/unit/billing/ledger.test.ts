import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { money, split } from '#shared/money/money.ts'
import { computeTax, ppnRules } from '#shared/money/tax.ts'
import { invoiceFigures, invoiceNumber, orderInvoiceLines, payableLines } from '#server/billing/invoice.ts'
import { creditEntry, issueEntry, paymentEntry, splitPayment, uncollectibleEntry, voidEntry } from '#server/billing/ledger.ts'
import type { JournalEntry } from '#server/billing/ledger.ts'

const now = new Date('2026-11-23T00:00:00Z')
const context = { causeId: 'x', at: now, memo: 'm', actor: 'system:test', clientId: 'c', invoiceId: 'i' }
const amount = fc.bigInt({ min: 1n, max: 10n ** 12n })
const total = (entry: JournalEntry, account?: string) => entry.lines.filter(line => !account || line.account === account).reduce((sum, line) => sum + line.amount.amount, 0n)

describe('PPN', () => {
  it('D21: is the whole Rupiah below 11 % of the sum, its base the whole Rupiah below 11/12', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 10n ** 14n }), (base) => {
      const figures = computeTax(money(base), now, { pkp: true })
      expect(figures.tax.amount).toBe(base * 11n / 100n)
      expect(figures.dpp.amount).toBe(base * 11n / 12n)
      expect(figures.total.amount).toBe(base + figures.tax.amount)
    }))
  })
  it('known figures', () => {
    expect(computeTax(money(100_000), now, { pkp: true })).toMatchObject({ tax: money(11_000), dpp: money(91_666), total: money(111_000), rule: 'ppn-12-dpp-11/12' })
    expect(computeTax(money(9), now, { pkp: true }).tax).toEqual(money(0))
    expect(computeTax(money(1_000_001), now, { pkp: true }).tax).toEqual(money(110_000))
  })
  it('a seller who is not PKP charges none, whatever the rule says', () => {
    fc.assert(fc.property(amount, (base) => {
      expect(computeTax(money(base), now, { pkp: false })).toMatchObject({ tax: money(0), total: money(base), rule: 'not-pkp' })
    }))
  })
  it('the rule of the day holds: the new one from midnight in Jakarta', () => {
    expect(computeTax(money(100), new Date('2024-12-31T16:59:59Z'), { pkp: true })).toMatchObject({ rule: 'ppn-11', dpp: money(100), tax: money(11) })
    expect(computeTax(money(100), new Date('2024-12-31T17:00:00Z'), { pkp: true }).rule).toBe('ppn-12-dpp-11/12')
    expect(() => computeTax(money(100), new Date('2020-01-01T00:00:00Z'), { pkp: true })).toThrow(RangeError)
    expect(ppnRules.map(rule => rule.from.getTime())).toEqual([...ppnRules.map(rule => rule.from.getTime())].sort((a, b) => a - b))
  })
})

describe('journal entries', () => {
  it('conservation: every entry sums to zero and carries no empty line', () => {
    fc.assert(fc.property(amount, fc.bigInt({ min: 0n, max: 10n ** 12n }), amount, (taxable, paid, received) => {
      const figures = computeTax(money(taxable), now, { pkp: true })
      const outstanding = money(paid > figures.total.amount ? 0n : figures.total.amount - paid)
      const parts = splitPayment(money(received), outstanding)
      for (const entry of [issueEntry(context, figures), voidEntry(context, { ...figures, outstanding }), uncollectibleEntry(context, { ...figures, outstanding }), paymentEntry(context, 'midtrans', parts), paymentEntry(context, null, parts), creditEntry(context, money(received))]) {
        expect(total(entry)).toBe(0n)
        expect(entry.lines.every(line => line.amount.amount !== 0n)).toBe(true)
      }
      expect(parts.toInvoice.amount + parts.toCredit.amount).toBe(received)
      expect(parts.toInvoice.amount <= outstanding.amount).toBe(true)
      // Where less than nothing is owed all of it is credit.
      expect(splitPayment(money(received), money(-paid))).toEqual({ toInvoice: money(0), toCredit: money(received) })
    }))
  })
  it('what will not be paid takes back no more PPN than there is, also where more is owed than is left of the invoice after a credit note', () => {
    fc.assert(fc.property(amount, amount, (taxable, outstanding) => {
      const figures = computeTax(money(taxable), now, { pkp: true })
      const entry = uncollectibleEntry(context, { ...figures, outstanding: money(outstanding) })
      expect([total(entry), total(entry, 'receivable')]).toEqual([0n, -outstanding])
      expect(total(entry, 'ppn_payable') >= 0n && total(entry, 'ppn_payable') <= figures.tax.amount).toBe(true)
      expect(total(entry, 'bad_debt') >= 0n).toBe(true)
    }))
  })
  it('issue and void together leave nothing owed, earned or taxed; what was paid is credit', () => {
    fc.assert(fc.property(amount, amount, (taxable, received) => {
      const figures = computeTax(money(taxable), now, { pkp: true })
      const parts = splitPayment(money(received), figures.total)
      const entries = [issueEntry(context, figures), paymentEntry(context, 'midtrans', parts), voidEntry(context, { ...figures, outstanding: money(figures.total.amount - parts.toInvoice.amount) })]
      const sum = (account: string) => entries.reduce((all, entry) => all + total(entry, account), 0n)
      expect([sum('receivable'), sum('revenue'), sum('ppn_payable')]).toEqual([0n, 0n, 0n])
      expect(sum('client_credit')).toBe(-received)
    }))
  })
  it('a split loses no Rupiah', () => {
    fc.assert(fc.property(amount, fc.array(fc.bigInt({ min: 0n, max: 1000n }), { minLength: 1, maxLength: 12 }).filter(weights => weights.some(weight => weight > 0n)), (whole, weights) => {
      expect(split(money(whole), weights).reduce((sum, part) => sum + part.amount, 0n)).toBe(whole)
    }))
  })
})

describe('invoices', () => {
  const order = fc.array(fc.record({ price: fc.bigInt({ min: 0n, max: 10n ** 9n }), setup: fc.bigInt({ min: 0n, max: 10n ** 7n }), percent: fc.bigInt({ min: 0n, max: 100n }) }), { minLength: 1, maxLength: 10 })
  it('D21: one rounding: the sums of an invoice fit each other, and its lines for the gateway add up to what is owed', () => {
    fc.assert(fc.property(order, (items) => {
      const lines = orderInvoiceLines({ orderId: 'o', clientId: 'c', lines: items.map(({ price, setup, percent }, i) => ({ serviceId: `s${i}`, description: `VPS ${i}`, cycle: 'monthly', price: money(price), setup: money(setup), discounts: [{ promoId: null, label: 'PROMO', off: 'period' as const, amount: money(price * percent / 100n) }, { promoId: null, label: 'PROMO', off: 'setup' as const, amount: money(setup * percent / 100n) }] })) })
      const figures = invoiceFigures(lines, taxable => computeTax(taxable, now, { pkp: true }))
      expect(figures.taxable.amount).toBe(figures.subtotal.amount - figures.discount.amount)
      expect(lines.reduce((sum, line) => sum + line.amount.amount, 0n)).toBe(figures.taxable.amount)
      const payable = payableLines({ id: 'i', number: 'INV-2026-000001', tax: figures.tax, total: figures.total }, lines, figures.total)
      expect(payable.reduce((sum, line) => sum + line.amount.amount, 0n)).toBe(figures.total.amount)
      expect(payable.every(line => line.amount.amount > 0n || figures.total.amount === 0n)).toBe(true)
    }))
  })
  it('after a part was paid the gateway is given one line with the rest', () => {
    expect(payableLines({ id: 'i', number: 'INV-2026-000001', tax: money(11), total: money(111) }, [], money(50))).toEqual([{ id: 'i', name: 'INV-2026-000001', amount: money(50) }])
  })
  it('a number has its series, year and six digits', () => {
    expect(invoiceNumber('INV', 2026, 123)).toBe('INV-2026-000123')
    expect(invoiceNumber('INV', 2026, 1_234_567)).toBe('INV-2026-1234567')
  })
})
