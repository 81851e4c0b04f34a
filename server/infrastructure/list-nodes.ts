import { seriesFigures } from '#shared/vocabulary/monitoring.ts'
import type { Clock } from '../kernel/ports.ts'
import type { NodeStore } from './ports.ts'
import type { SeriesStore } from './series-ports.ts'
import { rangeStart, slotOf, unpackChunk } from './series.ts'

const [cpu, memory] = [seriesFigures.node.indexOf('cpu'), seriesFigures.node.indexOf('memory')]

/** Every node as last observed, with the samples of the last hour, oldest first. */
export const listNodes = ({ nodes, series, clock }: { readonly nodes: NodeStore, readonly series: SeriesStore, readonly clock: Clock }) => async () => {
  const now = clock.now().getTime()
  const since = rangeStart('hour', now)
  const [found, chunks] = await Promise.all([nodes.list(), series.readMany(null, 'node', 'raw', new Date(slotOf('raw', since).startsAt), new Date(now + 1))])
  const byNode = Map.groupBy(chunks, chunk => `${chunk.connectionId}/${chunk.name}`)
  const history = (key: string) => (byNode.get(key) ?? []).flatMap(chunk => unpackChunk('raw', 'node', chunk.startsAt.getTime(), chunk.points, since))
    .flatMap(({ at, average }) => typeof average[cpu] === 'number' && typeof average[memory] === 'number' ? [{ at: new Date(at).toISOString(), cpu: average[cpu], memory: average[memory] }] : [])
  return { items: found.map(node => ({ ...node, observedAt: node.observedAt.toISOString(), history: history(`${node.connectionId}/${node.node}`) })) }
}
