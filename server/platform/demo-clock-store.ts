import type { AdjustableClock } from './clock.ts'

export const demoClockKey = 'demo.clock.offset'

/** Sets the clock to where it was left: called when the application starts in demo mode. */
export async function restoreDemoClock(clock: AdjustableClock, settings: { get(name: string): Promise<string | null> }): Promise<void> {
  const stored = await settings.get(demoClockKey)
  if (stored) clock.setOffset(Number(stored))
}
