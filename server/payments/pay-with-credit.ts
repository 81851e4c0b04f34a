import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { Money } from '#shared/money/money.ts'
import type { Actor } from '../kernel/ports.ts'
import { makeWay } from './start-transfer.ts'
import type { TransferDeps } from './transfer-deps.ts'

interface Input { readonly clientId: string, readonly invoiceId: string, /** Null: as much as there is and is owed. */ readonly amount: Money | null, readonly actor: Actor }
type Outcome = { readonly applied: Money, readonly left: Money }

/**
 * A client pays from credit, whole or in part. A live attempt, whose amount would no longer fit, is cancelled at its gateway first; should
 * it turn out paid, it is booked and nothing is taken. The rest can be paid by any method.
 * @throws AppError not_found, invoice_not_payable, credit_insufficient, payment_in_progress, gateway_unavailable, invalid_input
 */
export const payWithCredit = (deps: TransferDeps) => async ({ clientId, invoiceId, amount, actor }: Input): Promise<Outcome> => {
  if (amount && amount.amount <= 0n) throw fieldError('amount', 'amount_positive')
  for (let round = 0; round < 3; round++) {
    if (await deps.creditOf(clientId) <= 0n) throw new AppError('credit_insufficient')
    const live = await deps.read.payments.findLive(invoiceId)
    if (live?.clientId === clientId) await makeWay(deps, live, actor)
    const outcome = await deps.transact(async (stores): Promise<Outcome | 'live'> => {
      // Locks the invoice: no attempt is started between this look and the booking.
      const invoice = await deps.findPayableInvoice(stores, { invoiceId, clientId })
      if (!invoice) throw new AppError(await stores.payments.statusOfInvoice(invoiceId, clientId) === null ? 'not_found' : 'invoice_not_payable')
      if (await stores.payments.findLive(invoiceId)) return 'live'
      return deps.applyCredit(stores, { invoiceId, clientId, atMost: amount, causeId: `${invoiceId}:${deps.newId()}`, actor })
    })
    if (outcome === 'live') continue
    if (outcome.applied.amount === 0n) throw new AppError('credit_insufficient')
    return outcome
  }
  throw new AppError('payment_in_progress')
}
