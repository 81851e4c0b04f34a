import { add, isNegative, isZero, min, negate, split, subtract, zero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { LedgerAccount, LedgerCause } from '#shared/vocabulary/billing.ts'
import type { GatewayName } from '#shared/vocabulary/payments.ts'

/** Positive: debit. Negative: credit. */
export interface JournalLine { readonly account: LedgerAccount, readonly clientId: string | null, readonly invoiceId: string | null, readonly gateway: GatewayName | null, readonly amount: Money }
/** `cause` and `causeId` together are unique: what caused an entry has one effect, however often it is booked. */
export interface JournalEntry { readonly cause: LedgerCause, readonly causeId: string, readonly at: Date, readonly memo: string, readonly actor: string, readonly lines: readonly JournalLine[] }

/** Where the journal is open from `openFrom` on: an entry dated before is booked at its beginning, with its own moment in the memo. Money is never refused because a month was closed. */
export const intoOpenPeriod = (entry: JournalEntry, openFrom: Date | null): JournalEntry =>
  openFrom && entry.at < openFrom ? { ...entry, at: openFrom, memo: `${entry.memo} (${entry.at.toISOString()})` } : entry

export interface EntryContext { readonly causeId: string, readonly at: Date, readonly memo: string, readonly actor: string, readonly clientId: string | null, readonly invoiceId: string | null }
type Context = EntryContext
/** Where a sale or a late fee earns. */
type Income = 'revenue' | 'late_fees'
type Side = readonly [LedgerAccount, Money, (GatewayName | null)?]

/** @throws RangeError when debits and credits differ: an unbalanced entry is a programming error and never reaches the database. */
export function entry(cause: LedgerCause, context: Context, debits: readonly Side[], credits: readonly Side[]): JournalEntry {
  const { clientId, invoiceId, ...rest } = context
  const lines = [...debits, ...credits.map(([account, amount, gateway]) => [account, negate(amount), gateway] as const)]
    .filter(([, amount]) => !isZero(amount))
    .map(([account, amount, gateway]) => ({ account, clientId, invoiceId, gateway: gateway ?? null, amount }))
  if (lines.reduce((sum, line) => sum + line.amount.amount, 0n) !== 0n) throw new RangeError(`${cause} ${context.causeId} does not balance`)
  return { cause, ...rest, lines }
}

/** The client owes the total: the net price is earned, the PPN belongs to the state. */
export const issueEntry = (context: Context, figures: { taxable: Money, tax: Money, total: Money }, income: Income = 'revenue'): JournalEntry =>
  entry('invoice_issued', context, [['receivable', figures.total]], [[income, figures.taxable], ['ppn_payable', figures.tax]])

/** Takes back what credit notes left of the issue, PPN included; what was paid of it already becomes the client's credit. */
export const voidEntry = (context: Context, figures: { taxable: Money, tax: Money, total: Money, outstanding: Money }, income: Income = 'revenue'): JournalEntry =>
  entry('invoice_voided', context, [[income, figures.taxable], ['ppn_payable', figures.tax]], [['receivable', figures.outstanding], ['client_credit', subtract(figures.total, figures.outstanding)]])

/** Takes a part of the issue back: less is owed, and what was paid already becomes the client's credit. */
export const creditNoteEntry = (context: Context, figures: { taxable: Money, tax: Money, toInvoice: Money, toCredit: Money }, income: Income = 'revenue'): JournalEntry =>
  entry('credit_note', context, [[income, figures.taxable], ['ppn_payable', figures.tax]], [['receivable', figures.toInvoice], ['client_credit', figures.toCredit]])

/** What will not be paid any more is a loss; its share of PPN is no longer owed to the state. `taxable`, `tax`: what credit notes left of them. */
export function uncollectibleEntry(context: Context, figures: { taxable: Money, tax: Money, outstanding: Money }): JournalEntry {
  const none = zero(figures.tax.currency)
  const share = isZero(figures.tax) ? none : split(figures.outstanding, [figures.taxable.amount, figures.tax.amount])[1] ?? none
  // More can be owed than is left of the invoice: a payment was taken back after a credit note. No more PPN is taken back than is left.
  const tax = min(share, figures.tax)
  return entry('invoice_uncollectible', context, [['bad_debt', subtract(figures.outstanding, tax)], ['ppn_payable', tax]], [['receivable', figures.outstanding]])
}

/** A rest that is given up: a loss; the PPN on it was charged and stays owed. */
export const writeOffEntry = (context: Context, rest: Money): JournalEntry => entry('written_off', context, [['write_off', rest]], [['receivable', rest]])

export interface PaymentSplit { readonly toInvoice: Money, readonly toCredit: Money }
/** Up to what is owed pays the invoice; the rest is the client's credit. */
export function splitPayment(amount: Money, outstanding: Money): PaymentSplit {
  const toInvoice = isNegative(outstanding) ? zero(amount.currency) : min(amount, outstanding)
  return { toInvoice, toCredit: subtract(amount, toInvoice) }
}

/** Money that reached us: through a gateway (which still holds it) or straight into the bank account. */
export const paymentEntry = (context: Context, gateway: GatewayName | null, parts: PaymentSplit): JournalEntry =>
  entry(gateway ? 'payment_received' : 'manual_payment', context, [[gateway ? 'gateway_clearing' : 'bank', add(parts.toInvoice, parts.toCredit), gateway]], [['receivable', parts.toInvoice], ['client_credit', parts.toCredit]])

export const creditEntry = (context: Context, amount: Money): JournalEntry => entry('credit_applied', context, [['client_credit', amount]], [['receivable', amount]])

/** A client will hand us money to keep: it is no revenue and has no PPN. Until it is paid, what we shall owe stands on `deposits`. */
export const depositIssueEntry = (context: Context, total: Money): JournalEntry => entry('invoice_issued', context, [['receivable', total]], [['deposits', total]])

/** The deposit was paid: the client's money is the client's credit from now on. */
export const depositPaidEntry = (context: Context, amount: Money): JournalEntry => entry('deposit_paid', context, [['deposits', amount]], [['client_credit', amount]])

/** The payment of a deposit was taken back: what is left of its credit goes back to wait for the money. */
export const depositTakenBackEntry = (context: Context, amount: Money): JournalEntry => entry('deposit_paid', context, [['client_credit', amount]], [['deposits', amount]])

/** Closes a deposit: what was paid on it is credit; what it credited before and lost again by a payment taken back (`held` is less than what is owed) is a loss. */
export function depositClosedEntry(context: Context, as: 'void' | 'uncollectible', { outstanding, held }: { readonly outstanding: Money, readonly held: Money }): JournalEntry {
  const rest = subtract(held, outstanding)
  const none = zero(held.currency)
  return entry(as === 'void' ? 'invoice_voided' : 'invoice_uncollectible', context, [['deposits', held], ['bad_debt', isNegative(rest) ? negate(rest) : none]], [['receivable', outstanding], ['client_credit', isNegative(rest) ? none : rest]])
}

/** Money on the bank account of which only its owner is known. */
export const bankCreditEntry = (context: Context, amount: Money): JournalEntry => entry('manual_payment', context, [['bank', amount]], [['client_credit', amount]])
/** It was not the owner's: the money on the bank account is nobody's again until a person says whose. */
export const bankCreditBackEntry = (context: EntryContext, amount: Money): JournalEntry => entry('payment_reversed', context, [['client_credit', amount]], [['bank', amount]])
