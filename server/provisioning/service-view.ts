import type { z } from 'zod'
import type { adminServiceDetailView, adminServiceView } from '#shared/contracts/admin.ts'
import type { invoiceSummaryView, sagaView, serviceSummaryView, serviceView } from '#shared/contracts/portal.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import { toMoneyJson } from '#shared/money/money.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import { isRetriable } from '#shared/vocabulary/machines.ts'
import type { PowerAction } from '#shared/vocabulary/machines.ts'
import { toSoldOptionView } from '#shared/options/option-views.ts'
import { totalOfTerms } from '#shared/options/sold-options.ts'
import type { TransitionRecord } from '../kernel/ports.ts'
import type { BillingSide, InvoiceLine, SagaHistory, ServiceSummary } from './ports.ts'
import { consoleRefusal } from './console-access.ts'
import { cancelledReason } from './saga.ts'
import { skippableStep } from './skip-step.ts'
import { clientReason } from './texts.ts'

export type ServiceSummaryView = z.input<typeof serviceSummaryView>
export type ServiceView = z.input<typeof serviceView>
export type AdminServiceView = z.input<typeof adminServiceView>
export type AdminServiceDetailView = z.input<typeof adminServiceDetailView>
type SagaView = z.input<typeof sagaView>

const iso = (at: Date | null): string | null => at?.toISOString() ?? null

/** What may be asked of the machine now, and else the error code that says why not. One function for pages and for the act itself. */
export function allowedActions(service: Pick<ServiceSummary, 'status' | 'resourceStatus' | 'power' | 'openSaga' | 'productKind'>): { readonly actions: PowerAction[], readonly refusal: ErrorCode | null } {
  if (service.status === 'suspended') return { actions: [], refusal: 'service_suspended' }
  if ((service.status !== 'active' && service.status !== 'past_due') || service.resourceStatus !== 'ready') return { actions: [], refusal: 'service_not_ready' }
  if (service.openSaga !== null) return { actions: [], refusal: 'action_in_progress' }
  if (service.productKind === 'hosting') return { actions: [], refusal: null }
  const whenRunning: PowerAction[] = ['shutdown', 'stop', 'reboot']
  return { actions: service.power === 'running' ? whenRunning : service.power === 'stopped' ? ['start'] : ['start', ...whenRunning], refusal: null }
}

export function toServiceSummary(service: ServiceSummary, billing: BillingSide | undefined): ServiceSummaryView {
  const { id, hostname, productName, productKind, status, suspensionReason, endReason, resourceStatus, power, ipv4, ipv6, cycle, deliveredAt } = service
  return { id, hostname, productName, productKind, status, suspensionReason, endReason, resourceStatus, power, ipv4, ipv6, cycle, deliveredAt: iso(deliveredAt), price: toMoneyJson(service.price), periodPrice: toMoneyJson(totalOfTerms(service)), paidUntil: iso(billing?.paidUntil ?? null), nextInvoiceOn: billing?.nextInvoiceOn ?? null, openInvoiceId: billing?.openInvoiceId ?? null }
}

/** What was called off stands in the history alone: it is no task that runs or failed. */
const notCalledOff = ({ reason }: SagaHistory) => reason !== cancelledReason

const toSaga = (saga: SagaHistory): SagaView => ({
  ...saga, startedAt: saga.startedAt.toISOString(), finishedAt: iso(saga.finishedAt), retryAt: iso(saga.retryAt),
  steps: saga.steps.map(step => ({ ...step, startedAt: iso(step.startedAt), finishedAt: iso(step.finishedAt) })),
})

/** Details that say what a client has to know: when a change of the login counts. */
const forClients = ['inside', 'no_agent', 'next_start', 'stopped']
/** For the client: what happened without the names of nodes, tasks and numbers, and a reason that he can do something with. */
const toClientSaga = (saga: SagaHistory, locale: Locale): SagaView => {
  const view = toSaga(saga)
  return { ...view, reason: saga.reason === null ? null : clientReason(saga.status, locale), steps: view.steps.map(step => ({ ...step, detail: step.detail !== null && forClients.includes(step.detail) ? step.detail : null })) }
}

/** Of the newest task: it stands at the step that failed, or is tried again. */
function skippableNow([newest]: readonly SagaHistory[], product: ServiceSummary['productKind']): string | null {
  if (!newest) return null
  const at = newest.steps.findIndex(step => step.status === 'failed' || step.status === 'running')
  return at < 0 ? null : skippableStep({ ...newest, step: at }, product === 'hosting' ? 'hosting' : 'vps')
}

/** As the act itself judges: the newest task counts, and what was called off is wished anew. */
const retriableNow = ([newest]: readonly SagaHistory[]): boolean => newest !== undefined && notCalledOff(newest) && isRetriable(newest)

/** What the next invoice asks, and which prices wait. */
function toPrices(billing: BillingSide | undefined): Pick<ServiceView, 'nextInvoice' | 'priceChanges' | 'priceLockedUntil' | 'trialEndsAt' | 'endsAt'> {
  if (!billing) return { nextInvoice: null, priceChanges: [], priceLockedUntil: null, trialEndsAt: null, endsAt: null }
  const { nextInvoice: next, priceChanges, priceLockedUntil } = billing
  return {
    nextInvoice: next && { price: toMoneyJson(next.price), discount: toMoneyJson(next.discount), tax: toMoneyJson(next.tax), total: toMoneyJson(next.total), codes: [...next.codes] },
    priceChanges: priceChanges.map(({ price, from }) => ({ price: toMoneyJson(price), from: from.toISOString() })), priceLockedUntil: iso(priceLockedUntil), trialEndsAt: iso(billing.trialEndsAt), endsAt: iso(billing.endsAt),
  }
}

function detail(service: ServiceSummary, sagas: SagaView[], billing: BillingSide | undefined): ServiceView {
  const { actions, refusal } = allowedActions(service)
  const { spec, templateName, machineType, sshKey, takesKeys, username, cancelAtPeriodEnd, cpu, memoryUsedMiB, memoryTotalMiB, uptimeSeconds, observedAt } = service
  const built = service.resourceStatus === 'ready' || service.resourceStatus === 'stopped_by_policy'
  return {
    ...toServiceSummary(service, billing), options: service.options.map(toSoldOptionView), optionsChangeable: service.optionsChangeable, spec, templateName, machineType: machineType ?? 'vm', sshKey, takesKeys, username, cancelAtPeriodEnd, change: billing?.change ?? null, sagas, allowedActions: actions, refusal, consoleRefusal: consoleRefusal(service), rescue: service.rescue === null ? null : { image: service.rescue, since: iso(service.rescueSince) }, credentialsAvailable: service.hasPassword && built,
    ...toPrices(billing),
    usage: built && observedAt && memoryUsedMiB !== null && memoryTotalMiB !== null ? { cpu: cpu ?? 0, memoryUsedMiB, memoryTotalMiB, uptimeSeconds: uptimeSeconds ?? 0, observedAt: observedAt.toISOString() } : null,
  }
}

export const toServiceView = (service: ServiceSummary, sagas: readonly SagaHistory[], billing: BillingSide | undefined, locale: Locale): ServiceView => detail(service, sagas.filter(notCalledOff).map(saga => toClientSaga(saga, locale)), billing)

export const toAdminService = (service: ServiceSummary, billing: BillingSide | undefined): AdminServiceView => ({
  ...toServiceSummary(service, billing), clientId: service.clientId, clientName: service.clientName, connectionName: service.connectionName, node: service.node, vmid: service.vmid, problem: service.problem,
})

export const toAdminServiceDetail = (service: ServiceSummary, sagas: readonly SagaHistory[], transitions: readonly TransitionRecord[], billing: BillingSide | undefined): AdminServiceDetailView => ({
  ...detail(service, sagas.filter(notCalledOff).map(toSaga), billing), ...toAdminService(service, billing), clientEmail: service.clientEmail, skippable: skippableNow(sagas, service.productKind), retriable: retriableNow(sagas), connectionId: service.connectionId, connectionKind: service.connectionKind, holdUntil: iso(service.holdUntil), holdReason: service.holdReason, cancelReason: service.cancelReason, cancelNote: service.cancelNote,
  transitions: transitions.map(({ entity, from, to, cause, actor, at }) => ({ entity, from, to, cause, actor, at: at.toISOString() })),
})

export const toInvoiceSummary = (invoice: InvoiceLine, now: Date): z.input<typeof invoiceSummaryView> => ({
  id: invoice.id, number: invoice.number, status: invoice.status, overdue: invoice.status === 'issued' && invoice.dueAt !== null && invoice.dueAt.getTime() < now.getTime(), issuedAt: iso(invoice.issuedAt), dueAt: iso(invoice.dueAt), paidAt: iso(invoice.paidAt), total: toMoneyJson(invoice.total), outstanding: toMoneyJson(invoice.outstanding), lateFeeOf: invoice.lateFeeOf,
})
