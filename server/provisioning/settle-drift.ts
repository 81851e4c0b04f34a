import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import { driftActsOf } from '#shared/vocabulary/machines.ts'
import type { DriftKind } from '#shared/vocabulary/machines.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import type { AccountState, MachineState, OpenHypervisor, OpenPanel } from '../infrastructure/ports.ts'
import { accountOf } from './account.ts'
import type { DriftFinding, DriftStore } from './drift-ports.ts'
import { openRepair } from './open-saga.ts'
import type { ProvisioningStores, ResourceRow, ServiceControl } from './ports.ts'

interface Deps { readonly transact: Transact<ProvisioningStores>, readonly drift: DriftStore, readonly openHypervisor: OpenHypervisor, readonly openPanel: OpenPanel, readonly serviceControl: ServiceControl, readonly clock: Clock }
export type DriftAct = { readonly action: 'ignore', readonly reason: string } | { readonly action: 'watch' } | { readonly action: 'repair' } | { readonly action: 'adopt' }

/**
 * What staff decide about a disagreement. A repair is a task like any other and proves the machine before it touches it; nothing is destroyed by it.
 * The finding is closed by the next look that no longer sees it. @throws AppError not_found (resolved meanwhile), drift_not_repairable, action_in_progress, service_not_ready, connection_failed
 */
export const settleDrift = ({ transact, drift, openHypervisor, openPanel, serviceControl, clock }: Deps) => async ({ id, act, actor }: { readonly id: string, readonly act: DriftAct, readonly actor: Actor }): Promise<void> => {
  const before = await drift.find(id)
  if (!before || before.resolvedAt) throw new AppError('not_found')
  const found = act.action === 'repair' || act.action === 'adopt' ? await lookFirst({ transact, openHypervisor, openPanel, serviceControl }, before, act.action) : null
  await transact(async (stores) => {
    const finding = await stores.drift.lock(id)
    if (!finding || finding.resolvedAt) throw new AppError('not_found')
    const at = clock.now()
    if (found) await repair(stores, finding, { ...found, actor, at })
    else await stores.drift.ignore(id, act.action === 'ignore' ? { at, by: actorLabel(actor), why: act.reason } : null)
    await stores.audit.record({ actor, action: `drift.${act.action}`, entity: finding.serviceId ? 'service' : 'drift', entityId: finding.serviceId ?? id, after: { kind: finding.kind, node: finding.node, vmid: finding.vmid, ...finding.detail, ...(act.action === 'ignore' ? { reason: act.reason } : {}) } })
    stores.live.publish({ audience: 'staff', name: 'connection', id: 'drift' })
  })
}

/** What is there a moment before it is written down; what is put right from outside is put right here. @throws AppError drift_not_repairable */
interface LookedAt { readonly seen: MachineState | null, readonly account: AccountState | null, /** Of the first card. */ readonly card: string | null }
async function lookFirst({ transact, openHypervisor, openPanel, serviceControl }: Pick<Deps, 'transact' | 'openHypervisor' | 'openPanel' | 'serviceControl'>, before: DriftFinding, act: 'repair' | 'adopt'): Promise<LookedAt> {
  if (!driftActsOf(before.kind, before.connectionKind).includes(act)) throw new AppError('drift_not_repairable')
  const nothing = { seen: null, account: null, card: null }
  if (act === 'adopt') return { ...nothing, card: (await look(openHypervisor, before))?.mac ?? null }
  if (before.kind === 'wrong_mac') return { ...nothing, card: await giveCardBack({ transact, openHypervisor }, before) }
  if (before.kind === 'untagged') await markAgain(openHypervisor, before)
  if (before.kind === 'renumbered') return { ...nothing, seen: await look(openHypervisor, before) }
  return { ...nothing, account: before.kind === 'account_renamed' ? await lookAtAccount({ openPanel, serviceControl }, before) : null }
}

async function look(openHypervisor: OpenHypervisor, finding: DriftFinding): Promise<MachineState | null> {
  try {
    return await (await openHypervisor(finding.connectionId)).inspect({ ownershipMark: finding.key, node: finding.node, vmid: finding.vmid })
  } catch (error) {
    throw error instanceof DriverError ? new AppError('connection_failed', { params: { detail: error.message }, cause: error }) : error
  }
}

/** The first card gets the hardware address of the books again, and is read back with it. */
async function giveCardBack({ transact, openHypervisor }: Pick<Deps, 'transact' | 'openHypervisor'>, { serviceId, connectionId, key, node, vmid, detail }: DriftFinding): Promise<string> {
  if (serviceId === null) throw new AppError('drift_not_repairable')
  // A task at work writes the same configuration.
  if (await transact(stores => stores.sagas.lockOpen(serviceId))) throw new AppError('action_in_progress')
  try {
    const driver = await openHypervisor(connectionId)
    const machine = { ownershipMark: key, node, vmid }
    const seen = await driver.inspect(machine)
    if (!seen) throw new AppError('not_found')
    const expected = String(detail.expected)
    await driver.setCardAddress({ ownershipMark: key, node: seen.node, vmid: seen.vmid }, expected)
    const now = (await driver.inspect(machine))?.mac ?? null
    if (now !== expected) throw new AppError('connection_failed', { params: { detail: `the network card has ${now ?? 'no address'} instead of ${expected}` } })
    return expected
  } catch (error) {
    throw error instanceof DriverError ? new AppError('connection_failed', { params: { detail: error.message }, cause: error }) : error
  }
}

/** A list shows it again: its description proves whose it is. */
async function markAgain(openHypervisor: OpenHypervisor, { connectionId, key, node, vmid }: DriftFinding): Promise<void> {
  try {
    const driver = await openHypervisor(connectionId)
    if (!driver.capabilities.adoption) throw new AppError('drift_not_repairable')
    const seen = await driver.inspect({ ownershipMark: key, node, vmid })
    if (!seen) throw new AppError('not_found')
    await driver.completeMark({ ownershipMark: key, node: seen.node, vmid: seen.vmid })
  } catch (error) {
    throw error instanceof DriverError ? new AppError('connection_failed', { params: { detail: error.message }, cause: error }) : error
  }
}

/** The account of a finding under the name that it was seen with; its birth proves it. */
async function lookAtAccount({ openPanel, serviceControl }: Pick<Deps, 'openPanel' | 'serviceControl'>, { serviceId, detail }: DriftFinding): Promise<AccountState | null> {
  const facts = serviceId === null ? null : await serviceControl.facts(serviceId)
  if (!facts) return null
  try {
    const { connectionId, ref } = accountOf(facts)
    return await (await openPanel(connectionId)).find({ ...ref, user: String(detail.user ?? ref.user) })
  } catch (error) {
    throw error instanceof DriverError ? new AppError('connection_failed', { params: { detail: error.message }, cause: error }) : error
  }
}

/** What a task puts right; the others are only written down. */
const repairedBy: Partial<Record<DriftKind, 'suspend' | 'resize' | 'firewall'>> = { runs_although_suspended: 'suspend', wrong_filter: 'firewall', account_runs: 'suspend', wrong_size: 'resize', wrong_package: 'resize' }

async function repair(stores: ProvisioningStores, finding: DriftFinding, { actor, at, ...found }: LookedAt & { readonly actor: Actor, readonly at: Date }): Promise<void> {
  const { kind, serviceId } = finding
  if (serviceId === null) throw new AppError('drift_not_repairable')
  const task = repairedBy[kind]
  if (task) return openRepair(stores, { kind: task, serviceId, actor: actorLabel(actor) })
  await stores.serviceControl.lock(serviceId)
  const resource = await stores.resources.lock(serviceId)
  if (await stores.sagas.lockOpen(serviceId)) throw new AppError('action_in_progress')
  if (kind === 'leaked_address') {
    if (resource && resource.status !== 'destroyed' && resource.status !== 'none') throw new AppError('service_not_ready')
    await stores.addresses.release(serviceId)
  } else {
    await writeDown(stores, { ...finding, serviceId }, resource, found)
  }
  await stores.drift.resolve(finding.id, at)
}

/** What was proven a moment ago is what the books say from now on. @throws AppError not_found */
async function writeDown(stores: ProvisioningStores, { kind, serviceId, key, connectionId }: DriftFinding & { readonly serviceId: string }, resource: ResourceRow | null, { seen, account, card }: LookedAt): Promise<void> {
  if (kind === 'account_renamed') {
    // By its birth, under the new name.
    if (!account) throw new AppError('not_found')
    await stores.resources.update(serviceId, { username: account.user })
  } else if (kind === 'wrong_mac') {
    // At the machine that carries the mark: given back, or taken on.
    if (card === null || resource?.ownershipMark !== key) throw new AppError('not_found')
    await stores.resources.update(serviceId, { mac: card })
  } else if (kind === 'renumbered') {
    // This very machine carries the mark of this service.
    if (!seen || seen.ownershipMark !== resource?.ownershipMark) throw new AppError('not_found')
    await stores.resources.update(serviceId, { vmid: seen.vmid, node: seen.node, connectionId })
  }
}
