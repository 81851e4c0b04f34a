import type { SagaStatus, StepStatus } from '#shared/vocabulary/machines.ts'

/**
 * The pure half of the saga engine: from where a saga stands and what its step just answered, where it stands next. What runs the steps
 * and stores the result is `run-saga.ts`.
 */

/** What a step answers. Whatever it answers, it may be run again from its beginning. */
export type StepOutcome
  = | { readonly kind: 'done', readonly detail?: string, readonly skipped?: boolean }
  /** Under way; look again after `seconds`. Not a failure. */
    | { readonly kind: 'wait', readonly seconds: number, readonly detail: string }
  /** Cannot go on from here: what was done since `to` is undone, and the saga goes on from there. Counts as a failed attempt. */
    | { readonly kind: 'back', readonly to: string, readonly reason: string }

/** The step threw. `retryable: false` ends the saga at once; staff may run it again from this step. */
export interface StepFailure { readonly kind: 'failure', readonly retryable: boolean, readonly reason: string, readonly afterSeconds?: number }

export const done = (detail?: string): StepOutcome => ({ kind: 'done', ...(detail === undefined ? {} : { detail }) })
export const wait = (seconds: number, detail: string): StepOutcome => ({ kind: 'wait', seconds, detail })
export const back = (to: string, reason: string): StepOutcome => ({ kind: 'back', to, reason })

/** Where a saga stands. `unwindTo`: it is on its way back; steps above are being undone. `calledOff`: all of them, and then it is over. */
export interface Progress {
  readonly status: SagaStatus
  readonly step: number
  /** Failures since the last finished step, plus every way back: the bound that ends a saga which cannot succeed. */
  readonly attempt: number
  readonly backs: number
  readonly unwindTo: number | null
  readonly retryAt: Date | null
  readonly reason: string | null
  /** Since when the current step runs, to bound waits that never end. */
  readonly since: Date | null
}

export interface StepChange { readonly position: number, readonly status: StepStatus, readonly detail: string | null }

export interface SagaPlan {
  readonly steps: readonly { readonly name: string, /** How long a step may answer `wait`. */ readonly patienceSeconds: number }[]
  /** Failed attempts after which it ends as failed; null: it never gives up by itself. */
  readonly maxAttempts: number | null
}

export const firstDelaySeconds = 2
export const longestDelaySeconds = 900

/** 2 s, 4 s, 8 s … 15 min. @param attempt counts from 1. */
export const backOffSeconds = (attempt: number): number => Math.min(longestDelaySeconds, firstDelaySeconds * 2 ** Math.min(20, Math.max(0, attempt - 1)))

const later = (now: Date, seconds: number) => new Date(now.getTime() + seconds * 1000)

export interface Decision { readonly next: Progress, readonly changes: readonly StepChange[] }

function fail(plan: SagaPlan, at: Progress, failure: StepFailure, now: Date): Decision {
  const attempt = at.attempt + 1
  const usedUp = plan.maxAttempts !== null && attempt >= plan.maxAttempts
  if (!failure.retryable || usedUp) {
    return { next: { ...at, status: 'failed', attempt, retryAt: null, reason: failure.reason }, changes: [{ position: at.step, status: 'failed', detail: failure.reason }] }
  }
  const seconds = Math.max(failure.afterSeconds ?? 0, backOffSeconds(attempt))
  return { next: { ...at, status: 'waiting', attempt, retryAt: later(now, seconds), reason: failure.reason }, changes: [{ position: at.step, status: 'running', detail: failure.reason }] }
}

function goBack(plan: SagaPlan, at: Progress, outcome: Extract<StepOutcome, { kind: 'back' }>, now: Date): Decision {
  const target = plan.steps.findIndex(step => step.name === outcome.to)
  if (target < 0 || target > at.step) throw new RangeError(`a saga cannot go back from step ${at.step} to ${outcome.to}`)
  const failed = fail(plan, at, { kind: 'failure', retryable: true, reason: outcome.reason }, now)
  // Also when it ends as failed: the next run, asked for by staff, undoes first.
  return { changes: failed.changes, next: { ...failed.next, backs: at.backs + 1, unwindTo: target, since: null } }
}

/** What follows from an answer of the current step. `now` is the wall clock: delays are real time. @throws RangeError for a saga that is over. */
export function decide(plan: SagaPlan, at: Progress, answer: StepOutcome | StepFailure, now: Date): Decision {
  if (at.status !== 'running') throw new RangeError(`a ${at.status} saga has no step to decide on`)
  if (at.unwindTo !== null) return decideUndo(plan, at, answer, now)
  if (answer.kind === 'failure') return fail(plan, at, answer, now)
  if (answer.kind === 'back') return goBack(plan, at, answer, now)
  if (answer.kind === 'wait') {
    const since = at.since ?? now
    const patience = plan.steps[at.step]?.patienceSeconds ?? 0
    if (now.getTime() - since.getTime() > patience * 1000) return fail(plan, { ...at, since: null }, { kind: 'failure', retryable: true, reason: `no end within ${patience} s: ${answer.detail}` }, now)
    return { next: { ...at, since, status: 'waiting', retryAt: later(now, answer.seconds), reason: null }, changes: [{ position: at.step, status: 'running', detail: answer.detail }] }
  }
  const change: StepChange = { position: at.step, status: answer.skipped ? 'skipped' : 'done', detail: answer.detail ?? null }
  const step = at.step + 1
  const next: Progress = { ...at, step, attempt: at.backs, since: null, retryAt: null, reason: null }
  if (step >= plan.steps.length) return { next: { ...next, status: 'done' }, changes: [change] }
  return { next, changes: [change, { position: step, status: 'running', detail: null }] }
}

/** The current step was undone, or its undoing goes on: step by step down to the target, whose own doings are undone too. */
function decideUndo(plan: SagaPlan, at: Progress, answer: StepOutcome | StepFailure, now: Date): Decision {
  if (answer.kind === 'done' && at.unwindTo === calledOff) return takenBack(at, answer.detail ?? null)
  if (answer.kind === 'failure') return fail(plan, at, answer, now)
  if (answer.kind === 'back') throw new RangeError('an undo cannot go back')
  if (answer.kind === 'wait') return { next: { ...at, status: 'waiting', retryAt: later(now, answer.seconds) }, changes: [{ position: at.step, status: 'running', detail: answer.detail }] }
  if (at.step > (at.unwindTo ?? 0)) return { next: { ...at, step: at.step - 1, since: null }, changes: [{ position: at.step, status: 'pending', detail: null }] }
  return { next: { ...at, unwindTo: null, since: null }, changes: [{ position: at.step, status: 'running', detail: null }] }
}

/** The reason that a saga keeps when somebody called it off, and nothing of it is left. */
export const cancelledReason = 'cancelled'

/** Where `unwindTo` points in a saga that was called off: below its first step. */
export const calledOff = -1

/** On its way back from wherever it stands, to its end. */
export const callOff = (at: Progress): Progress => ({ ...at, unwindTo: calledOff, attempt: 0, backs: 0, retryAt: null, reason: null, since: null })

/** One step of a saga that was called off is undone; after the first one it is over. What was never begun keeps standing as such. */
function takenBack(at: Progress, detail: string | null): Decision {
  const change: StepChange = { position: at.step, status: 'undone', detail }
  const next: Progress = { ...at, attempt: 0, since: null, retryAt: null, reason: null }
  if (at.step > 0) return { next: { ...next, step: at.step - 1 }, changes: [change, { position: at.step - 1, status: 'running', detail: null }] }
  return { next: { ...next, status: 'failed', unwindTo: null, reason: cancelledReason }, changes: [change] }
}

/** A failed saga, made ready to run again from where it stopped. */
export const revive = (at: Progress): Progress => ({ ...at, status: 'running', attempt: 0, backs: 0, retryAt: null, reason: null, since: null })
