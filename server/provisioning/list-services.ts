import type { Page, PageRequest } from '../kernel/ports.ts'
import type { DescribeBilling, ServicePages } from './ports.ts'
import { toServiceSummary } from './service-view.ts'
import type { ServiceSummaryView } from './service-view.ts'

/** A client's own services, newest first. */
export const listServices = (deps: { servicePages: ServicePages, describeBilling: DescribeBilling }) => async ({ clientId, page, pageSize }: { clientId: string } & PageRequest): Promise<Page<ServiceSummaryView>> => {
  const found = await deps.servicePages.list({ clientId, page, pageSize })
  const billing = await deps.describeBilling(found.items.map(service => service.id))
  return { ...found, items: found.items.map(service => toServiceSummary(service, billing.get(service.id))) }
}
