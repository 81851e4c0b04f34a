import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { Money } from '#shared/money/money.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { bookPayment } from './book-payment.ts'
import { auditStaff } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import type { BillingStores, BookManualPayment } from './ports.ts'

export interface ManualPayment { readonly invoiceId: string, readonly amount: Money, /** Day of the bank statement in the business zone. */ readonly receivedOn: string, readonly reference: string, readonly actor: Actor }

/**
 * Books money that staff saw on the bank statement. More than is owed, or money for a closed invoice, becomes the client's credit. One
 * transfer (day, amount, reference) of a client is booked once, whoever tries again and however long after.
 * @throws AppError not_found, invalid_input (no amount, a day in the future), transfer_known
 */
export const recordManualPayment = (deps: BillingDeps & { readonly transact: Transact<BillingStores> }) => async ({ invoiceId, amount, receivedOn, reference, actor }: ManualPayment): Promise<void> => {
  if (amount.amount <= 0n) throw fieldError('amount', 'amount_positive')
  const at = deps.rules.calendar.startOfDay(receivedOn)
  if (at > deps.clock.now()) throw fieldError('receivedOn', 'day_in_future')
  await deps.transact(async (stores) => {
    const { paymentId } = await bookManualPayment(deps)(stores, { invoiceId, amount, at, reference, actor })
    await auditStaff(stores, { actor, action: 'payment.manual', entity: 'invoice', entityId: invoiceId, after: { paymentId, amount: amount.amount.toString(), receivedOn, reference } })
  })
}

/** The booking itself, in the caller's transaction; see `BookManualPayment`. */
export const bookManualPayment = (deps: BillingDeps) => async (stores: BillingStores, { invoiceId, amount, at, reference, actor }: Parameters<BookManualPayment>[1]): ReturnType<BookManualPayment> => {
  const invoice = await stores.invoices.lock(invoiceId)
  if (!invoice) throw new AppError('not_found')
  const paymentId = deps.newId()
  const { clientId } = invoice
  await stores.invoicePayments.insertManual({ id: paymentId, invoiceId, clientId, amount, reference, at })
  await stores.transitions.record({ entity: 'payment', entityId: paymentId, from: 'created', to: 'settled', cause: `manual: ${reference}`, actor: actorLabel(actor), at: deps.clock.now() })
  await bookPayment(deps)(stores, { paymentId, invoiceId, clientId, gateway: null, amount, at, actor })
  return { paymentId, clientId }
}
