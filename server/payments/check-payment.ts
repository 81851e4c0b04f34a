import { DriverError } from '#shared/errors/driver-error.ts'
import { applyGatewayState } from './apply-gateway-state.ts'
import { closeAttempt } from './close-attempt.ts'
import type { PaymentDeps } from './deps.ts'
import { atGateway, gatewayActor, isPastExpiry, isStarting } from './payment.ts'
import { isOpen } from './payment-lifecycle.ts'
import type { Payment, PaymentGateway } from './ports.ts'

/**
 * Asks the gateway for an attempt and lets its word take effect; closes what has lapsed (a Snap page lapses without a notification) and
 * what was never really started. May run twice. @throws DriverError when the gateway cannot be asked: the job is tried again
 */
export const checkPayment = (deps: PaymentDeps) => async ({ paymentId }: { readonly paymentId: string }): Promise<void> => {
  const payment = await deps.payments.find(paymentId)
  const there = payment && await atGateway(deps.gateways, payment)
  if (!payment || !there || isStarting(payment, deps.clock.now())) return
  const state = await readOrNote(deps, payment, there.gateway, there.orderId)
  if (state === 'unreadable') return
  if (state && state.status !== 'pending') {
    await applyGatewayState(deps)({ paymentId, state, cause: 'read_back' })
    return
  }
  await deps.payments.markChecked(paymentId, deps.clock.now(), null)
  if (!isOpen(payment.status)) return
  const actor = gatewayActor(there.gateway.name)
  // Its start was never answered, so its buyer has nothing to pay with.
  if (payment.status === 'created') await closeAttempt(deps)({ payment, as: 'failed', cause: 'not_started', actor })
  else if (isPastExpiry(payment, deps.clock.now())) await closeAttempt(deps)({ payment, as: 'expired', cause: 'lapsed', actor })
}

/** An answer that will never be readable is noted on the payment; what may pass is thrown. */
async function readOrNote(deps: PaymentDeps, payment: Payment, gateway: PaymentGateway, orderId: string) {
  try {
    return await gateway.read({ orderId, gatewayTransactionId: payment.gatewayTransactionId })
  } catch (error) {
    if (!(error instanceof DriverError) || error.kind !== 'permanent') throw error
    await deps.payments.markChecked(payment.id, deps.clock.now(), error.message.slice(0, 500))
    return 'unreadable' as const
  }
}
