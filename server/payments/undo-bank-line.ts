import { AppError } from '#shared/errors/codes.ts'
import type { Actor } from '../kernel/ports.ts'
import { movePayment } from './move-payment.ts'
import type { TransferDeps } from './transfer-deps.ts'
import type { BankLine, TransferStores } from './transfer-ports.ts'

/** Makes what a line booked this time its own: a line that was undone books again under another name. */
export const useOf = (line: Pick<BankLine, 'id' | 'undone'>): string => line.undone === 0 ? line.id : `${line.id}:${line.undone}`

/**
 * Takes back what a decided line booked, for a person had it wrong: the payment is denied and its invoice owed again, or the credit is taken
 * back. A payment that staff had recorded stays as it was. The client is told.
 * @throws AppError bank_line_bound (money of it was given back since), credit_insufficient or refund_not_covered (its credit was spent)
 */
export async function undoBankLine(deps: TransferDeps, stores: TransferStores, line: BankLine, reason: string, actor: Actor): Promise<void> {
  if (line.usedAs === 'credit' && line.clientId) await deps.takeCreditBack(stores, { clientId: line.clientId, amount: line.amount, causeId: `bank-line:${useOf(line)}`, memo: reason, actor })
  else if (line.usedAs !== 'recorded' && line.paymentId) await denyPayment(deps, stores, line.paymentId, reason, actor)
}

async function denyPayment(deps: TransferDeps, stores: TransferStores, paymentId: string, reason: string, actor: Actor): Promise<void> {
  const payment = await stores.payments.lock(paymentId)
  if (!payment) throw new AppError('not_found')
  const returned = (await stores.refunds.ofPayment(paymentId)).some(refund => refund.status !== 'failed')
  if (payment.status !== 'settled' || returned) throw new AppError('bank_line_bound')
  const at = deps.clock.now()
  await movePayment(stores, payment, 'denied', `statement: ${reason}`, actor, at, { problem: null })
  await deps.returnMoney(stores, {
    paymentId, invoiceId: payment.invoiceId, clientId: payment.clientId, gateway: null, amount: payment.settledAmount ?? payment.amount, at, actor,
    returnId: paymentId, earlier: [], way: 'bank', cause: 'payment_reversed', consequence: 'reopen', word: 'denied', strict: true, mail: 'payment_corrected', feeInvoiceId: payment.feeInvoiceId,
  })
}
