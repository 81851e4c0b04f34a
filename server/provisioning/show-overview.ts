import type { z } from 'zod'
import type { overviewView } from '#shared/contracts/portal.ts'
import { toMoneyJson } from '#shared/money/money.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { Clock, TransitionLog } from '../kernel/ports.ts'
import type { DescribeBilling, ServicePages } from './ports.ts'
import { toInvoiceSummary, toServiceSummary } from './service-view.ts'
import { activityText } from './texts.ts'

type Overview = z.input<typeof overviewView>
const shown = 20
const activityLength = 10

/** A client's first page: what needs his attention, his services, what he owes, what happened. A fixed number of queries. */
export const showOverview = (deps: { servicePages: ServicePages, transitions: TransitionLog, clock: Clock, describeBilling: DescribeBilling }) => async ({ clientId, locale }: { clientId: string, locale: Locale }): Promise<Overview> => {
  const now = deps.clock.now()
  const { items: all } = await deps.servicePages.list({ clientId, page: 1, pageSize: 100 })
  const invoices = (await deps.servicePages.unpaidInvoices(clientId, shown)).map(invoice => toInvoiceSummary(invoice, now))
  const standing = await deps.servicePages.standing(clientId)
  const transitions = await deps.transitions.listFor(all.map(service => service.id), activityLength * 2)
  const hostnames = new Map(all.map(service => [service.id, service.hostname]))
  const living = all.filter(service => service.status !== 'ended')
  const here = living.slice(0, shown)
  const billing = await deps.describeBilling(here.map(service => service.id))
  const attention: Overview['attention'] = [
    ...(standing.hasProfile ? [] : [{ kind: 'profile_incomplete' as const, subjectId: null, label: '', at: null }]),
    ...invoices.map(invoice => ({ kind: invoice.overdue ? 'invoice_overdue' as const : 'invoice_due' as const, subjectId: invoice.id, label: invoice.number ?? '', at: invoice.dueAt })),
    ...living.filter(service => service.status === 'suspended').map(service => ({ kind: 'service_suspended' as const, subjectId: service.id, label: service.hostname, at: null })),
    ...living.filter(service => service.resourceStatus === 'error').map(service => ({ kind: 'service_failed' as const, subjectId: service.id, label: service.hostname, at: null })),
    ...(standing.totpOn ? [] : [{ kind: 'totp_off' as const, subjectId: null, label: '', at: null }]),
  ]
  return {
    services: here.map(service => toServiceSummary(service, billing.get(service.id))), unpaidInvoices: invoices, totalDue: toMoneyJson(standing.totalDue), credit: toMoneyJson(standing.credit), attention,
    activity: transitions.flatMap((transition) => {
      const text = activityText(transition.entity, transition.to, hostnames.get(transition.entityId) ?? '', locale)
      return text === null ? [] : [{ at: transition.at.toISOString(), text }]
    }).slice(0, activityLength),
  }
}
