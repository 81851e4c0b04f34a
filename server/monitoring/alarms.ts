import { AppError } from '#shared/errors/codes.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Clock, PageRequest, Transact } from '../kernel/ports.ts'
import type { AlarmRecord, AlarmStore, MonitoringStores } from './ports.ts'

export const alarmView = ({ id, measure, severity, threshold, days, subjectName, subject, connectionId, connectionName, value, since, seenAt, firedAt, resolvedAt, acknowledgedAt, acknowledgedBy, note }: AlarmRecord) => ({
  id, measure, severity, threshold, days, subject, subjectName, connectionId, connectionName, value, since: since.toISOString(), seenAt: seenAt.toISOString(), firedAt: (firedAt ?? since).toISOString(), resolvedAt: resolvedAt?.toISOString() ?? null, acknowledgedAt: acknowledgedAt?.toISOString() ?? null, acknowledgedBy, note,
})

/** Alarms that fire, or that were resolved, newest first. */
export const listAlarms = ({ alarms }: { readonly alarms: AlarmStore }) => async (filter: PageRequest & { readonly state: 'firing' | 'resolved' }) => {
  const page = await alarms.list(filter)
  return { ...page, items: page.items.map(alarmView) }
}
export const countAlarms = ({ alarms }: { readonly alarms: AlarmStore }) => () => alarms.count()

/** Somebody takes care of it: it goes on firing, and the banner is quiet about it. Again, by another person or with another note: the last one stands. @throws AppError not_found for one that does not fire */
export const acknowledgeAlarm = ({ transact, clock }: { readonly transact: Transact<MonitoringStores>, readonly clock: Clock }) => ({ actor, id, note }: { readonly actor: Actor, readonly id: string, readonly note: string | null }): Promise<void> => transact(async (stores) => {
  if (!await stores.alarms.acknowledge(id, actor.kind === 'user' ? actor.name : actorLabel(actor), note, clock.now())) throw new AppError('not_found')
  await stores.audit.record({ actor, action: 'alarm.acknowledge', entity: 'alarm', entityId: id, after: { note } })
  stores.live.publish({ audience: 'staff', name: 'alarms', id })
})
