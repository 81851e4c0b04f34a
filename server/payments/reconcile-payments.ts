import type { Clock, Outbox } from '../kernel/ports.ts'
import type { PaymentStore } from './ports.ts'

interface Deps { readonly payments: PaymentStore, readonly outbox: Outbox, readonly clock: Clock }
const batch = 500

/**
 * Finds the attempts that should be asked for at their gateway, and live attempts whose invoice wants no more money, and makes one job of
 * each: one that fails stops no other. Notifications may be lost; this may not.
 */
export const reconcilePayments = ({ payments, outbox, clock }: Deps) => async (): Promise<{ checks: number, cancels: number }> => {
  const due = await payments.listDue({ at: clock.now(), limit: batch })
  for (const paymentId of due) await outbox.emit('payments.check-due', { paymentId }, { singletonKey: paymentId })
  const stray = await payments.listStray(batch)
  for (const paymentId of stray) await outbox.emit('payments.cancel-due', { paymentId }, { singletonKey: paymentId })
  return { checks: due.length, cancels: stray.length }
}
