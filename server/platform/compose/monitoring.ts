import { acknowledgeAlarm, countAlarms, listAlarms } from '#server/monitoring/alarms.ts'
import { createAlarmRule, deleteAlarmRule, listAlarmRules, updateAlarmRule } from '#server/monitoring/alarm-rules.ts'
import { evaluateAlarms } from '#server/monitoring/evaluate-alarms.ts'
import { showBoard } from '#server/monitoring/show-board.ts'
import { countUnbacked } from '#server/provisioning/unbacked.ts'
import type { Core } from '../core.ts'
import type { composeInfrastructure } from './infrastructure.ts'

export const composeMonitoring = ({ config, read, transact, clock, newId, jobs }: Core, { seenNodes, listStorages }: ReturnType<typeof composeInfrastructure>) => {
  const deps = { transact, clock, newId, baseUrl: config.GARDU_BASE_URL, house: read.house, alarms: read.alarms, alarmRules: read.alarmRules, listNodes: seenNodes, listStorages, listQueues: () => jobs.depths(), countUnbacked: countUnbacked({ backupGaps: read.backupGaps, clock }) }
  return {
    showBoard: showBoard(deps), evaluateAlarms: evaluateAlarms(deps), listAlarms: listAlarms(deps), countAlarms: countAlarms(deps), acknowledgeAlarm: acknowledgeAlarm(deps),
    listAlarmRules: listAlarmRules(deps), createAlarmRule: createAlarmRule(deps), updateAlarmRule: updateAlarmRule(deps), deleteAlarmRule: deleteAlarmRule(deps),
  }
}
