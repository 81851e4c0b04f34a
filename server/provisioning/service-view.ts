import { Temporal } from 'temporal-polyfill'
import type { z } from 'zod'
import type { adminServiceDetailView, adminServiceView } from '#shared/contracts/admin.ts'
import type { invoiceSummaryView, sagaView, serviceSummaryView, serviceView } from '#shared/contracts/portal.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import { toMoneyJson } from '#shared/money/money.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { PowerAction } from '#shared/vocabulary/machines.ts'
import type { TransitionRecord } from '../kernel/ports.ts'
import type { InvoiceLine, SagaHistory, ServiceSummary } from './ports.ts'
import { clientReason } from './texts.ts'

export type ServiceSummaryView = z.input<typeof serviceSummaryView>
export type ServiceView = z.input<typeof serviceView>
export type AdminServiceView = z.input<typeof adminServiceView>
export type AdminServiceDetailView = z.input<typeof adminServiceDetailView>
type SagaView = z.input<typeof sagaView>

const iso = (at: Date | null): string | null => at?.toISOString() ?? null

/** What may be asked of the machine now, and else the error code that says why not. One function for pages and for the act itself. */
export function allowedActions(service: Pick<ServiceSummary, 'status' | 'resourceStatus' | 'power' | 'openSaga'>): { readonly actions: PowerAction[], readonly refusal: ErrorCode | null } {
  if (service.status === 'suspended') return { actions: [], refusal: 'service_suspended' }
  if ((service.status !== 'active' && service.status !== 'past_due') || service.resourceStatus !== 'ready') return { actions: [], refusal: 'service_not_ready' }
  if (service.openSaga !== null) return { actions: [], refusal: 'action_in_progress' }
  const whenRunning: PowerAction[] = ['shutdown', 'stop', 'reboot']
  return { actions: service.power === 'running' ? whenRunning : service.power === 'stopped' ? ['start'] : ['start', ...whenRunning], refusal: null }
}

export interface RenewalCalendar { readonly zone: string, /** The renewal invoice comes so many days before the end of what is paid. */ readonly leadDays: number }

/** The business day on which the next renewal invoice is due to be issued; null when one is open already or none will come. */
export function nextInvoiceOn(service: Pick<ServiceSummary, 'status' | 'paidUntil' | 'openInvoiceId' | 'cancelAtPeriodEnd'>, { zone, leadDays }: RenewalCalendar): string | null {
  const renews = service.status === 'active' || service.status === 'past_due'
  if (!renews || !service.paidUntil || service.openInvoiceId !== null || service.cancelAtPeriodEnd) return null
  return Temporal.Instant.fromEpochMilliseconds(service.paidUntil.getTime()).toZonedDateTimeISO(zone).subtract({ days: leadDays }).toPlainDate().toString()
}

export function toServiceSummary(service: ServiceSummary, calendar: RenewalCalendar): ServiceSummaryView {
  const { id, hostname, productName, productKind, status, suspensionReason, endReason, resourceStatus, power, ipv4, cycle, openInvoiceId } = service
  return { id, hostname, productName, productKind, status, suspensionReason, endReason, resourceStatus, power, ipv4, cycle, openInvoiceId, price: toMoneyJson(service.price), paidUntil: iso(service.paidUntil), nextInvoiceOn: nextInvoiceOn(service, calendar) }
}

const toSaga = (saga: SagaHistory): SagaView => ({
  ...saga, startedAt: saga.startedAt.toISOString(), finishedAt: iso(saga.finishedAt), retryAt: iso(saga.retryAt),
  steps: saga.steps.map(step => ({ ...step, startedAt: iso(step.startedAt), finishedAt: iso(step.finishedAt) })),
})

/** For the client: what happened without the names of nodes, tasks and numbers, and a reason that he can do something with. */
const toClientSaga = (saga: SagaHistory, locale: Locale): SagaView => {
  const view = toSaga(saga)
  return { ...view, reason: saga.reason === null ? null : clientReason(saga.status, locale), steps: view.steps.map(step => ({ ...step, detail: null })) }
}

function detail(service: ServiceSummary, sagas: SagaView[], calendar: RenewalCalendar): ServiceView {
  const { actions, refusal } = allowedActions(service)
  const { spec, templateName, sshKey, username, cancelAtPeriodEnd, cpu, memoryUsedMiB, memoryTotalMiB, uptimeSeconds, observedAt } = service
  const built = service.resourceStatus === 'ready' || service.resourceStatus === 'stopped_by_policy'
  return {
    ...toServiceSummary(service, calendar), spec, templateName, sshKey, username, cancelAtPeriodEnd, sagas, allowedActions: actions, refusal, credentialsAvailable: service.hasPassword && built,
    usage: built && observedAt && memoryUsedMiB !== null && memoryTotalMiB !== null ? { cpu: cpu ?? 0, memoryUsedMiB, memoryTotalMiB, uptimeSeconds: uptimeSeconds ?? 0, observedAt: observedAt.toISOString() } : null,
  }
}

export const toServiceView = (service: ServiceSummary, sagas: readonly SagaHistory[], calendar: RenewalCalendar, locale: Locale): ServiceView => detail(service, sagas.map(saga => toClientSaga(saga, locale)), calendar)

export const toAdminService = (service: ServiceSummary, calendar: RenewalCalendar): AdminServiceView => ({
  ...toServiceSummary(service, calendar), clientId: service.clientId, clientName: service.clientName, connectionName: service.connectionName, node: service.node, vmid: service.vmid, problem: service.problem,
})

export const toAdminServiceDetail = (service: ServiceSummary, sagas: readonly SagaHistory[], transitions: readonly TransitionRecord[], calendar: RenewalCalendar): AdminServiceDetailView => ({
  ...detail(service, sagas.map(toSaga), calendar), ...toAdminService(service, calendar), clientEmail: service.clientEmail, connectionId: service.connectionId, holdUntil: iso(service.holdUntil), holdReason: service.holdReason,
  transitions: transitions.map(({ entity, from, to, cause, actor, at }) => ({ entity, from, to, cause, actor, at: at.toISOString() })),
})

export const toInvoiceSummary = (invoice: InvoiceLine, now: Date): z.input<typeof invoiceSummaryView> => ({
  id: invoice.id, number: invoice.number, status: invoice.status, overdue: invoice.status === 'issued' && invoice.dueAt !== null && invoice.dueAt.getTime() < now.getTime(), issuedAt: iso(invoice.issuedAt), dueAt: iso(invoice.dueAt), paidAt: iso(invoice.paidAt), total: toMoneyJson(invoice.total), outstanding: toMoneyJson(invoice.outstanding),
})
