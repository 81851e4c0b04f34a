import { add, min, subtract, zero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { RefundConsequence } from '#shared/vocabulary/refunds.ts'
import type { GatewayName } from '#shared/vocabulary/payments.ts'
import { entry } from './ledger.ts'
import type { EntryContext, JournalEntry, JournalLine } from './ledger.ts'

/** Where returned money leaves: the gateway still holds it, our bank account, or (it stays with us) the client's credit. */
export type ReturnWay = 'gateway' | 'bank' | 'credit'
/** Who bears what goes back: the invoice (owed again), the client's credit, the house, or nobody yet (for Finance to clear up). */
export interface ReturnParts { readonly invoice: Money, readonly credit: Money, readonly expenses: Money, readonly suspense: Money }

/** What of a payment still stands on its invoice and in the client's credit, and what of it was given back as credit. */
export interface Carried { readonly invoice: Money, readonly credit: Money, readonly given: Money }

export interface ReturnFacts {
  readonly amount: Money
  readonly way: ReturnWay
  readonly consequence: RefundConsequence
  readonly carried: Carried
  /** What the client's credit is now. */
  readonly credit: Money
  /** An issued or paid invoice can be owed again; a closed one cannot. */
  readonly invoiceOpen: boolean
}

/**
 * Divides what goes back. Money of this payment that lies in the client's credit goes first, as far as it is still there. Of the rest,
 * `keep` is borne by the house; with `reopen` the invoice is owed again by what it had got. What it cannot bear any more went back before:
 * what of that was given as credit is taken out of credit, as far as it is still there. What nobody can bear (given back by hand, or credit
 * that was spent meanwhile) is `suspense`: never a negative credit. The parts add up to the amount.
 */
export function divideReturn({ amount, way, consequence, carried, credit, invoiceOpen }: ReturnFacts): ReturnParts {
  const none = zero(amount.currency)
  const positive = (value: Money) => value.amount > 0n ? value : none
  const spendable = way === 'credit' ? none : positive(credit)
  const own = min(positive(carried.credit), spendable)
  const first = min(amount, own)
  const rest = subtract(amount, first)
  if (consequence === 'keep') return { invoice: none, credit: first, expenses: rest, suspense: none }
  const invoice = invoiceOpen ? min(rest, positive(carried.invoice)) : none
  const left = subtract(rest, invoice)
  // What was paid on an invoice that was closed later became credit then.
  const more = min(left, min(subtract(spendable, first), invoiceOpen ? positive(carried.given) : left))
  return { invoice, credit: add(first, more), expenses: none, suspense: subtract(left, more) }
}

/** Books what went back, or was given as credit. */
export const returnEntry = (cause: 'refund' | 'payment_reversed', context: EntryContext, way: ReturnWay, gateway: GatewayName | null, amount: Money, parts: ReturnParts): JournalEntry =>
  entry(cause, context, [['receivable', parts.invoice], ['client_credit', parts.credit], ['expenses', parts.expenses], ['suspense', parts.suspense]], [way === 'gateway' ? ['gateway_clearing', amount, gateway] : [way === 'bank' ? 'bank' : 'client_credit', amount]])

/** Credit that a client takes out: the liability ends, the money leaves the bank. */
export const creditPayoutEntry = (context: EntryContext, amount: Money): JournalEntry => entry('credit_refund', context, [['client_credit', amount]], [['bank', amount]])
/** The gateway keeps its fee of what it holds for us; a settlement that never was costs nothing (`back`). */
export const feeEntry = (context: EntryContext, gateway: GatewayName, fee: Money, back = false): JournalEntry =>
  entry('gateway_fee', context, [back ? ['gateway_clearing', fee, gateway] : ['gateway_fees', fee, gateway]], [back ? ['gateway_fees', fee, gateway] : ['gateway_clearing', fee, gateway]])
/** What the gateway transferred is on the bank account; what it kept besides is a fee. */
export const payoutEntry = (context: EntryContext, gateway: GatewayName, amount: Money, fee: Money): JournalEntry =>
  entry('gateway_payout', context, [['bank', amount], ['gateway_fees', fee, gateway]], [['gateway_clearing', add(amount, fee), gateway]])

/**
 * What of a payment still stands on its invoice and in credit: what it booked (again), less what earlier returns took from each. What they
 * took from credit beyond what it had there was given as credit before.
 */
export function carriedBy(booked: readonly JournalLine[], returned: readonly JournalLine[], currency: Money['currency']): Carried {
  const cut = (lines: readonly JournalLine[], account: JournalLine['account'], sign: bigint) => lines.filter(line => line.account === account && line.amount.amount * sign > 0n).reduce((sum, line) => sum + line.amount.amount * sign, 0n)
  const of = (account: JournalLine['account']): bigint => cut(booked, account, -1n) - cut(booked, account, 1n) - cut(returned, account, 1n)
  const credit = of('client_credit')
  const given = cut(returned, 'client_credit', -1n) + (credit < 0n ? credit : 0n)
  return { invoice: { amount: of('receivable'), currency }, credit: { amount: credit, currency }, given: { amount: given, currency } }
}
