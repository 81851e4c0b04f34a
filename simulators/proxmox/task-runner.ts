import type { Effect, SimTask } from './state.ts'

export interface TaskRunner {
  /** Begins a task; with a delay factor of 0 it is finished when this returns. `seconds` is what a real node would need. */
  begin(input: { node: string, type: string, id: string, user: string, seconds: number, effect: Effect }): string
  find(upid: string): SimTask | undefined
  /** Ends a running task as `unexpected status`/interrupted. */
  abort(task: SimTask): void
  /** Finishes whatever is due, for callers that hold tasks and let them go. */
  settle(): void
  close(): void
}
