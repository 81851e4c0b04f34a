import type { Actor, Log, Transact } from '../kernel/ports.ts'
import type { ServiceChange, ServiceTerms } from './change-ports.ts'
import { hint, recordTransition, systemActor } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import type { BillingStores } from './ports.ts'
import { changesOptionsAlone, periodPriceAfter } from '#shared/options/sold-options.ts'

const sameSize = ({ spec: a }: ServiceTerms, { spec: b }: ServiceTerms) => a.cpuCores === b.cpuCores && a.ramMiB === b.ramMiB && a.diskGiB === b.diskGiB && a.rateMbps === b.rateMbps && a.panelPackage === b.panelPackage && (a.extraIpv4 ?? 0) === (b.extraIpv4 ?? 0)

/**
 * Product, price and size of a service become those of its waiting change; the machine follows by saga. The caller has locked the service.
 * A change that is not waiting any more: nothing is done.
 */
export async function applyChange(deps: BillingDeps, stores: BillingStores, { changeId, actor }: { readonly changeId: string, readonly actor: Actor }): Promise<void> {
  const change = await stores.changes.lock(changeId)
  const service = change && await stores.subscriptions.lock(change.serviceId)
  if (change?.status !== 'waiting' || !service || service.status === 'ended') return
  const now = deps.clock.now()
  // The product goes on at its price of today: an announced one may have become it while the change waited.
  await stores.changes.setTerms(service.id, changesOptionsAlone(change) ? { ...change.to, price: service.price } : change.to)
  if (change.timing === 'now') {
    for (const { periodStart, price } of await stores.changes.livePeriods(service.id, now)) await stores.changes.addPeriodPrice({ serviceId: service.id, periodStart, since: now, changeId, amount: periodPriceAfter(change, price) })
  }
  await stores.changes.setStatus(changeId, { status: 'applied', appliedAt: now })
  await recordTransition(stores, { entity: 'change', id: changeId, from: 'waiting', to: 'applied', cause: change.timing === 'now' ? 'paid' : 'period_began', actor, at: now })
  if (sameSize(change.from, change.to)) await finish(deps, stores, change, 'same_size', actor)
  else await stores.outbox.emit('billing.service-changed', { serviceId: service.id })
  hint(stores, 'service', service.id, service.clientId)
}

async function finish(deps: BillingDeps, stores: BillingStores, change: ServiceChange, cause: string, actor: Actor) {
  const now = deps.clock.now()
  await stores.changes.setStatus(change.id, { status: 'done', closedAt: now })
  await recordTransition(stores, { entity: 'change', id: change.id, from: 'applied', to: 'done', cause, actor, at: now })
}

/** See `FinishChange`. No change that waits for its machine: nothing is done. */
export const finishChange = (deps: BillingDeps) => async (stores: BillingStores, { serviceId, actor }: { readonly serviceId: string, readonly actor: Actor }): Promise<void> => {
  const change = await stores.changes.openOf(serviceId)
  if (change?.status === 'applied') await finish(deps, stores, change, 'machine_verified', actor)
}

/** An invoice was paid: a change at once is carried out, one at renewal too if its period has begun already. The invoice is locked. */
export async function followPayment(deps: BillingDeps, stores: BillingStores, { invoiceId, actor }: { readonly invoiceId: string, readonly actor: Actor }): Promise<void> {
  const change = await stores.changes.byInvoice(invoiceId)
  if (change?.status !== 'waiting' || (change.timing === 'renewal' && (change.startsAt === null || change.startsAt > deps.clock.now()))) return
  await stores.subscriptions.lock(change.serviceId)
  await applyChange(deps, stores, { changeId: change.id, actor })
}

const batch = 200

/** Carries out changes whose period is paid and has begun. One that cannot be carried out stops no other. Answers how many began. */
export const startDueChanges = (deps: BillingDeps & { readonly transact: Transact<BillingStores>, readonly read: BillingStores, readonly log: Log }) => async (): Promise<number> => {
  let begun = 0
  for (const { changeId, serviceId } of await deps.read.changes.listStarting({ now: deps.clock.now(), limit: batch })) {
    try {
      await deps.transact(async (stores) => {
        await stores.subscriptions.lock(serviceId)
        await applyChange(deps, stores, { changeId, actor: systemActor('billing.changes') })
      })
      begun++
    } catch (error) {
      deps.log.error({ err: error, change: changeId }, 'a change could not begin')
    }
  }
  return begun
}
