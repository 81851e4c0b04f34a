import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { add, money, zero } from '#shared/money/money.ts'
import { earnedBefore } from '#shared/money/spread.ts'
import { computeTax } from '#shared/money/tax.ts'
import { creditableLines, leftOf, noteFigures, splitNote, unearnedPart } from '#server/billing/credit-note.ts'
import { invoiceFigures } from '#server/billing/invoice.ts'
import type { CreditedLine, NoteFigures } from '#server/billing/invoicing-ports.ts'
import { creditNoteEntry, issueEntry, uncollectibleEntry, voidEntry } from '#server/billing/ledger.ts'

const at = new Date('2026-11-23T00:00:00Z')
const context = { causeId: 'x', at, memo: 'm', actor: 'system:test', clientId: 'c', invoiceId: 'i' }
const amount = fc.bigInt({ min: 1n, max: 10n ** 12n })
const none: NoteFigures = { taxable: zero(), dpp: zero(), tax: zero(), total: zero() }
const together = (a: NoteFigures, b: NoteFigures): NoteFigures => ({ taxable: add(a.taxable, b.taxable), dpp: add(a.dpp, b.dpp), tax: add(a.tax, b.tax), total: add(a.total, b.total) })
const line = (id: string, kind: CreditedLine['kind'], value: bigint, serviceId: string | null = 's', credited = 0n): CreditedLine => ({ id, kind, serviceId, description: id, amount: money(value), credited: money(credited) })

describe('credit notes', () => {
  it('together never exceed any figure of their invoice, and the last one takes exactly the rest', () => {
    fc.assert(fc.property(amount, fc.array(fc.nat({ max: 1_000_000 }), { minLength: 1, maxLength: 8 }), fc.boolean(), (taxable, shares, pkp) => {
      const invoice = computeTax(money(taxable), at, { pkp })
      let before = none
      for (const share of shares) {
        const part = (taxable - before.taxable.amount) * BigInt(share) / 1_000_000n
        const note = noteFigures(invoice, before.taxable, money(part))
        expect(note.tax.amount >= 0n && note.dpp.amount >= 0n).toBe(true)
        expect(note.total.amount).toBe(note.taxable.amount + note.tax.amount)
        before = together(before, note)
        // Of all notes so far together it is rounded down, once.
        expect(before.tax.amount).toBe(invoice.tax.amount * before.taxable.amount / taxable)
        for (const figure of ['taxable', 'dpp', 'tax', 'total'] as const) expect(before[figure].amount <= invoice[figure].amount).toBe(true)
      }
      const rest = noteFigures(invoice, before.taxable, money(taxable - before.taxable.amount))
      expect(together(before, rest)).toEqual({ taxable: invoice.taxable, dpp: invoice.dpp, tax: invoice.tax, total: invoice.total })
    }))
  })

  it('what of an invoice can be credited by line is, together, its taxable amount; a discount is taken off its own service first', () => {
    fc.assert(fc.property(fc.array(fc.record({ price: amount, setup: fc.bigInt({ min: 0n, max: 10n ** 9n }), percent: fc.bigInt({ min: 0n, max: 100n }) }), { minLength: 1, maxLength: 6 }), (items) => {
      const lines = items.flatMap(({ price, setup, percent }, i) => [line(`p${i}`, 'service', price, `s${i}`), line(`u${i}`, 'setup', setup, `s${i}`), line(`d${i}`, 'discount', -(price * percent / 100n), `s${i}`)])
      const left = creditableLines(lines)
      const { taxable } = invoiceFigures(lines.map(({ credited: _, id: __, ...rest }) => ({ ...rest, periodStart: null, periodEnd: null })), base => computeTax(base, at, { pkp: true }))
      expect(leftOf(left)).toEqual(taxable)
      items.forEach(({ price, percent }, i) => expect(left.find(found => found.id === `p${i}`)?.left.amount).toBe(price - price * percent / 100n))
    }))
    expect(creditableLines([line('a', 'service', 100n), line('b', 'setup', 50n), line('c', 'discount', -120n), line('d', 'other', 9n, null, 4n)])).toMatchObject([{ id: 'a', left: money(0) }, { id: 'b', left: money(30) }, { id: 'd', amount: money(9), left: money(5) }])
  })

  it('lower the debt first; what was paid already becomes credit, and every entry balances', () => {
    fc.assert(fc.property(amount, amount, (owed, total) => {
      const { toInvoice, toCredit } = splitNote(money(total), money(owed))
      expect([toInvoice.amount + toCredit.amount, toInvoice.amount <= owed]).toEqual([total, true])
      expect(toCredit.amount === 0n || toInvoice.amount === owed).toBe(true)
    }))
    expect(splitNote(money(10), money(-3))).toEqual({ toInvoice: money(0), toCredit: money(10) })
  })

  it('meet what is not earned yet before what is: nothing is ever earned twice or below zero, and what is left at the end is the line less its notes', () => {
    const days = fc.integer({ min: 1, max: 400 })
    fc.assert(fc.property(amount, days, fc.array(fc.record({ after: fc.integer({ min: 0, max: 500 }), share: fc.nat({ max: 100 }) }), { minLength: 1, maxLength: 6 }), (net, length, asked) => {
      const period = { issued: 1000, from: 1000, to: 1000 + length }
      const notes: { day: number, amount: bigint, unearned: bigint }[] = []
      for (const { after, share } of asked.toSorted((a, b) => a.after - b.after)) {
        const [left, day] = [net - notes.reduce((sum, note) => sum + note.amount, 0n), 1000 + after]
        const part = left * BigInt(share) / 100n
        const { amount: unearned } = unearnedPart({ net: money(net), ...period, notes: notes.map(note => ({ day: note.day, unearned: money(note.unearned) })) }, money(part), day)
        expect(unearned >= 0n && unearned <= part).toBe(true)
        notes.push({ day, amount: part, unearned })
      }
      const spread = [{ amount: net, ...period, voided: null }, ...notes.flatMap(({ day, amount: part, unearned }) => [
        { amount: -unearned, issued: day, voided: null, from: day, to: 1000 + length }, { amount: unearned - part, issued: day, voided: null, from: day, to: day },
      ])]
      const earned = (day: number) => spread.reduce((sum, one) => sum + earnedBefore(one, day), 0n)
      // Rounding of each part is under one Rupiah.
      const slack = BigInt(spread.length)
      for (let day = 1000; day <= 1600; day += 7) expect(earned(day) >= -slack && earned(day) <= net + slack).toBe(true)
      expect(earned(3000)).toBe(net - notes.reduce((sum, note) => sum + note.amount, 0n))
    }))
  })

  it('over everything they meet all that is left of the period; over the unused rest nothing of what was used', () => {
    const line = { net: money(310_000), issued: 0, from: 0, to: 31, notes: [] }
    expect(unearnedPart(line, money(310_000), 10)).toEqual(money(210_000))
    expect(unearnedPart(line, money(210_000), 10)).toEqual(money(210_000))
    expect(unearnedPart({ ...line, notes: [{ day: 10, unearned: money(210_000) }] }, money(50_000), 20)).toEqual(money(0))
    // A first period that is not paid yet has earned nothing; what is done on one day is earned on the next.
    expect(unearnedPart({ ...line, from: null, to: null }, money(300_000), 20)).toEqual(money(300_000))
    expect(unearnedPart({ ...line, to: 0 }, money(300_000), 1)).toEqual(money(0))
  })

  it('and what closes the invoice afterwards leave no revenue, no PPN and no debt behind', () => {
    fc.assert(fc.property(amount, fc.nat({ max: 100 }), fc.nat({ max: 100 }), (taxable, credited, paidShare) => {
      const invoice = computeTax(money(taxable), at, { pkp: true })
      const part = taxable * BigInt(credited) / 100n
      const note = noteFigures(invoice, zero(), money(part))
      const paid = (invoice.total.amount - note.total.amount) * BigInt(paidShare) / 100n
      const left = { taxable: money(taxable - part), tax: money(invoice.tax.amount - note.tax.amount), total: money(invoice.total.amount - note.total.amount), outstanding: money(invoice.total.amount - note.total.amount - paid) }
      const noted = [issueEntry(context, invoice), creditNoteEntry(context, { ...note, ...splitNote(note.total, invoice.total) })]
      const sum = (entries: typeof noted, account: string) => entries.flatMap(entry => entry.lines).filter(found => found.account === account).reduce((all, found) => all + found.amount.amount, 0n)
      const voided = [...noted, voidEntry(context, left)]
      expect([sum(voided, 'revenue'), sum(voided, 'ppn_payable'), sum(voided, 'receivable'), sum(voided, 'client_credit')]).toEqual([0n, 0n, paid, -paid])
      const lost = [...noted, uncollectibleEntry(context, left)]
      expect(sum(lost, 'receivable')).toBe(paid)
      expect(sum(lost, 'ppn_payable') <= 0n).toBe(true)
    }))
  })

  it('a payment that was taken back after a note never takes more PPN back than is left', () => {
    const entry = uncollectibleEntry(context, { taxable: money(50_000), tax: money(5_500), outstanding: money(111_000) })
    expect(entry.lines.map(found => [found.account, found.amount.amount])).toEqual([['bad_debt', 105_500n], ['ppn_payable', 5_500n], ['receivable', -111_000n]])
  })
})
