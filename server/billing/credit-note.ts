import { add, fraction, isZero, min, money, subtract, sum, zero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { isDiscount } from '#shared/vocabulary/billing.ts'
import type { SpreadLine } from '#shared/money/spread.ts'
import { earnedBefore } from '#shared/money/spread.ts'
import type { CreditedLine, NoteFigures } from './invoicing-ports.ts'

/** A line that can be credited: what it came to after its discounts, and what is left of that. */
export interface CreditableLine { readonly id: string, readonly description: string, readonly kind: CreditedLine['kind'], readonly amount: Money, readonly left: Money }

/**
 * The lines of an invoice without its discounts, each with what it came to: a discount is taken off what it was given for
 * first, then off the other lines of its own service, then off any other. Together they are the invoice's taxable amount.
 */
export function creditableLines(lines: readonly CreditedLine[]): CreditableLine[] {
  const nets = new Map(lines.filter(line => !isDiscount(line.kind)).map(line => [line.id, line.amount.amount]))
  const takeOff = (line: CreditedLine, amount: bigint) => {
    const net = nets.get(line.id) ?? 0n
    const part = net < amount ? net : amount
    nets.set(line.id, net - part)
    return amount - part
  }
  for (const discount of lines.filter(line => isDiscount(line.kind))) {
    const of = discount.kind === 'setup_discount' ? 'setup' : 'service'
    const own = lines.filter(line => !isDiscount(line.kind) && line.serviceId === discount.serviceId).sort((a, b) => Number(b.kind === of) - Number(a.kind === of))
    const rest = own.reduce((left, line) => takeOff(line, left), -discount.amount.amount)
    lines.filter(line => !isDiscount(line.kind)).reduce((left, line) => takeOff(line, left), rest)
  }
  return lines.filter(line => !isDiscount(line.kind)).map(({ id, description, kind, credited }) => {
    const amount = money(nets.get(id) ?? 0n, credited.currency)
    return { id, description, kind, amount, left: subtract(amount, credited) }
  })
}

/** A line that earns: what it came to, and by days of the business zone when, with what earlier notes took off the days that were left. */
export interface EarningLine { readonly net: Money, readonly issued: number, readonly from: number | null, readonly to: number | null, readonly notes: readonly { readonly day: number, readonly unearned: Money }[] }

/**
 * What of a note's `amount` meets what its line has not earned by `day`; only what is more than that comes off what was earned. So a note
 * over the unused rest of a period leaves what was used as it is, and one over everything takes back everything.
 */
export function unearnedPart({ net, issued, from, to, notes }: EarningLine, amount: Money, day: number): Money {
  const earned = (line: Omit<SpreadLine, 'voided'>) => earnedBefore({ ...line, voided: null }, day)
  const open = notes.reduce((left, note) => left - note.unearned.amount - earned({ amount: -note.unearned.amount, issued: note.day, from: from === null ? null : Math.max(from, note.day), to }), net.amount - earned({ amount: net.amount, issued, from, to }))
  return open <= 0n ? zero(amount.currency) : min(amount, money(open, amount.currency))
}

interface Invoiced { readonly taxable: Money, readonly dpp: Money, readonly tax: Money }

/**
 * What a note over `amount` (net) takes back when `before` (net) was taken back already: the PPN of everything credited, rounded down,
 * less that of what was credited before. So all notes together never exceed the invoice's figures, and the last one takes exactly the rest.
 */
export function noteFigures(invoice: Invoiced, before: Money, amount: Money): NoteFigures {
  const upTo = (whole: Money, net: Money) => isZero(invoice.taxable) ? zero(whole.currency) : fraction(whole, net.amount, invoice.taxable.amount)
  const after = add(before, amount)
  const share = (whole: Money) => subtract(upTo(whole, after), upTo(whole, before))
  const tax = share(invoice.tax)
  return { taxable: amount, dpp: share(invoice.dpp), tax, total: add(amount, tax) }
}

/** Up to what the invoice is still owed the note lowers the debt; what was paid already becomes the client's credit. */
export function splitNote(total: Money, outstanding: Money): { toInvoice: Money, toCredit: Money } {
  const toInvoice = outstanding.amount > 0n ? min(total, outstanding) : zero(total.currency)
  return { toInvoice, toCredit: subtract(total, toInvoice) }
}

export const leftOf = (lines: readonly CreditableLine[]): Money => sum(lines.map(line => line.left))
