import { foreseeMoments } from './foresight.ts'
import { candidates } from './plan-actions.ts'
import { toPlanEntries } from './plan-entry.ts'
import type { PlanEntry } from './plan-entry.ts'
import type { RunDeps } from './run-billing.ts'
import { withTax } from './show-plan.ts'

/** So far a plan is kept ahead. Renewal invoices are written fourteen days before their period. */
const daysAhead = 14
const daysKept = 3
const batch = 2000
const forgetAtOnce = 10_000
const halfDoneHours = 3

type SnapshotDeps = Pick<RunDeps, 'transact' | 'read' | 'rules' | 'clock' | 'newId' | 'computeTax'>

/**
 * Keeps today's plan of the next fourteen days, once a day (business zone), and forgets those of more than three days ago. In memory is one
 * batch, however many services there are; it is seen whole or not at all. Repeated after a crash it begins anew.
 */
export const takePlanSnapshot = (deps: SnapshotDeps) => async (): Promise<void> => {
  const now = deps.clock.now()
  const day = deps.rules.calendar.isoDay(now)
  if (!await deps.read.planSnapshots.finishedOn(day)) await take(deps, day, now)
  await forgetStale(deps, now)
}

async function take(deps: SnapshotDeps, day: string, now: Date) {
  const snapshot = { id: deps.newId(), day, takenAt: now, until: deps.rules.calendar.shiftDays(now, daysAhead) }
  await deps.transact(stores => stores.planSnapshots.begin(snapshot))
  let waiting: PlanEntry[] = []
  let count = 0
  const write = async () => {
    count += waiting.length
    await deps.transact(stores => stores.planSnapshots.add(snapshot.id, waiting))
    waiting = []
  }
  for await (const facts of candidates(deps.read, deps.rules, now, snapshot.until)) {
    const foreseen = foreseeMoments(facts, deps.rules, now, snapshot.until).map(({ action, at }) => ({ action: withTax(action, deps, now), at }))
    waiting.push(...toPlanEntries(foreseen))
    if (waiting.length >= batch) await write()
  }
  if (waiting.length > 0) await write()
  await deps.transact(stores => stores.planSnapshots.finish(snapshot.id, count, deps.clock.now()))
}

async function forgetStale({ read, transact, rules }: SnapshotDeps, now: Date) {
  const stale = await read.planSnapshots.stale({ keepSince: rules.calendar.shiftDays(now, -daysKept), halfDoneSince: new Date(now.getTime() - halfDoneHours * 3_600_000) })
  for (const id of stale) while (!await transact(stores => stores.planSnapshots.forget(id, forgetAtOnce)));
}
