import fc from 'fast-check'
import { expect, it } from 'vitest'
import { creditEntry, bankCreditEntry, issueEntry, paymentEntry, splitPayment, voidEntry } from '#server/billing/ledger.ts'
import type { JournalEntry } from '#server/billing/ledger.ts'
import { carriedBy, divideReturn, returnEntry } from '#server/billing/return-entries.ts'
import type { ReturnParts, ReturnWay } from '#server/billing/return-entries.ts'
import { money, zero } from '#shared/money/money.ts'
import { refundConsequences } from '#shared/vocabulary/refunds.ts'
import type { RefundConsequence } from '#shared/vocabulary/refunds.ts'

const at = new Date('2026-11-02T03:00:00Z')
const context = { causeId: 'x', at, memo: 'INV-1', actor: 'test', clientId: 'c', invoiceId: 'i' }
const total = 1_000n
const least = (...amounts: bigint[]) => amounts.reduce((a, b) => a < b ? a : b)

const percent = fc.bigInt({ min: 1n, max: 100n })
const act = fc.oneof(
  { weight: 2, arbitrary: fc.record({ act: fc.constant('pay' as const), amount: fc.bigInt({ min: 1n, max: 1_600n }) }) },
  { weight: 14, arbitrary: fc.record({ act: fc.constant('return' as const), nth: fc.nat({ max: 2 }), percent, whose: fc.constantFrom('ours' as const, 'bank' as const), way: fc.constantFrom('gateway' as const, 'bank' as const, 'credit' as const), consequence: fc.constantFrom(...refundConsequences) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('spend' as const), percent }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('top_up' as const), amount: fc.bigInt({ min: 1n, max: 800n }) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('void' as const) }) },
)
type Return = { readonly nth: number, readonly percent: bigint, readonly whose: 'ours' | 'bank', readonly way: ReturnWay, readonly consequence: RefundConsequence }

/** A payment as a person would keep count of it: what of it stands on the invoice, lies in credit, and was given as credit. */
interface Counted { readonly amount: bigint, readonly booked: JournalEntry, readonly returns: JournalEntry[], onInvoice: bigint, own: bigint, given: bigint, byUs: bigint, byBank: bigint }

/** The ledger of one client with one invoice, in memory. */
function client() {
  const figures = { taxable: money(total - 99n), tax: money(99n), total: money(total) }
  const journal: JournalEntry[] = [issueEntry(context, figures)]
  const payments: Counted[] = []
  let open = true
  const sum = (account: string) => journal.flatMap(entry => entry.lines).filter(line => line.account === account).reduce((all, line) => all + line.amount.amount, 0n)
  const [owed, credit] = [() => sum('receivable'), () => -sum('client_credit')]
  return {
    owed, credit, journal,
    pay(amount: bigint) {
      const parts = splitPayment(money(amount), money(owed()))
      const booked = paymentEntry(context, 'midtrans', parts)
      journal.push(booked)
      payments.push({ amount, booked, returns: [], onInvoice: parts.toInvoice.amount, own: parts.toCredit.amount, given: 0n, byUs: 0n, byBank: 0n })
    },
    // Spent on another invoice: that this one is owed by it would be another matter.
    spend: (amount: bigint) => amount > 0n && journal.push({ ...creditEntry(context, money(amount)), lines: creditEntry(context, money(amount)).lines.map(line => line.account === 'receivable' ? { ...line, account: 'revenue' } : line) }),
    topUp: (amount: bigint) => journal.push(bankCreditEntry(context, money(amount))),
    close() {
      if (open) journal.push(voidEntry(context, { ...figures, outstanding: money(owed()) }))
      open = false
    },
    /** Ours is refused where nobody could bear it, as `strict` does; what a bank takes is a fact. */
    giveBack({ nth, percent: share, whose, way, consequence }: Return) {
      const payment = payments[nth % Math.max(1, payments.length)]
      if (!payment) return
      const left = payment.amount - (whose === 'ours' ? payment.byUs + payment.byBank : payment.byBank)
      const asked = whose === 'ours' ? { way, consequence } : { way: 'gateway' as const, consequence: 'reopen' as const }
      const amount = (left * share + 99n) / 100n
      if (amount <= 0n) return
      const before = { credit: credit(), open, ...payment }
      const parts = divideReturn({ ...asked, amount: money(amount), carried: carriedBy(payment.booked.lines, payment.returns.flatMap(entry => entry.lines), 'IDR'), credit: money(credit()), invoiceOpen: open })
      fair({ ...asked, amount, before, parts })
      if (whose === 'ours' && parts.suspense.amount > 0n) return
      const entry = returnEntry('refund', context, asked.way, 'midtrans', money(amount), parts)
      journal.push(entry)
      payment.returns.push(entry)
      payment[whose === 'ours' ? 'byUs' : 'byBank'] += amount
      const ownPart = least(parts.credit.amount, payment.own)
      payment.own -= ownPart
      payment.given -= parts.credit.amount - ownPart
      payment.onInvoice -= parts.invoice.amount
      if (asked.way === 'credit') payment.given += amount
    },
  }
}

/** Who bears it, said without the code: each line is one promise of `divideReturn`. */
function fair({ way, consequence, amount, before, parts }: { way: ReturnWay, consequence: RefundConsequence, amount: bigint, before: { credit: bigint, open: boolean, onInvoice: bigint, own: bigint, given: bigint }, parts: ReturnParts }) {
  const [invoice, credit, expenses, suspense] = [parts.invoice.amount, parts.credit.amount, parts.expenses.amount, parts.suspense.amount]
  const spendable = way === 'credit' ? 0n : before.credit
  const first = least(amount, before.own, spendable)
  expect([invoice, credit, expenses, suspense].every(part => part >= 0n)).toBe(true)
  expect(invoice + credit + expenses + suspense).toBe(amount)
  expect(credit, 'never more credit than there is, and none for what is given as credit').toBeLessThanOrEqual(spendable)
  expect(credit, 'money of this payment that lies in credit goes first').toBeGreaterThanOrEqual(first)
  if (consequence === 'keep') return expect([invoice, credit, expenses, suspense]).toEqual([0n, first, amount - first, 0n])
  expect(expenses).toBe(0n)
  const bearable = before.open ? before.onInvoice : 0n
  expect(invoice, 'an invoice is owed by what it had got, and a closed one by nothing').toBeLessThanOrEqual(bearable)
  if (credit > first) expect(invoice, 'other credit only where the invoice bears no more').toBe(bearable)
  if (before.open) expect(credit, 'credit of other payments is left alone').toBeLessThanOrEqual(before.own + before.given)
  if (suspense > 0n) expect([invoice, credit], 'suspense only where nobody can be asked').toEqual([bearable, before.open ? least(spendable, before.own + before.given) : spendable])
}

it('credit is never negative: whatever is paid, given back, taken by banks, spent and closed, in whatever order, each part is borne by whom it should be, and nobody owes more than was invoiced', () => {
  const seen = { given: 0, suspense: 0 }
  fc.assert(fc.property(fc.array(act, { minLength: 3, maxLength: 16 }), (acts) => {
    const life = client()
    life.pay(total)
    for (const step of acts) {
      if (step.act === 'pay') life.pay(step.amount)
      else if (step.act === 'return') life.giveBack(step)
      else if (step.act === 'spend') life.spend(life.credit() * step.percent / 100n)
      else if (step.act === 'top_up') life.topUp(step.amount)
      else life.close()
      expect(life.credit()).toBeGreaterThanOrEqual(0n)
      expect(life.owed()).toBeGreaterThanOrEqual(0n)
      expect(life.owed()).toBeLessThanOrEqual(total)
      expect(life.journal.flatMap(entry => entry.lines).reduce((all, line) => all + line.amount.amount, zero().amount)).toBe(0n)
    }
    const lines = life.journal.flatMap(entry => entry.lines)
    if (lines.some(line => line.account === 'suspense')) seen.suspense++
    if (lines.some(line => line.account === 'expenses')) seen.given++
  }), { numRuns: 2_000 })
  // Lives in which nothing went wrong prove nothing.
  expect(seen.suspense).toBeGreaterThan(20)
  expect(seen.given).toBeGreaterThan(20)
})
