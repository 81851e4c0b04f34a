import { isPanel } from '#shared/vocabulary/machines.ts'
import type { ConnectionStore, OpenPanel } from '../infrastructure/ports.ts'
import type { Clock, Log, Transact } from '../kernel/ports.ts'
import type { ProvisioningStores } from './ports.ts'

interface Deps { readonly transact: Transact<ProvisioningStores>, readonly connections: Pick<ConnectionStore, 'all'>, readonly openPanel: OpenPanel, readonly clock: Clock, readonly log: Log, readonly within: <T>(milliseconds: number, work: Promise<T>) => Promise<T> }
const patience = 30_000

/** Asks every panel for the newest backup of its accounts and keeps what it tells. What is not told, because the panel is silent or keeps it from our token, stays as it was known, and ages. May be repeated. */
export const watchAccountBackups = ({ transact, connections, openPanel, clock, log, within }: Deps) => async (): Promise<void> => {
  for (const { id, name } of (await connections.all()).filter(({ kind }) => isPanel(kind))) {
    try {
      // The moment before the question: what is made meanwhile may be missing.
      const at = clock.now()
      const told = await within(patience, openPanel(id).then(driver => driver.newestBackups()))
      if (told) await transact(({ backupGaps }) => backupGaps.keepNewest(id, told, at))
    } catch (error) {
      log.warn({ connection: name, problem: error instanceof Error ? error.message : String(error) }, 'backups of accounts could not be read')
    }
  }
}
