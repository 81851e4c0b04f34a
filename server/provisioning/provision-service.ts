import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { HypervisorCapabilities } from '#shared/vocabulary/machines.ts'
import { madeOn, servesNode } from '../infrastructure/ports.ts'
import type { HypervisorDriver, MachineRef, MachineSpec, MachineState, MadeOn, Placement, TaskHandle } from '../infrastructure/ports.ts'
import { awaitSetup } from './await-setup.ts'
import { moveResource } from './move-resource.ts'
import type { MachineFacts, SagaState } from './ports.ts'
import { back, done, wait } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { driverOf, filterAddress, filterDifference, followTask, hour, inspectMachine, machineOf, minute, provisioningActor, removeMachine, settleSeconds } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

/** The machine that carries the service's mark already, where there is one. */
export const machineAlready = async (context: StepContext) => context.facts.resource?.connectionId ? await (await context.tools.openHypervisor(context.facts.resource.connectionId)).findByMark(context.facts.resource.ownershipMark, context.facts.resource.vmid) : null

/** Where it fits: first on the connection whose address is reserved, else on another one that has the template. */
async function choosePlacement({ facts, tools }: StepContext, held: string | null): Promise<Placement> {
  const all = [...new Set(facts.templates.map(template => template.connectionId))]
  const first = held !== null && all.includes(held) ? [held] : all
  const rest = all.filter(id => !first.includes(id))
  const ask = (connectionIds: string[]) => tools.checkCapacity({ forServiceId: facts.serviceId, clientId: facts.clientId, policy: facts.placementPolicy, connectionIds, cpuCores: facts.spec.cpuCores, ramMiB: facts.spec.ramMiB, diskGiB: facts.spec.diskGiB, extraIpv4: facts.spec.extraIpv4, count: 1, holds: facts.address, ipv6: facts.ipv6, madeOn: madeOn(facts.templates) })
  const found = await ask(first).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'out_of_stock' && rest.length > 0) return ask(rest)
    throw error
  })
  const [placement] = found
  if (!placement) throw new AppError('out_of_stock', { message: 'no node has room' })
  return placement
}

/** Holds what a machine will take, on the connection that was seen to have room, and gives it an address there. `choose`: what it is made of on a node, and with which login. */
export async function holdPlace<Made extends { readonly username: string | null }>(context: StepContext, seen: Placement, made: readonly MadeOn[], choose: (node: string) => Made): Promise<{ readonly placement: Placement, readonly made: Made }> {
  const { facts } = context
  return context.write(async (stores) => {
    // Another build may have been given this node since it was looked at: what is chosen under the lock counts.
    const [held] = await context.tools.holdCapacity(stores, { clientId: facts.clientId, forServiceId: facts.serviceId, claims: [{ ...facts.spec, connectionIds: [seen.connectionId], count: 1, policy: facts.placementPolicy, holds: facts.address, ipv6: facts.ipv6, madeOn: [...made] }] })
    const placement = held ?? seen
    const chosen = choose(placement.node)
    const { address } = facts
    if (address && (address.connectionId !== placement.connectionId || !servesNode(address.nodes, placement.node))) await stores.addresses.release(facts.serviceId)
    await stores.addresses.reserve({ serviceId: facts.serviceId, connectionIds: [placement.connectionId], node: placement.node })
    await stores.resources.update(facts.serviceId, { connectionId: placement.connectionId, node: placement.node, username: chosen.username, vmid: null })
    return { placement, made: chosen }
  })
}

async function place(context: StepContext): Promise<StepOutcome> {
  const { facts } = context
  if (await machineAlready(context)) return done('machine_exists')
  if (facts.templates.length === 0) throw new DriverError('action_required', `template ${facts.templateName ?? facts.templateId ?? '(none)'} is no longer on any connection of the product`, { who: 'sysadmin' })
  const seen = await choosePlacement(context, facts.address?.connectionId ?? null)
  const here = facts.templates.filter(template => template.connectionId === seen.connectionId)
  const { placement, made: template } = await holdPlace(context, seen, madeOn(here), (node) => {
    const template = here.find(row => row.node === node || row.nodes.includes(node)) ?? here.find(({ nodes }) => nodes.length === 0)
    if (!template) throw new DriverError('retryable', 'the chosen node has no template')
    return template
  })
  await context.save({ placement, template: { node: template.node, ref: template.ref, identity: template.identity } })
  return done(placement.node)
}

export async function reserveNumber(context: StepContext): Promise<StepOutcome> {
  const { resource, serviceId } = context.facts
  if (!resource?.connectionId) return back('place', 'no placement')
  if (resource.vmid !== null) return done(String(resource.vmid))
  const from = await (await context.tools.openHypervisor(resource.connectionId)).nextFreeId()
  const { connectionId } = resource
  return done(String(await context.write(stores => stores.resources.reserveVmid(serviceId, connectionId, from))))
}

export async function forgetNumber(context: StepContext): Promise<StepOutcome> {
  await context.write(stores => stores.resources.update(context.facts.serviceId, { vmid: null }))
  return done()
}

/**
 * One machine, whatever happens: the intent is stored before the act, and while there is a doubt the machine is looked for by its mark.
 * It is sent again only under the same number, which the hypervisor gives out once; another number is taken only after a clear refusal.
 * @param backTo the step that chooses number and place anew
 * @param send makes a machine under this number; left out: a clone of the chosen template
 */
export const cloneStep = (backTo: string, send: Send = cloneTemplate) => async (context: StepContext): Promise<StepOutcome> => {
  const { facts, state } = context
  const driver = await driverOf(context)
  const { machine, resource } = machineOf(facts)
  if (state.task) {
    const task = await driver.task(state.task)
    if (task.state === 'running') return wait(context.pollSeconds(), 'task_running')
    if (task.state === 'failed') return back(backTo, task.message)
  }
  const found = await driver.findByMark(resource.ownershipMark, machine.vmid)
  if (found) {
    if (found.vmid !== machine.vmid || found.node !== machine.node) await context.write(stores => stores.resources.update(facts.serviceId, found))
    const seen = await driver.inspect({ ...found, ownershipMark: resource.ownershipMark })
    return seen && seen.lock === null ? done() : wait(context.pollSeconds(), 'locked')
  }
  if (state.sentAt && !state.task && context.now().getTime() - Date.parse(state.sentAt) < settleSeconds * 1000) return wait(2, 'looking_for_lost_answer')
  return sendOnce(context, backTo, send)
}

/** The template as it was stored: by its reference or, by an earlier release, by its number. */
export function chosenTemplate({ template }: Pick<SagaState, 'template'>): { readonly node: string, readonly ref: string } | null {
  const ref = template?.ref ?? template?.vmid?.toString()
  return template && ref !== undefined ? { node: template.node, ref } : null
}

/** What the machine is made of; null: it has no address (any more). Its password is kept before it is used: whoever repeats the step sets the same one. */
async function machineSpec({ facts, state, tools, write }: StepContext): Promise<MachineSpec | null> {
  const { resource } = machineOf(facts)
  const { address } = facts
  if (!address) return null
  const sealed = resource.initialPassword ?? tools.secrets.seal(tools.newPassword())
  if (resource.initialPassword === null) await write(stores => stores.resources.update(facts.serviceId, { initialPassword: sealed }))
  return { hostname: facts.hostname, ...facts.spec, identity: state.template?.identity, address, login: { username: resource.username ?? 'root', password: tools.secrets.open(sealed), sshKey: facts.sshKey } }
}

/** Answers the step to go back to, and why, where what it needs is gone. */
type Send = (context: StepContext, driver: HypervisorDriver, machine: MachineRef) => Promise<TaskHandle | string>

const cloneTemplate: Send = async (context, driver, machine) => {
  const template = chosenTemplate(context.state)
  if (!template) return 'no template chosen'
  const spec = await machineSpec(context)
  if (!spec) return 'no address'
  return driver.clone({ template, vmid: machine.vmid, node: machine.node, hostname: context.facts.hostname, ownershipMark: machine.ownershipMark, spec })
}

async function sendOnce(context: StepContext, backTo: string, send: Send): Promise<StepOutcome> {
  const { machine } = machineOf(context.facts)
  const driver = await driverOf(context)
  await context.save({ sentAt: context.now().toISOString(), task: null })
  try {
    const task = await send(context, driver, machine)
    if (typeof task === 'string') return back(backTo, task)
    await context.save({ task })
    return wait(context.pollSeconds(), 'task_running')
  } catch (error) {
    // A clear "it did not happen": the number may be taken or the node full, so both are chosen anew.
    if (error instanceof DriverError && error.kind === 'retryable') return back(backTo, error.message)
    throw error
  }
}

export const configureStep = (backTo: string) => async (context: StepContext): Promise<StepOutcome> => {
  const spec = await machineSpec(context)
  return spec ? followTask(context, (driver, machine) => driver.configure(machine, spec)) : back(backTo, 'no address')
}

/** In what the machine's size differs from what was sold. */
export function sizeDifferences(spec: MachineFacts['spec'], seen: Pick<MachineState, 'cpuCores' | 'memoryTotalMiB' | 'diskGiB' | 'rateMbps'>): string[] {
  return [
    seen.cpuCores === spec.cpuCores ? null : `${seen.cpuCores} of ${spec.cpuCores} cores`,
    seen.memoryTotalMiB >= spec.ramMiB * 0.99 && seen.memoryTotalMiB <= spec.ramMiB * 1.01 ? null : `${seen.memoryTotalMiB} of ${spec.ramMiB} MiB memory`,
    seen.diskGiB >= spec.diskGiB * 0.99 ? null : `${seen.diskGiB} of ${spec.diskGiB} GiB disk`,
    seen.rateMbps === null || Math.abs(seen.rateMbps - spec.rateMbps) <= Math.max(1, spec.rateMbps * 0.06) ? null : `${seen.rateMbps} of ${spec.rateMbps} Mbit/s`,
  ].filter(text => text !== null)
}

/** What the pool does not say is the connection's and the template's, and not compared. */
function networkDifference(address: MachineFacts['address'], seen: MachineState['network']): string | null {
  if (!address || !seen) return null
  if (address.bridge && seen.bridge !== address.bridge) return `network ${seen.bridge ?? 'none'} instead of ${address.bridge}`
  return address.vlanTag && seen.vlanTag !== address.vlanTag ? `VLAN ${seen.vlanTag ?? 'none'} instead of ${address.vlanTag}` : null
}

/** In what the machine differs from what was sold, as far as its hypervisor can do it; empty: it is what was sold. */
export function differences(facts: Pick<MachineFacts, 'spec' | 'address'>, seen: MachineState, capabilities: HypervisorCapabilities): string[] {
  const { spec, address } = facts
  return [
    ...sizeDifferences(spec, seen),
    address && seen.ipv4 === address.ipv4 ? null : `address ${seen.ipv4 ?? 'none'} instead of ${address?.ipv4 ?? 'none'}`,
    address?.ipv6 && seen.ipv6 !== address.ipv6.address ? `IPv6 address ${seen.ipv6 ?? 'none'} instead of ${address.ipv6.address}` : null,
    seen.startsAtBoot === false ? 'does not start at boot' : null,
    seen.networkUp ? null : 'network link is down',
    networkDifference(address, seen.network),
    capabilities.addressFilter ? filterDifference(facts, seen) : null,
  ].filter(text => text !== null)
}

/** The machine runs and is what was sold; what only its first boot needed is wiped then. Goes back to `start` or `configure`. */
export async function verifyBuilt(context: StepContext): Promise<StepOutcome> {
  const seen = await inspectMachine(context)
  if (seen.lock) return wait(context.pollSeconds(), 'locked')
  if (seen.ownershipMark !== context.facts.resource?.ownershipMark) throw new DriverError('not_ours', 'the machine does not carry our mark')
  if (seen.power !== 'running') return back('start', 'the machine does not run')
  const driver = await driverOf(context)
  const wrong = differences(context.facts, seen, driver.capabilities)
  const unset = awaitSetup(context, seen, wrong.length > 0)
  if (unset) return unset
  // The guest is still booting: its address is waited for, and a machine that never tells it is not called ready.
  if ((seen.ipv4 === null || (context.facts.address?.ipv6 && seen.ipv6 === null)) && !driver.capabilities.knowsAddress) return wait(context.pollSeconds(), 'waiting_for_address')
  if (wrong.length > 0) return back('configure', wrong.join(', '))
  await driver.forgetFirstBoot(machineOf(context.facts).machine)
  await context.write(stores => stores.resources.observe(context.facts.serviceId, seen, 'made'))
  return done()
}

/** The only road to an active service: everything that says "it runs" becomes true in one transaction. */
export async function activateBuilt(context: StepContext): Promise<StepOutcome> {
  const { facts, saga, tools } = context
  const { serviceId } = facts
  await context.write(async (stores) => {
    await moveResource(stores, { serviceId, to: 'ready', cause: 'machine_verified', actor: saga.actor, at: context.businessNow() })
    await stores.addresses.markAssigned(serviceId)
    await tools.markServiceActive(stores, { serviceId, cause: 'machine_verified', actor: provisioningActor })
  })
  return done()
}

export const stopAgain = (context: StepContext) => followTask(context, async (driver, machine) => {
  const seen = await driver.inspect(machine)
  return seen === null || seen.power === 'stopped' ? null : driver.stop(machine)
})

/** Built anew for a service that was suspended meanwhile, it is not started (D11): its suspension holds it, and the resume finishes its first boot. */
export async function startBuilt(context: StepContext): Promise<StepOutcome> {
  const { facts } = context
  if (facts.status === 'suspended' && !facts.resumable) {
    await context.write(stores => stores.resources.update(facts.serviceId, { firstBoot: true }))
    throw new DriverError('action_required', 'the service was suspended: its machine is not started', { who: 'sysadmin' })
  }
  return followTask(context, (driver, machine) => driver.start(machine))
}

/** Builds the machine of a service that was paid for the first time, or has none since staff let it go, and activates it when it was read back. */
export const provisionSaga: SagaDefinition = {
  kind: 'provision',
  // With the back-off, about two hours of trying; then staff decide.
  maxAttempts: 16,
  failureIsError: true,
  cancelWhen: facts => facts.status === 'ended' ? 'the service has ended' : null,
  steps: [
    { name: 'place', patienceSeconds: minute, run: place, undo: { none: 'chosen anew by the next run; the address stays reserved for the service' } },
    { name: 'reserve', patienceSeconds: minute, run: reserveNumber, undo: forgetNumber },
    { name: 'clone', patienceSeconds: 6 * hour, run: cloneStep('place'), undo: context => removeMachine(context) },
    { name: 'configure', patienceSeconds: 15 * minute, run: configureStep('place'), undo: { none: 'written again as a whole by the next run' } },
    { name: 'grow_disk', patienceSeconds: hour, run: context => followTask(context, (driver, machine) => driver.growDisk(machine, context.facts.spec.diskGiB)), undo: { none: 'a disk is never shrunk; one that is large enough is left alone' } },
    { name: 'filter', patienceSeconds: minute, run: filterAddress, undo: { none: 'goes with the machine; set again as a whole by the next run' } },
    { name: 'start', patienceSeconds: 15 * minute, run: startBuilt, undo: stopAgain },
    { name: 'verify', patienceSeconds: 10 * minute, run: verifyBuilt, undo: { none: 'only looks' } },
    { name: 'activate', patienceSeconds: minute, run: activateBuilt, undo: { none: 'the last step: nothing goes back over it' } },
  ],
}
