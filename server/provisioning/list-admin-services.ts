import type { Page } from '../kernel/ports.ts'
import type { DescribeBilling, ServiceFilter, ServicePages } from './ports.ts'
import { toAdminService } from './service-view.ts'
import type { AdminServiceView } from './service-view.ts'

/** All services for staff; `q` finds by hostname, client, address or id. */
export const listAdminServices = (deps: { servicePages: ServicePages, describeBilling: DescribeBilling }) => async (filter: ServiceFilter): Promise<Page<AdminServiceView>> => {
  const found = await deps.servicePages.list(filter)
  const billing = await deps.describeBilling(found.items.map(service => service.id))
  return { ...found, items: found.items.map(service => toAdminService(service, billing.get(service.id))) }
}
