import { DriverError } from '#shared/errors/driver-error.ts'
import { servesNode } from '../infrastructure/ports.ts'
import type { HypervisorDriver, StrangeMachine } from '../infrastructure/ports.ts'
import { gone } from './drift.ts'
import { moveResource } from './move-resource.ts'
import type { MachineFacts, SagaState } from './ports.ts'
import { sizeDifferences } from './provision-service.ts'
import { done, wait } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { filterAddress, followTask, inspectMachine, machineOf, minute, provisioningActor } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

type Plan = NonNullable<SagaState['adopt']>
function planOf({ state }: Pick<StepContext, 'state'>): Plan {
  if (!state.adopt) throw new DriverError('permanent', 'the saga names no machine')
  return state.adopt
}
const refuse = (why: string): never => {
  throw new DriverError('action_required', why, { who: 'sysadmin' })
}

/** Why this machine may not be given to the service, whatever the books say; null: it may. Pure. */
export function strangerObstacle(seen: StrangeMachine | null, { vmid, name, toMark, instead }: Pick<Plan, 'vmid' | 'name' | 'toMark' | 'instead'>): string | null {
  if (!seen) return `there is no machine ${vmid}`
  if (seen.template) return `machine ${vmid} is a template`
  if (seen.name !== name) return `machine ${vmid} is called ${seen.name || 'nothing'}, not ${name}`
  if (seen.marks.some(mark => mark !== toMark && mark !== instead)) return `machine ${vmid} carries another mark`
  if (seen.keptSnapshots.length > 0 && !seen.marks.includes(toMark)) return `machine ${vmid} has snapshots of an earlier owner: ${seen.keptSnapshots.join(', ')}`
  return null
}

/** Nothing carries the mark that the service has had until now: a second machine of it would be nobody's to find. */
async function proveAlone({ facts, tools }: StepContext, { fromMark }: Plan): Promise<void> {
  const { resource } = facts
  if (!resource || resource.connectionId === null || resource.ownershipMark !== fromMark) return
  const there = await (await tools.openHypervisor(resource.connectionId)).findByMark(fromMark)
  if (there) refuse(`machine ${there.vmid} on ${there.node} carries the mark of this service`)
}

const opened = ({ tools }: StepContext, { connectionId }: Plan): Promise<HypervisorDriver> => tools.openHypervisor(connectionId)

/** The last look before anything is written. Nothing is changed. */
async function check(context: StepContext): Promise<StepOutcome> {
  const plan = planOf(context)
  const driver = await opened(context, plan)
  if (!driver.capabilities.adoption) throw new DriverError('permanent', 'this hypervisor takes no machine over')
  const seen = await driver.readStranger(plan.vmid)
  const obstacle = strangerObstacle(seen, plan)
  if (obstacle !== null || !seen) return refuse(obstacle ?? `there is no machine ${plan.vmid}`)
  if (seen.lock) return wait(context.pollSeconds(), 'locked')
  await proveAlone(context, plan)
  return done(`${seen.vmid} ${seen.node}`)
}

/** The books first: from here on nobody else can be given this machine or this address, and a mark that comes late is the service's own. */
async function claim(context: StepContext): Promise<StepOutcome> {
  const { facts: { serviceId }, saga } = context
  const plan = planOf(context)
  if (context.facts.resource?.ownershipMark === plan.toMark && context.facts.resource.vmid === plan.vmid) return done()
  const seen = await (await opened(context, plan)).readStranger(plan.vmid)
  if (!seen) return refuse(`there is no machine ${plan.vmid}`)
  await context.write(async (stores) => {
    const holder = await stores.resources.holderOf(plan.connectionId, plan.vmid)
    if (holder !== null && holder !== serviceId) refuse(`number ${plan.vmid} is held by service ${holder}`)
    const owner = plan.instead === null ? undefined : (await stores.drift.ownersOf([plan.instead])).get(plan.instead)
    if (owner && owner.serviceId !== serviceId && !gone.includes(owner.status)) refuse(`machine ${plan.vmid} belongs to service ${owner.serviceId}`)
    const pool = await stores.addresses.standing(plan.connectionId, plan.ipv4)
    if (!pool || !servesNode(pool.nodes, seen.node) || !await stores.addresses.take({ serviceId, connectionId: plan.connectionId, ipv4: plan.ipv4 })) refuse(`address ${plan.ipv4} cannot be given to this service`)
    // What was sold beside the first one is of its network, which may be another one now.
    await stores.addresses.reserveExtra(serviceId)
    if (!await stores.resources.renewMark(serviceId, plan.fromMark, plan.toMark)) refuse('the service has another mark meanwhile')
    await stores.resources.update(serviceId, { connectionId: plan.connectionId, node: seen.node, vmid: plan.vmid, username: null, firstBoot: false, power: seen.power })
    await moveResource(stores, { serviceId, to: 'provisioning', cause: 'adopted', actor: saga.actor, at: context.businessNow() })
  })
  return done(plan.ipv4)
}

async function mark(context: StepContext): Promise<StepOutcome> {
  const plan = planOf(context)
  const driver = await opened(context, plan)
  const seen = await driver.readStranger(plan.vmid)
  const obstacle = strangerObstacle(seen, plan)
  if (obstacle) refuse(obstacle)
  if (seen?.lock) return wait(context.pollSeconds(), 'locked')
  await driver.adoptMachine({ vmid: plan.vmid, ownershipMark: plan.toMark, instead: plan.instead, address: context.facts.address })
  return done()
}

/** Only a service that was never active waits for its machine to run; any other keeps it as it is. */
const firstTime = ({ status }: Pick<MachineFacts, 'status'>): boolean => status === 'pending'

async function start(context: StepContext): Promise<StepOutcome> {
  if (!firstTime(context.facts)) return { kind: 'done', skipped: true, detail: 'as_it_is' }
  return followTask(context, (driver, machine) => driver.start(machine))
}

async function verify(context: StepContext): Promise<StepOutcome> {
  const { facts, saga, tools } = context
  const plan = planOf(context)
  const seen = await inspectMachine(context)
  if (seen.lock) return wait(context.pollSeconds(), 'locked')
  if (seen.ownershipMark !== machineOf(facts).machine.ownershipMark || seen.vmid !== plan.vmid) throw new DriverError('not_ours', 'the machine does not carry our mark')
  if (firstTime(facts)) {
    if (seen.power !== 'running') return wait(context.pollSeconds(), 'power_pending')
    const wrong = sizeDifferences(facts.spec, seen)
    if (wrong.length > 0) refuse(`the machine is not what was sold: ${wrong.join(', ')}; change it at the hypervisor, then retry`)
    if (!seen.networkUp) refuse('the machine runs without its network')
  }
  await context.write(async (stores) => {
    await stores.resources.observe(facts.serviceId, seen, 'made')
    await moveResource(stores, { serviceId: facts.serviceId, to: 'ready', cause: 'adopted', actor: saga.actor, at: context.businessNow() })
    await stores.addresses.markAssigned(facts.serviceId)
    if (firstTime(facts)) await tools.markServiceActive(stores, { serviceId: facts.serviceId, cause: 'machine_verified', actor: provisioningActor })
  })
  return done(seen.node)
}

/**
 * Ties a machine that is there already to a service that has none. The service gets a new mark, so whatever an earlier build of it may still send meets nothing. The machine keeps running as it is, but for its mark and the filter of its addresses.
 * A service that was never active becomes so only when the machine was seen to run with what was sold; the machine of a suspended one is stopped by the suspension that follows.
 */
export const adoptSaga: SagaDefinition = {
  kind: 'adopt',
  maxAttempts: 16,
  failureIsError: ({ step }) => step > 1,
  cancelWhen: facts => facts.status === 'ended' ? 'the service has ended' : null,
  steps: [
    { name: 'check_machine', patienceSeconds: 10 * minute, run: check, undo: { none: 'only looks' } },
    { name: 'claim', patienceSeconds: minute, run: claim, undo: { none: 'nothing goes back over it' } },
    { name: 'mark', patienceSeconds: 10 * minute, run: mark, undo: { none: 'nothing goes back over it' } },
    { name: 'filter', patienceSeconds: minute, run: filterAddress, undo: { none: 'set again by the next run' } },
    { name: 'start', patienceSeconds: 15 * minute, run: start, undo: { none: 'a running machine is what is wanted' } },
    { name: 'verify', patienceSeconds: 10 * minute, run: verify, undo: { none: 'only looks' } },
  ],
}
