import { sql } from 'drizzle-orm'
import { bigint, boolean, check, doublePrecision, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { backupFrequencies, backupOrigins, backupStates, driftKinds, powerStates, resourceStatuses, sagaKinds, sagaStatuses, stepStatuses } from '#shared/vocabulary/machines.ts'
import type { BackupFrequency, BackupOrigin, BackupState, DriftKind, PowerState, ResourceStatus, SagaKind, SagaStatus, StepStatus } from '#shared/vocabulary/machines.ts'
import { services } from './billing.ts'
import { connections } from './infrastructure.ts'
import { id, instant, oneOf, word } from './columns.ts'

/** The technical side of a service: the machine as last read back. Only sagas write `status`. */
export const resources = pgTable('resources', {
  serviceId: uuid().primaryKey().references(() => services.id), status: word<ResourceStatus>().notNull().default('none'), connectionId: uuid().references(() => connections.id), node: text(), vmid: integer(),
  /** Our proof of ownership: this UUID stands in the machine's description and tag before it counts as ours. */
  ownershipMark: uuid().notNull(),
  power: word<PowerState>().notNull().default('unknown'), cpu: doublePrecision(), memoryUsedMiB: doublePrecision(), memoryTotalMiB: doublePrecision(), uptimeSeconds: doublePrecision(), observedAt: instant(),
  username: text(),
  /** Encrypted; emptied when it has been shown once. */
  initialPassword: text(),
  /** Built while its service was suspended: it has not run since, so what its first boot needs still stands on the hypervisor. */
  firstBoot: boolean().notNull().default(false),
  /** The image that it starts from instead of its disk, and since when; written before it is attached and cleared after it was seen to be gone. */
  rescue: text(), rescueSince: instant(),
  /** What it is slowed down to, as a wish (null: it is not); whether that still has to be read back; and when it was. */
  rateCapMbps: integer(), rateCapPending: boolean().notNull().default(false), rateCapAt: instant(),
  /** The hardware address of its first card, as it was made or first seen; null: never seen. */
  mac: text(),
  /** Its guest was set up by VMware Tools at its first start, as it was last read back; null: never told. */
  customised: boolean(),
  problem: text(), changedAt: instant().notNull(),
}, t => [check('resources_rescue', sql`(${t.rescue} is null) = (${t.rescueSince} is null)`), check('resources_status', oneOf(t.status, resourceStatuses)), check('resources_power', oneOf(t.power, powerStates)), uniqueIndex('resources_mark').on(t.ownershipMark), uniqueIndex('resources_number').on(t.connectionId, t.vmid).where(sql`vmid is not null and status <> 'destroyed'`), index('resources_status').on(t.status), index('resources_connection').on(t.connectionId), index('resources_rate_cap').on(t.serviceId).where(sql`rate_cap_mbps is not null or rate_cap_pending`)])

/**
 * Hosting accounts: the domain is held from the order on, by one service at a time, and so is a place on the server `connectionId`; `birth` proves the account for good once it was read back. `changedAt`: when it
 * was held, first read back, or released; a look at the server that is older does not know of it. `backupOn`: the day (`2026-11-29`) of its panel's newest backup, as told at `backupsReadAt`; null: there was none.
 */
export const hostingAccounts = pgTable('hosting_accounts', {
  serviceId: uuid().primaryKey().references(() => services.id), domain: text().notNull(), connectionId: uuid().references(() => connections.id), birth: text(), ip: text(), released: boolean().notNull().default(false), changedAt: instant().notNull(), backupOn: text(), /** Null: its panel never told. */ backupsReadAt: instant(),
}, t => [uniqueIndex('hosting_accounts_domain').on(t.domain).where(sql`not released`), index('hosting_accounts_connection').on(t.connectionId, t.changedAt).where(sql`not released`)])

/** Where a hypervisor and our books disagree, as last looked at. One that is no longer so is resolved and kept; `key` tells one from another. */
export const driftFindings = pgTable('drift_findings', {
  id: id(), kind: word<DriftKind>().notNull(), connectionId: uuid().notNull().references(() => connections.id, { onDelete: 'cascade' }), key: text().notNull(), serviceId: uuid().references(() => services.id), node: text(), vmid: integer(), detail: jsonb().$type<Record<string, string | number>>().notNull(), firstSeenAt: instant().notNull(), lastSeenAt: instant().notNull(), resolvedAt: instant(),
  ignoredAt: instant(), ignoredBy: text(), ignoredWhy: text(),
}, t => [check('drift_findings_kind', oneOf(t.kind, driftKinds)), check('drift_findings_ignored', sql`(${t.ignoredAt} is null) = (${t.ignoredWhy} is null)`), uniqueIndex('drift_findings_open').on(t.connectionId, t.kind, t.key).where(sql`resolved_at is null`), index('drift_findings_list').on(t.lastSeenAt), index('drift_findings_service').on(t.serviceId)])

/** A long act in steps. `fence` counts up at each take-over: a worker whose fence is old may not write. */
export const sagas = pgTable('sagas', {
  id: id(), kind: word<SagaKind>().notNull(), action: text(), serviceId: uuid().notNull().references(() => services.id), status: word<SagaStatus>().notNull(), step: integer().notNull().default(0), state: jsonb().$type<Record<string, unknown>>().notNull().default({}), attempt: integer().notNull().default(0), fence: integer().notNull().default(0), leaseUntil: instant(), retryAt: instant(), reason: text(), actor: text().notNull(), startedAt: instant().notNull(), finishedAt: instant(),
}, t => [check('sagas_kind', oneOf(t.kind, sagaKinds)), check('sagas_status', oneOf(t.status, sagaStatuses)), uniqueIndex('sagas_one_open').on(t.serviceId).where(sql`status in ('running','waiting')`), index('sagas_service').on(t.serviceId, t.startedAt), index('sagas_due').on(t.status, t.retryAt)])

export const sagaSteps = pgTable('saga_steps', {
  sagaId: uuid().notNull().references(() => sagas.id, { onDelete: 'cascade' }), position: integer().notNull(), name: text().notNull(), status: word<StepStatus>().notNull().default('pending'), startedAt: instant(), finishedAt: instant(), detail: text(),
}, t => [primaryKey({ columns: [t.sagaId, t.position] }), check('saga_steps_status', oneOf(t.status, stepStatuses))])

/** Backups of machines as we know them. `ownershipMark` and `vmid` are the machine's at that time: with the id, they prove that what lies on the storage is this. */
export const machineBackups = pgTable('machine_backups', {
  id: id(), serviceId: uuid().notNull().references(() => services.id), connectionId: uuid().notNull().references(() => connections.id), storage: text().notNull(), vmid: integer().notNull(), ownershipMark: uuid().notNull(), username: text(), templateId: uuid(),
  origin: word<BackupOrigin>().notNull(), state: word<BackupState>().notNull(), volume: text(), sizeBytes: bigint({ mode: 'number' }), startedAt: instant().notNull(), madeAt: instant(), /** When it failed, was deleted, or was seen to be gone. */ endedAt: instant(), problem: text(),
}, t => [check('machine_backups_state', oneOf(t.state, backupStates)), check('machine_backups_origin', oneOf(t.origin, backupOrigins)), check('machine_backups_ready', sql`${t.state} <> 'ready' or (${t.volume} is not null and ${t.madeAt} is not null)`), index('machine_backups_service').on(t.serviceId, t.startedAt), index('machine_backups_held').on(t.connectionId, t.storage).where(sql`state in ('running', 'ready')`), index('machine_backups_newest').on(t.serviceId, t.madeAt).where(sql`state = 'ready'`), index('machine_backups_failed').on(t.startedAt).where(sql`state in ('failed', 'gone')`)])

/** When a machine is backed up by itself; no row: never. `failures`: in a row; the mails about them are written once, then `told`. */
export const backupSchedules = pgTable('backup_schedules', {
  serviceId: uuid().primaryKey().references(() => services.id), frequency: word<BackupFrequency>().notNull(), /** Of a weekly one: 1 is Monday. */ weekday: integer(), hour: integer().notNull(), nextAt: instant().notNull(), failures: integer().notNull().default(0), told: boolean().notNull().default(false), problem: text(), changedAt: instant().notNull(),
}, t => [check('backup_schedules_frequency', oneOf(t.frequency, backupFrequencies)), check('backup_schedules_time', sql`${t.hour} between 0 and 23 and (${t.frequency} = 'weekly') = (${t.weekday} is not null) and coalesce(${t.weekday}, 1) between 1 and 7`), index('backup_schedules_next').on(t.nextAt), index('backup_schedules_failing').on(t.serviceId).where(sql`failures > 0`)])

/** What the machine of a service moved in a month of the business zone, and what was last read of it. Written for every machine at each collection: no key leads to services, which are never deleted, and no index to what changes. */
export const machineTraffic = pgTable('machine_traffic', {
  serviceId: uuid().notNull(), /** `2026-11`. */ month: text().notNull(), bytesIn: bigint({ mode: 'number' }).notNull(), bytesOut: bigint({ mode: 'number' }).notNull(),
  counterIn: bigint({ mode: 'number' }), counterOut: bigint({ mode: 'number' }), uptimeSeconds: doublePrecision(), readAt: instant().notNull(),
  /** Of machines without counters: up to when samples are counted, by the hypervisor's clock; whether it was off then; how far that lay behind when it was read; and how much of the month samples cover, and do not. */
  countedTo: instant(), wasOff: boolean().notNull().default(false), lagSeconds: doublePrecision().notNull().default(0), measuredSeconds: doublePrecision().notNull().default(0), missedSeconds: doublePrecision().notNull().default(0),
  /** When the client was told that so much of the limit is used. */ told80At: instant(), told100At: instant(),
}, t => [primaryKey({ columns: [t.serviceId, t.month] }), check('machine_traffic_month', sql`${t.month} ~ '^[0-9]{4}-[0-9]{2}$'`), check('machine_traffic_amounts', sql`${t.bytesIn} >= 0 and ${t.bytesOut} >= 0 and ${t.measuredSeconds} >= 0 and ${t.missedSeconds} >= 0`), check('machine_traffic_reading', sql`num_nulls(${t.counterIn}, ${t.counterOut}, ${t.uptimeSeconds}) = case when ${t.countedTo} is null then 0 else 3 end`), index('machine_traffic_month_of').on(t.month)])
