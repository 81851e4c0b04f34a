import { AppError } from '#shared/errors/codes.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Log, Transact } from '../kernel/ports.ts'
import { judge } from './brake.ts'
import type { Brake, DestructiveCounts } from './brake.ts'
import { auditStaff } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { executeAction, executeRenewals } from './execute-action.ts'
import { inBatches, planActions } from './plan-actions.ts'
import type { BillingRun, BillingStores } from './ports.ts'
import type { PlannedAction } from './service-plan.ts'

export interface RunDeps extends BillingDeps { readonly transact: Transact<BillingStores>, readonly read: BillingStores, readonly log: Log, /** The demo clock jumps on purpose. */ readonly clockMayJump: boolean }
/** So many renewals share a transaction: it holds the counter of invoice numbers, and who orders meanwhile waits, for a tenth of a second. */
const batchSize = 250
export interface RunInput { readonly actor: Actor, readonly confirmBrake: boolean }

/**
 * Runs the calendar at this moment: first plans everything and asks the brakes (a stopped run has done nothing at all), then does each
 * planned action in a transaction of its own, renewals in one for many. A row that fails is counted, logged and planned again by the next run; it stops no other.
 * Two runs at once are safe: every action is decided again under the lock of its service.
 */
export const runBilling = (deps: RunDeps) => async (input: RunInput): Promise<BillingRun> => {
  const now = deps.clock.now()
  const run: BillingRun = { id: deps.newId(), at: now, startedAt: now, finishedAt: null, status: 'running', actor: actorLabel(input.actor), done: 0, skipped: 0, failed: 0, brake: null, house: await houseOf(deps), confirmedBy: null, confirmedTerminations: null }
  await deps.transact(stores => stores.billingRuns.start(run))
  try {
    return await carryOut(deps, run, input)
  } catch (error) {
    await deps.transact(stores => stores.billingRuns.finish({ ...run, finishedAt: deps.clock.now(), status: 'failed' }))
    throw error
  }
}

async function carryOut(deps: RunDeps, run: BillingRun, { actor, confirmBrake }: RunInput): Promise<BillingRun> {
  const counts = await countDestructive(deps, run.at)
  const brake = await judgeRun(deps, { counts, house: run.house ?? '', now: run.at })
  if (brake && !confirmBrake) return stop(deps, run, brake, actor)
  if (brake && actor.kind === 'user' && !await mayPass(deps, { brake, counts, actorId: actor.id, now: run.at })) return stop(deps, { ...run, confirmedBy: actor.id, confirmedTerminations: counts.terminate }, brake, actor)
  const finished: BillingRun = { ...run, ...await executeAll(deps, run, actor, counts), finishedAt: deps.clock.now(), status: 'done' }
  const { done, skipped, failed } = finished
  await deps.transact(async (stores) => {
    await stores.billingRuns.finish(finished)
    await auditStaff(stores, { actor, action: 'billing.run', entity: 'billing_run', entityId: run.id, after: { done, skipped, failed, confirmBrake } })
    stores.live.publish({ audience: 'staff', name: 'billing', id: run.id })
  })
  return finished
}

/** Where we are: our address and the database's own name. */
export const houseOf = async ({ baseUrl, read }: Pick<RunDeps, 'baseUrl' | 'read'>) => `${baseUrl} ${await read.billingRuns.databaseName()}`

/** What the brakes say of a run at this moment; null: nothing is in its way. */
export async function judgeRun(deps: Pick<RunDeps, 'read' | 'rules' | 'clockMayJump'>, { counts, house, now }: { readonly counts: DestructiveCounts, readonly house: string, readonly now: Date }): Promise<Brake | null> {
  const last = deps.clockMayJump ? null : await deps.read.billingRuns.lastDone()
  return judge({ counts, live: await deps.read.subscriptions.countLive(), last, house, now }, deps.rules)
}

/**
 * Whether one more person's word lets the run pass this brake. Machines are destroyed in numbers only when two people of the staff say so
 * within a day, and no more of them than the first one saw.
 */
async function mayPass(deps: RunDeps, { brake, counts, actorId, now }: { readonly brake: Brake, readonly counts: DestructiveCounts, readonly actorId: string, readonly now: Date }): Promise<boolean> {
  if (brake.kind !== 'mass_termination') return true
  const first = await deps.read.billingRuns.confirmation(confirmedSince(now))
  return first !== null && first.userId !== actorId && counts.terminate <= first.terminations
}
/** For how long the first person's word waits for the second. */
export const confirmedSince = (now: Date): Date => new Date(now.getTime() - 24 * 3_600_000)

async function executeAll(deps: RunDeps, run: BillingRun, actor: Actor, counts: DestructiveCounts) {
  const tally = { done: 0, skipped: 0, failed: 0 }
  const left = { ...counts }
  const allowed = async function* () {
    for await (const action of planActions(deps.read, deps.rules, run.at)) {
      if (!action.held && spend(left, action.kind)) yield action
      else tally.skipped += 1
    }
  }
  /** Together; when that fails in halves, so that a row that cannot be billed stops no other and costs few attempts. */
  async function execute(actions: readonly PlannedAction[]): Promise<void> {
    const [action] = actions
    if (!action) return
    try {
      const done = await deps.transact(async stores => actions.length > 1 ? executeRenewals(deps)(stores, { actions, actor }) : Number(await executeAction(deps)(stores, { action, actor }) === 'done'))
      tally.done += done
      tally.skipped += actions.length - done
    } catch (error) {
      if (actions.length === 1) {
        tally.failed += 1
        deps.log.error({ err: error, action: action.key, run: run.id }, 'a billing action failed; the next run plans it again')
        return
      }
      deps.log.warn({ err: error, actions: actions.length, run: run.id }, 'renewals failed together; they are tried in halves')
      const half = Math.ceil(actions.length / 2)
      await execute(actions.slice(0, half))
      await execute(actions.slice(half))
    }
  }
  for await (const actions of inBatches(allowed(), batchSize)) await execute(actions)
  return tally
}

async function countDestructive(deps: RunDeps, now: Date): Promise<DestructiveCounts> {
  const counts = { suspend: 0, terminate: 0 }
  for await (const { kind, held } of planActions(deps.read, deps.rules, now)) if (!held && (kind === 'suspend' || kind === 'terminate')) counts[kind] += 1
  return counts
}

/** Not one suspension or termination more than the brakes have judged. */
function spend(left: { suspend: number, terminate: number }, kind: string): boolean {
  if (kind !== 'suspend' && kind !== 'terminate') return true
  left[kind] -= 1
  return left[kind] >= 0
}

async function stop(deps: RunDeps, run: BillingRun, brake: Brake, actor: Actor): Promise<BillingRun> {
  const stopped: BillingRun = { ...run, finishedAt: deps.clock.now(), status: 'stopped_by_brake', brake: `${brake.kind}: ${brake.detail}` }
  deps.log.error({ run: run.id, brake }, 'the billing run was stopped by a brake; nothing was done')
  await deps.transact(async (stores) => {
    await stores.billingRuns.finish(stopped)
    await stores.audit.record({ actor, action: 'billing.stopped_by_brake', entity: 'billing_run', entityId: run.id, after: { ...brake } })
    stores.live.publish({ audience: 'staff', name: 'billing', id: run.id })
  })
  return stopped
}

export const toRunView = ({ house: _, confirmedBy: __, confirmedTerminations: ___, ...run }: BillingRun) => ({ ...run, at: run.at.toISOString(), startedAt: run.startedAt.toISOString(), finishedAt: run.finishedAt?.toISOString() ?? null })

/** As staff start it: a stopped run is an error that names the brake, or says that a second person is asked. @throws AppError billing_brake, billing_second_person */
export const runBillingByStaff = (deps: RunDeps) => async (input: RunInput) => {
  const run = await runBilling(deps)(input)
  if (run.confirmedBy) throw new AppError('billing_second_person', { params: { detail: run.brake ?? '' } })
  if (run.status === 'stopped_by_brake') throw new AppError('billing_brake', { params: { detail: run.brake ?? '' } })
  return toRunView(run)
}
