import { sql } from 'drizzle-orm'
import { bigint, boolean, check, customType, doublePrecision, index, integer, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { alarmMeasureNames, alarmSeverities, alarmStates, measuresOverDays, seriesKinds, seriesSteps } from '#shared/vocabulary/monitoring.ts'
import type { AlarmMeasure, AlarmSeverity, AlarmState, SeriesKind, SeriesStep } from '#shared/vocabulary/monitoring.ts'
import { id, instant, oneOf, word } from './columns.ts'
import { connections } from './infrastructure.ts'

const bytes = customType<{ data: Uint8Array, driverData: Uint8Array }>({ dataType: () => 'bytea', toDriver: value => Buffer.from(value), fromDriver: value => value })

/** What each storage said when it was last asked. `key` names it on its connection; `node` null: nodes share it. Null figures: it does not tell. */
export const storages = pgTable('storages', {
  connectionId: uuid().notNull().references(() => connections.id, { onDelete: 'cascade' }), key: text().notNull(), name: text().notNull(), node: text(), type: text().notNull(), shared: boolean().notNull(), active: boolean().notNull(),
  used: bigint({ mode: 'number' }), total: bigint({ mode: 'number' }), observedAt: instant().notNull(), /** Bytes; null: too few days are known. */ growthPerDay: doublePrecision(), growthDays: integer().notNull().default(0),
}, t => [primaryKey({ columns: [t.connectionId, t.key] })])

/** Figures over time: a row is a chunk of slots of four-byte numbers, NaN where nothing was measured (`server/infrastructure/series.ts`). `name` is empty for a panel: there is one. */
export const metricSeries = pgTable('metric_series', {
  connectionId: uuid().notNull().references(() => connections.id, { onDelete: 'cascade' }), kind: word<SeriesKind>().notNull(), name: text().notNull(), step: word<SeriesStep>().notNull(), startsAt: instant().notNull(), points: bytes().notNull(),
}, t => [primaryKey({ columns: [t.connectionId, t.kind, t.name, t.step, t.startsAt] }), index('metric_series_age').on(t.step, t.startsAt), check('metric_series_kind', oneOf(t.kind, seriesKinds)), check('metric_series_step', oneOf(t.step, seriesSteps))])

/** What staff want to be told of: a measure at or above `threshold` for `minutes`. */
export const alarmRules = pgTable('alarm_rules', {
  id: id(), measure: word<AlarmMeasure>().notNull(), threshold: doublePrecision().notNull(), minutes: integer().notNull(), severity: word<AlarmSeverity>().notNull(), enabled: boolean().notNull().default(true), /** Of a measure that looks back over days, and of no other. */ days: integer(), createdAt: instant().notNull(), updatedAt: instant().notNull(),
}, t => [uniqueIndex('alarm_rules_once').on(t.measure, t.severity), check('alarm_rules_measure', oneOf(t.measure, alarmMeasureNames)), check('alarm_rules_severity', oneOf(t.severity, alarmSeverities)), check('alarm_rules_minutes', sql`${t.minutes} between 0 and 1440`), check('alarm_rules_threshold', sql`${t.threshold} > 0`), check('alarm_rules_days', sql`(${oneOf(t.measure, measuresOverDays)}) = (${t.days} is not null) and coalesce(${t.days}, 1) between 1 and 365`)])

/** pending → firing → resolved; what calms down while pending leaves no row. What it said when it was raised stays, whatever becomes of its rule. */
export const alarms = pgTable('alarms', {
  id: id(), ruleId: uuid().references(() => alarmRules.id, { onDelete: 'set null' }), measure: word<AlarmMeasure>().notNull(), severity: word<AlarmSeverity>().notNull(), threshold: doublePrecision().notNull(), days: integer(),
  /** Names what it is about, for good: `node/<connection>/<name>` … */ subject: text().notNull(), subjectName: text().notNull(), connectionId: uuid(), connectionName: text(),
  state: word<AlarmState>().notNull(), value: doublePrecision(), /** The measure was over the threshold from then on. */ since: instant().notNull(), /** The last time that it was measured. */ seenAt: instant().notNull(), /** It is below since then. */ calmSince: instant(), firedAt: instant(), resolvedAt: instant(),
  acknowledgedAt: instant(), acknowledgedBy: text(), note: text(),
}, t => [
  uniqueIndex('alarms_one_open').on(t.ruleId, t.subject).where(sql`state in ('pending','firing')`), index('alarms_state').on(t.state, t.firedAt), check('alarms_state_known', oneOf(t.state, alarmStates)), check('alarms_severity', oneOf(t.severity, alarmSeverities)),
  check('alarms_moments', sql`(${t.state} = 'pending') = (${t.firedAt} is null) and (${t.state} = 'resolved') = (${t.resolvedAt} is not null)`),
])
