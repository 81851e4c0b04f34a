import { AppError } from '#shared/errors/codes.ts'
import type { MetricRange } from '#shared/vocabulary/machines.ts'
import { seriesFigures } from '#shared/vocabulary/monitoring.ts'
import type { Clock } from '../kernel/ports.ts'
import type { ConnectionStore } from './ports.ts'
import type { SeriesStore, SeriesSubject } from './series-ports.ts'
import { pointsOf, rangeRules, rangeStart, slotOf, unpackChunk } from './series.ts'

/**
 * The figures of a node, a storage or a panel's server over a range: a few rows by key, at most some 400 points, gaps included. A subject that nobody ever measured answers gaps alone.
 * @throws AppError not_found for a connection that there is not
 */
export const showSeries = ({ connections, series, clock }: { readonly connections: ConnectionStore, readonly series: SeriesStore, readonly clock: Clock }) => async ({ range, ...subject }: SeriesSubject & { readonly range: MetricRange }) => {
  const now = clock.now().getTime()
  const { step } = rangeRules[range]
  const from = rangeStart(range, now)
  const chunks = await series.read(subject, step, new Date(slotOf(step, from).startsAt), new Date(now + 1))
  if (chunks.length === 0 && !await connections.exists(subject.connectionId)) throw new AppError('not_found')
  const buckets = chunks.flatMap(chunk => unpackChunk(step, subject.kind, chunk.startsAt.getTime(), chunk.points, from))
  const figures = seriesFigures[subject.kind]
  return { figures: [...figures], points: pointsOf(range, now, buckets, figures.length).map(({ at, average, highest }) => ({ at: new Date(at).toISOString(), average: [...average], highest: [...highest] })) }
}
