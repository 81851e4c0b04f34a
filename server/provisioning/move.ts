import type { z } from 'zod'
import type { moveView } from '#shared/contracts/operations.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import { servesNode } from '../infrastructure/ports.ts'
import type { HypervisorDriver, MachineState, NodeRoom, OpenHypervisor, RoomOnNodes } from '../infrastructure/ports.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { machineIn } from './machine-reading.ts'
import { openAct } from './open-saga.ts'
import type { MachineFacts, ProvisioningStores, ServiceSummary } from './ports.ts'

interface MoveDeps { readonly read: Pick<ProvisioningStores, 'serviceControl' | 'servicePages'>, readonly transact: Transact<ProvisioningStores>, readonly openHypervisor: OpenHypervisor, readonly roomOnNodes: RoomOnNodes }

/** Why the machine of a service cannot be moved now, whatever its hypervisor says. Pure. */
export function moveRefusal({ productKind, status, resourceStatus, openSaga }: Pick<ServiceSummary, 'productKind' | 'status' | 'resourceStatus' | 'openSaga'>): ErrorCode | null {
  const runs = (status === 'active' || status === 'past_due') && resourceStatus === 'ready'
  const off = status === 'suspended' && resourceStatus === 'stopped_by_policy'
  if (productKind !== 'vps' || !(runs || off)) return 'service_not_ready'
  return openSaga === null ? null : 'action_in_progress'
}

async function found({ read }: Pick<MoveDeps, 'read'>, id: string): Promise<{ readonly service: ServiceSummary, readonly facts: MachineFacts }> {
  const [service, facts] = [await read.servicePages.find(id), await read.serviceControl.facts(id)]
  if (!service || !facts) throw new AppError('not_found')
  return { service, facts }
}

/** `nodes`: those that its address serves; on another one it would be without network. */
interface Seen { readonly driver: HypervisorDriver, readonly state: MachineState, readonly nodes: readonly NodeRoom[] }
/** Null: the hypervisor does not answer. `move_unsupported` is thrown before anything is asked. */
async function lookAt({ openHypervisor, roomOnNodes }: MoveDeps, facts: MachineFacts): Promise<Seen | null> {
  const there = machineIn(facts)
  if (!there) throw new AppError('service_not_ready')
  try {
    const driver = await openHypervisor(there.connectionId)
    if (!driver.capabilities.move) throw new AppError('move_unsupported')
    const state = await driver.inspect(there.machine)
    if (!state) return null
    return { driver, state, nodes: (await roomOnNodes({ connectionId: there.connectionId, from: state.node, forServiceId: facts.serviceId, machineType: facts.machineType, ...facts.spec })).filter(({ node }) => node === state.node || servesNode(facts.address?.nodes, node)) }
  } catch (error) {
    if (error instanceof DriverError || (error instanceof AppError && error.code === 'capacity_unknown')) return null
    throw error
  }
}

/** Where the machine of a service is and which nodes could take it, looked at now. @throws AppError not_found */
export const showMove = (deps: MoveDeps) => async ({ id }: { readonly id: string }): Promise<z.input<typeof moveView>> => {
  const { service, facts } = await found(deps, id)
  const refusal = moveRefusal(service)
  const nothing = { node: service.node, running: service.power === 'running', refusal, nodes: [] }
  if (refusal) return { ...nothing, supported: true, readable: true }
  try {
    const seen = await lookAt(deps, facts)
    if (!seen) return { ...nothing, supported: true, readable: false }
    return { supported: true, readable: true, refusal, node: seen.state.node, running: seen.state.power !== 'stopped', nodes: seen.nodes.filter(({ node }) => node !== seen.state.node) }
  } catch (error) {
    if (error instanceof AppError && error.code === 'move_unsupported') return { ...nothing, supported: false, readable: true }
    throw error
  }
}

/**
 * Moves the machine of a service to another node of its hypervisor, as a saga, running or stopped for it. What speaks against it is asked first: then nothing is begun. Written to the audit log.
 * @throws AppError not_found, service_not_ready, action_in_progress, move_unsupported, move_target (already there, or a node that takes none), move_storage_content, move_no_room, move_refused, machine_unreachable
 */
export const moveMachine = (deps: MoveDeps) => async ({ id, node, live, reason, actor }: { readonly id: string, readonly node: string, readonly live: boolean, readonly reason: string, readonly actor: Actor }): Promise<void> => {
  const { service, facts } = await found(deps, id)
  const refusal = moveRefusal(service)
  if (refusal) throw new AppError(refusal)
  const seen = await lookAt(deps, facts)
  const there = machineIn(facts)
  if (!seen || !there) throw new AppError('machine_unreachable')
  const room = seen.nodes.find(candidate => candidate.node === node)
  if (!room || node === seen.state.node) throw new AppError('move_target')
  if (!room.takesDisks) throw new AppError('move_storage_content')
  if (!room.fits) throw new AppError('move_no_room')
  const obstacle = await seen.driver.moveObstacle({ ...there.machine, node: seen.state.node }, { node, live }).catch((error: unknown) => {
    if (error instanceof DriverError) return error.message
    throw error
  })
  if (obstacle !== null) throw new AppError('move_refused', { params: { detail: obstacle } })
  await deps.transact(async (stores) => {
    await openAct(stores, { kind: 'move', of: 'vps', action: null, serviceId: id, actor: actorLabel(actor), state: { move: { to: node, live } }, alsoSuspended: true })
    await stores.audit.record({ actor, action: 'service.move', entity: 'service', entityId: id, before: { node: seen.state.node }, after: { node, live, reason } })
  })
}
