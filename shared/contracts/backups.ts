import { z } from 'zod'
import { serviceStatuses } from '#shared/vocabulary/billing.ts'
import { backupFrequencies, backupGaps, backupOrigins, backupRetryObstacles, backupStates, machineTypes, resourceStatuses, sagaKinds } from '#shared/vocabulary/machines.ts'
import { adminServiceDetailView } from './admin.ts'
import { contract, idParams, instant, listOf, pageQuery, search, uuid } from './contract.ts'
import { serviceView } from './portal.ts'

/** Backups of whole machines: what the books have, held against the storage when it is looked at. */
const weekday = z.number().int().min(1).max(7)
const hour = z.number().int().min(0).max(23)
export const backupView = z.object({ id: uuid, state: z.enum(backupStates), origin: z.enum(backupOrigins), startedAt: instant, sizeBytes: z.number().nullable(), /** For staff. */ problem: z.string().nullable(), /** On a storage that is no longer its connection's: it is neither restored nor deleted from here. */ elsewhere: z.boolean() })
export const backupsView = listOf(backupView).extend({
  /** Of the product; 0: none. */ included: z.number().int(), /** Ready, or being made. */ used: z.number().int(), /** Why none are made of this machine; null: they are. */ unsupported: z.enum(['hypervisor', 'no_storage']).nullable(), /** The storage answered. */ readable: z.boolean(),
  /** Why nothing may be done now. */ refusal: z.string().nullable(), mayBeScheduled: z.boolean(),
  /** Of a weekly one `weekday`: 1 is Monday. The hour is the house's. */
  schedule: z.object({ frequency: z.enum(backupFrequencies), weekday: weekday.nullable(), hour, nextAt: instant, /** In a row. */ failures: z.number().int() }).nullable(),
  /** Of a service that ended: they are deleted then. */ keptUntil: instant.nullable(),
})
export const backupActionBody = z.discriminatedUnion('action', [
  z.object({ action: z.literal('create') }),
  /** `hostname` must be typed as it is. */
  z.object({ action: z.literal('restore'), backupId: uuid, hostname: z.string().max(200) }),
  z.object({ action: z.literal('delete'), backupId: uuid }),
])
export const backupScheduleBody = z.discriminatedUnion('frequency', [z.object({ frequency: z.literal('off') }), z.object({ frequency: z.literal('daily'), hour }), z.object({ frequency: z.literal('weekly'), weekday, hour })])

const asked = { limit: 120, seconds: 60 }
const shown = z.object({ page: pageQuery.shape.page, pageSize: z.coerce.number().int().min(1).max(50).default(10) })
const portal = { access: 'client', tag: 'portal', params: idParams, rateLimit: asked } as const
const admin = { tag: 'admin', params: idParams, rateLimit: asked } as const
export const showBackups = contract({ ...portal, method: 'GET', path: '/api/portal/services/{id}/backups', summary: 'Backups of my machine', query: shown, response: backupsView })
export const actOnBackup = contract({ ...portal, method: 'POST', path: '/api/portal/services/{id}/backups', summary: 'Make a backup of my machine, restore one, or delete one', body: backupActionBody, response: serviceView, status: 202, creates: true })
export const setBackupSchedule = contract({ ...portal, method: 'PUT', path: '/api/portal/services/{id}/backup-schedule', summary: 'When my machine is backed up by itself', body: backupScheduleBody, status: 204 })
export const showAdminBackups = contract({ ...admin, access: 'staff', method: 'GET', path: '/api/admin/services/{id}/backups', summary: 'Backups of a service\'s machine', query: shown, response: backupsView })
export const actOnAdminBackup = contract({ ...admin, access: 'sysadmin', method: 'POST', path: '/api/admin/services/{id}/backups', summary: 'Make a backup of a service\'s machine, restore one, or delete one', body: backupActionBody, response: adminServiceDetailView, status: 202, creates: true })
export const setAdminBackupSchedule = contract({ ...admin, access: 'sysadmin', method: 'PUT', path: '/api/admin/services/{id}/backup-schedule', summary: 'When a service\'s machine is backed up by itself', body: backupScheduleBody, status: 204 })

const ofService = { serviceId: uuid, hostname: z.string(), clientId: uuid, clientName: z.string() }
export const backupUsageView = listOf(z.object({ clientId: uuid, clientName: z.string(), connectionId: uuid, connectionName: z.string(), storage: z.string(), services: z.number().int(), backups: z.number().int(), bytes: z.number(), newestAt: instant.nullable() })).extend({ totals: z.object({ backups: z.number().int(), bytes: z.number(), /** Schedules whose last backup failed. */ failed: z.number().int(), schedules: z.number().int() }) })
export const backupSchedulesView = listOf(z.object({ ...ofService, frequency: z.enum(backupFrequencies), weekday: weekday.nullable(), hour, nextAt: instant, failures: z.number().int(), problem: z.string().nullable(), /** Of one that fails: why its last attempt cannot be tried again. */ obstacle: z.enum(backupRetryObstacles).nullable() }))
export const failedBackupsView = listOf(z.object({ ...ofService, id: uuid, state: z.enum(backupStates), origin: z.enum(backupOrigins), startedAt: instant, problem: z.string().nullable(), storage: z.string(), /** Why it cannot be tried again; null: it can. */ obstacle: z.enum(backupRetryObstacles).nullable() }))
const house = { method: 'GET', access: 'sysadmin', tag: 'admin' } as const
export const listBackupUsage = contract({ ...house, path: '/api/admin/backups', summary: 'What backups hold, by client and storage', query: pageQuery.extend({ q: search, order: z.enum(['bytes', 'backups', 'client']).default('bytes') }), response: backupUsageView })
export const listBackupSchedules = contract({ ...house, path: '/api/admin/backups/schedules', summary: 'Which machines are backed up by themselves', query: pageQuery.extend({ failing: z.enum(['0', '1']).default('0') }), response: backupSchedulesView })
export const listFailedBackups = contract({ ...house, path: '/api/admin/backups/failed', summary: 'Backups that failed or are gone', query: pageQuery, response: failedBackupsView })

/**
 * Machines and hosting accounts that are there and have no backup of the last `days`. `usual`: the days that hold where nobody asks for others, as the alarm rules look back. `sold`: whether backups are part of the product; null of
 * accounts, which their panel backs up. `young`: there since less than these days, without a backup yet. `refusal`: why none is made now. `limit`: of the product.
 */
export const unbackedView = listOf(z.object({
  ...ofService, productName: z.string(), kind: z.enum(['vps', 'hosting']), status: z.enum(serviceStatuses), connectionId: uuid, connectionName: z.string(), node: z.string().nullable(), /** Of a machine. */ newestAt: instant.nullable(), /** Of an account, a day of its panel's. */ newestOn: z.string().nullable(), /** When the panel last told. */ readAt: instant.nullable(),
  sold: z.boolean().nullable(), young: z.boolean(), since: instant, nextAt: instant.nullable(), gap: z.enum(backupGaps), problem: z.string().nullable(), openSaga: z.enum(sagaKinds).nullable(), refusal: z.string().nullable(), limit: z.number().int(),
})).extend({ days: z.number().int(), usual: z.number().int() })
export const listUnbacked = contract({ ...house, path: '/api/admin/backups/missing', summary: 'Machines and hosting accounts without a recent backup', query: pageQuery.extend({ q: search, kind: z.enum(['vps', 'hosting']).optional(), sold: z.stringbool().optional(), days: z.coerce.number().int().min(1).max(365).optional() }), response: unbackedView })

/** A backup that is there, whatever became of its service. */
export const heldBackupView = z.object({ ...ofService, id: uuid, status: z.enum(serviceStatuses), origin: z.enum(backupOrigins), startedAt: instant, sizeBytes: z.number().nullable(), connectionId: uuid, connectionName: z.string(), storage: z.string(), /** On a storage that is no longer its connection's. */ elsewhere: z.boolean(), /** Of a service that ended: it is deleted then. */ keptUntil: instant.nullable() })
export const heldBackupsView = listOf(heldBackupView)
/** `refusal`: why no machine is made for it from this backup. */
export const rebuildTargetView = z.object({ serviceId: uuid, hostname: z.string(), productName: z.string(), status: z.enum(serviceStatuses), resourceStatus: z.enum(resourceStatuses), diskGiB: z.number(), refusal: z.string().nullable(), /** Of the refusal, where there is one: the machine that is there, or what its hypervisor said. */ detail: z.string().nullable(), /** It is the service that the backup was made of. */ own: z.boolean() })
export const rebuildView = listOf(rebuildTargetView).extend({
  backup: heldBackupView, /** What the archive says of the machine in it; null: it could not be read. */ content: z.object({ machineType: z.enum(machineTypes), diskGiB: z.number().nullable(), nodes: z.array(z.string()) }).nullable(), /** Why not, for staff. */ problem: z.string().nullable(),
})
export const rebuildBody = z.object({ serviceId: uuid, /** Of the service, typed as it is. */ hostname: z.string().max(200), reason: z.string().trim().min(3).max(500) })
export const listHeldBackups = contract({ ...house, path: '/api/admin/backups/held', summary: 'Backups that are there', query: pageQuery.extend({ q: search }), response: heldBackupsView })
export const showRebuild = contract({ ...house, path: '/api/admin/backups/{id}', summary: 'A backup, and the services for which a machine can be made from it', params: idParams, query: pageQuery.extend({ service: uuid.optional() }), response: rebuildView, rateLimit: asked })
export const rebuildMachine = contract({ ...house, method: 'POST', path: '/api/admin/backups/{id}/machine', summary: 'Make the machine of a service that has none from a backup', params: idParams, body: rebuildBody, response: adminServiceDetailView, status: 202, creates: true })
