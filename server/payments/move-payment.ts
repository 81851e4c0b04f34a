import { actorLabel } from '../kernel/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import type { Payment, PaymentStores } from './ports.ts'

export interface Applied { readonly outcome: 'applied' | 'unchanged' | 'parked', readonly reason: string | null }

/** Pages of the buyer and of staff that show this payment or its invoice ask again. */
export function hintPayment(stores: PaymentStores, payment: Payment): void {
  for (const audience of [{ userId: payment.clientId }, 'staff'] as const) {
    stores.live.publish({ audience, name: 'payment', id: payment.id })
    stores.live.publish({ audience, name: 'invoice', id: payment.invoiceId })
  }
}

type Change = Omit<Parameters<PaymentStores['payments']['setStatus']>[1], 'status'>
/** Changes the state of a locked attempt and leaves the row that says why. */
export async function movePayment(stores: PaymentStores, payment: Payment, to: Payment['status'], cause: string, actor: Actor, at: Date, change: Change = {}): Promise<void> {
  await stores.payments.setStatus(payment.id, { status: to, ...change })
  await stores.transitions.record({ entity: 'payment', entityId: payment.id, from: payment.status, to, cause, actor: actorLabel(actor), at })
  hintPayment(stores, payment)
}

/** Nothing is booked: a person looks at it. */
export async function park(stores: PaymentStores, payment: Payment, reason: string, at: Date): Promise<Applied> {
  await stores.payments.markChecked(payment.id, at, reason)
  hintPayment(stores, payment)
  return { outcome: 'parked', reason }
}
