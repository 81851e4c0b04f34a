import { setTimeout as pause } from 'node:timers/promises'
import { AppError } from '#shared/errors/codes.ts'
import type { Core } from './core.ts'
import { demoClockKey } from './demo-clock-store.ts'

const dayMilliseconds = 86_400_000
/** A year and a week: more is asked for by mistake. */
const longest = 372 * dayMilliseconds
const longestWait = 10_000

/** `P3D`, `PT12H`, `P1DT30M` in milliseconds: whole days of 24 hours, as the demo clock counts them. */
export function durationMilliseconds(iso: string): number {
  const [, days, hours, minutes] = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$/.exec(iso) ?? []
  return Number(days ?? 0) * dayMilliseconds + Number(hours ?? 0) * 3_600_000 + Number(minutes ?? 0) * 60_000
}

/**
 * The demo mode's business clock. It only runs forward, day by day: at the end of each day passed the calendar runs, so that a jump of
 * three weeks shows what three weeks of daily runs do, in their order.
 */
export function demoClock(core: Core, sweep: () => Promise<unknown>) {
  let turn: Promise<unknown> = Promise.resolve()
  const show = () => ({ now: core.clock.now().toISOString(), offsetSeconds: Math.round(core.clock.offsetMilliseconds() / 1000) })
  /** The calendar of the next day counts from when final notices left: the worker gets a moment to send them. False: the mail server is away. */
  async function lettersLeave() {
    for (const end = performance.now() + longestWait; await core.read.mails.anyWaits('final_notice');) {
      if (performance.now() > end) return false
      await pause(50)
    }
    return true
  }
  async function advance(milliseconds: number) {
    let posted = true
    for (let left = milliseconds; left > 0;) {
      const step = Math.min(left, dayMilliseconds)
      const offset = core.clock.offsetMilliseconds() + step
      await core.read.settings.set(demoClockKey, String(offset))
      core.clock.setOffset(offset)
      await sweep()
      posted &&= await lettersLeave()
      left -= step
    }
    return show()
  }
  return {
    show,
    /** @throws AppError invalid_input when nothing, or more than a year, is asked for. */
    advance(iso: string) {
      const milliseconds = durationMilliseconds(iso)
      if (milliseconds <= 0 || milliseconds > longest) throw new AppError('invalid_input', { fields: [{ path: 'advance', code: 'duration_out_of_range', message: 'duration_out_of_range' }] })
      const mine = turn.catch(() => {}).then(() => advance(milliseconds))
      turn = mine
      return mine
    },
  }
}
