/** What figures are kept of over time. Machines are not among them: see docs/decisions/0015. */
export const seriesKinds = ['node', 'storage', 'panel'] as const
export type SeriesKind = typeof seriesKinds[number]

/**
 * The figures of each kind, in the order in which they are stored: append only. Shares are 0 to 1, `used` and `total` are bytes, `netIn` and `netOut` bytes a second;
 * pressure is the share of time in which something waited for CPU, memory or disk.
 */
export const seriesFigures = {
  node: ['cpu', 'memory', 'disk', 'netIn', 'netOut', 'load', 'ioWait', 'pressureCpu', 'pressureMemory', 'pressureIo'],
  storage: ['used', 'total'],
  panel: ['load', 'disk'],
} as const satisfies Record<SeriesKind, readonly string[]>
export type SeriesFigure = typeof seriesFigures[SeriesKind][number]

/** How dense figures are kept: as they were read, and rolled up. */
export const seriesSteps = ['raw', 'five_minutes', 'hour', 'day'] as const
export type SeriesStep = typeof seriesSteps[number]

/** Why a storage's forecast says no day: too few days are known, it does not grow, or it is ten years away. */
export const forecastStates = ['unknown', 'steady', 'growing'] as const
export type ForecastState = typeof forecastStates[number]

/** How a measure's value and threshold are written. `state`: it is so or it is not, without a threshold. */
export type MeasureUnit = 'share' | 'number' | 'minutes' | 'count' | 'state'
/** What an alarm rule can watch. */
export const alarmMeasures = {
  node_cpu: 'share', node_memory: 'share', node_disk: 'share', node_offline: 'state', storage_used: 'share', storage_inactive: 'state', panel_load: 'number', panel_disk: 'share',
  connection_unhealthy: 'state', silent: 'minutes', failed_sagas: 'count', queue_age: 'minutes', mail_age: 'minutes',
  machines_unbacked: 'count', accounts_unbacked: 'count',
} as const satisfies Record<string, MeasureUnit>
export type AlarmMeasure = keyof typeof alarmMeasures
export const alarmMeasureNames = Object.keys(alarmMeasures) as [AlarmMeasure, ...AlarmMeasure[]]
/** Measures that count what happened to too few within so many days: their rules say in how many. */
export const measuresOverDays = ['machines_unbacked', 'accounts_unbacked'] as const satisfies readonly AlarmMeasure[]
export const isOverDays = (measure: AlarmMeasure): measure is typeof measuresOverDays[number] => (measuresOverDays as readonly AlarmMeasure[]).includes(measure)
export const alarmSeverities = ['warning', 'critical'] as const
export type AlarmSeverity = typeof alarmSeverities[number]
/** pending: over the threshold, not for long enough yet. */
export const alarmStates = ['pending', 'firing', 'resolved'] as const
export type AlarmState = typeof alarmStates[number]

/** By what the machines of a node are ordered. */
export const machineOrders = ['cpu', 'memory'] as const
export type MachineOrder = typeof machineOrders[number]
