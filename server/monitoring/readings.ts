import type { AlarmMeasure } from '#shared/vocabulary/monitoring.ts'
import type { AlarmSubject, HouseState, QueueDepth, SeenNode, SeenStorage, Unbacked } from './ports.ts'

/** Observations that are older say nothing of now. */
const fresh = 120_000
export interface MeasuredSubject extends AlarmSubject { readonly value: number | null, /** Of a measure that looks back over days: how many. It is for rules of as many alone. */ readonly days?: number }
interface Seen { readonly nodes: readonly SeenNode[], readonly storages: readonly SeenStorage[], readonly house: HouseState, readonly queues: readonly QueueDepth[], /** By how many days it looks back. */ readonly unbacked: ReadonlyMap<number, Unbacked>, readonly now: Date }

const share = (used: number | null, total: number | null): number | null => used === null || total === null || total <= 0 ? null : used / total

/** Every subject of every measure with its value now; null: it was not measured lately. What is in maintenance is left out: nobody is to be woken for it. */
export function readingsOf({ nodes, storages, house, queues, unbacked, now }: Seen): Record<AlarmMeasure, MeasuredSubject[]> {
  const away = new Set(house.connections.filter(connection => connection.maintenance).map(connection => connection.id))
  const isFresh = (at: string | Date) => now.getTime() - new Date(at).getTime() <= fresh
  const minutesSince = (at: Date) => Math.max(0, now.getTime() - at.getTime()) / 60_000
  const ofNodes = (read: (node: SeenNode) => number | null) => nodes.filter(node => !away.has(node.connectionId)).map(node => ({ subject: `node/${node.connectionId}/${node.node}`, subjectName: node.node, connectionId: node.connectionId, connectionName: node.connectionName, value: isFresh(node.observedAt) ? read(node) : null }))
  const online = (read: (node: SeenNode) => number | null) => ofNodes(node => node.online ? read(node) : null)
  const ofStorages = (read: (storage: SeenStorage) => number | null) => storages.filter(storage => !away.has(storage.connectionId)).map(storage => ({ subject: `storage/${storage.connectionId}/${storage.key}`, subjectName: storage.node === null ? storage.name : `${storage.name} (${storage.node})`, connectionId: storage.connectionId, connectionName: storage.connectionName, value: isFresh(storage.observedAt) ? read(storage) : null }))
  const ofPanels = (read: (panel: HouseState['panels'][number]) => number | null) => house.panels.filter(panel => !away.has(panel.connectionId)).map(panel => ({ subject: `panel/${panel.connectionId}`, subjectName: panel.hostname ?? panel.connectionName, connectionId: panel.connectionId, connectionName: panel.connectionName, value: isFresh(panel.observedAt) ? read(panel) : null }))
  const ofConnections = (read: (connection: HouseState['connections'][number]) => number | null) => house.connections.filter(connection => !connection.maintenance).map(connection => ({ subject: `connection/${connection.id}`, subjectName: connection.name, connectionId: connection.id, connectionName: connection.name, value: read(connection) }))
  const ofHouse = (subject: string, value: number | null): MeasuredSubject => ({ subject, subjectName: '', connectionId: null, connectionName: null, value })
  return {
    node_cpu: online(node => node.cpu), node_memory: online(node => share(node.memoryUsed, node.memoryTotal)), node_disk: online(node => share(node.diskUsed, node.diskTotal)), node_offline: ofNodes(node => node.online ? 0 : 1),
    storage_used: ofStorages(storage => share(storage.used, storage.total)), storage_inactive: ofStorages(storage => storage.active ? 0 : 1),
    panel_load: ofPanels(panel => panel.load), panel_disk: ofPanels(panel => share(panel.diskUsed, panel.diskTotal)),
    connection_unhealthy: ofConnections(connection => connection.healthy === null ? null : connection.healthy ? 0 : 1), silent: ofConnections(connection => connection.answeredAt && minutesSince(connection.answeredAt)),
    failed_sagas: [ofHouse('sagas', house.sagas.failed)],
    queue_age: queues.map(queue => ({ ...ofHouse(`queue/${queue.name}`, (queue.oldestSeconds ?? 0) / 60), subjectName: queue.name })),
    mail_age: [ofHouse('mails', house.mails.oldestAt ? minutesSince(house.mails.oldestAt) : 0)],
    machines_unbacked: [...unbacked].map(([days, { machines }]) => ({ ...ofHouse(`unbacked/machines/${days}`, machines), days })), accounts_unbacked: [...unbacked].map(([days, { accounts }]) => ({ ...ofHouse(`unbacked/accounts/${days}`, accounts), days })),
  }
}
