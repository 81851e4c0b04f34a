import { AppError } from '#shared/errors/codes.ts'
import { isZero, money } from '#shared/money/money.ts'
import { actorLabel } from '../kernel/ports.ts'
import { applyCredit } from './apply-credit.ts'
import { paymentCause } from './book-payment.ts'
import { buyerFeeLeft, returnBuyerFee } from './buyer-fee.ts'
import { isDeposit } from './deposit.ts'
import { auditStaff, hint, recordTransition } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { queueMail } from './mails.ts'
import type { BillingStores, Invoice, MoneyReturn } from './ports.ts'
import { carriedBy, divideReturn, returnEntry } from './return-entries.ts'
import type { ReturnParts } from './return-entries.ts'
import { takeBackDeposit } from './settle-deposit.ts'

/**
 * Books that money of a payment goes back, in part or whole; see `ReturnMoney`. Paid periods stay on record: the calendar reminds and
 * suspends by the reopened invoice. Twice has one effect. Answers who bears it; null when the payment was never booked.
 * @throws AppError (strict only) refund_not_covered: the invoice is closed and the credit was spent; deposit_refund_way: a deposit is credit
 * already, it goes back with its credit or not at all
 */
export const returnMoney = (deps: BillingDeps) => async (stores: BillingStores, input: MoneyReturn): Promise<ReturnParts | null> => {
  const invoice = await stores.invoices.lock(input.invoiceId)
  if (!invoice) return null
  const booked = await stores.ledger.linesOf(paymentCause(input.gateway), input.paymentId)
  if (booked.length === 0) return null
  refuseCreditTwice(invoice, input)
  const { currency } = invoice.total
  const feeBack = await takeFee(deps, stores, input)
  await stores.ledger.lockCredit(invoice.clientId)
  const again = await stores.ledger.linesOfMany(['payment_received', 'manual_payment'], input.earlier)
  const returned = await stores.ledger.linesOfMany(['refund', 'payment_reversed'], input.earlier)
  const invoiceOpen = invoice.status === 'paid' || invoice.status === 'issued'
  const parts = divideReturn({ ...input, carried: carriedBy([...booked, ...again], returned, currency), credit: money(await stores.ledger.credit(invoice.clientId) + feeBack, currency), invoiceOpen })
  if (input.strict && !isZero(parts.suspense)) throw new AppError('refund_not_covered')
  if (input.probe) return parts
  const at = deps.clock.now()
  const context = { causeId: input.returnId, at, memo: `${invoice.number ?? invoice.id} ${input.word}`, actor: actorLabel(input.actor), clientId: invoice.clientId, invoiceId: invoice.id }
  if (!await stores.ledger.post(returnEntry(input.cause, context, input.way, input.gateway, input.amount, parts))) return parts
  if (invoice.status === 'paid' && !isZero(parts.invoice)) {
    if (isDeposit(invoice)) await takeBackDeposit(deps)(stores, { invoice, causeId: input.returnId, actor: input.actor, amount: parts.invoice })
    await stores.invoices.setReopened(invoice.id)
    await recordTransition(stores, { entity: 'invoice', id: invoice.id, from: 'paid', to: 'issued', cause: input.word, actor: input.actor, at })
    await useNotes(deps, stores, invoice, input)
  }
  await tell(deps, stores, invoice, input, parts)
  return parts
}

/** Credits the buyer's fee; a probe only says what that would add to the client's credit. Answers what the credit does not show yet. */
async function takeFee(deps: BillingDeps, stores: BillingStores, { feeInvoiceId, probe, word, actor }: MoneyReturn): Promise<bigint> {
  if (!feeInvoiceId) return 0n
  if (probe) return (await buyerFeeLeft(stores, feeInvoiceId)).amount
  await returnBuyerFee(deps)(stores, { invoiceId: feeInvoiceId, reason: word, actor })
  return 0n
}

/** What credit notes gave back of the invoice pays it now that its money is gone: nobody owes what was credited. Once: what else is the client's credit is theirs to use. */
async function useNotes(deps: BillingDeps, stores: BillingStores, { id, clientId }: Invoice, { actor }: MoneyReturn) {
  const { toCredit } = await stores.creditNotes.creditedOf(id)
  if (!isZero(toCredit)) await applyCredit(deps)(stores, { invoiceId: id, clientId, atMost: toCredit, causeId: `credit-notes:${id}`, actor })
}

/** A deposit became credit as it was paid: given back as credit, or left with the client, it would count twice. */
function refuseCreditTwice(invoice: Invoice, { strict, way, consequence }: MoneyReturn) {
  if (strict && isDeposit(invoice) && (way === 'credit' || consequence === 'keep')) throw new AppError('deposit_refund_way')
}

async function tell(deps: BillingDeps, stores: BillingStores, invoice: Invoice, input: MoneyReturn, parts: ReturnParts) {
  const { actor, mail, returnId } = input
  await auditStaff(stores, { actor, action: `payment.${input.word}`, entity: 'invoice', entityId: invoice.id, after: { paymentId: input.paymentId, amount: input.amount.amount.toString() } })
  // Nobody who could be asked bears it yet: the account `suspense` and this row say so to Finance.
  if (!isZero(parts.suspense)) await stores.audit.record({ actor, action: 'billing.return_not_covered', entity: 'invoice', entityId: invoice.id, after: { paymentId: input.paymentId, suspense: parts.suspense.amount.toString() } })
  if (mail) await queueMail(deps, stores, { template: mail, key: `${mail}:${returnId}`, clientId: invoice.clientId, path: `/portal/invoices/${invoice.id}`, values: { number: invoice.number ?? '', amount: input.amount } })
  hint(stores, 'invoice', invoice.id, invoice.clientId)
}
