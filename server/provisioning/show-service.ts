import { AppError } from '#shared/errors/codes.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { DescribeBilling, ServicePages } from './ports.ts'
import { toServiceView } from './service-view.ts'
import type { ServiceView } from './service-view.ts'

const historyLength = 10

/** One of a client's services. Somebody else's answers like none. @throws AppError not_found */
export const showService = (deps: { servicePages: ServicePages, describeBilling: DescribeBilling }) => async ({ id, clientId, locale }: { id: string, clientId: string, locale: Locale }): Promise<ServiceView> => {
  const service = await deps.servicePages.find(id, clientId)
  if (!service) throw new AppError('not_found')
  return toServiceView(service, await deps.servicePages.history(id, historyLength), (await deps.describeBilling([id])).get(id), locale)
}
