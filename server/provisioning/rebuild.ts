import type { z } from 'zod'
import type { heldBackupsView, heldBackupView, rebuildBody, rebuildView } from '#shared/contracts/backups.ts'
import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { ServiceStatus } from '#shared/vocabulary/billing.ts'
import { machineCapabilities } from '#shared/vocabulary/machines.ts'
import type { ResourceStatus, SagaKind } from '#shared/vocabulary/machines.ts'
import type { BackupContent, OpenHypervisor } from '../infrastructure/ports.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Clock, PageRequest, Transact } from '../kernel/ports.ts'
import type { ArchiveRow, RebuildTarget } from './backup-ports.ts'
import { mendable, openTie } from './open-saga.ts'
import type { ProvisioningStores } from './ports.ts'
import { rebuildObstacle } from './rebuild-machine.ts'

export interface RebuildDeps { readonly read: Pick<ProvisioningStores, 'serviceControl' | 'backups'>, readonly transact: Transact<ProvisioningStores>, readonly openHypervisor: OpenHypervisor, readonly clock: Clock, readonly newId: () => string, /** So many days the backups of an ended service are kept. */ readonly keptDays: number }
type Standing = Pick<RebuildTarget, 'status' | 'resourceStatus' | 'openSaga' | 'paid'>

/**
 * Why no machine is made for a service from a backup now, by the books: it waits for its first one, paid, or it has lost the one that it had. One whose machine is ready by the books may have lost it all the same:
 * that is asked of the hypervisor. Suspended, a machine would have to stand still. Pure.
 */
export function rebuildRefusal({ status, resourceStatus, openSaga, paid }: Standing): ErrorCode | null {
  if (openSaga !== null) return 'action_in_progress'
  if (status === 'suspended') return 'service_suspended'
  const first = status === 'pending' && paid && (resourceStatus === 'none' || resourceStatus === 'error')
  const lost = mendable(status) && ['unlinked', 'ready', 'error'].includes(resourceStatus)
  return first || lost ? null : 'service_not_ready'
}
const codes = { other_kind: 'rebuild_other_kind', too_large: 'rebuild_too_large', unknown_size: 'rebuild_unreadable' } as const satisfies Record<string, ErrorCode>

const atATime = 4
const dayMilliseconds = 86_400_000
const viewOf = ({ keptDays }: Pick<RebuildDeps, 'keptDays'>, row: ArchiveRow): z.input<typeof heldBackupView> => ({
  id: row.id, serviceId: row.serviceId, hostname: row.hostname, clientId: row.clientId, clientName: row.clientName, status: row.status, origin: row.origin, startedAt: row.startedAt.toISOString(), sizeBytes: row.sizeBytes,
  connectionId: row.connectionId, connectionName: row.connectionName, storage: row.storage, elsewhere: !row.kept, keptUntil: row.status === 'ended' && row.endedAt ? new Date(row.endedAt.getTime() + keptDays * dayMilliseconds).toISOString() : null,
})

/** Backups that are there by the books, of ended services too. */
export const listHeldBackups = (deps: Pick<RebuildDeps, 'read' | 'keptDays'>) => async (filter: PageRequest & { readonly q?: string | undefined }): Promise<z.input<typeof heldBackupsView>> => {
  const found = await deps.read.backups.held(filter)
  return { ...found, items: found.items.map(row => viewOf(deps, row)) }
}

/** @throws AppError not_found, backup_gone, backups_unsupported, backup_elsewhere */
async function archiveOf({ backups }: Pick<ProvisioningStores, 'backups'>, id: string): Promise<ArchiveRow> {
  const row = await backups.archive(id)
  if (!row) throw new AppError('not_found')
  if (row.state !== 'ready') throw new AppError('backup_gone')
  if (machineCapabilities(row.connectionKind)?.backups !== true) throw new AppError('backups_unsupported')
  if (!row.kept) throw new AppError('backup_elsewhere')
  return row
}
const contentOf = async ({ openHypervisor }: Pick<RebuildDeps, 'openHypervisor'>, { connectionId, id, ownershipMark, vmid }: ArchiveRow): Promise<BackupContent> => (await openHypervisor(connectionId)).readBackup({ id, ownershipMark, vmid })

/** What a hypervisor says of the machine of a service that might be given one: where it is, that there is none (null), or why that is not known. One that was never active has none that counts. */
type Living = { readonly at: string } | { readonly problem: string } | null
async function livingOf({ openHypervisor }: Pick<RebuildDeps, 'openHypervisor'>, target: RebuildTarget): Promise<Living> {
  const { status, connectionId, ownershipMark } = target
  if (rebuildRefusal(target) !== null || status === 'pending' || connectionId === null || ownershipMark === null) return null
  try {
    const there = await (await openHypervisor(connectionId)).findByMark(ownershipMark)
    return there && { at: placeOf(there) }
  } catch (error) {
    if (!(error instanceof DriverError)) throw error
    return { problem: error.message }
  }
}
const placeOf = ({ vmid, node }: { readonly vmid: number, readonly node: string }) => `${vmid} (${node})`
/** Of each, a few at once: one client's services are asked for, a page of them. */
async function allLiving(deps: Pick<RebuildDeps, 'openHypervisor'>, targets: readonly RebuildTarget[]): Promise<ReadonlyMap<string, Living>> {
  const [waiting, found] = [[...targets], new Map<string, Living>()]
  await Promise.all(Array.from({ length: atATime }, async () => {
    for (let target = waiting.shift(); target; target = waiting.shift()) found.set(target.serviceId, await livingOf(deps, target))
  }))
  return found
}

/**
 * A backup, what its archive says now, and which services of the same client a machine can be made for from it: those whose machine their hypervisor has no more, or that wait for their first one. A storage or hypervisor that
 * does not answer is said, and nothing is offered on its silence. @throws AppError not_found, backup_gone, backups_unsupported, backup_elsewhere */
export const showRebuild = (deps: RebuildDeps) => async ({ id, service, page, pageSize }: PageRequest & { readonly id: string, readonly service?: string | undefined }): Promise<z.input<typeof rebuildView>> => {
  const row = await archiveOf(deps.read, id)
  const [read, [targets, living]] = await Promise.all([
    contentOf(deps, row).then(content => ({ content, problem: null }), (error: unknown) => {
      if (!(error instanceof DriverError)) throw error
      return { content: null, problem: error.message }
    }),
    deps.read.backups.targets({ clientId: row.clientId, serviceId: service, page, pageSize }).then(async found => [found, await allLiving(deps, found.items)] as const),
  ])
  const refusalOf = (target: RebuildTarget): { readonly refusal: ErrorCode | null, readonly detail: string | null } => {
    const [refused, machine] = [rebuildRefusal(target), living.get(target.serviceId) ?? null]
    if (refused === null && machine) return 'at' in machine ? { refusal: 'adopt_has_machine', detail: machine.at } : { refusal: 'connection_failed', detail: machine.problem }
    const obstacle = read.content && rebuildObstacle(read.content, target)
    return { refusal: refused ?? (obstacle && codes[obstacle]) ?? (read.content ? null : 'rebuild_unreadable'), detail: null }
  }
  return {
    ...targets, backup: viewOf(deps, row), content: read.content && { ...read.content, nodes: [...read.content.nodes] }, problem: read.problem,
    items: targets.items.map(target => ({ serviceId: target.serviceId, hostname: target.hostname, productName: target.productName, status: target.status, resourceStatus: target.resourceStatus, diskGiB: target.diskGiB, ...refusalOf(target), own: target.serviceId === row.serviceId })),
  }
}

/** The machine that carries the service's own mark, where it has one: nothing is made beside it. One that was never active has none that counts. */
async function refuseLiving({ read, openHypervisor }: Pick<RebuildDeps, 'read' | 'openHypervisor'>, serviceId: string): Promise<void> {
  const resource = (await read.serviceControl.facts(serviceId))?.resource
  if (!resource || resource.connectionId === null) return
  const there = await (await openHypervisor(resource.connectionId)).findByMark(resource.ownershipMark)
  if (there) throw new AppError('adopt_has_machine', { params: { detail: placeOf(there) } })
}

/**
 * Makes the machine of a service that has none from a backup of the same client, as a saga: its own, or another service's, which may have ended. All is looked at first: then nothing is begun. Written to the audit log.
 * @throws AppError not_found, backup_gone, backup_elsewhere, backups_unsupported, service_not_ready, service_suspended, action_in_progress, adopt_has_machine, rebuild_other_kind, rebuild_too_large, rebuild_unreadable, connection_failed, invalid_input (host name)
 */
export const rebuildMachine = (deps: RebuildDeps) => async ({ id, serviceId, hostname, reason, actor }: z.output<typeof rebuildBody> & { readonly id: string, readonly actor: Actor }): Promise<void> => {
  const row = await archiveOf(deps.read, id)
  const target = (await deps.read.backups.targets({ clientId: row.clientId, serviceId, page: 1, pageSize: 1 })).items[0]
  if (!target) throw new AppError('not_found')
  const refusal = rebuildRefusal(target)
  if (refusal) throw new AppError(refusal)
  if (hostname !== target.hostname) throw fieldError('hostname', 'hostname_mismatch')
  const content = await asked(async () => {
    if (target.status !== 'pending') await refuseLiving(deps, serviceId)
    return contentOf(deps, row)
  })
  const obstacle = rebuildObstacle(content, target)
  if (obstacle) throw new AppError(codes[obstacle], { params: { backup: content.diskGiB ?? 0, sold: target.diskGiB } })
  await deps.transact(async (stores) => {
    await archiveOf(stores, id)
    const resource = await startable(stores, serviceId)
    const refusalNow = (at: { readonly status: ServiceStatus, readonly resourceStatus: ResourceStatus, readonly openSaga: SagaKind | null }) => rebuildRefusal({ ...at, paid: target.paid })
    await openTie(stores, { kind: 'rebuild', serviceId, actor: actorLabel(actor), at: deps.clock.now(), refusal: refusalNow, state: { rebuild: { backupId: id, fromMark: resource, toMark: deps.newId(), machineType: target.machineType } } })
    await stores.audit.record({ actor, action: 'service.rebuild', entity: 'service', entityId: serviceId, after: { backup: id, of: row.serviceId, reason } })
  })
}

/** The mark that the service has now, under its lock; one that was never built is given its first. */
async function startable({ serviceControl, resources }: Pick<ProvisioningStores, 'serviceControl' | 'resources'>, serviceId: string): Promise<string> {
  await serviceControl.lock(serviceId)
  await resources.ensure(serviceId)
  const resource = await resources.lock(serviceId)
  if (!resource) throw new AppError('service_not_ready')
  return resource.ownershipMark
}

async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof DriverError)) throw error
    if (error.kind === 'not_found') throw new AppError('backup_gone', { cause: error })
    throw new AppError('connection_failed', { params: { detail: error.message }, cause: error })
  }
}
