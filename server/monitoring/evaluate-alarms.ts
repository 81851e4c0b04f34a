import { localizedPath } from '#shared/navigation/localized-path.ts'
import type { Clock, NewId, Transact } from '../kernel/ports.ts'
import { mailRequest } from '../notifications/ports.ts'
import { nextAlarm } from './alarm-lifecycle.ts'
import type { AlarmRecord, AlarmRule, AlarmRuleStore, HouseReads, MonitoringStores, QueueDepth, SeenNode, SeenStorage, Unbacked } from './ports.ts'
import { readingsOf } from './readings.ts'
import type { MeasuredSubject } from './readings.ts'
import { alarmLine } from './texts.ts'

export interface SeenDeps { readonly house: HouseReads, readonly clock: Clock, readonly listNodes: () => Promise<readonly SeenNode[]>, readonly listStorages: () => Promise<readonly SeenStorage[]>, readonly listQueues: () => Promise<readonly QueueDepth[]> }
export interface EvaluationDeps extends SeenDeps { readonly transact: Transact<MonitoringStores>, readonly alarmRules: AlarmRuleStore, /** Without a backup of so many days. */ readonly countUnbacked: (days: number) => Promise<Unbacked>, readonly newId: NewId, readonly baseUrl: string }

/** More are counted in a letter, not listed. */
const mostLines = 20
const keptDays = 365
const keyOf = (ruleId: string | null, subject: string) => `${ruleId} ${subject}`

function begun(id: string, rule: AlarmRule, { value, days: _, ...subject }: MeasuredSubject, state: AlarmRecord['state'], at: Date): AlarmRecord {
  return { ...subject, id, ruleId: rule.id, measure: rule.measure, severity: rule.severity, threshold: rule.threshold, days: rule.days, state, value, since: at, seenAt: at, calmSince: null, firedAt: state === 'firing' ? at : null, resolvedAt: null, acknowledgedAt: null, acknowledgedBy: null, note: null }
}

/** What an evaluation decided. */
interface Verdict { readonly saved: AlarmRecord[], readonly calm: string[], readonly fired: AlarmRecord[], readonly resolved: AlarmRecord[] }

/** Compares what is open with what was read. What has no subject any more, because its connection is in maintenance or its rule is off, is over. */
export function judge(rules: readonly AlarmRule[], open: readonly AlarmRecord[], readings: ReturnType<typeof readingsOf>, now: Date, newId: NewId): Verdict {
  const known = new Map(open.map(alarm => [keyOf(alarm.ruleId, alarm.subject), alarm]))
  const verdict: Verdict = { saved: [], calm: [], fired: [], resolved: [] }
  for (const rule of rules.filter(one => one.enabled)) {
    for (const reading of readings[rule.measure].filter(({ days = null }) => days === rule.days)) {
      const before = known.get(keyOf(rule.id, reading.subject))
      known.delete(keyOf(rule.id, reading.subject))
      const memory = before && { state: before.state === 'firing' ? 'firing' as const : 'pending' as const, since: before.since.getTime(), seenAt: before.seenAt.getTime(), calmSince: before.calmSince?.getTime() ?? null }
      const next = nextAlarm(memory ?? null, rule, { at: now.getTime(), value: reading.value })
      if (next === (memory ?? null)) continue
      if (!next) {
        if (before) over(verdict, { ...before, value: reading.value ?? before.value }, now)
        continue
      }
      const after: AlarmRecord = {
        ...(before ?? begun(newId(), rule, reading, next.state, now)), state: next.state, value: reading.value, threshold: rule.threshold, since: new Date(next.since), seenAt: new Date(next.seenAt), calmSince: next.calmSince === null ? null : new Date(next.calmSince),
        firedAt: before?.firedAt ?? (next.state === 'firing' ? now : null),
      }
      verdict.saved.push(after)
      if (next.state === 'firing' && before?.state !== 'firing') verdict.fired.push(after)
    }
  }
  for (const left of known.values()) over(verdict, left, now)
  return verdict
}
function over(verdict: Verdict, alarm: AlarmRecord, now: Date): void {
  if (alarm.state === 'pending') {
    verdict.calm.push(alarm.id)
    return
  }
  const resolved: AlarmRecord = { ...alarm, state: 'resolved', calmSince: null, resolvedAt: now }
  verdict.saved.push(resolved)
  verdict.resolved.push(resolved)
}

/** As far back as the rules look; counted before they are held, for it takes longer than the rest. */
async function unbackedOf({ alarmRules, countUnbacked }: EvaluationDeps): Promise<ReadonlyMap<number, Unbacked>> {
  const wanted = new Set((await alarmRules.list()).flatMap(({ enabled, days }) => enabled && days !== null ? [days] : []))
  return new Map(await Promise.all([...wanted].map(async days => [days, await countUnbacked(days)] as const)))
}

/**
 * Holds the state of the house against the alarm rules. In one transaction what was decided is kept and the letters about it are queued: one for all alarms that began, one for all that ended, to
 * each sysadmin, once. May be repeated; what was seen meanwhile decides.
 */
export const evaluateAlarms = (deps: EvaluationDeps) => async (): Promise<void> => {
  const [nodes, storages, house, queues, unbacked] = await Promise.all([deps.listNodes(), deps.listStorages(), deps.house.state(deps.clock.now()), deps.listQueues(), unbackedOf(deps)])
  await deps.transact(async (stores) => {
    const rules = await stores.alarmRules.lockAll()
    // Only now: whoever waited for another evaluation comes after it.
    const now = deps.clock.now()
    const { saved, calm, fired, resolved } = judge(rules, await stores.alarms.open(), readingsOf({ nodes, storages, house, queues, unbacked, now }), now, deps.newId)
    await stores.alarms.save(saved)
    await stores.alarms.remove(calm)
    await stores.alarms.forgetBefore(new Date(now.getTime() - keptDays * 86_400_000), 500)
    if (fired.length + resolved.length === 0) return
    const recipients = await stores.staff.runMachines()
    const letters = (template: 'alarms_fired' | 'alarms_resolved', alarms: readonly AlarmRecord[]) => {
      const [first] = alarms
      if (!first) return []
      const ordered = [...alarms].sort((a, b) => a.severity.localeCompare(b.severity))
      return recipients.map(({ id, name, email, locale }) => mailRequest({ userId: null, recipient: email, locale }, template, `${template}:${first.id}:${id}`, {
        name, count: String(alarms.length), list: [...ordered.slice(0, mostLines).map(alarm => `• ${alarmLine(alarm, locale)}`), ...(alarms.length > mostLines ? [`… +${alarms.length - mostLines}`] : [])].join('\n'), url: deps.baseUrl + localizedPath(locale, '/admin/alarms'),
      }))
    }
    await stores.mail.queue(...letters('alarms_fired', fired), ...letters('alarms_resolved', resolved))
    stores.live.publish({ audience: 'staff', name: 'alarms', id: '' })
  })
}
