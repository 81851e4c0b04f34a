import { AppError, fieldError } from '#shared/errors/codes.ts'
import { alarmMeasures, isOverDays } from '#shared/vocabulary/monitoring.ts'
import type { Actor, Clock, NewId, Transact } from '../kernel/ports.ts'
import type { AlarmRule, AlarmRuleFields, AlarmRuleStore, MonitoringStores } from './ports.ts'

export interface AlarmRuleDeps { readonly transact: Transact<MonitoringStores>, readonly alarmRules: AlarmRuleStore, readonly clock: Clock, readonly newId: NewId }
interface On { readonly actor: Actor, readonly id: string }

/** @throws AppError invalid_input for a threshold that the measure cannot reach, or without the days that it looks back */
function checked(fields: AlarmRuleFields): AlarmRuleFields {
  const unit = alarmMeasures[fields.measure]
  if (unit === 'share' && fields.threshold > 1) throw fieldError('threshold', 'share_above_one')
  if (unit === 'count' && !Number.isInteger(fields.threshold)) throw fieldError('threshold', 'whole_number')
  const over = isOverDays(fields.measure)
  if (over && fields.days === null) throw fieldError('days', 'required')
  return { ...fields, threshold: unit === 'state' ? 1 : fields.threshold, days: over ? fields.days : null }
}
const found = async (stores: MonitoringStores, id: string): Promise<AlarmRule> => {
  const rule = (await stores.alarmRules.lockAll()).find(one => one.id === id)
  if (!rule) throw new AppError('not_found')
  return rule
}
/** An open alarm of a rule that is gone, or that asks for something else now, is decided anew. */
async function end(stores: MonitoringStores, ruleId: string, at: Date): Promise<void> {
  const open = (await stores.alarms.open()).filter(alarm => alarm.ruleId === ruleId)
  await stores.alarms.save(open.filter(alarm => alarm.state === 'firing').map(alarm => ({ ...alarm, state: 'resolved', calmSince: null, resolvedAt: at })))
  await stores.alarms.remove(open.filter(alarm => alarm.state === 'pending').map(alarm => alarm.id))
  stores.live.publish({ audience: 'staff', name: 'alarms', id: '' })
}

export const listAlarmRules = ({ alarmRules }: AlarmRuleDeps) => async () => ({ items: await alarmRules.list() })

/** @throws AppError invalid_input, also when there is one for this measure and severity */
export const createAlarmRule = ({ transact, clock, newId }: AlarmRuleDeps) => async ({ actor, fields }: { readonly actor: Actor, readonly fields: AlarmRuleFields }) => {
  const [id, made] = [newId(), checked(fields)]
  await transact(async (stores) => {
    if (!await stores.alarmRules.insert(id, made, clock.now())) throw fieldError('severity', 'alarm_rule_taken')
    await stores.audit.record({ actor, action: 'alarm_rule.create', entity: 'alarm_rule', entityId: id, after: made })
  })
  return { ...made, id }
}

/** What it had raised ends without a letter, and is raised anew if it is still so. @throws AppError not_found, invalid_input */
export const updateAlarmRule = ({ transact, clock }: AlarmRuleDeps) => ({ actor, id, fields }: On & { readonly fields: AlarmRuleFields }): Promise<void> => transact(async (stores) => {
  const { id: _, ...before } = await found(stores, id)
  const after = checked(fields)
  if (!await stores.alarmRules.update(id, after, clock.now())) throw fieldError('severity', 'alarm_rule_taken')
  await end(stores, id, clock.now())
  await stores.audit.record({ actor, action: 'alarm_rule.update', entity: 'alarm_rule', entityId: id, before, after })
})

/** What it had raised ends without a letter; its history stays. @throws AppError not_found */
export const deleteAlarmRule = ({ transact, clock }: AlarmRuleDeps) => ({ actor, id }: On): Promise<void> => transact(async (stores) => {
  const { id: _, ...before } = await found(stores, id)
  await end(stores, id, clock.now())
  await stores.alarmRules.remove(id)
  await stores.audit.record({ actor, action: 'alarm_rule.delete', entity: 'alarm_rule', entityId: id, before })
})
