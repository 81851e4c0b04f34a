import { seriesFigures, seriesSteps } from '#shared/vocabulary/monitoring.ts'
import type { SeriesStep } from '#shared/vocabulary/monitoring.ts'
import type { Clock, Transact } from '../kernel/ports.ts'
import { growthOf } from './forecast.ts'
import type { InfrastructureStores } from './ports.ts'
import type { SeriesChunk, SeriesStore, SeriesSubject } from './series-ports.ts'
import { beginOf, packSlot, rollUp, rollUps, slotOf, stepMilliseconds, stepRules, unpackChunk } from './series.ts'

export interface RollUpDeps { readonly transact: Transact<InfrastructureStores>, readonly series: SeriesStore, readonly clock: Clock }
const day = 86_400_000
/** A sample is stored at most so long after the moment that it is of. */
const grace = 30_000
/** Chunks that are read at a time. */
const atATime = 600
/** Buckets that are made at a time, when much has to be caught up with. */
const bucketsAtATime = 24
const forgottenAtATime = 2000
const growthDays = 60

const nameOf = ({ connectionId, kind, name }: SeriesSubject) => `${connectionId}/${kind}/${name}`

/** The chunks of whole subjects, a page at a time. */
async function* subjects(series: SeriesStore, step: SeriesStep, from: Date, to: Date): AsyncGenerator<SeriesChunk[][]> {
  for (let after: SeriesSubject | null = null; ;) {
    const found: SeriesChunk[] = await series.page(step, from, to, after, atATime)
    const groups = [...Map.groupBy(found, nameOf).values()]
    // The last subject may go on on the next page.
    if (found.length === atATime && groups.length > 1) groups.pop()
    const last = groups.at(-1)?.[0]
    if (!last) return
    yield groups
    if (found.length < atATime) return
    after = { connectionId: last.connectionId, kind: last.kind, name: last.name }
  }
}
const bucketsIn = (step: SeriesStep, chunks: readonly SeriesChunk[], from: number, to: number) => chunks.flatMap(chunk => unpackChunk(step, chunk.kind, chunk.startsAt.getTime(), chunk.points)).filter(({ at }) => at >= from && at < to)

async function makeStep({ transact, series, clock }: RollUpDeps, source: SeriesStep, target: SeriesStep): Promise<boolean> {
  const now = clock.now().getTime()
  const length = stepMilliseconds(target)
  const end = beginOf(length, now - grace)
  const made = await series.madeUntil(target)
  if (made && made.getTime() >= end) return false
  // The last bucket is made once more: a sample that was stored late is in it then.
  let from = Math.max(beginOf(length, now - stepRules[source].keepDays * day), made ? made.getTime() - length : 0)
  while (from < end) {
    const to = Math.min(end, from + bucketsAtATime * length)
    for await (const groups of subjects(series, source, new Date(slotOf(source, from).startsAt), new Date(to))) {
      const slots = groups.flatMap(([first, ...rest]) => first ? rollUp(bucketsIn(source, [first, ...rest], from, to), length).map(bucket => ({ at: bucket.at, connectionId: first.connectionId, kind: first.kind, name: first.name, slot: packSlot(target, bucket) })) : [])
      await transact(async (stores) => {
        for (const [at, of] of [...Map.groupBy(slots, slot => slot.at)].sort(([a], [b]) => a - b)) await stores.series.put(target, at, await living(stores, of))
      })
    }
    await transact(stores => stores.series.setMadeUntil(target, new Date(to)))
    from = to
  }
  return true
}
/** Without those whose connection was deleted meanwhile: their series went with it. */
async function living<T extends { readonly connectionId: string }>(stores: InfrastructureStores, slots: readonly T[]): Promise<T[]> {
  const there = await stores.series.lockConnections([...new Set(slots.map(slot => slot.connectionId))])
  return slots.filter(slot => there.has(slot.connectionId))
}

/** What the storages grow by, read off their days. */
async function foretell({ transact, series, clock }: RollUpDeps): Promise<void> {
  const now = clock.now().getTime()
  const from = now - growthDays * day
  const used = seriesFigures.storage.indexOf('used')
  for await (const groups of subjects(series, 'day', new Date(slotOf('day', from).startsAt), new Date(now))) {
    const growths = groups.flatMap(([first, ...rest]) => {
      if (first?.kind !== 'storage') return []
      const points = bucketsIn('day', [first, ...rest], from, now).flatMap(({ at, average }) => typeof average[used] === 'number' ? [{ day: at / day, used: average[used] }] : [])
      const { growthPerDay, daysKnown } = growthOf(points)
      return [{ connectionId: first.connectionId, key: first.name, growthPerDay, growthDays: daysKnown }]
    })
    await transact(stores => stores.storages.recordGrowth(growths))
  }
}

/**
 * Makes the coarser steps of all series from the finer ones as far as time has come, tells what storages grow by when a day is over, and forgets what is older than it is kept. May be repeated and
 * interrupted: what was made is made again from the same samples. After a pause it catches up with what is still kept.
 */
export const rollUpSeries = (deps: RollUpDeps) => async (): Promise<void> => {
  for (const [source, target] of rollUps) {
    const news = await makeStep(deps, source, target)
    if (news && target === 'day') await foretell(deps)
  }
  const now = deps.clock.now().getTime()
  for (const step of seriesSteps) {
    const oldest = new Date(now - stepRules[step].keepDays * day - stepMilliseconds(step) * stepRules[step].slots)
    // More than that waits for the next time.
    await deps.transact(stores => stores.series.forgetBefore(step, oldest, forgottenAtATime))
  }
}
