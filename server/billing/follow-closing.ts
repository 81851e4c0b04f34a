import type { Actor } from '../kernel/ports.ts'
import type { ServiceChange } from './change-ports.ts'
import { hint, recordTransition } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import type { BillingStores } from './ports.ts'

/** Why an invoice was closed whose change was taken back by the client or by staff. */
export const cancelledByClient = 'change_cancelled'

/** The same of an alignment. */
export const alignmentCancelled = 'alignment_cancelled'

export async function endChange(deps: BillingDeps, stores: BillingStores, change: ServiceChange, { to, reason, actor }: { readonly to: 'lapsed' | 'cancelled', readonly reason: string, readonly actor: Actor }) {
  const now = deps.clock.now()
  await stores.changes.setStatus(change.id, { status: to, closedAt: now, closedReason: reason })
  await recordTransition(stores, { entity: 'change', id: change.id, from: change.status, to, cause: reason, actor, at: now })
  hint(stores, 'service', change.serviceId)
}

/** An invoice was closed: an upgrade or an alignment that waited for it ends, a change at renewal waits for the next renewal invoice. */
export async function followClosing(deps: BillingDeps, stores: BillingStores, { invoiceId, reason, actor }: { readonly invoiceId: string, readonly reason: string, readonly actor: Actor }): Promise<void> {
  await endAlignment(deps, stores, { invoiceId, reason, actor })
  const found = await stores.changes.byInvoice(invoiceId)
  if (found?.status !== 'waiting') return
  await stores.subscriptions.lock(found.serviceId)
  const change = await stores.changes.lock(found.id)
  if (change?.status !== 'waiting') return
  if (change.timing === 'renewal') return stores.changes.setRenewal(change.id, null)
  await endChange(deps, stores, change, { to: reason === cancelledByClient ? 'cancelled' : 'lapsed', reason, actor })
}

async function endAlignment(deps: BillingDeps, stores: BillingStores, { invoiceId, reason, actor }: { readonly invoiceId: string, readonly reason: string, readonly actor: Actor }): Promise<void> {
  const alignment = await stores.alignments.byInvoice(invoiceId)
  if (alignment?.status !== 'waiting') return
  const now = deps.clock.now()
  const to = reason === alignmentCancelled ? 'cancelled' : 'lapsed'
  await stores.alignments.close(alignment.id, { status: to, at: now })
  await recordTransition(stores, { entity: 'alignment', id: alignment.id, from: 'waiting', to, cause: reason, actor, at: now })
  for (const serviceId of alignment.serviceIds) hint(stores, 'service', serviceId, alignment.clientId)
}
