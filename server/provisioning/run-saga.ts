import type { Clock, Log, Transact } from '../kernel/ports.ts'
import { moveResource } from './move-resource.ts'
import type { ProvisioningStores, SagaRow, SagaState } from './ports.ts'
import { callOff, calledOff, cancelledReason, decide, done } from './saga.ts'
import type { Decision, StepFailure, StepOutcome } from './saga.ts'
import { sagaDefinition } from './definitions.ts'
import { awaitInFlight, LeaseLost, provisioningActor, toFailure } from './step.ts'
import type { SagaDefinition, SagaStep, StepContext, StepTools } from './step.ts'

export interface EngineDeps {
  readonly transact: Transact<ProvisioningStores>
  /** Outside a transaction. */
  readonly read: Pick<ProvisioningStores, 'sagas' | 'serviceControl'>
  /** Business time: what people read beside the steps. */
  readonly clock: Clock
  /** Leases and delays: real time, never moved. */
  readonly wallClock: Clock
  readonly tools: StepTools
  readonly log: Log
  readonly pause: (seconds: number) => Promise<void>
}

/** A worker that is silent for longer counts as lost. Every remote call of a driver ends well within it. */
export const leaseSeconds = 180
/** Waiting in the worker instead of in the queue, in sum per run: quick acts end at once, slow ones free the worker. */
const inProcessSeconds = 3

const leaseEnd = (now: Date) => new Date(now.getTime() + leaseSeconds * 1000)
const planOf = (definition: SagaDefinition) => ({ steps: definition.steps, maxAttempts: definition.maxAttempts })

interface Run { readonly deps: EngineDeps, readonly definition: SagaDefinition, saga: SagaRow, /** Until when nobody else may have taken over. */ leaseUntil: Date }

/** @throws LeaseLost when another worker took over: nothing is written then. */
async function write<T>(run: Run, work: (stores: ProvisioningStores) => Promise<T>): Promise<T> {
  const { deps, saga } = run
  const until = leaseEnd(deps.wallClock.now())
  const result = await deps.transact(async (stores) => {
    if (!await stores.sagas.hold(saga.id, saga.fence, until)) throw new LeaseLost()
    return work(stores)
  })
  run.leaseUntil = until
  return result
}

/**
 * A driver whose every call first proves that the saga is still this worker's. No remote system knows our fence: a worker that stood still for longer than its
 * lease (a stopped process, a machine that slept) would wake up in the midst of a step and stop a machine that another worker has started meanwhile.
 */
const fenced = <Driver extends object>(run: Run, driver: Driver): Driver => new Proxy(driver, {
  get(target, name) {
    const member: unknown = Reflect.get(target, name)
    if (typeof member !== 'function') return member
    return async (...input: unknown[]) => {
      if (run.deps.wallClock.now() >= run.leaseUntil) await write(run, async () => {})
      return member.apply(target, input) as unknown
    }
  },
})
const fencedTools = (run: Run): StepTools => {
  const { tools } = run.deps
  return { ...tools, openHypervisor: async id => fenced(run, await tools.openHypervisor(id)), openPanel: async id => fenced(run, await tools.openPanel(id)) }
}

function pollSeconds(since: Date | null, now: Date): number {
  const waited = since ? (now.getTime() - since.getTime()) / 1000 : 0
  return waited < 3 ? 0.25 : waited < 15 ? 1 : waited < 60 ? 2 : 5
}

function contextOf(run: Run, facts: StepContext['facts']): StepContext {
  const { deps } = run
  return {
    saga: run.saga, facts, tools: fencedTools(run), now: deps.wallClock.now, businessNow: deps.clock.now,
    get state() { return run.saga.state },
    pollSeconds: () => pollSeconds(run.saga.since, deps.wallClock.now()),
    async save(change) {
      const state: SagaState = { ...run.saga.state, ...change }
      await write(run, stores => stores.sagas.remember(run.saga.id, state))
      run.saga = { ...run.saga, state }
    },
    write: work => write(run, work),
  }
}

interface Attempt { readonly answer: StepOutcome | StepFailure, readonly clientId: string | null, readonly cancelled: boolean }

/** A wish to call it off may come while it runs: it is asked for before every step. It was let through only while the steps that take back what they did were not over. */
async function heedCallOff(run: Run): Promise<void> {
  const { saga, definition, deps } = run
  if (definition.callOffBefore === undefined || saga.unwindTo === calledOff) return
  const now = await deps.read.sagas.find(saga.id)
  if (now?.calledOffAt) run.saga = { ...saga, ...callOff(saga), calledOffAt: now.calledOffAt }
}

/** Undoes a step; of a saga that was called off only when nothing is in flight any more. */
async function undo(run: Run, { undo: act }: SagaStep, context: StepContext): Promise<StepOutcome> {
  if (run.saga.unwindTo === calledOff && !run.saga.state.undoing) {
    const inFlight = await awaitInFlight(context)
    if (inFlight) return inFlight
    await context.save({ undoing: true, task: null, sentAt: null })
  }
  return typeof act === 'function' ? act(context) : done('nothing_to_undo')
}

async function attempt(run: Run): Promise<Attempt> {
  const facts = await run.deps.read.serviceControl.facts(run.saga.serviceId)
  if (!facts) return { answer: { kind: 'failure', retryable: false, reason: 'the service does not exist' }, clientId: null, cancelled: true }
  const reason = run.definition.cancelWhen(facts)
  if (reason) return { answer: { kind: 'failure', retryable: false, reason }, clientId: facts.clientId, cancelled: true }
  const step = run.definition.steps[run.saga.step]
  if (!step) throw new RangeError(`saga ${run.saga.id} has no step ${run.saga.step}`)
  try {
    await heedCallOff(run)
    const context = contextOf(run, facts)
    return { answer: run.saga.unwindTo === null ? await step.run(context) : await undo(run, step, context), clientId: facts.clientId, cancelled: false }
  } catch (error) {
    if (error instanceof LeaseLost) throw error
    const failure = toFailure(error)
    run.deps.log.warn({ err: error, saga: run.saga.id, step: step.name, retryable: failure.retryable }, 'saga step failed')
    return { answer: failure, clientId: facts.clientId, cancelled: false }
  }
}

/** Stores what was reached, tells open pages, and asks to be called again when there is something to wait for. */
async function persist(run: Run, { next, changes }: Decision, { clientId, cancelled }: Attempt, keep: boolean): Promise<void> {
  const { deps, definition, saga } = run
  const now = deps.wallClock.now()
  const moved = next.step !== saga.step || next.unwindTo !== saga.unwindTo
  const state: SagaState = moved ? { ...saga.state, task: null, sentAt: null } : saga.state
  const status = keep ? 'running' as const : next.status
  await write(run, async (stores) => {
    if (moved) await stores.sagas.remember(saga.id, state)
    await stores.sagas.store(saga.id, { ...next, status }, changes, status === 'running' ? leaseEnd(now) : null)
    const isError = typeof definition.failureIsError === 'function' ? definition.failureIsError(saga) : definition.failureIsError
    const over = cancelled || next.reason === cancelledReason
    if (status === 'failed' && isError && !over) {
      await moveResource(stores, { serviceId: saga.serviceId, to: 'error', cause: `${saga.kind} failed`, actor: `system:${provisioningActor.name}`, at: deps.clock.now(), problem: next.reason })
    }
    if (status === 'failed') await definition.onFailed?.(stores, { ...saga, state }, { reason: next.reason ?? '', at: deps.clock.now(), cancelled: over })
    if (status === 'waiting' && next.retryAt) {
      await stores.outbox.emit('provisioning.saga-due', { sagaId: saga.id }, { singletonKey: saga.id, startAfterSeconds: Math.max(1, Math.ceil((next.retryAt.getTime() - now.getTime()) / 1000)) })
    }
    if (clientId) stores.live.publish({ audience: { userId: clientId }, name: 'service', id: saga.serviceId })
    stores.live.publish({ audience: 'staff', name: 'service', id: saga.serviceId })
  })
  run.saga = { ...saga, ...next, status, state }
}

/**
 * Works on one saga until it ends, or has to wait for longer than a worker should stand still. Harmless for a saga that is over, not due
 * or in another worker's hands. May be called any number of times, by any number of processes.
 */
export const runSaga = (deps: EngineDeps) => async ({ sagaId }: { readonly sagaId: string }): Promise<void> => {
  const now = deps.wallClock.now()
  const saga = await deps.transact(stores => stores.sagas.claim(sagaId, now, leaseEnd(now)))
  if (!saga) return askAgainWhenDue(deps, sagaId)
  const run: Run = { deps, definition: sagaDefinition(saga.kind, await deps.read.serviceControl.kindOf(saga.serviceId) ?? 'vps'), saga, leaseUntil: leaseEnd(now) }
  let patience = inProcessSeconds
  let lastDetail: string | null = null
  try {
    while (run.saga.status === 'running') {
      const tried = await attempt(run)
      const decision = decide(planOf(run.definition), run.saga, tried.answer, deps.wallClock.now())
      const pause = tried.answer.kind === 'wait' && decision.next.status === 'waiting' && tried.answer.seconds <= patience ? tried.answer.seconds : null
      // A wait that says nothing new is not written: the lease is far longer than the patience.
      if (pause !== null && tried.answer.kind === 'wait' && tried.answer.detail === lastDetail) run.saga = { ...run.saga, ...decision.next, status: 'running' }
      else await persist(run, decision, tried, pause !== null)
      lastDetail = tried.answer.kind === 'wait' ? tried.answer.detail : null
      if (pause === null) continue
      patience -= Math.max(pause, 0.01)
      await deps.pause(pause)
    }
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error
    deps.log.warn({ saga: sagaId }, 'saga was taken over by another worker')
  }
}

/** Called too early (a hint of recovery took the place of the timed one): the timed one is set again. */
async function askAgainWhenDue(deps: EngineDeps, sagaId: string): Promise<void> {
  const saga = await deps.read.sagas.find(sagaId)
  if (saga?.status !== 'waiting' || !saga.retryAt) return
  const seconds = Math.max(1, Math.ceil((saga.retryAt.getTime() - deps.wallClock.now().getTime()) / 1000))
  await deps.transact(stores => stores.outbox.emit('provisioning.saga-due', { sagaId }, { singletonKey: sagaId, startAfterSeconds: seconds }))
}
