import { alarmView } from './alarms.ts'
import type { SeenDeps } from './evaluate-alarms.ts'
import type { AlarmStore } from './ports.ts'

interface BoardDeps<Node, Storage> extends Pick<SeenDeps, 'house' | 'clock' | 'listQueues'> { readonly alarms: AlarmStore, readonly listNodes: () => Promise<readonly Node[]>, readonly listStorages: () => Promise<readonly Storage[]> }
const text = (at: Date | null) => at?.toISOString() ?? null
/** More are on the page of alarms. */
const mostAlarms = 20

/** The state of the house at a glance. A fixed number of queries, each bounded. */
export const showBoard = <Node, Storage>(deps: BoardDeps<Node, Storage>) => async () => {
  const now = deps.clock.now()
  const [nodes, storages, queues, house, alarms] = await Promise.all([deps.listNodes(), deps.listStorages(), deps.listQueues(), deps.house.state(now), deps.alarms.list({ state: 'firing', page: 1, pageSize: mostAlarms })])
  return {
    at: now.toISOString(), nodes: [...nodes], storages: [...storages], queues: queues.map(queue => ({ ...queue })), sagas: { ...house.sagas }, mails: { ...house.mails, oldestAt: text(house.mails.oldestAt) },
    connections: house.connections.map(({ healthSince, checkedAt, answeredAt, ...connection }) => ({ ...connection, healthSince: text(healthSince), checkedAt: text(checkedAt), answeredAt: text(answeredAt) })),
    panels: house.panels.map(panel => ({ ...panel, observedAt: panel.observedAt.toISOString() })), alarms: alarms.items.map(alarmView), alarmCount: alarms.total,
  }
}
