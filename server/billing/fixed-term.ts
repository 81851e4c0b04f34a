import { AppError } from '#shared/errors/codes.ts'
import { isRecurring, monthsOf } from '#shared/vocabulary/billing.ts'
import type { Actor, Log, Transact } from '../kernel/ports.ts'
import { auditStaff, hint } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { queueMail } from './mails.ts'
import type { BillingStores, Subscription } from './ports.ts'

type Deps = BillingDeps & { readonly transact: Transact<BillingStores> }
/** So many days before a term ends its client is told; the newest step stands for the ones that were missed. */
export const endNoticeDays = [30, 7] as const

/** When a term of so many periods ends that begins at a moment: as if each period followed the one before. */
const endOfTerm = ({ rules: { calendar } }: BillingDeps, { from, periods, cycle, anchorDay }: { readonly from: Date, readonly periods: number, readonly cycle: Subscription['cycle'], readonly anchorDay: number }): Date =>
  calendar.periodEnd(from, monthsOf(cycle) * periods, anchorDay)

/** The first paid period of a service begins: a term that was sold as a number of periods becomes the moment at which it ends. */
export async function fixTerm(deps: BillingDeps, stores: BillingStores, service: Subscription, { from, anchorDay }: { readonly from: Date, readonly anchorDay: number }): Promise<void> {
  if (service.termPeriods !== null) await stores.lives.setTerm(service.id, { termPeriods: null, endsAt: endOfTerm(deps, { from, periods: service.termPeriods, cycle: service.cycle, anchorDay }) })
}

/**
 * Staff lets a service end by itself after so many more periods than are paid (0: with what is paid), or (null) lifts its term, so that it
 * renews again. Its client is told either way. Audited with its reason.
 * @throws AppError not_found, paid_once, transition_refused (not living), change_open, alignment_open, renewal_open (a renewal beyond the term is written: it is voided or paid first)
 */
export const setTerm = (deps: Deps) => ({ serviceId, periods, reason, actor }: { readonly serviceId: string, readonly periods: number | null, readonly reason: string, readonly actor: Actor }): Promise<void> => deps.transact(async (stores) => {
  const service = await stores.subscriptions.lock(serviceId)
  if (!service) throw new AppError('not_found')
  if (!isRecurring(service.cycle)) throw new AppError('paid_once')
  const facts = await stores.subscriptions.factsOf(serviceId)
  if (service.status === 'pending' || service.status === 'ended' || !facts?.paidUntil) throw new AppError('transition_refused', { params: { from: service.status, to: 'ended' } })
  const endsAt = periods === null ? null : await endAfter(deps, stores, { service, paidUntil: facts.paidUntil, renewalIssued: facts.renewalIssued, periods })
  if (endsAt?.getTime() === service.endsAt?.getTime()) return
  await stores.lives.setTerm(serviceId, { termPeriods: null, endsAt })
  await auditStaff(stores, { actor, action: 'service.set-term', entity: 'service', entityId: serviceId, before: { endsAt: service.endsAt?.toISOString() ?? null }, after: { endsAt: endsAt?.toISOString() ?? null, reason } })
  await tell(deps, stores, service, endsAt)
  hint(stores, 'service', serviceId, service.clientId)
})

async function endAfter(deps: Deps, stores: BillingStores, { service, paidUntil, renewalIssued, periods }: { readonly service: Subscription, readonly paidUntil: Date, readonly renewalIssued: boolean, readonly periods: number }): Promise<Date> {
  if (await stores.changes.openOf(service.id)) throw new AppError('change_open')
  if (await stores.alignments.openOf(service.id)) throw new AppError('alignment_open')
  if (periods > 0) return endOfTerm(deps, { from: paidUntil, periods, cycle: service.cycle, anchorDay: service.anchorDay ?? deps.rules.calendar.dayOf(paidUntil).day })
  if (renewalIssued) throw new AppError('renewal_open')
  return paidUntil
}

async function tell(deps: Deps, stores: BillingStores, service: Subscription, endsAt: Date | null): Promise<void> {
  const key = `${service.id}:${deps.clock.now().toISOString()}`
  const mail = { clientId: service.clientId, path: `/portal/services/${service.id}` } as const
  const values = { hostname: service.hostname, product: service.productName }
  if (endsAt) await queueMail(deps, stores, { ...mail, template: 'service_term', key: `service-term:${key}`, values: { ...values, endsOn: endsAt } })
  else await queueMail(deps, stores, { ...mail, template: 'service_term_lifted', key: `service-term-lifted:${key}`, values })
}

const batch = 200

/** Tells clients whose services end by themselves soon, once per step. One that cannot be told stops no other. Answers how many were told. */
export const announceEnds = (deps: Deps & { readonly read: BillingStores, readonly log: Log }) => async (): Promise<number> => {
  const now = deps.clock.now()
  const steps = endNoticeDays.map(days => ({ days, before: deps.rules.calendar.shiftDays(now, days) }))
  let told = 0
  for (const serviceId of await deps.read.lives.listEnding({ now, steps, limit: batch })) {
    try {
      told += await deps.transact(async (stores) => {
        const service = await stores.subscriptions.lock(serviceId)
        const step = steps.findLast(({ before }) => service?.endsAt && service.endsAt <= before)
        if (!service?.endsAt || service.endsAt <= now || service.status === 'ended' || service.cancelAtPeriodEnd || !step) return 0
        await stores.lives.setEndTold(serviceId, step.days)
        await queueMail(deps, stores, { template: 'service_term', key: `service-term:${serviceId}:${service.endsAt.toISOString()}:${step.days}`, clientId: service.clientId, path: `/portal/services/${serviceId}`, values: { hostname: service.hostname, product: service.productName, endsOn: service.endsAt } })
        return 1
      })
    } catch (error) {
      deps.log.error({ err: error, service: serviceId }, 'the end of a term could not be announced')
    }
  }
  return told
}
