import { z } from 'zod'
import { connectionKinds, metricRanges, powerStates } from '#shared/vocabulary/machines.ts'
import { alarmMeasureNames, alarmSeverities, forecastStates, machineOrders, seriesKinds } from '#shared/vocabulary/monitoring.ts'
import { nodeView } from './admin.ts'
import { contract, idParams, instant, listOf, pageQuery, uuid } from './contract.ts'

const tag = 'admin'
const access = 'sysadmin' as const
const count = z.number().int()
const figure = z.number().nullable()

export const storageView = z.object({
  connectionId: uuid, connectionName: z.string(), key: z.string(), name: z.string(), /** Null: nodes share it. */ node: z.string().nullable(), type: z.string(), shared: z.boolean(), active: z.boolean(), /** Bytes; null: it does not tell. */ used: figure, total: figure, observedAt: instant,
  /** When it is full if it goes on as in the days that are known; `unknown`: too few. */ forecast: z.object({ state: z.enum(forecastStates), days: count.nullable(), daysKnown: count }),
})
const seenNode = nodeView.omit({ history: true })
export const alarmView = z.object({
  id: uuid, measure: z.enum(alarmMeasureNames), severity: z.enum(alarmSeverities), threshold: z.number(), days: count.nullable(), /** Names what it is about, for good. */ subject: z.string(), subjectName: z.string(), connectionId: uuid.nullable(), connectionName: z.string().nullable(), /** As last measured. */ value: figure,
  since: instant, seenAt: instant, firedAt: instant, resolvedAt: instant.nullable(), acknowledgedAt: instant.nullable(), acknowledgedBy: z.string().nullable(), note: z.string().nullable(),
})
export const boardView = z.object({
  at: instant,
  connections: z.array(z.object({ id: uuid, name: z.string(), kind: z.enum(connectionKinds), maintenance: z.boolean(), healthy: z.boolean().nullable(), healthSince: instant.nullable(), checkedAt: instant.nullable(), answeredAt: instant.nullable(), problem: z.string().nullable() })),
  nodes: z.array(seenNode), storages: z.array(storageView),
  panels: z.array(z.object({ connectionId: uuid, connectionName: z.string(), hostname: z.string().nullable(), load: figure, diskUsed: figure, diskTotal: figure, accounts: count.nullable(), maxAccounts: count.nullable(), observedAt: instant })),
  /** Jobs by queue: due and waiting, running, and those whose retries are used up. */
  queues: z.array(z.object({ name: z.string(), waiting: count, running: count, dead: count, oldestSeconds: figure })),
  sagas: z.object({ running: count, waiting: count, failed: count }), mails: z.object({ queued: count, oldestAt: instant.nullable(), failed: count }),
  alarms: z.array(alarmView), alarmCount: count,
})
export const showBoard = contract({ method: 'GET', path: '/api/admin/monitoring', access, tag, summary: 'The status board; changes arrive as `nodes` and `alarms` on /api/events', response: boardView })

const nodeParams = z.object({ connectionId: uuid, node: z.string().min(1).max(253) })
export const showNode = contract({ method: 'GET', path: '/api/admin/nodes/{connectionId}/{node}', access, tag, summary: 'A node as last observed, with the storages that it reaches', params: nodeParams, response: seenNode.extend({ storages: z.array(storageView) }) })
export const nodeMachineView = z.object({ serviceId: uuid, hostname: z.string(), clientName: z.string(), vmid: count.nullable(), power: z.enum(powerStates), cpu: figure, cpuCores: count, memoryUsedMiB: figure, memoryTotalMiB: figure, observedAt: instant.nullable() })
export const listNodeMachines = contract({ method: 'GET', path: '/api/admin/nodes/{connectionId}/{node}/machines', access, tag, summary: 'Our machines on a node, the hungriest first', params: nodeParams, query: pageQuery.extend({ order: z.enum(machineOrders).default('cpu') }), response: listOf(nodeMachineView) })

/** Averages and highest values in the order of `figures`; null where nothing was measured. */
const seriesPoint = z.object({ at: instant, average: z.array(figure), highest: z.array(figure) })
export const showSeries = contract({
  method: 'GET', path: '/api/admin/series', access, tag, summary: 'Figures of a node, a storage or a hosting server over the last hour to the last year',
  query: z.object({ connectionId: uuid, kind: z.enum(seriesKinds), /** A node\'s name or a storage\'s key; empty for a hosting server. */ name: z.string().max(300).default(''), range: z.enum(metricRanges).default('hour') }),
  response: z.object({ figures: z.array(z.string()), points: z.array(seriesPoint) }),
})

// Alarms ------------------------------------------------------------------------------------------------------------------------------
/** `threshold`: 0 to 1 for shares; it means nothing for a measure that is so or is not. */
export const alarmRuleBody = z.object({ measure: z.enum(alarmMeasureNames), threshold: z.number().gt(0).max(1_000_000), minutes: z.number().int().min(0).max(1440), severity: z.enum(alarmSeverities), enabled: z.boolean().default(true), /** How far a measure looks back that does; of the others it means nothing. */ days: z.number().int().min(1).max(365).nullable().default(null) })
export const alarmRuleView = alarmRuleBody.extend({ id: uuid })
export const listAlarmRules = contract({ method: 'GET', path: '/api/admin/alarm-rules', access, tag, summary: 'What staff are told of', response: z.object({ items: z.array(alarmRuleView) }) })
export const createAlarmRule = contract({ method: 'POST', path: '/api/admin/alarm-rules', access, tag, summary: 'Add an alarm rule', body: alarmRuleBody, response: alarmRuleView, status: 201, creates: true })
export const updateAlarmRule = contract({ method: 'PUT', path: '/api/admin/alarm-rules/{id}', access, tag, summary: 'Change an alarm rule; what it raised is decided anew', params: idParams, body: alarmRuleBody, status: 204 })
export const deleteAlarmRule = contract({ method: 'DELETE', path: '/api/admin/alarm-rules/{id}', access, tag, summary: 'Delete an alarm rule; the history of its alarms stays', params: idParams, status: 204 })
export const listAlarms = contract({ method: 'GET', path: '/api/admin/alarms', access, tag, summary: 'Alarms that fire, or that are over', query: pageQuery.extend({ state: z.enum(['firing', 'resolved']).default('firing') }), response: listOf(alarmView) })
export const countAlarms = contract({ method: 'GET', path: '/api/admin/alarms/count', access, tag, summary: 'How many alarms fire', response: z.object({ warning: count, critical: count, unacknowledged: count }) })
export const acknowledgeAlarm = contract({ method: 'POST', path: '/api/admin/alarms/{id}/acknowledge', access, tag, summary: 'Say that somebody takes care of an alarm', params: idParams, body: z.object({ note: z.string().trim().max(500).nullable().default(null) }), status: 204 })
