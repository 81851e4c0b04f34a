import type { Actor } from '../kernel/ports.ts'
import type { ServiceChange } from './change-ports.ts'
import { hint, recordTransition } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import type { BillingStores } from './ports.ts'

/** Why an invoice was closed whose change was taken back by the client or by staff. */
export const cancelledByClient = 'change_cancelled'

export async function endChange(deps: BillingDeps, stores: BillingStores, change: ServiceChange, { to, reason, actor }: { readonly to: 'lapsed' | 'cancelled', readonly reason: string, readonly actor: Actor }) {
  const now = deps.clock.now()
  await stores.changes.setStatus(change.id, { status: to, closedAt: now, closedReason: reason })
  await recordTransition(stores, { entity: 'change', id: change.id, from: change.status, to, cause: reason, actor, at: now })
  hint(stores, 'service', change.serviceId)
}

/** An invoice was closed: an upgrade that waited for it ends, a change at renewal waits for the next renewal invoice. */
export async function followClosing(deps: BillingDeps, stores: BillingStores, { invoiceId, reason, actor }: { readonly invoiceId: string, readonly reason: string, readonly actor: Actor }): Promise<void> {
  const found = await stores.changes.byInvoice(invoiceId)
  if (found?.status !== 'waiting') return
  await stores.subscriptions.lock(found.serviceId)
  const change = await stores.changes.lock(found.id)
  if (change?.status !== 'waiting') return
  if (change.timing === 'renewal') return stores.changes.setRenewal(change.id, null)
  await endChange(deps, stores, change, { to: reason === cancelledByClient ? 'cancelled' : 'lapsed', reason, actor })
}
