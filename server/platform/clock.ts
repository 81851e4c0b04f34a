import type { Clock } from '#server/kernel/ports.ts'

export const wallClock: Clock = { now: () => new Date() }

/** A clock that runs with the wall clock but ahead of it by an offset that can only grow: the demo mode's business time. */
export interface AdjustableClock extends Clock { offsetMilliseconds(): number, setOffset(milliseconds: number): void }

export function adjustableClock(base: Clock = wallClock): AdjustableClock {
  let offset = 0
  return {
    now: () => new Date(base.now().getTime() + offset),
    offsetMilliseconds: () => offset,
    setOffset(milliseconds) {
      if (milliseconds < offset) throw new RangeError('business time does not run backwards')
      offset = milliseconds
    },
  }
}
