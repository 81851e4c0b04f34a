import type { Page, PageRequest } from '../kernel/ports.ts'
import type { ServicePages } from './ports.ts'
import { toServiceSummary } from './service-view.ts'
import type { RenewalCalendar, ServiceSummaryView } from './service-view.ts'

/** A client's own services, newest first. */
export const listServices = (deps: { servicePages: ServicePages, calendar: RenewalCalendar }) => async ({ clientId, page, pageSize }: { clientId: string } & PageRequest): Promise<Page<ServiceSummaryView>> => {
  const found = await deps.servicePages.list({ clientId, page, pageSize })
  return { ...found, items: found.items.map(service => toServiceSummary(service, deps.calendar)) }
}
