import type { Actor } from '../kernel/ports.ts'
import { applyGatewayState } from './apply-gateway-state.ts'
import { movePayment } from './move-payment.ts'
import type { PaymentDeps } from './deps.ts'
import { atGateway } from './payment.ts'
import { isOpen } from './payment-lifecycle.ts'
import type { Payment } from './ports.ts'

export interface Closing { readonly payment: Payment, readonly as: 'failed' | 'expired', readonly cause: string, readonly actor: Actor, readonly problem?: string }

/** Closes an open attempt in our books; one that was closed or settled meanwhile stays as it is. */
export const closeInBooks = (deps: PaymentDeps) => ({ payment: { id }, as, cause, actor, problem }: Closing): Promise<void> => deps.transact(async (stores) => {
  const payment = await stores.payments.lock(id)
  if (payment && isOpen(payment.status)) await movePayment(stores, payment, as, cause, actor, deps.clock.now(), problem === undefined ? {} : { problem: problem.slice(0, 500) })
})

/**
 * Makes an attempt impossible to pay at its gateway, then closes it. Where the gateway will not cancel, its word decides: what turns out
 * paid is booked. Answers `closed`, or `open` while the gateway still holds it. @throws DriverError
 */
export const closeAttempt = (deps: PaymentDeps) => async (closing: Closing): Promise<'closed' | 'open'> => {
  const { payment } = closing
  const there = await atGateway(deps.gateways, payment)
  if (!there) {
    await closeInBooks(deps)(closing)
    return 'closed'
  }
  const { gateway, orderId } = there
  if (await gateway.cancel({ orderId, token: payment.instructions?.token ?? null })) {
    await closeInBooks(deps)(closing)
    return 'closed'
  }
  const state = await gateway.read({ orderId, gatewayTransactionId: payment.gatewayTransactionId })
  if (state && state.status !== 'pending') {
    const { outcome } = await applyGatewayState(deps)({ paymentId: payment.id, state, cause: closing.cause })
    return outcome === 'parked' ? 'open' : 'closed'
  }
  return 'open'
}
