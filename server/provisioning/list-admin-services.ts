import type { Page } from '../kernel/ports.ts'
import type { ServiceFilter, ServicePages } from './ports.ts'
import { toAdminService } from './service-view.ts'
import type { AdminServiceView, RenewalCalendar } from './service-view.ts'

/** All services for staff; `q` finds by hostname, client, address or id. */
export const listAdminServices = (deps: { servicePages: ServicePages, calendar: RenewalCalendar }) => async (filter: ServiceFilter): Promise<Page<AdminServiceView>> => {
  const found = await deps.servicePages.list(filter)
  return { ...found, items: found.items.map(service => toAdminService(service, deps.calendar)) }
}
