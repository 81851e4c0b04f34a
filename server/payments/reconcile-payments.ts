import type { Clock, Outbox } from '../kernel/ports.ts'
import type { PaymentStore } from './ports.ts'
import type { RefundStore } from './refund-ports.ts'

interface Deps { readonly payments: PaymentStore, readonly refunds: RefundStore, readonly outbox: Outbox, readonly clock: Clock }
const batch = 500

/**
 * Finds the attempts that should be asked for at their gateway, live attempts whose invoice wants no more money, and refunds that the
 * gateway has not confirmed, and makes one job of each: one that fails stops no other. Notifications may be lost; this may not.
 */
export const reconcilePayments = ({ payments, refunds, outbox, clock }: Deps) => async (): Promise<{ checks: number, cancels: number, refunds: number }> => {
  const due = await payments.listDue({ at: clock.now(), limit: batch })
  for (const paymentId of due) await outbox.emit('payments.check-due', { paymentId }, { singletonKey: paymentId })
  const stray = await payments.listStray(batch)
  for (const paymentId of stray) await outbox.emit('payments.cancel-due', { paymentId }, { singletonKey: paymentId })
  const returning = await refunds.listDue({ at: clock.now(), limit: batch })
  for (const refundId of returning) await outbox.emit('payments.refund-due', { refundId }, { singletonKey: refundId })
  return { checks: due.length, cancels: stray.length, refunds: returning.length }
}
