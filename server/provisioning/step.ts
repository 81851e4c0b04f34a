import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { SagaKind } from '#shared/vocabulary/machines.ts'
import type { FinishChange, MarkServiceActive } from '../billing/ports.ts'
import { firewallDifference } from '../infrastructure/ports.ts'
import type { CapacityCheck, HoldCapacity, HypervisorDriver, MachineRef, MachineState, OpenHypervisor, OpenPanel, FindServers, HoldAccounts, RoomOnNodes, SystemActor, TaskHandle } from '../infrastructure/ports.ts'
import type { SecretBox } from '../kernel/ports.ts'
import { done, wait } from './saga.ts'
import type { StepFailure, StepOutcome } from './saga.ts'
import type { MachineFacts, ProvisioningStores, ResourceRow, SagaRow, SagaState } from './ports.ts'

/** What the steps may use of the outside. */
export interface StepTools {
  readonly openHypervisor: OpenHypervisor
  readonly checkCapacity: CapacityCheck
  readonly holdCapacity: HoldCapacity
  readonly roomOnNodes: RoomOnNodes
  readonly openPanel: OpenPanel
  readonly findServers: FindServers
  readonly holdAccounts: HoldAccounts
  readonly markServiceActive: MarkServiceActive
  readonly finishChange: FinishChange
  readonly secrets: SecretBox
  /** A random password that a person can type and every guest accepts. */
  readonly newPassword: () => string
}

/** What one run of one step sees. `facts` were read as the run began. */
export interface StepContext {
  readonly saga: SagaRow
  readonly facts: MachineFacts
  readonly state: SagaState
  readonly tools: StepTools
  /** Wall time: for delays. */
  readonly now: () => Date
  /** For what people read. */
  readonly businessNow: () => Date
  /** Seconds to wait before looking again: short at first, longer the longer it takes. */
  readonly pollSeconds: () => number
  /** Stores what a successor must know. Before a remote act, not after. @throws LeaseLost */
  save(change: Partial<SagaState>): Promise<void>
  /** A transaction that commits only while this worker still holds the saga. @throws LeaseLost */
  write<T>(work: (stores: ProvisioningStores) => Promise<T>): Promise<T>
}

export interface SagaStep {
  readonly name: string
  readonly patienceSeconds: number
  run(context: StepContext): Promise<StepOutcome>
  /** Staff may leave it out, for a reason: what it leaves undone is said on screen, and nothing that is sold, proven or promised rests on it. Never one that clones, destroys, proves whose a machine is, or filters before a start. */
  readonly skippable?: boolean
  /** Takes back what the step did when the saga goes back over it; or why nothing has to be taken back. */
  readonly undo: ((context: StepContext) => Promise<StepOutcome>) | { readonly none: string }
}

export interface SagaDefinition {
  readonly kind: SagaKind
  readonly maxAttempts: number | null
  readonly steps: readonly SagaStep[]
  /** The reason why it must not go on, if there is one: asked before every step. */
  readonly cancelWhen: (facts: MachineFacts) => string | null
  /** A failure leaves the machine in an unknown shape: the resource turns to `error`. */
  readonly failureIsError: boolean | ((saga: SagaRow) => boolean)
  /** Called off after it began, it takes back what its steps did, the last one first, until this step begins; left out: what was sent goes its way. Every step before it has to give back all that it did. */
  readonly callOffBefore?: string
  /** What its end without success means for other books, in the transaction that ends it. `cancelled`: something else took its place. */
  readonly onFailed?: (stores: ProvisioningStores, saga: SagaRow, end: { readonly reason: string, readonly at: Date, readonly cancelled: boolean }) => Promise<void>
}

/** Another worker has taken the saga over: nothing more may be written or done by this one. */
export class LeaseLost extends Error {
  constructor() {
    super('this worker no longer holds the saga')
    this.name = 'LeaseLost'
  }
}

export const minute = 60
export const hour = 3600
export const provisioningActor: SystemActor = { kind: 'system', name: 'provisioning' }

/** @throws DriverError action_required when the service has no machine to speak of. */
export function machineOf(facts: MachineFacts): { resource: ResourceRow & { connectionId: string }, machine: MachineRef } {
  const { resource } = facts
  if (!resource || resource.connectionId === null || resource.node === null || resource.vmid === null) throw new DriverError('action_required', 'the service has no machine', { who: 'sysadmin' })
  return { resource: { ...resource, connectionId: resource.connectionId }, machine: { node: resource.node, vmid: resource.vmid, ownershipMark: resource.ownershipMark } }
}

export const driverOf = (context: StepContext): Promise<HypervisorDriver> => context.tools.openHypervisor(machineOf(context.facts).resource.connectionId)

/** A service whose machine may run now. */
export const entitled = ({ status }: Pick<MachineFacts, 'status'>): boolean => status === 'active' || status === 'past_due'

/** Reads the machine back. @throws DriverError action_required when no machine carries our mark. */
export async function inspectMachine(context: StepContext): Promise<MachineState> {
  const { machine } = machineOf(context.facts)
  const state = await (await driverOf(context)).inspect(machine)
  if (!state) throw new DriverError('action_required', 'no machine carries our mark any more', { who: 'sysadmin' })
  return state
}

/**
 * Starts a remote task once and follows it to its end: its handle is stored before anybody waits, so that a successor goes on waiting
 * instead of acting again. The handle is forgotten when the step ends, or here when the task failed.
 */
export async function followTask(context: StepContext, act: (driver: HypervisorDriver, machine: MachineRef) => Promise<TaskHandle | null>, onTaskFailure: 'retryable' | 'permanent' | 'as_told' = 'retryable'): Promise<StepOutcome> {
  const driver = await driverOf(context)
  let handle = context.state.task ?? null
  if (!handle) {
    handle = await act(driver, machineOf(context.facts).machine)
    if (!handle) return done()
    await context.save({ task: handle })
  }
  const state = await driver.task(handle)
  if (state.state === 'running') return wait(context.pollSeconds(), 'task_running')
  if (state.state === 'done') return done(state.warnings ? 'task_warnings' : undefined)
  await context.save({ task: null })
  throw new DriverError(onTaskFailure === 'as_told' ? state.kind : onTaskFailure, state.message)
}

/** Of tasks that keep a sealed password until it is set: when something else takes their place, nobody needs it any more. Tried again by staff, one that failed still has it. */
export const forgetPassword: NonNullable<SagaDefinition['onFailed']> = async (stores, { id, state }, { cancelled }) => {
  if (cancelled && state.password) await stores.sagas.remember(id, { ...state, password: null })
}

/** All that a machine may send from. */
export const sendersOf = ({ ipv4, extra = [], ipv6 }: Pick<NonNullable<MachineFacts['address']>, 'ipv4' | 'extra' | 'ipv6'>): string[] => [ipv4, ...extra.map(each => each.ipv4), ...ipv6 ? [ipv6.sender] : []].sort()

/** Lets the machine send from the service's own addresses alone, and gives it the firewall rules that are wished, where its hypervisor can. */
export async function setFilter(context: StepContext): Promise<void> {
  const driver = await driverOf(context)
  if (!driver.capabilities.addressFilter) return
  const { address, firewall } = context.facts
  if (!address) throw new DriverError('action_required', 'the service has no address', { who: 'sysadmin' })
  const { machine } = machineOf(context.facts)
  await driver.filterAddresses(machine, sendersOf(address), firewall?.policyIn)
  if (firewall && driver.capabilities.firewall) await driver.setFirewall(machine, firewall)
}

/** The same, read back. Stands before every start, so that no machine is started without its filter, also one that was built before there was any. */
export async function filterAddress(context: StepContext): Promise<StepOutcome> {
  if (!(await driverOf(context)).capabilities.addressFilter) return { kind: 'done', detail: 'no_address_filter', skipped: true }
  await setFilter(context)
  const { firewall } = context.facts
  const open = filterDifference(context.facts, await inspectMachine(context)) ?? (firewall && firewallDifference(firewall, await (await driverOf(context)).readFirewall(machineOf(context.facts).machine)))
  if (open) throw new DriverError('retryable', open)
  return done()
}

/** What the machine may send from, where that is not exactly the service's addresses; null: it is. */
export function filterDifference({ address }: Pick<MachineFacts, 'address'>, { filteredAddresses }: Pick<MachineState, 'filteredAddresses'>): string | null {
  const wanted = address ? sendersOf(address) : []
  if (address && filteredAddresses && filteredAddresses.toSorted().join() === wanted.join()) return null
  return filteredAddresses === null ? 'sender addresses are not filtered' : `filter lets ${filteredAddresses.join(' and ') || 'no address'} pass instead of ${wanted.join(' and ') || 'none'}`
}

/** For how long what was asked for, its answer lost, may still come to light before it counts as not done. */
export const settleSeconds = 20

/** Before anything is undone: what the hypervisor was asked to do has ended, and what may have been asked has come to light. Null: nothing is in flight. */
export async function awaitInFlight(context: StepContext): Promise<StepOutcome | null> {
  const { state: { task, sentAt }, facts: { resource } } = context
  if (task && resource?.connectionId) {
    const { state } = await (await context.tools.openHypervisor(resource.connectionId)).task(task)
    return state === 'running' ? wait(context.pollSeconds(), 'task_running') : null
  }
  return sentAt && context.now().getTime() - Date.parse(sentAt) < settleSeconds * 1000 ? wait(2, 'looking_for_lost_answer') : null
}

/** Stops and destroys the machine that carries our mark, or one that it carried before; nothing else is ever touched. Done when none carries it. */
export async function removeMachine(context: StepContext, mark?: string): Promise<StepOutcome> {
  const { resource } = context.facts
  if (!resource || resource.connectionId === null) return done('never_built')
  const driver = await context.tools.openHypervisor(resource.connectionId)
  if (context.state.task) {
    const task = await driver.task(context.state.task)
    if (task.state === 'running') return wait(context.pollSeconds(), 'task_running')
    await context.save({ task: null })
    if (task.state === 'failed') throw new DriverError('retryable', task.message)
    return wait(0, 'task_done')
  }
  const ownershipMark = mark ?? resource.ownershipMark
  const found = await driver.inspect({ ownershipMark, node: resource.node, vmid: resource.vmid })
  if (!found) return done('machine_gone')
  if (found.lock) return wait(context.pollSeconds(), `locked: ${found.lock}`)
  const machine = { node: found.node, vmid: found.vmid, ownershipMark }
  const task = found.power === 'stopped' ? await driver.destroy(machine) : await driver.stop(machine)
  if (task) await context.save({ task })
  return wait(task ? context.pollSeconds() : 0, found.power === 'stopped' ? 'destroying' : 'stopping')
}

/** How a thrown error counts. `unknown_outcome` is worth another look: every step inspects before it acts again. */
export function toFailure(error: unknown): StepFailure {
  if (error instanceof DriverError) {
    const retryable = error.kind === 'retryable' || error.kind === 'unknown_outcome'
    return { kind: 'failure', retryable, reason: error.message, ...(error.afterSeconds === undefined ? {} : { afterSeconds: error.afterSeconds }) }
  }
  if (error instanceof AppError) return { kind: 'failure', retryable: error.code === 'out_of_stock' || error.code === 'capacity_unknown' || error.status === 503, reason: error.message, afterSeconds: error.retryAfterSeconds ?? 15 }
  return { kind: 'failure', retryable: true, reason: error instanceof Error ? error.message : String(error) }
}
