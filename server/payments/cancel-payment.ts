import { AppError } from '#shared/errors/codes.ts'
import type { Actor } from '../kernel/ports.ts'
import { closeAttempt } from './close-attempt.ts'
import type { PaymentDeps } from './deps.ts'
import { isStarting, toBuyerError } from './payment.ts'
import { isOpen } from './payment-lifecycle.ts'

interface Input { readonly actor: Actor, readonly clientId: string, readonly invoiceId: string, readonly paymentId: string }

/**
 * Cancels a live attempt at its gateway, so that another method can be chosen. One that is closed already stays closed.
 * @throws AppError not_found, invoice_not_payable when it turns out paid, payment_in_progress, gateway_unavailable
 */
export const cancelPayment = (deps: PaymentDeps) => async (input: Input): Promise<void> => {
  const payment = await deps.payments.find(input.paymentId)
  if (!payment || payment.clientId !== input.clientId || payment.invoiceId !== input.invoiceId) throw new AppError('not_found')
  if (!isOpen(payment.status)) return
  if (isStarting(payment, deps.clock.now())) throw new AppError('payment_in_progress')
  const closed = await closeAttempt(deps)({ payment, as: 'failed', cause: 'cancelled_by_client', actor: input.actor }).catch((error: unknown) => {
    throw toBuyerError(error)
  })
  if (closed === 'open') throw new AppError('payment_in_progress')
  if ((await deps.payments.find(payment.id))?.status === 'settled') throw new AppError('invoice_not_payable')
}
