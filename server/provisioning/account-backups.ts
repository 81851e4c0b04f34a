import type { z } from 'zod'
import type { accountBackupBody, accountBackupsView } from '#shared/contracts/hosting.ts'
import { AppError, fieldError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { OpenPanel } from '../infrastructure/ports.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Log, Transact } from '../kernel/ports.ts'
import { accountOf } from './account.ts'
import { openAct } from './open-saga.ts'
import type { MachineFacts, ProvisioningStores, ServiceControl } from './ports.ts'
import { hostingFacts, isThere } from './show-hosting.ts'

interface Deps { readonly transact: Transact<ProvisioningStores>, readonly serviceControl: ServiceControl, readonly openPanel: OpenPanel, readonly log: Log, readonly within: <T>(milliseconds: number, work: Promise<T>) => Promise<T> }
type Who = { readonly id: string, /** Null: staff. */ readonly clientId: string | null }
type View = z.input<typeof accountBackupsView>
const patience = 8_000

/** @throws AppError service_suspended, service_not_ready */
function demandRunning({ status, resource }: MachineFacts): void {
  if (status === 'suspended') throw new AppError('service_suspended')
  if ((status !== 'active' && status !== 'past_due') || resource?.status !== 'ready') throw new AppError('service_not_ready')
}

/** From what a hosting account can be restored, and what lies in its home directory, as its panel says now; what it does not tell is null. @throws AppError not_found, also for a service of another kind or client */
export const showAccountBackups = ({ serviceControl, openPanel, log, within }: Omit<Deps, 'transact'>) => async ({ id, clientId }: Who): Promise<View> => {
  const facts = await hostingFacts(serviceControl, id, clientId)
  if (!isThere(facts)) return { points: null, home: null }
  const { connectionId, ref } = accountOf(facts)
  const asked = async <T>(ask: Promise<T>): Promise<T | null> => within(patience, ask).catch((error: unknown) => {
    log.warn({ service: id, problem: error instanceof Error ? error.message : String(error) }, 'backups of an account could not be read')
    return null
  })
  const driver = await openPanel(connectionId)
  const [points, home] = await Promise.all([asked(driver.restorePoints(ref)), asked(driver.homeBackups(ref))])
  return { points: points && [...points], home: home && home.map(({ changedAt, ...file }) => ({ ...file, changedAt: changedAt.toISOString() })) }
}

/**
 * Restores an account (its main domain typed) as a task, or has the panel make a whole backup in the account's home directory. Said by staff, a restore is written to the audit log; the
 * other always is. @throws AppError not_found, service_suspended, service_not_ready, action_in_progress, backup_gone, invalid_input, unavailable when the panel does not answer or does not let us
 */
export const actOnAccountBackup = ({ transact, serviceControl, openPanel, log }: Deps) => async ({ id, clientId, act, actor }: Who & { readonly act: z.output<typeof accountBackupBody>, readonly actor: Actor }): Promise<void> => {
  const facts = await hostingFacts(serviceControl, id, clientId)
  demandRunning(facts)
  if (act.action === 'restore' && act.domain.trim().toLowerCase() !== facts.hostname) throw fieldError('domain', 'domain_mismatch')
  const { connectionId, ref } = accountOf(facts)
  try {
    const driver = await openPanel(connectionId)
    if (act.action === 'home') await driver.backUpToHome(ref)
    // A task is begun for a backup that is there alone.
    else if (!(await driver.restorePoints(ref))?.some(({ date, where }) => date === act.date && where === act.where)) throw new AppError('backup_gone')
  } catch (error) {
    if (!(error instanceof DriverError)) throw error
    log.warn({ service: id, problem: error.message }, 'a panel refused what was asked of its backups')
    throw new AppError('unavailable', { cause: error })
  }
  await transact(async (stores) => {
    if (act.action === 'home') return stores.audit.record({ actor, action: 'service.home-backup', entity: 'service', entityId: id })
    await openAct(stores, { kind: 'restore', of: 'hosting', action: 'restore', serviceId: id, actor: actorLabel(actor), state: { accountRestore: { date: act.date, where: act.where } } })
    if (clientId === null) await stores.audit.record({ actor, action: 'service.backup_restore', entity: 'service', entityId: id, after: { date: act.date, where: act.where } })
  })
}
