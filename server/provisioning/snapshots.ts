import type { z } from 'zod'
import type { snapshotActionBody, snapshotsView } from '#shared/contracts/machines.ts'
import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import { isOwnSnapshot, snapshotName } from '#shared/vocabulary/machines.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import type { OpenHypervisor } from '../infrastructure/ports.ts'
import { openAct } from './open-saga.ts'
import { askMachine, machineIn } from './machine-reading.ts'
import type { MachineFacts, ProvisioningStores } from './ports.ts'
import { allowedActions } from './service-view.ts'

export interface SnapshotDeps { readonly read: Pick<ProvisioningStores, 'serviceControl' | 'servicePages' | 'sagas'>, readonly transact: Transact<ProvisioningStores>, readonly openHypervisor: OpenHypervisor, readonly random: () => string }
export type SnapshotsView = z.input<typeof snapshotsView>

async function factsOf({ read }: Pick<SnapshotDeps, 'read'>, id: string, clientId: string | null): Promise<MachineFacts> {
  const facts = await read.serviceControl.facts(id)
  if (!facts || (clientId !== null && facts.clientId !== clientId)) throw new AppError('not_found')
  return facts
}

/**
 * The snapshots of a service's machine as the hypervisor tells them now, and what may be done. A hypervisor that does not answer is said
 * (`readable: false`), not guessed. `clientId` null: for staff. @throws AppError not_found
 */
export const showSnapshots = (deps: SnapshotDeps) => async ({ id, clientId }: { readonly id: string, readonly clientId: string | null }): Promise<SnapshotsView> => {
  const facts = await factsOf(deps, id, clientId)
  const service = await deps.read.servicePages.find(id)
  if (!service) throw new AppError('not_found')
  const { refusal } = allowedActions(service)
  const limit = facts.snapshotLimit
  const none = (why: Pick<SnapshotsView, 'supported' | 'readable'>): SnapshotsView => ({ limit, used: 0, refusal, items: [], ...why })
  const there = machineIn(facts)
  if (!there) return none({ supported: true, readable: true })
  const found = await askMachine(deps.openHypervisor, there.connectionId, driver => driver.capabilities.snapshots ? driver.listSnapshots(there.machine) : Promise.resolve(null))
  if (!found.answered) return none({ supported: true, readable: false })
  if (!found.value) return none({ supported: false, readable: true })
  const makers = await deps.read.sagas.snapshotMakers(id)
  const byClient = `client:${facts.clientId}`
  const items = found.value.map(({ name, title, at }) => {
    const own = isOwnSnapshot(name)
    const maker = makers.get(name)
    return { name, title: own ? title : name, at: at?.toISOString() ?? null, own, by: maker === undefined ? null : maker === byClient ? 'client' as const : 'staff' as const }
  })
  return { limit, used: items.filter(item => item.own).length, refusal, supported: true, readable: true, items }
}

/** Why an act on snapshots is refused before anybody is asked. */
function refusalOf(facts: MachineFacts, act: z.output<typeof snapshotActionBody>): ErrorCode | null {
  if (facts.status === 'suspended') return 'service_suspended'
  if ((facts.status !== 'active' && facts.status !== 'past_due') || facts.resource?.status !== 'ready') return 'service_not_ready'
  return act.action === 'create' && facts.snapshotLimit === 0 ? 'snapshots_not_offered' : null
}

/**
 * Takes a snapshot, goes back to one (its hostname typed), or deletes one: each becomes a saga. Only snapshots that were taken here are
 * touched. Said by staff, it is written to the audit log. @throws AppError not_found, service_suspended, service_not_ready,
 * action_in_progress, snapshots_not_offered, snapshots_unsupported, snapshot_limit, snapshot_gone, snapshot_by_hand, machine_unreachable, invalid_input
 */
export const actOnSnapshot = (deps: SnapshotDeps) => async ({ id, clientId, act, actor }: { readonly id: string, readonly clientId: string | null, readonly act: z.output<typeof snapshotActionBody>, readonly actor: Actor }): Promise<void> => {
  const facts = await factsOf(deps, id, clientId)
  const refusal = refusalOf(facts, act)
  if (refusal) throw new AppError(refusal)
  if (act.action === 'rollback' && act.hostname !== facts.hostname) throw fieldError('hostname', 'hostname_mismatch')
  const there = machineIn(facts)
  if (!there) throw new AppError('service_not_ready')
  const found = await askMachine(deps.openHypervisor, there.connectionId, driver => driver.capabilities.snapshots ? driver.listSnapshots(there.machine) : Promise.resolve(null))
  if (!found.answered) throw new AppError('machine_unreachable')
  if (!found.value) throw new AppError('snapshots_unsupported')
  const snapshot = chosen(found.value, facts, act, deps.random)
  await deps.transact(async (stores) => {
    await openAct(stores, { kind: act.action === 'rollback' ? 'rollback' : 'snapshot', of: 'vps', action: act.action, serviceId: id, actor: actorLabel(actor), state: { snapshot } })
    if (clientId === null) await stores.audit.record({ actor, action: `service.snapshot_${act.action}`, entity: 'service', entityId: id, after: { snapshot: snapshot.title || snapshot.name } })
  })
}

/** The step counts again: between here and there somebody may have taken one by another way. */
function chosen(list: readonly { readonly name: string, readonly title: string }[], facts: MachineFacts, act: z.output<typeof snapshotActionBody>, random: () => string): { name: string, title: string } {
  if (act.action === 'create') {
    if (list.filter(({ name }) => isOwnSnapshot(name)).length >= facts.snapshotLimit) throw new AppError('snapshot_limit', { params: { limit: facts.snapshotLimit } })
    return { name: snapshotName(random()), title: act.title }
  }
  if (!isOwnSnapshot(act.name)) throw new AppError('snapshot_by_hand')
  const found = list.find(({ name }) => name === act.name)
  if (!found) throw new AppError('snapshot_gone')
  return { name: found.name, title: found.title }
}
