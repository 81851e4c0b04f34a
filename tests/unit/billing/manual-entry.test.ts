import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { monthOf } from '#server/billing/close-period.ts'
import { intoOpenPeriod } from '#server/billing/ledger.ts'
import { creditTaken, debitsOf, linesOfTyped, manualJournalEntry, reversedLines } from '#server/billing/manual-entry.ts'
import type { TypedLine } from '#server/billing/manual-entry.ts'
import { money } from '#shared/money/money.ts'
import { manualAccounts } from '#shared/vocabulary/ledger.ts'

const clients = ['01900000-0000-7000-8000-000000000001', '01900000-0000-7000-8000-000000000002']
const typedLine: fc.Arbitrary<TypedLine> = fc.record({ account: fc.constantFrom(...manualAccounts), side: fc.constantFrom('debit', 'credit'), amount: fc.bigInt(1n, 10n ** 15n).map(amount => money(amount)), clientId: fc.constantFrom(...clients), gateway: fc.constantFrom('midtrans', 'xendit') })
const sumOf = (lines: readonly TypedLine[]) => lines.reduce((sum, { side, amount }) => sum + (side === 'debit' ? amount.amount : -amount.amount), 0n)
/** Balanced by one more line. */
const balanced = fc.array(typedLine, { minLength: 1, maxLength: 8 }).filter(lines => sumOf(lines) !== 0n).map((lines): TypedLine[] => {
  const sum = sumOf(lines)
  return [...lines, { account: 'suspense', side: sum > 0n ? 'credit' : 'debit', amount: money(sum > 0n ? sum : -sum), clientId: null, gateway: null }]
})
const instant = fc.date({ min: new Date('2020-01-01T00:00:00Z'), max: new Date('2035-01-01T00:00:00Z'), noInvalidDate: true })

describe('an entry by hand', () => {
  it('is taken exactly when its sides are equal', () => {
    fc.assert(fc.property(balanced, (lines) => {
      expect(linesOfTyped(lines).reduce((sum, line) => sum + line.amount.amount, 0n)).toBe(0n)
      const [first, ...rest] = lines
      if (first) expect(() => linesOfTyped([{ ...first, amount: money(first.amount.amount + 1n) }, ...rest])).toThrow(expect.objectContaining({ fields: [expect.objectContaining({ code: 'entry_unbalanced' })] }) as Error)
    }))
  })

  it('together with its reversal moves nothing: no account, no client\'s credit; both have the same total', () => {
    fc.assert(fc.property(balanced, (typed) => {
      const lines = linesOfTyped(typed)
      const back = reversedLines(lines)
      expect(debitsOf(back)).toEqual(debitsOf(lines))
      for (const account of manualAccounts) expect([...lines, ...back].filter(line => line.account === account).reduce((sum, line) => sum + line.amount.amount, 0n)).toBe(0n)
      for (const taken of creditTaken([...lines, ...back]).values()) expect(taken.amount).toBe(0n)
    }))
  })

  it('names clients in one order, however its lines stand: two entries never wait for each other crosswise', () => {
    fc.assert(fc.property(balanced, (typed) => {
      const ids = [...creditTaken(linesOfTyped(typed)).keys()]
      expect(ids).toEqual([...ids].sort())
    }))
  })
})

describe('a month', () => {
  it.each(['Asia/Jakarta', 'Asia/Jayapura', 'Europe/Berlin'])('of %s holds every instant in it and ends where the next begins', (zone) => {
    const calendar = businessCalendar(zone)
    fc.assert(fc.property(instant, (at) => {
      const { month, startsAt, endsAt } = monthOf(calendar, at)
      expect(startsAt <= at && at < endsAt).toBe(true)
      expect(calendar.isoDay(at).startsWith(month)).toBe(true)
      expect(monthOf(calendar, endsAt).startsAt).toEqual(endsAt)
      expect(monthOf(calendar, new Date(endsAt.getTime() - 1)).month).toBe(month)
    }))
  })

  it('that is closed gets no entry: dated before the border it moves onto it with its own moment in the memo, else it stays as it is', () => {
    fc.assert(fc.property(instant, instant, balanced, (at, openFrom, typed) => {
      const entry = manualJournalEntry({ id: 'x', at, reason: 'why', lines: linesOfTyped(typed) }, 'system:test')
      const booked = intoOpenPeriod(entry, openFrom)
      expect(booked.at >= openFrom).toBe(true)
      expect(booked.lines).toEqual(entry.lines)
      if (at >= openFrom) expect(booked).toEqual(entry)
      else expect(booked).toMatchObject({ at: openFrom, memo: `why (${at.toISOString()})` })
      expect(intoOpenPeriod(entry, null)).toEqual(entry)
    }))
  })
})
