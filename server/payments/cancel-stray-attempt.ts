import type { PaymentDeps } from './deps.ts'
import { closeAttempt } from './close-attempt.ts'
import { atGateway, gatewayActor } from './payment.ts'

/** Cancels an attempt that nobody should pay any more (another was chosen, its invoice was paid or closed). May run twice. @throws DriverError to be tried again */
export const cancelStrayAttempt = (deps: PaymentDeps) => async ({ paymentId }: { readonly paymentId: string }): Promise<void> => {
  const payment = await deps.payments.find(paymentId)
  const settled = payment?.status === 'settled' || payment?.status === 'refunded' || payment?.status === 'charged_back'
  if (!payment || settled || !atGateway(deps.gateways, payment)) return
  await closeAttempt(deps)({ payment, as: 'failed', cause: 'no_longer_wanted', actor: gatewayActor(payment.gateway ?? 'midtrans') })
}
