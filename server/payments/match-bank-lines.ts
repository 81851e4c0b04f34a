import type { Money } from '#shared/money/money.ts'
import { matchReasons } from '#shared/vocabulary/transfers.ts'
import type { BankLineUse, MatchReason } from '#shared/vocabulary/transfers.ts'
import { isOpen } from './payment-lifecycle.ts'
import type { BankLine, InvoiceCandidate, PaymentCandidate } from './transfer-ports.ts'

export interface Suggestion { readonly reason: MatchReason, readonly use: BankLineUse, readonly paymentId: string | null, readonly invoiceId: string, readonly invoiceNumber: string | null, readonly clientId: string, readonly clientName: string, readonly amount: Money }
type Line = Pick<BankLine, 'bookedOn' | 'amount' | 'description'>
export interface Candidates { readonly payments: readonly PaymentCandidate[], readonly invoices: readonly InvoiceCandidate[], /** The day of an instant in the business zone. */ readonly dayOf: (at: Date) => string }

const mostSuggestions = 5

/** Numbers of invoices that a text names, however a bank or a client writes them: `INV-2026-000123`, `inv 2026/123`. */
export function numbersIn(text: string): string[] {
  return [...text.toUpperCase().matchAll(/(?<![A-Z])([A-Z]{2,5})\W{0,2}(20\d{2})\W{1,2}0*(\d{1,6})(?!\d)|(?<![A-Z])([A-Z]{2,5})(20\d{2})(\d{6})(?!\d)/g)]
    .map(([, series, year, number, tightSeries, tightYear, tightNumber]) => `${series ?? tightSeries ?? ''}-${year ?? tightYear ?? ''}-${(number ?? tightNumber ?? '').padStart(6, '0')}`)
}

const wordsOf = (text: string) => text.toUpperCase().split(/[^A-Z0-9]+/).filter(word => word.length >= 3)
const forms = new Set(['PT', 'CV', 'UD', 'TBK', 'BANK', 'DAN', 'THE'])
/** Whether a text says a name: at least half of its words, for banks cut names short. */
export function saysName(text: string, names: readonly string[]): boolean {
  const said = new Set(wordsOf(text))
  return names.some((name) => {
    const words = wordsOf(name).filter(word => !forms.has(word))
    return words.length > 0 && words.filter(word => said.has(word)).length * 2 >= words.length
  })
}

/**
 * What a line could be, the surest first. `exact_code` is given to one line only if exactly one open transfer asks for its amount, no other
 * of late did, and nothing says that the money was booked already: it may be confirmed unseen. All others are for a person to look at.
 */
export function suggestionsFor(line: Line, candidates: Candidates): Suggestion[] {
  const found = [...fromPayments(line, candidates), ...candidates.invoices.flatMap(invoice => fromInvoice(line, new Set(numbersIn(line.description)), invoice))]
  const rank = (one: Suggestion) => matchReasons.indexOf(one.reason)
  const once = new Map<string, Suggestion>()
  for (const one of found.sort((a, b) => rank(a) - rank(b))) {
    const key = one.use === 'recorded' ? one.paymentId ?? '' : one.invoiceId
    if (!once.has(key)) once.set(key, one)
  }
  return [...once.values()].slice(0, mostSuggestions)
}

function fromPayments({ amount: { amount }, bookedOn, description }: Line, { payments, dayOf }: Candidates): Suggestion[] {
  const recorded = payments.filter(payment => payment.kind === 'manual' && payment.amount.amount === amount && dayOf(payment.createdOn) === bookedOn)
  // Nobody pays an attempt before it was made.
  const transfers = payments.filter(payment => payment.kind === 'transfer' && dayOf(payment.createdOn) <= bookedOn)
  const coded = transfers.filter(payment => payment.amount.amount === amount)
  const alone = coded.length === 1 && recorded.length === 0
  const uncoded = transfers.filter(payment => payment.base.amount === amount && isOpen(payment.status) && saysName(description, payment.clientNames))
  return [
    ...recorded.map(payment => ofPayment(payment, 'recorded', 'recorded')),
    ...coded.map(payment => ofPayment(payment, alone && isOpen(payment.status) ? 'exact_code' : 'late_code', 'transfer')),
    ...uncoded.map(payment => ofPayment(payment, 'base_and_name', 'transfer')),
  ]
}

function fromInvoice({ amount, description }: Line, numbers: ReadonlySet<string>, invoice: InvoiceCandidate): Suggestion[] {
  const [numbered, fits] = [numbers.has(invoice.number), invoice.outstanding.amount === amount.amount]
  const reason = numbered ? fits ? 'number_and_amount' : 'number' : fits && saysName(description, invoice.clientNames) ? 'amount_and_name' : null
  return reason === null ? [] : [{ reason, use: 'invoice', paymentId: null, invoiceId: invoice.invoiceId, invoiceNumber: invoice.number, clientId: invoice.clientId, clientName: invoice.clientNames[0] ?? '', amount: invoice.outstanding }]
}

const ofPayment = (payment: PaymentCandidate, reason: MatchReason, use: BankLineUse): Suggestion => ({ reason, use, paymentId: payment.paymentId, invoiceId: payment.invoiceId, invoiceNumber: payment.invoiceNumber, clientId: payment.clientId, clientName: payment.clientNames[0] ?? '', amount: payment.amount })
