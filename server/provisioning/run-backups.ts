import { AppError } from '#shared/errors/codes.ts'
import { heldBackupStates } from '#shared/vocabulary/machines.ts'
import type { OpenHypervisor } from '../infrastructure/ports.ts'
import type { Clock, Log, Transact } from '../kernel/ports.ts'
import { mailRequest } from '../notifications/ports.ts'
import { makeRoom, nextBackupAt, spreadOverNodes } from './backup-plan.ts'
import type { BackupRow, DueSchedule } from './backup-ports.ts'
import { noteBackup } from './backups.ts'
import { openAct } from './open-saga.ts'
import type { ProvisioningStores } from './ports.ts'

export interface RunBackupsDeps { readonly read: Pick<ProvisioningStores, 'backups'>, readonly transact: Transact<ProvisioningStores>, readonly openHypervisor: OpenHypervisor, readonly clock: Clock, readonly log: Log, readonly newId: () => string, readonly zone: string, readonly keptDays: number, /** Without a slash at its end. */ readonly baseUrl: string }

/** Of one run; the next one, some minutes later, goes on. */
const atATime = 100
/** Backups read whole disks: no more at once on a node, so that machines stay quick. */
const perNode = 2
const noRoom = 'all places are taken by backups that people made'

/**
 * Begins the backups whose time has come, tells those concerned of schedules that began to fail, and deletes what ended services left. May run at any
 * time and any number of times: a schedule is moved on in the transaction that begins its backup.
 */
export const runBackups = (deps: RunBackupsDeps) => async (): Promise<void> => {
  const due = await deps.read.backups.due(deps.clock.now(), atATime)
  for (const schedule of spreadOverNodes(due, due.length > 0 ? await deps.read.backups.underWay() : new Map(), perNode)) await beginOne(deps, schedule)
  await tellFailing(deps)
  for (const row of await deps.read.backups.expired(new Date(deps.clock.now().getTime() - deps.keptDays * 86_400_000), 20)) await deleteLeft(deps, row)
}

async function beginOne({ transact, clock, newId, zone, log }: RunBackupsDeps, { serviceId }: DueSchedule): Promise<void> {
  try {
    await transact(async (stores) => {
      await stores.serviceControl.lock(serviceId)
      const [terms, schedule, now] = [await stores.backups.terms(serviceId), await stores.backups.schedule(serviceId), clock.now()]
      // Between the list and the lock somebody may have ended it, or another replica begun it.
      if (!terms || !schedule || schedule.nextAt > now || !terms.mayBeScheduled) return
      await stores.backups.setNext(serviceId, nextBackupAt(schedule, now, zone))
      const replaces = makeRoom(await stores.backups.inStates(serviceId, heldBackupStates), terms.included)
      if (replaces === null) return stores.backups.noteFailure(serviceId, noRoom)
      const id = newId()
      await noteBackup(stores, { id, serviceId, terms, origin: 'schedule', at: now })
      await openAct(stores, { kind: 'backup', of: 'vps', action: 'create', serviceId, actor: 'system:backups', state: { backup: { id, replaces } } })
    })
  } catch (error) {
    // Suspended, or something else began meanwhile: it stays due.
    if (!(error instanceof AppError)) throw error
    log.info({ service: serviceId, why: error.code }, 'scheduled backup waits')
  }
}

/** Once for each row of failures, to the client and to those who run machines. */
async function tellFailing({ transact, clock, baseUrl }: RunBackupsDeps): Promise<void> {
  await transact(async (stores) => {
    const failing = await stores.backups.takeUntold(atATime)
    if (failing.length === 0) return
    const at = clock.now().getTime()
    const staff = await stores.staff.runMachines()
    await stores.mail.queue(...failing.flatMap(({ serviceId, clientId, clientName, clientEmail, locale, hostname, product, problem }) => [
      mailRequest({ userId: clientId, recipient: clientEmail, locale }, 'backup_failed', `backup_failed:${serviceId}:${at}`, { name: clientName, hostname, product, url: `${baseUrl}${locale === 'en' ? '/en' : ''}/portal/services/${serviceId}` }),
      ...staff.map(person => mailRequest({ userId: person.id, recipient: person.email, locale: person.locale }, 'backup_failing', `backup_failing:${serviceId}:${at}:${person.id}`, { name: person.name, hostname, client: clientName, reason: problem, url: `${baseUrl}${person.locale === 'en' ? '/en' : ''}/admin/services/${serviceId}` })),
    ]))
  })
}

/** The task is not waited for: the next run finds it gone, or asks again. */
async function deleteLeft({ openHypervisor, transact, clock, log }: RunBackupsDeps, row: BackupRow): Promise<void> {
  try {
    const task = await (await openHypervisor(row.connectionId)).deleteBackup({ id: row.id, ownershipMark: row.ownershipMark, vmid: row.vmid })
    if (!task) await transact(({ backups }) => backups.move(row.id, ['running', 'ready', 'gone'], { state: 'deleted', endedAt: clock.now() }))
  } catch (error) {
    log.warn({ err: error, backup: row.id }, 'a backup of an ended service is not deleted yet')
  }
}
