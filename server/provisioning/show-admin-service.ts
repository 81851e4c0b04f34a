import { AppError } from '#shared/errors/codes.ts'
import type { TransitionLog } from '../kernel/ports.ts'
import type { DescribeBilling, ServicePages } from './ports.ts'
import { toAdminServiceDetail } from './service-view.ts'
import type { AdminServiceDetailView } from './service-view.ts'

const historyLength = 20
const transitionLength = 100

/** One service with everything that staff need to see why it is as it is. @throws AppError not_found */
export const showAdminService = (deps: { servicePages: ServicePages, transitions: TransitionLog, describeBilling: DescribeBilling }) => async ({ id }: { id: string }): Promise<AdminServiceDetailView> => {
  const service = await deps.servicePages.find(id)
  if (!service) throw new AppError('not_found')
  // The machine's changes stand under the service's id too.
  return toAdminServiceDetail(service, await deps.servicePages.history(id, historyLength), await deps.transitions.listFor([id], transitionLength), (await deps.describeBilling([id])).get(id))
}
