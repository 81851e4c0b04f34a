import { seriesFigures } from '#shared/vocabulary/monitoring.ts'
import type { SeriesFigure, SeriesKind } from '#shared/vocabulary/monitoring.ts'
import type { PanelServer } from './panel-ports.ts'
import type { RemoteNode, RemoteStorage } from './ports.ts'
import type { SeriesSubject } from './series-ports.ts'
import { packSlot } from './series.ts'

type Figures = Partial<Record<SeriesFigure, number | null>>
const share = (used: number, total: number): number | null => total > 0 ? used / total : null

/** One sample as a slot of the finest step. */
function slotFor(subject: SeriesSubject, figures: Figures): SeriesSubject & { readonly slot: Uint8Array } {
  const values = (seriesFigures[subject.kind as SeriesKind] as readonly SeriesFigure[]).map(name => figures[name] ?? null)
  return { ...subject, slot: packSlot('raw', { at: 0, average: values, highest: values, samples: values.map(value => value === null ? 0 : 1) }) }
}

/** A node that is off is a gap. */
export const nodeSlots = (connectionId: string, nodes: readonly RemoteNode[]) => nodes.filter(node => node.online).map(node => slotFor({ connectionId, kind: 'node', name: node.node }, {
  cpu: node.cpu, memory: share(node.memoryUsed, node.memoryTotal), disk: share(node.diskUsed, node.diskTotal), load: node.loadAverage, ...node.strain,
}))
export const storageSlots = (connectionId: string, storages: readonly RemoteStorage[]) => storages.filter(({ used, total }) => used !== null && total !== null).map(({ key, used, total }) => slotFor({ connectionId, kind: 'storage', name: key }, { used, total }))
export const panelSlots = (connectionId: string, { load, disk }: PanelServer) => [slotFor({ connectionId, kind: 'panel', name: '' }, { load, disk: disk && share(disk.used, disk.total) })]
