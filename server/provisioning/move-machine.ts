import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import { servesNode } from '../infrastructure/ports.ts'
import type { MachineState } from '../infrastructure/ports.ts'
import { moveResource } from './move-resource.ts'
import type { MachineFacts, SagaState } from './ports.ts'
import { back, done, wait } from './saga.ts'
import type { StepOutcome } from './saga.ts'
import { driverOf, entitled, filterAddress, filterDifference, followTask, hour, inspectMachine, machineOf, minute } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

/** So often a move is tried that ends badly; then the machine stays where it is, and is started again. */
const triesOfMove = 3

function planOf({ state }: Pick<StepContext, 'state'>): NonNullable<SagaState['move']> {
  if (!state.move) throw new DriverError('permanent', 'the saga says nothing of where to move')
  return state.move
}

/** As it was before, it is afterwards; what was suspended meanwhile stays off (D11). */
const toRun = ({ state, facts }: Pick<StepContext, 'state' | 'facts'>): boolean => state.wasRunning === true && entitled(facts)

/** The last look before anything happens: mark, target, room, and what the hypervisor itself has against it. Holds the room. Nothing is changed at the hypervisor. */
async function check(context: StepContext): Promise<StepOutcome> {
  const { facts, saga } = context
  const plan = planOf(context)
  const { resource, machine } = machineOf(facts)
  const driver = await driverOf(context)
  if (!driver.capabilities.move) throw new DriverError('permanent', 'this hypervisor has no other node')
  const seen = await inspectMachine(context)
  if (seen.lock) return wait(context.pollSeconds(), 'locked')
  if (context.state.wasRunning === undefined) await context.save({ wasRunning: seen.power !== 'stopped' })
  if (seen.node === plan.to) return done('already_there')
  const room = (await context.tools.roomOnNodes({ connectionId: resource.connectionId, from: seen.node, forServiceId: facts.serviceId, machineType: facts.machineType, ...facts.spec })).find(({ node }) => node === plan.to)
  if (!room) throw new DriverError('action_required', `node ${plan.to} takes no machines now`, { who: 'sysadmin' })
  if (!servesNode(facts.address?.nodes, plan.to)) throw new DriverError('action_required', `the machine's address is not of node ${plan.to}`, { who: 'sysadmin' })
  if (!room.takesDisks) throw new DriverError('action_required', `the storage on node ${plan.to} takes no disks of such machines`, { who: 'sysadmin' })
  if (!room.fits) throw new DriverError('action_required', `node ${plan.to} has no room for the machine`, { who: 'sysadmin' })
  const obstacle = await driver.moveObstacle({ ...machine, node: seen.node }, { node: plan.to, live: plan.live })
  if (obstacle) throw new DriverError('action_required', obstacle, { who: 'sysadmin' })
  const held = { ...plan, diskGiB: room.diskGiB }
  try {
    await context.write(async (stores) => {
      await context.tools.holdCapacity(stores, { clientId: facts.clientId, forServiceId: facts.serviceId, claims: [{ ...facts.spec, diskGiB: room.diskGiB, connectionIds: [resource.connectionId], node: plan.to, count: 1, holds: facts.address, madeOn: [{ connectionId: resource.connectionId, nodes: [], machineType: facts.machineType }] }] })
      await stores.sagas.remember(saga.id, { ...context.state, move: held })
    })
  } catch (error) {
    if (error instanceof AppError && error.code === 'out_of_stock') throw new DriverError('action_required', `node ${plan.to} has no room for the machine`, { who: 'sysadmin', cause: error })
    throw error
  }
  await context.save({ move: held })
  return done(plan.to)
}

/** Whoever works in the guest is asked first; what does not end within ninety seconds is switched off. */
async function stop(context: StepContext): Promise<StepOutcome> {
  if (planOf(context).live) return { kind: 'done', detail: 'moved_while_running', skipped: true }
  if (context.state.wasRunning === false) return { kind: 'done', detail: 'was_stopped', skipped: true }
  if (!context.state.task && (await inspectMachine(context)).node === planOf(context).to) return { kind: 'done', detail: 'already_there', skipped: true }
  return followTask(context, (driver, machine) => driver.shutdown(machine, { timeoutSeconds: 90, force: true }))
}

/**
 * Asked once and then followed; whose answer was lost is looked for: the machine is there, under way, or still where it was. Where the hypervisor does not do it, the machine is as it was: the saga goes on,
 * starts it again and says at its end why it was not moved.
 */
async function migrate(context: StepContext): Promise<StepOutcome> {
  const plan = planOf(context)
  if (!context.state.task) {
    const seen = await inspectMachine(context)
    if (seen.lock) return wait(context.pollSeconds(), 'locked')
    if (seen.node === plan.to) return done()
  }
  try {
    return await followTask(context, (driver, machine) => driver.moveMachine(machine, { node: plan.to, live: plan.live }), 'as_told')
  } catch (error) {
    if (!(error instanceof DriverError) || error.kind === 'not_ours') throw error
    if ((error.kind === 'retryable' || error.kind === 'unknown_outcome') && context.saga.attempt + 1 < triesOfMove) throw error
    // It may have moved and complained about something else; who does not answer now is asked again later.
    const seen = await inspectMachine(context)
    if (seen.lock) return wait(context.pollSeconds(), 'locked')
    if (seen.node === plan.to) return done('task_warnings')
    await context.save({ refused: error.message })
    return { kind: 'done', skipped: true, detail: error.message }
  }
}

async function filter(context: StepContext): Promise<StepOutcome> {
  // What runs takes its card behind a filter only at its next start; its filter moved with it.
  if (!toRun(context) || (await inspectMachine(context)).power === 'running') return { kind: 'done', detail: 'nothing_to_start', skipped: true }
  return filterAddress(context)
}

async function start(context: StepContext): Promise<StepOutcome> {
  if (context.state.wasRunning === false) return { kind: 'done', detail: 'was_stopped', skipped: true }
  if (!toRun(context)) return { kind: 'done', detail: 'suspended', skipped: true }
  if (!context.state.task && (await inspectMachine(context)).power === 'running') return { kind: 'done', detail: 'nothing_to_start', skipped: true }
  return followTask(context, (driver, machine) => driver.start(machine))
}

/** What is not as it was before; null: nothing. `back`: to which step the saga returns for it. */
export function moveDifference(seen: Pick<MachineState, 'node' | 'power' | 'networkUp' | 'filteredAddresses'>, want: { readonly to: string | null, readonly running: boolean, readonly cold: boolean, readonly filters: boolean, readonly address: MachineFacts['address'] }): { readonly back: 'migrate' | 'filter', readonly why: string } | null {
  if (want.to !== null && seen.node !== want.to) return { back: 'migrate', why: `the machine is on ${seen.node}` }
  if (!want.running) return null
  if (seen.power !== 'running') return { back: 'filter', why: 'the machine does not run' }
  const open = want.filters && want.cold ? filterDifference({ address: want.address }, seen) : null
  return open === null ? null : { back: 'filter', why: open }
}

async function verify(context: StepContext): Promise<StepOutcome> {
  const { facts, saga, state } = context
  const plan = planOf(context)
  const { capabilities } = await driverOf(context)
  const seen = await inspectMachine(context)
  if (seen.lock) return wait(context.pollSeconds(), 'locked')
  if (seen.ownershipMark !== machineOf(facts).machine.ownershipMark) throw new DriverError('not_ours', 'the machine does not carry our mark')
  const wrong = moveDifference(seen, { to: state.refused ? null : plan.to, running: toRun(context), cold: !plan.live, filters: capabilities.addressFilter, address: facts.address })
  if (wrong) return back(wrong.back, wrong.why)
  if (toRun(context) && !seen.networkUp) throw new DriverError('action_required', 'the machine runs without its network', { who: 'sysadmin' })
  await context.write(async (stores) => {
    await stores.resources.observe(facts.serviceId, seen)
    if (facts.resource?.status === 'error') await moveResource(stores, { serviceId: facts.serviceId, to: entitled(facts) ? 'ready' : 'stopped_by_policy', cause: 'moved', actor: saga.actor, at: context.businessNow() })
  })
  if (state.refused) throw new DriverError('permanent', state.refused)
  return done(seen.node)
}

/**
 * Moves a machine to another node of its hypervisor, running or stopped for it. No suspension cuts into it, for then nobody would start it again or write down where it is; one that came meanwhile is carried out afterwards.
 */
export const moveSaga: SagaDefinition = {
  kind: 'move',
  maxAttempts: 16,
  // Only a machine that was stopped for it and does not come up again is in a bad shape.
  failureIsError: ({ step, state }) => step > 1 && state.wasRunning === true && state.move?.live === false && !state.refused,
  cancelWhen: facts => facts.status === 'ended' || facts.status === 'pending' ? `the service is ${facts.status}` : null,
  steps: [
    { name: 'check_target', patienceSeconds: 10 * minute, run: check, undo: { none: 'only looks; what it holds ends with the saga' } },
    { name: 'stop', patienceSeconds: 15 * minute, run: stop, undo: { none: 'started by the next run if it ran before' } },
    { name: 'migrate', patienceSeconds: 12 * hour, run: migrate, undo: { none: 'run again it finds where the machine is' } },
    { name: 'filter', patienceSeconds: minute, run: filter, undo: { none: 'set again by the next run' } },
    { name: 'start', patienceSeconds: 15 * minute, run: start, undo: { none: 'a running machine is what is wanted' } },
    { name: 'verify', patienceSeconds: 10 * minute, run: verify, undo: { none: 'only looks' } },
  ],
}
