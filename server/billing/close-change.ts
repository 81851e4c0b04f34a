import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Log, Transact } from '../kernel/ports.ts'
import type { ServiceChange } from './change-ports.ts'
import { closeInvoice } from './close-invoice.ts'
import { auditStaff, hint, systemActor } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { cancelledByClient, endChange } from './follow-closing.ts'
import type { BillingStores } from './ports.ts'

/** A change that waits for an invoice which is not paid: it ends with it. */
const waitsForMoney = (change: ServiceChange | null): change is ServiceChange & { readonly invoiceId: string } => change?.status === 'waiting' && change.timing === 'now' && change.invoiceId !== null

/** Locks the invoice that the open change of a service waits for, before the service is locked: whoever ends the change takes it back. */
export async function lockInvoiceOfChange(stores: BillingStores, serviceId: string): Promise<void> {
  const change = await stores.changes.openOf(serviceId)
  if (waitsForMoney(change)) await stores.invoices.lock(change.invoiceId)
}

/** The same for many services, in the order of the invoices. */
export async function lockInvoicesOfChanges(stores: BillingStores, serviceIds: readonly string[]): Promise<void> {
  const waiting = (await stores.changes.openOfMany(serviceIds)).filter(waitsForMoney)
  for (const invoiceId of waiting.map(change => change.invoiceId).sort()) await stores.invoices.lock(invoiceId)
}

/**
 * Ends the waiting change of a service that the caller has locked (its invoice before it): the invoice of an upgrade is voided, what was paid
 * on it is credit. One that was applied waits for its machine and stays, unless the service itself ends.
 */
export async function endOpenChange(deps: BillingDeps, stores: BillingStores, { serviceId, reason, ended = false, actor }: { readonly serviceId: string, readonly reason: string, readonly ended?: boolean, readonly actor: Actor }): Promise<void> {
  const change = await stores.changes.openOf(serviceId)
  if (!change) return
  if (waitsForMoney(change)) {
    const invoice = await stores.invoices.lock(change.invoiceId)
    if (invoice?.status === 'issued') await closeInvoice(deps)(stores, { invoice, as: 'void', reason, actor })
  }
  // Closing its invoice may have ended it already.
  const left = await stores.changes.lock(change.id)
  if (left && (left.status === 'waiting' || (ended && left.status === 'applied'))) await endChange(deps, stores, left, { to: 'lapsed', reason, actor })
}

const batch = 200

/** Ends upgrades that nobody paid in time, once per call and change; a payment under way is waited for as a suspension would. Answers how many lapsed. */
export const lapseChanges = (deps: BillingDeps & { readonly transact: Transact<BillingStores>, readonly read: BillingStores, readonly log: Log }) => async (): Promise<number> => {
  const now = deps.clock.now()
  let lapsed = 0
  for (const { changeId, invoiceId } of await deps.read.changes.listExpired({ now, frozenBefore: new Date(now.getTime() - deps.rules.policy.freezeHours * 3_600_000), limit: batch })) {
    try {
      const done = await deps.transact(async (stores) => {
        const invoice = await stores.invoices.lock(invoiceId)
        if (invoice?.status !== 'issued') return false
        await closeInvoice(deps)(stores, { invoice, as: 'void', reason: 'change_lapsed', actor: systemActor('billing.changes') })
        return true
      })
      if (done) lapsed++
    } catch (error) {
      deps.log.error({ err: error, change: changeId }, 'an unpaid change could not be ended')
    }
  }
  return lapsed
}

/**
 * A client (or staff) thinks better of a change that waits. An upgrade's invoice is voided, what was paid on it is credit.
 * @throws AppError not_found (foreign, too), change_closed (applied, ended, or its renewal invoice is written: that one is to be paid or voided first)
 */
export const cancelChange = (deps: BillingDeps & { readonly transact: Transact<BillingStores> }) => ({ serviceId, changeId, clientId, actor }: { readonly serviceId: string, readonly changeId: string, readonly clientId: string | null, readonly actor: Actor }): Promise<void> => deps.transact(async (stores) => {
  await lockInvoiceOfChange(stores, serviceId)
  const service = await stores.subscriptions.lock(serviceId)
  const change = await stores.changes.lock(changeId)
  if (!service || change?.serviceId !== serviceId || (clientId !== null && service.clientId !== clientId)) throw new AppError('not_found')
  if (!isCancellable(change)) throw new AppError('change_closed')
  const invoice = waitsForMoney(change) ? await stores.invoices.lock(change.invoiceId) : null
  if (invoice?.status === 'issued') await closeInvoice(deps)(stores, { invoice, as: 'void', reason: cancelledByClient, actor })
  else await endChange(deps, stores, change, { to: 'cancelled', reason: cancelledByClient, actor })
  await auditStaff(stores, { actor, action: 'service.cancel_change', entity: 'service', entityId: serviceId, before: { to: change.to.productName, cycle: change.to.cycle }, after: { status: 'cancelled' } })
  hint(stores, 'service', serviceId, service.clientId)
})

export const isCancellable = (change: ServiceChange): boolean => change.status === 'waiting' && (change.timing === 'now' || change.startsAt === null)
