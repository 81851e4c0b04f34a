import { AppError } from '#shared/errors/codes.ts'
import { consoleRefusal } from './console-access.ts'
import type { ConsoleTickets, UserActor } from './console-access.ts'
import type { ServicePages } from './ports.ts'

export interface ConsoleRequest { readonly id: string, /** Undefined: asked by staff. */ readonly clientId?: string | undefined, readonly actor: UserActor, readonly sessionId: string | null }

/** A ticket for the console of a machine that runs. @throws AppError not_found, unauthenticated, service_suspended, service_not_ready, console_unsupported, machine_not_running */
export const issueConsoleTicket = (deps: { readonly servicePages: ServicePages, readonly consoleTickets: ConsoleTickets }) => async ({ id, clientId, actor, sessionId }: ConsoleRequest) => {
  // Without a session nobody could end it.
  if (sessionId === null) throw new AppError('unauthenticated')
  const service = await deps.servicePages.find(id, clientId)
  if (!service) throw new AppError('not_found')
  const refusal = consoleRefusal(service)
  if (refusal) throw new AppError(refusal)
  return deps.consoleTickets.issue({ serviceId: id, actor, sessionId, staff: clientId === undefined })
}
