import { AppError } from '#shared/errors/codes.ts'
import { isPanel } from '#shared/vocabulary/machines.ts'
import type { Log } from '../kernel/ports.ts'
import type { ConnectionStore } from './ports.ts'
import type { SyncInput, SyncOutcome } from './synchronise.ts'

type Sync = (input: SyncInput) => Promise<SyncOutcome>
interface Deps { readonly connections: ConnectionStore, readonly syncTemplates: Sync, readonly syncPackages: Sync, /** What is sold may have changed. */ readonly offersChanged: () => Promise<void>, readonly stockDue: () => Promise<unknown> }

/** Reads what a connection offers: a hypervisor's templates and nodes, a control panel's packages and the state of its server. @throws AppError not_found, connection_failed */
export const syncConnection = ({ connections, syncTemplates, syncPackages, offersChanged, stockDue }: Deps): Sync => async (input) => {
  const found = await connections.find(input.id)
  if (!found) throw new AppError('not_found')
  const outcome = await (isPanel(found.kind) ? syncPackages : syncTemplates)(input)
  if (!outcome.applied) return outcome
  if (outcome.added.length + outcome.changed.length + outcome.vanished.length > 0) await offersChanged()
  // What may be sold of its pools may be another number now.
  if (outcome.networks && outcome.networks.added.length + outcome.networks.vanished.length > 0) await stockDue()
  return outcome
}

const atATime = 2

/** Synchronises every connection, whatever is found. One that does not answer keeps no other from it; that it does not is told by its health. */
export const syncAll = ({ connections, sync, log }: { readonly connections: ConnectionStore, readonly sync: Sync, readonly log: Log }) => async (): Promise<void> => {
  const waiting = await connections.all()
  await Promise.all(Array.from({ length: atATime }, async () => {
    for (let connection = waiting.shift(); connection; connection = waiting.shift()) {
      const { id, name } = connection
      await sync({ actor: { kind: 'system', name: 'schedule' }, id }).catch((error: unknown) => log.warn({ connection: name, problem: error instanceof Error ? error.message : String(error) }, 'a connection was not synchronised'))
    }
  }))
}
