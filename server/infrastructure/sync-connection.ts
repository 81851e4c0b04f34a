import { AppError } from '#shared/errors/codes.ts'
import { isPanel } from '#shared/vocabulary/machines.ts'
import type { Actor } from '../kernel/ports.ts'
import type { ConnectionStore } from './ports.ts'
import type { SyncOutcome } from './synchronise.ts'

type Sync = (input: { readonly actor: Actor, readonly id: string }) => Promise<SyncOutcome>

/** Reads what a connection offers: a hypervisor's templates and nodes, a control panel's packages and the state of its server. @throws AppError not_found, connection_failed */
export const syncConnection = ({ connections, syncTemplates, syncPackages }: { readonly connections: ConnectionStore, readonly syncTemplates: Sync, readonly syncPackages: Sync }): Sync => async (input) => {
  const found = await connections.find(input.id)
  if (!found) throw new AppError('not_found')
  return isPanel(found.kind) ? syncPackages(input) : syncTemplates(input)
}
