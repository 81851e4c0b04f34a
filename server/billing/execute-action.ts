import { AppError } from '#shared/errors/codes.ts'
import { formatMoney } from '#shared/money/money.ts'
import type { Actor } from '../kernel/ports.ts'
import { applyCredit } from './apply-credit.ts'
import { lockInvoiceOfChange, lockInvoicesOfChanges } from './close-change.ts'
import { chargeLateFee } from './charge-late-fee.ts'
import { closeInvoice } from './close-invoice.ts'
import { hint, recordTransition } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { endService } from './end-service.ts'
import { issueRenewals } from './issue-renewals.ts'
import { queueMail } from './mails.ts'
import type { BillingStores, Subscription } from './ports.ts'
import { planService, scheduleOf } from './service-plan.ts'
import type { CalendarFacts, PlannedAction } from './service-plan.ts'
import { suspendService } from './suspend-service.ts'
import { rulesFor } from './terms.ts'

interface Job { readonly action: PlannedAction, readonly service: Subscription, readonly facts: CalendarFacts, readonly actor: Actor, readonly now: Date }
type Act = (deps: BillingDeps, stores: BillingStores, job: Job) => Promise<void>

/**
 * Does one planned action in the open transaction, after planning the service again from facts read under its lock: what is not in that
 * plan any more (paid meanwhile, done by another run) is answered `stale` and nothing is done.
 */
export const executeAction = (deps: BillingDeps) => async (stores: BillingStores, { action, actor }: { readonly action: PlannedAction, readonly actor: Actor }): Promise<'done' | 'stale'> => {
  // Invoices before services, as everywhere; what ends a service closes all that are open.
  if (action.kind === 'terminate' || action.kind === 'end_at_period_end') await stores.invoices.lockOpenOfService(action.serviceId)
  else if (action.kind === 'issue_renewal_invoice') await lockInvoiceOfChange(stores, action.serviceId)
  else if (action.invoiceId) await stores.invoices.lock(action.invoiceId)
  const service = await stores.subscriptions.lock(action.serviceId)
  const facts = service && await stores.subscriptions.factsOf(action.serviceId)
  if (!service || !facts) return 'stale'
  const now = deps.clock.now()
  const fresh = planService(facts, deps.rules, now).find(candidate => candidate.key === action.key)
  if (!fresh || fresh.held) return 'stale'
  await acts[fresh.kind](deps, stores, { action: fresh, service, facts, actor, now })
  hint(stores, 'service', service.id, service.clientId)
  return 'done'
}

/**
 * Issues planned renewals together in the open transaction, each after planning its service again from facts read under its lock; as
 * `executeAction`, all or none. Answers how many were still in the plan.
 */
export const executeRenewals = (deps: BillingDeps) => async (stores: BillingStores, { actions, actor }: { readonly actions: readonly PlannedAction[], readonly actor: Actor }): Promise<number> => {
  const keys = new Set(actions.map(action => action.key))
  const ids = actions.map(action => action.serviceId)
  // Invoices before services, as everywhere: those of upgrades that end with the renewal.
  await lockInvoicesOfChanges(stores, ids)
  const services = await stores.subscriptions.lockMany(ids)
  const now = deps.clock.now()
  const renewals = (await stores.subscriptions.factsOfMany(ids)).flatMap((facts) => {
    const service = services.get(facts.serviceId)
    const planned = planService(facts, deps.rules, now).some(action => keys.has(action.key) && !action.held)
    return service && planned && facts.paidUntil ? [{ service, prices: facts, periodStart: facts.paidUntil }] : []
  })
  await issueRenewals(deps)(stores, { renewals, actor })
  for (const { service } of renewals) hint(stores, 'service', service.id, service.clientId)
  return renewals.length
}

const acts: Record<PlannedAction['kind'], Act> = {
  async issue_renewal_invoice(deps, stores, { service, facts, actor }) {
    if (facts.paidUntil) await issueRenewals(deps)(stores, { renewals: [{ service, prices: facts, periodStart: facts.paidUntil }], actor })
  },
  async send_reminder(deps, stores, job) {
    await notify(deps, stores, job, 'invoice_reminder')
  },
  async mark_past_due(_, stores, { service, actor, now }) {
    await stores.subscriptions.setStatus(service.id, { status: 'past_due' })
    await recordTransition(stores, { entity: 'service', id: service.id, from: service.status, to: 'past_due', cause: 'invoice_overdue', actor, at: now })
  },
  async charge_late_fee(deps, stores, job) {
    if (await paidFromCredit(deps, stores, job)) return
    const { action: { invoiceId, invoiceNumber, amount }, service: { clientId }, actor } = job
    if (invoiceId && amount) await chargeLateFee(deps)(stores, { lateInvoiceId: invoiceId, lateNumber: invoiceNumber ?? '', clientId, amount, actor })
  },
  async send_final_notice(deps, stores, job) {
    if (await paidFromCredit(deps, stores, job)) return
    await notify(deps, stores, job, 'final_notice')
  },
  async suspend(deps, stores, job) {
    if (await paidFromCredit(deps, stores, job)) return
    const { action, actor } = job
    await suspendService(deps)(stores, { serviceId: action.serviceId, reason: 'nonpayment', note: action.invoiceNumber ?? '', actor })
  },
  async terminate(deps, stores, { action, actor }) {
    await endService(deps)(stores, { serviceId: action.serviceId, reason: 'nonpayment', note: action.invoiceNumber ?? '', actor })
  },
  async end_at_period_end(deps, stores, { action, actor }) {
    const term = action.reason.code === 'fixed_term'
    await endService(deps)(stores, { serviceId: action.serviceId, reason: term ? 'fixed_term' : 'request', note: term ? 'its fixed term is over' : 'cancelled at the end of the paid period', actor })
  },
  expire_order: expireOrder,
}

/** Nobody is warned or suspended for money that we hold: credit that covers an overdue invoice whole pays it. */
async function paidFromCredit(deps: BillingDeps, stores: BillingStores, { action: { invoiceId }, service, actor, now }: Job): Promise<boolean> {
  if (invoiceId === null) return false
  const { applied } = await applyCredit(deps)(stores, { invoiceId, clientId: service.clientId, atMost: null, whole: true, causeId: `${invoiceId}:${now.toISOString()}`, actor })
  return applied.amount > 0n
}

/** Records the steps and queues one mail per invoice and step, however many services stand on the invoice. */
async function notify(deps: BillingDeps, stores: BillingStores, { action, service, facts, now }: Job, template: 'invoice_reminder' | 'final_notice') {
  const { invoice } = facts
  if (!invoice || await stores.billingNotices.record({ invoiceId: invoice.invoiceId, serviceId: service.id, steps: action.steps, at: now }) === 0) return
  const schedule = scheduleOf({ ...invoice, finalNoticeAt: template === 'final_notice' ? now : invoice.finalNoticeAt }, facts.paidUntil === null && !facts.forGood, rulesFor(facts.terms, deps.rules))
  const fee = await stores.lateFees.feeOf(invoice.invoiceId)
  await queueMail(deps, stores, {
    template, key: `notice:${invoice.invoiceId}:${action.steps.at(-1) ?? ''}`, clientId: service.clientId, path: `/portal/invoices/${invoice.invoiceId}`, invoiceId: invoice.invoiceId,
    values: { number: invoice.number, amount: invoice.outstanding, dueOn: invoice.dueAt, suspendOn: schedule.suspendAt, terminateOn: schedule.terminateAt, hostname: service.hostname, product: service.productName, overdue: facts.byHand && facts.forGood ? 'work' : now >= invoice.dueAt ? 'yes' : '', lateFee: fee?.status === 'issued' ? `${formatMoney(fee.total)} (${fee.number})` : '' },
  })
}

/** The invoice is void, what was reserved is given back with each service, what was paid on it already is credit. */
async function expireOrder(deps: BillingDeps, stores: BillingStores, { action, service, actor, now }: Job) {
  const invoice = action.invoiceId ? await stores.invoices.lock(action.invoiceId) : null
  if (!invoice) throw new AppError('conflict', { message: 'an order lapses with its invoice' })
  await closeInvoice(deps)(stores, { invoice, as: 'void', reason: 'order_expired', actor })
  const siblings = await stores.subscriptions.ofOrder(service.orderId)
  for (const sibling of siblings) if (sibling.status === 'pending') await endService(deps)(stores, { serviceId: sibling.id, reason: 'order_expired', note: invoice.number ?? '', actor })
  const order = await stores.orderStates.lock(service.orderId)
  await queueMail(deps, stores, { template: 'order_expired', key: `order-expired:${service.orderId}`, clientId: service.clientId, path: '/portal/orders', values: { number: order?.number ?? '', invoice: invoice.number ?? '', amount: invoice.total, expiredOn: now } })
}
