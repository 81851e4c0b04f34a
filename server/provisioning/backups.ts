import type { z } from 'zod'
import type { backupActionBody, backupScheduleBody, backupsView } from '#shared/contracts/backups.ts'
import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import { heldBackupStates, machineCapabilities } from '#shared/vocabulary/machines.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import type { OpenHypervisor } from '../infrastructure/ports.ts'
import { nextBackupAt } from './backup-plan.ts'
import type { BackupRow, BackupStore, BackupTerms, ScheduleRow } from './backup-ports.ts'
import { askMachine, machineIn } from './machine-reading.ts'
import { openAct } from './open-saga.ts'
import type { ProvisioningStores } from './ports.ts'
import { allowedActions } from './service-view.ts'

export interface BackupDeps { readonly read: Pick<ProvisioningStores, 'serviceControl' | 'servicePages' | 'backups'>, readonly transact: Transact<ProvisioningStores>, readonly openHypervisor: OpenHypervisor, readonly clock: Clock, readonly newId: () => string, readonly zone: string, /** So many days the backups of an ended service are kept. */ readonly keptDays: number }
export type BackupsView = z.input<typeof backupsView>
interface Who { readonly id: string, /** Null: for staff. */ readonly clientId: string | null }

async function termsOf({ backups }: Pick<ProvisioningStores, 'backups'>, { id, clientId }: Who): Promise<BackupTerms> {
  const terms = await backups.terms(id)
  if (!terms || (clientId !== null && terms.clientId !== clientId)) throw new AppError('not_found')
  return terms
}
/** Why no backups are made of this machine; null: they are. */
function whyUnsupported({ connectionId, connectionKind, storage }: Pick<BackupTerms, 'connectionId' | 'connectionKind' | 'storage'>): 'hypervisor' | 'no_storage' | null {
  if (connectionId === null || connectionKind === null) return null
  return !machineCapabilities(connectionKind)?.backups ? 'hypervisor' : storage === '' ? 'no_storage' : null
}
const sameStorage = (row: BackupRow, terms: BackupTerms) => row.connectionId === terms.connectionId && row.storage === terms.storage

/**
 * Holds what the books say against what the storage has now: a backup that is no longer there is said to be gone, one that turned up is taken in.
 * False: the storage did not answer. What lies on a storage that is no longer the connection's is not judged.
 */
async function lookAtStorage({ transact, openHypervisor, clock }: BackupDeps, rows: readonly BackupRow[], terms: BackupTerms): Promise<boolean> {
  const { connectionId } = terms
  const judged = rows.filter(row => sameStorage(row, terms) && row.state !== 'running')
  if (connectionId === null || judged.length === 0) return true
  const found = await askMachine(openHypervisor, connectionId, async (driver) => {
    const lists = new Map<number, Awaited<ReturnType<typeof driver.listBackups>>>()
    // Numbers are few: a machine that was made anew keeps its own.
    for (const vmid of new Set(judged.map(row => row.vmid))) lists.set(vmid, await driver.listBackups(vmid))
    return lists
  })
  if (!found.answered) return false
  const changes = judged.flatMap((row): { readonly row: BackupRow, readonly to: Parameters<BackupStore['move']>[2] }[] => {
    const list = found.value.get(row.vmid)
    const there = list?.backups.find(each => each.id === row.id && each.ownershipMark === row.ownershipMark)
    if (there && row.state !== 'ready') return [{ row, to: { state: 'ready', volume: there.volume, sizeBytes: there.sizeBytes, madeAt: row.madeAt ?? row.startedAt, endedAt: null, problem: null } }]
    return !there && list?.complete && row.state === 'ready' ? [{ row, to: { state: 'gone', endedAt: clock.now(), problem: 'the storage no longer has it' } }] : []
  })
  if (changes.length > 0) await transact(async ({ backups }) => {
    for (const { row, to } of changes) await backups.move(row.id, [row.state], to)
  })
  return [...found.value.values()].every(list => list.complete)
}

const scheduleView = (row: ScheduleRow | null): BackupsView['schedule'] => row && { frequency: row.frequency, weekday: row.weekday, hour: row.hour, nextAt: row.nextAt.toISOString(), failures: row.failures }
const dayMilliseconds = 86_400_000

/**
 * The backups of a service's machine by the books, held against its storage first, and what may be done. A storage that does not answer is said
 * (`readable: false`), not guessed. @throws AppError not_found
 */
export const showBackups = (deps: BackupDeps) => async ({ id, clientId, page, pageSize }: Who & { readonly page: number, readonly pageSize: number }): Promise<BackupsView> => {
  const { backups, servicePages } = deps.read
  const terms = await termsOf(deps.read, { id, clientId })
  const [service, before, held] = [await servicePages.find(id), await backups.list({ serviceId: id, page, pageSize }), await backups.inStates(id, heldBackupStates)]
  if (!service) throw new AppError('not_found')
  const unsupported = whyUnsupported(terms)
  const looked = new Map([...held, ...before.items].map(row => [row.id, row]))
  const readable = unsupported === null ? await lookAtStorage(deps, [...looked.values()], terms) : true
  const [after, stillHeld, schedule] = [await backups.list({ serviceId: id, page, pageSize }), await backups.inStates(id, heldBackupStates), await backups.schedule(id)]
  return {
    included: terms.included, used: stillHeld.length, unsupported, readable, refusal: allowedActions(service).refusal, mayBeScheduled: terms.mayBeScheduled && terms.included > 0, schedule: scheduleView(schedule),
    keptUntil: terms.status === 'ended' && terms.endedAt ? new Date(terms.endedAt.getTime() + deps.keptDays * dayMilliseconds).toISOString() : null,
    items: after.items.map(row => ({ id: row.id, state: row.state, origin: row.origin, startedAt: row.startedAt.toISOString(), sizeBytes: row.sizeBytes, problem: clientId === null ? row.problem : null, elsewhere: !sameStorage(row, terms) })),
    total: after.total, page, pageSize,
  }
}

/** Why an act is refused by what a service may have. */
function refusalOf(terms: BackupTerms, action: z.output<typeof backupActionBody>['action']): ErrorCode | null {
  if (terms.status === 'suspended') return 'service_suspended'
  if (whyUnsupported(terms)) return 'backups_unsupported'
  return action === 'create' && terms.included === 0 ? 'backups_not_offered' : null
}

/**
 * Makes a backup, restores one (its hostname typed), or deletes one: each becomes a saga. How many there are is counted under the lock of the service, so that two
 * requests at once do not both get the last place. Said by staff, it is written to the audit log.
 * @throws AppError not_found, service_suspended, service_not_ready, action_in_progress, backups_not_offered, backups_unsupported, backup_limit, backup_gone, backup_elsewhere, invalid_input
 */
export const actOnBackup = (deps: BackupDeps) => async ({ id, clientId, act, actor }: Who & { readonly act: z.output<typeof backupActionBody>, readonly actor: Actor }): Promise<void> => {
  await termsOf(deps.read, { id, clientId })
  const newId = deps.newId()
  await deps.transact(async (stores) => {
    await stores.serviceControl.lock(id)
    const terms = await termsOf(stores, { id, clientId })
    const refusal = refusalOf(terms, act.action)
    if (refusal) throw new AppError(refusal)
    if (act.action === 'restore' && act.hostname !== terms.hostname) throw fieldError('hostname', 'hostname_mismatch')
    const backupId = act.action === 'create' ? newId : await chosen(stores, id, terms, act)
    const begin = () => openAct(stores, { kind: act.action === 'restore' ? 'restore' : 'backup', of: 'vps', action: act.action, serviceId: id, actor: actorLabel(actor), state: { backup: { id: backupId } } })
    if (act.action === 'create') {
      const held = await stores.backups.inStates(id, heldBackupStates)
      if (held.length >= terms.included) throw new AppError('backup_limit', { params: { limit: terms.included } })
      await noteBackup(stores, { id: backupId, serviceId: id, terms, origin: clientId === null ? 'staff' : 'client', at: deps.clock.now() })
    }
    await begin()
    if (clientId === null) await stores.audit.record({ actor, action: `service.backup_${act.action}`, entity: 'service', entityId: id, after: { backup: backupId } })
  })
}

async function chosen({ backups }: Pick<ProvisioningStores, 'backups'>, serviceId: string, terms: BackupTerms, act: { readonly action: 'restore' | 'delete', readonly backupId: string }): Promise<string> {
  const row = await backups.find(act.backupId)
  if (row?.serviceId !== serviceId || row.state !== 'ready') throw new AppError('backup_gone')
  if (!sameStorage(row, terms)) throw new AppError('backup_elsewhere')
  return row.id
}

/** The row of a backup that is about to be made. @throws AppError service_not_ready */
export async function noteBackup({ backups, serviceControl }: Pick<ProvisioningStores, 'backups' | 'serviceControl'>, { id, serviceId, terms, origin, at }: { readonly id: string, readonly serviceId: string, readonly terms: BackupTerms, readonly origin: BackupRow['origin'], readonly at: Date }): Promise<void> {
  const facts = await serviceControl.facts(serviceId)
  const there = facts && machineIn(facts)
  if (!there) throw new AppError('service_not_ready')
  await backups.insert({ id, serviceId, connectionId: there.connectionId, storage: terms.storage, vmid: there.machine.vmid, ownershipMark: there.machine.ownershipMark, username: facts.resource?.username ?? null, templateId: facts.templateId, origin }, at)
}

/**
 * When a machine is backed up by itself; `off` ends it, whatever its product says now. Said by staff, it is written to the audit log.
 * @throws AppError not_found, service_not_ready, backups_unsupported, backup_schedule_not_offered
 */
export const setBackupSchedule = (deps: BackupDeps) => async ({ id, clientId, schedule, actor }: Who & { readonly schedule: z.output<typeof backupScheduleBody>, readonly actor: Actor }): Promise<void> => {
  await deps.transact(async (stores) => {
    await stores.serviceControl.lock(id)
    const terms = await termsOf(stores, { id, clientId })
    const now = deps.clock.now()
    const before = await stores.backups.schedule(id)
    if (schedule.frequency === 'off') {
      await stores.backups.setSchedule(id, null, now)
    } else {
      if (terms.status === 'ended') throw new AppError('service_not_ready')
      if (whyUnsupported(terms)) throw new AppError('backups_unsupported')
      if (!terms.mayBeScheduled || terms.included === 0) throw new AppError('backup_schedule_not_offered')
      const wanted = { frequency: schedule.frequency, weekday: schedule.frequency === 'weekly' ? schedule.weekday : null, hour: schedule.hour }
      await stores.backups.setSchedule(id, { ...wanted, nextAt: nextBackupAt(wanted, now, deps.zone) }, now)
    }
    if (clientId === null) await stores.audit.record({ actor, action: 'service.backup_schedule', entity: 'service', entityId: id, before: { schedule: before && { frequency: before.frequency, weekday: before.weekday, hour: before.hour } }, after: { schedule } })
  })
}
