import type { z } from 'zod'
import type { addressVerdicts, adoptionView, strayView } from '#shared/contracts/adoption.ts'
import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { ServiceStatus } from '#shared/vocabulary/billing.ts'
import { machineCapabilities } from '#shared/vocabulary/machines.ts'
import type { ResourceStatus, SagaKind } from '#shared/vocabulary/machines.ts'
import { servesNode } from '../infrastructure/ports.ts'
import type { ConnectionStore, HypervisorDriver, OpenHypervisor, StrangeMachine } from '../infrastructure/ports.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Clock, Page, PageRequest, Transact } from '../kernel/ports.ts'
import { strangerObstacle } from './adopt-machine.ts'
import { gone } from './drift.ts'
import { mendable, openTie } from './open-saga.ts'
import type { MachineFacts, ProvisioningStores } from './ports.ts'
import { sizeDifferences } from './provision-service.ts'

export interface AdoptionDeps { readonly read: Pick<ProvisioningStores, 'serviceControl' | 'servicePages' | 'addresses' | 'drift'>, readonly connections: ConnectionStore, readonly transact: Transact<ProvisioningStores>, readonly openHypervisor: OpenHypervisor, readonly newId: () => string, readonly clock: Clock }
interface Standing { readonly productKind: string, readonly status: ServiceStatus, readonly resourceStatus: ResourceStatus, readonly openSaga: SagaKind | null }

/** Why no machine can be given to a service now. One that was never active takes one only after its own build failed. Pure. */
export function adoptRefusal({ productKind, status, resourceStatus, openSaga }: Standing): ErrorCode | null {
  if (openSaga !== null) return 'action_in_progress'
  const lost = mendable(status) && ['unlinked', 'ready', 'stopped_by_policy', 'error'].includes(resourceStatus)
  return productKind === 'vps' && (lost || (status === 'pending' && resourceStatus === 'error')) ? null : 'service_not_ready'
}
/** Why the machine of a service cannot be let go now. Pure. */
export function unlinkRefusal({ productKind, status, resourceStatus, openSaga }: Standing): ErrorCode | null {
  if (openSaga !== null) return 'action_in_progress'
  return productKind === 'vps' && mendable(status) && ['ready', 'stopped_by_policy', 'error'].includes(resourceStatus) ? null : 'service_not_ready'
}
/** Why no machine can be built for a service that has none. One that is suspended gets none: it would have to stand still. Pure. */
export function buildRefusal({ productKind, status, resourceStatus, openSaga }: Standing): ErrorCode | null {
  if (openSaga !== null) return 'action_in_progress'
  if (status === 'suspended') return 'service_suspended'
  return productKind === 'vps' && (status === 'active' || status === 'past_due') && resourceStatus === 'unlinked' ? null : 'service_not_ready'
}

async function driverFor({ connections, openHypervisor }: Pick<AdoptionDeps, 'connections' | 'openHypervisor'>, connectionId: string): Promise<HypervisorDriver> {
  const connection = await connections.find(connectionId)
  if (!connection) throw new AppError('not_found')
  if (machineCapabilities(connection.kind)?.adoption !== true) throw new AppError('adoption_unsupported')
  return openHypervisor(connectionId)
}
const asked = async <T>(work: Promise<T>): Promise<T> => work.catch((error: unknown) => {
  throw error instanceof DriverError ? new AppError('connection_failed', { params: { detail: error.message }, cause: error }) : error
})

/** The machines of a hypervisor that no living service owns, by number: without a mark, or with one of ours whose service is gone. @throws AppError not_found, adoption_unsupported, connection_failed */
export const listStrays = (deps: AdoptionDeps) => async ({ connectionId, q, page, pageSize }: PageRequest & { readonly connectionId: string, readonly q?: string | undefined }): Promise<Page<z.input<typeof strayView>>> => {
  const driver = await driverFor(deps, connectionId)
  const all = await asked(driver.listMachines())
  const owners = await deps.read.drift.ownersOf(all.flatMap(({ ownershipMark }) => ownershipMark ?? []))
  const owned = (mark: string) => {
    const owner = owners.get(mark)
    return owner !== undefined && !gone.includes(owner.status)
  }
  const wanted = q?.toLowerCase() ?? ''
  const found = all.filter(({ ownershipMark, name, vmid, node }) => (ownershipMark === null || !owned(ownershipMark)) && `${name} ${vmid} ${node}`.toLowerCase().includes(wanted))
  return { items: found.slice((page - 1) * pageSize, page * pageSize).map(({ ownershipMark, ...machine }) => ({ ...machine, orphan: ownershipMark !== null })), total: found.length, page, pageSize }
}

type Verdict = typeof addressVerdicts[number]
/** What may become of an address for this service on this node. */
async function judge({ read }: Pick<AdoptionDeps, 'read'>, { serviceId, connectionId, node, ipv4 }: { readonly serviceId: string, readonly connectionId: string, readonly node: string, readonly ipv4: string | null }): Promise<{ readonly verdict: Verdict, readonly reason: string | null }> {
  const stands = ipv4 === null ? null : await read.addresses.standing(connectionId, ipv4)
  if (!stands) return { verdict: 'none', reason: null }
  if (!servesNode(stands.nodes, node)) return { verdict: 'elsewhere', reason: null }
  if (stands.serviceId !== null) return { verdict: stands.serviceId === serviceId ? 'own' : 'other', reason: null }
  return { verdict: stands.status === 'blocked' || stands.status === 'quarantine' ? stands.status : 'free', reason: stands.reason }
}
const takeable: readonly Verdict[] = ['free', 'own', 'blocked', 'quarantine']

interface Seen { readonly facts: MachineFacts, readonly seen: StrangeMachine | null, readonly instead: string | null, readonly refusal: ErrorCode | null, readonly detail: string | null }
/** The mark that the machine carries alone and whose service is gone: it may be replaced. Null: it carries none, or one that counts. */
async function replaceable({ read }: Pick<AdoptionDeps, 'read'>, { marks }: Pick<StrangeMachine, 'marks'>): Promise<string | null> {
  const [mark] = marks
  if (mark === undefined || marks.length > 1) return null
  const owner = (await read.drift.ownersOf([mark])).get(mark)
  return !owner || gone.includes(owner.status) ? mark : null
}

/** The machine that carries the service's own mark, where it has one. */
async function machineThere({ openHypervisor }: Pick<AdoptionDeps, 'openHypervisor'>, facts: Pick<MachineFacts, 'resource'> | null) {
  if (!facts?.resource || facts.resource.connectionId === null) return null
  return asked((await openHypervisor(facts.resource.connectionId)).findByMark(facts.resource.ownershipMark))
}

/** Service and machine, looked at now, and what speaks against them. */
async function lookAt(deps: AdoptionDeps, { id, connectionId, vmid }: { readonly id: string, readonly connectionId: string, readonly vmid: number }): Promise<Seen> {
  const [service, facts] = [await deps.read.servicePages.find(id), await deps.read.serviceControl.facts(id)]
  if (!service || !facts) throw new AppError('not_found')
  const driver = await driverFor(deps, connectionId)
  const seen = await asked(driver.readStranger(vmid))
  const instead = seen && await replaceable(deps, seen)
  const answer = (refusal: ErrorCode | null, detail: string | null = null): Seen => ({ facts, seen, instead, refusal, detail })
  const refusal = adoptRefusal(service) ?? (service.machineType === 'container' ? 'adoption_unsupported' as const : null)
  if (refusal) return answer(refusal)
  const obstacle = strangerObstacle(seen, { vmid, name: seen?.name ?? '', toMark: '', instead })
  if (obstacle) return answer('adopt_refused', obstacle)
  const there = await machineThere(deps, facts)
  if (there) return answer('adopt_has_machine', `${there.vmid} (${there.node})`)
  const wrong = seen && facts.status === 'pending' ? sizeDifferences(facts.spec, seen) : []
  return wrong.length > 0 ? answer('adopt_wrong_size', wrong.join(', ')) : answer(null)
}

/** What an adoption would find. Changes nothing. @throws AppError not_found, adoption_unsupported, connection_failed */
export const showAdoption = (deps: AdoptionDeps) => async ({ id, connectionId, vmid }: { readonly id: string, readonly connectionId: string, readonly vmid: number }): Promise<z.input<typeof adoptionView>> => {
  const { facts, seen, instead, refusal, detail } = await lookAt(deps, { id, connectionId, vmid })
  if (!seen) return { hostname: facts.hostname, refusal, detail, machine: null, differences: [], address: { ipv4: null, verdict: 'none', reason: null, suggested: null } }
  const { node, name, power, cpuCores, memoryTotalMiB, diskGiB, ipv4 } = seen
  const at = { serviceId: id, connectionId, node }
  const own = await judge(deps, { ...at, ipv4 })
  const held = facts.address?.connectionId === connectionId && servesNode(facts.address.nodes, node) ? facts.address.ipv4 : null
  return {
    hostname: facts.hostname, refusal, detail, machine: { node, vmid, name, power, cpuCores, memoryTotalMiB, diskGiB, orphan: instead !== null }, differences: sizeDifferences(facts.spec, seen),
    address: { ipv4, ...own, suggested: takeable.includes(own.verdict) ? ipv4 : held ?? await deps.read.addresses.nextFree(connectionId, node) },
  }
}

/**
 * Gives a machine that is there already to a service that has none, as a saga. All is looked at first: then nothing is begun. Written to the audit log.
 * @throws AppError not_found, adoption_unsupported, connection_failed, service_not_ready, action_in_progress, adopt_refused, adopt_has_machine, adopt_wrong_size, invalid_input (name or address)
 */
export const adoptMachine = (deps: AdoptionDeps) => async ({ id, connectionId, vmid, name, ipv4, reason, actor }: { readonly id: string, readonly connectionId: string, readonly vmid: number, readonly name: string, readonly ipv4: string, readonly reason: string, readonly actor: Actor }): Promise<void> => {
  const { facts, seen, instead, refusal, detail } = await lookAt(deps, { id, connectionId, vmid })
  if (refusal) throw new AppError(refusal, detail === null ? {} : { params: { detail } })
  if (!seen || seen.name !== name) throw fieldError('name', 'machine_name_mismatch')
  const { verdict } = await judge(deps, { serviceId: id, connectionId, node: seen.node, ipv4 })
  if (!takeable.includes(verdict)) throw fieldError('ipv4', verdict === 'other' ? 'address_other' : 'address_elsewhere')
  const fromMark = facts.resource?.ownershipMark ?? ''
  await deps.transact(async (stores) => {
    await openTie(stores, { kind: 'adopt', serviceId: id, actor: actorLabel(actor), at: deps.clock.now(), refusal: adoptRefusal, state: { adopt: { connectionId, vmid, name, ipv4, fromMark, toMark: deps.newId(), instead } } })
    await stores.audit.record({ actor, action: 'service.adopt', entity: 'service', entityId: id, after: { connectionId, vmid, node: seen.node, name, ipv4, instead, reason } })
  })
}

/** Lets the machine of a service go, as a saga; where machines that are there are not let go (adoption_unsupported), one that is gone is. Written to the audit log. @throws AppError not_found, service_not_ready, action_in_progress, adoption_unsupported, rescue_running, connection_failed, invalid_input (host name) */
export const unlinkMachine = (deps: AdoptionDeps) => async ({ id, hostname, reason, actor }: { readonly id: string, readonly hostname: string, readonly reason: string, readonly actor: Actor }): Promise<void> => {
  const service = await deps.read.servicePages.find(id)
  if (!service) throw new AppError('not_found')
  const refusal = unlinkRefusal(service)
  if (refusal) throw new AppError(refusal)
  if (service.vmid === null || service.node === null) throw new AppError('service_not_ready')
  if (service.rescue !== null) throw new AppError('rescue_running')
  if (hostname !== service.hostname) throw fieldError('hostname', 'hostname_mismatch')
  if (machineCapabilities(service.connectionKind, service.machineType)?.adoption !== true && await machineThere(deps, await deps.read.serviceControl.facts(id))) throw new AppError('adoption_unsupported')
  await deps.transact(async (stores) => {
    await openTie(stores, { kind: 'unlink', serviceId: id, actor: actorLabel(actor), at: deps.clock.now(), refusal: unlinkRefusal, state: { unlink: { toMark: deps.newId() } } })
    await stores.audit.record({ actor, action: 'service.unlink', entity: 'service', entityId: id, before: { connectionId: service.connectionId, node: service.node, vmid: service.vmid, ipv4: service.ipv4 }, after: { reason } })
  })
}

/** Builds a machine for a service whose machine was let go, as at first: another address, another password. Written to the audit log. @throws AppError not_found, service_not_ready, service_suspended, action_in_progress */
export const buildAnew = (deps: Pick<AdoptionDeps, 'transact' | 'clock'>) => async ({ id, reason, actor }: { readonly id: string, readonly reason: string, readonly actor: Actor }): Promise<void> => {
  await deps.transact(async (stores) => {
    await openTie(stores, { kind: 'provision', serviceId: id, actor: actorLabel(actor), at: deps.clock.now(), refusal: buildRefusal })
    await stores.audit.record({ actor, action: 'service.build', entity: 'service', entityId: id, after: { reason } })
  })
}
