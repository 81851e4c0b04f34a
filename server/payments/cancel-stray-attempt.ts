import type { PaymentDeps } from './deps.ts'
import { closeAttempt, closeInBooks } from './close-attempt.ts'
import { atGateway, bankActor, gatewayActor } from './payment.ts'

/** Cancels an attempt that nobody should pay any more (another was chosen, its invoice was paid or closed). May run twice. @throws DriverError to be tried again */
export const cancelStrayAttempt = (deps: PaymentDeps) => async ({ paymentId }: { readonly paymentId: string }): Promise<void> => {
  const payment = await deps.payments.find(paymentId)
  const settled = payment?.status === 'settled' || payment?.status === 'refunded' || payment?.status === 'charged_back'
  if (!payment || settled) return
  // A transfer stands in our books only; what has a gateway that is not set up any more is left alone.
  if (payment.gateway === null) {
    await closeInBooks(deps)({ payment, as: 'failed', cause: 'no_longer_wanted', actor: bankActor })
    return
  }
  if (await atGateway(deps.gateways, payment)) await closeAttempt(deps)({ payment, as: 'failed', cause: 'no_longer_wanted', actor: gatewayActor(payment.gateway) })
}
