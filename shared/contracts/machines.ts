import { z } from 'zod'
import { metricRanges } from '#shared/vocabulary/machines.ts'
import { adminServiceDetailView } from './admin.ts'
import { contract, idParams, instant } from './contract.ts'
import { serviceView } from './portal.ts'
import { sshKeys } from './storefront.ts'

/** What a machine's hypervisor tells of it, asked when the page wants it: snapshots and what it used. */

export const snapshotView = z.object({ name: z.string(), title: z.string(), at: instant.nullable(), /** Taken here: may be gone back to and deleted. */ own: z.boolean(), by: z.enum(['client', 'staff']).nullable() })
export const snapshotsView = z.object({
  limit: z.number().int(), /** Of our own, as the hypervisor counts them. */ used: z.number().int(), /** The hypervisor can do it. */ supported: z.boolean(), /** It answered. */ readable: z.boolean(),
  /** Why nothing may be done now. */ refusal: z.string().nullable(), items: z.array(snapshotView),
})
const remoteName = z.string().min(2).max(80)
export const snapshotActionBody = z.discriminatedUnion('action', [
  z.object({ action: z.literal('create'), title: z.string().trim().min(1).max(60).regex(/^[^\p{Cc}]*$/u) }),
  /** `hostname` must be typed as it is. */
  z.object({ action: z.literal('rollback'), name: remoteName, hostname: z.string().max(200) }),
  z.object({ action: z.literal('delete'), name: remoteName }),
])

/** What a machine can be made anew from, and why it cannot be now. */
export const reinstallView = z.object({
  templates: z.array(z.object({ id: z.uuid(), name: z.string(), osFamily: z.string(), /** What it was made from. */ current: z.boolean(), /** False: SSH keys are not put into it. */ takesKeys: z.boolean() })),
  sshKey: z.string().nullable(), refusal: z.string().nullable(),
})
/** `hostname` must be typed as it is: everything on the machine is lost. */
export const reinstallBody = z.object({ templateId: z.uuid(), hostname: z.string().max(200), sshKey: sshKeys.nullish().transform(v => v || null) })

const figure = z.number().nullable()
export const metricsView = z.object({
  supported: z.boolean(), readable: z.boolean(),
  /** Bytes, and bytes a second. Null: the hypervisor does not know. */
  points: z.array(z.object({ at: instant, cpu: figure, memoryUsed: figure, memoryTotal: figure, diskRead: figure, diskWrite: figure, netIn: figure, netOut: figure })),
})
export const metricsQuery = z.object({ range: z.enum(metricRanges).default('hour') })

const asked = { limit: 120, seconds: 60 }
const portal = { access: 'client', tag: 'portal', params: idParams, rateLimit: asked } as const
const admin = { tag: 'admin', params: idParams, rateLimit: asked } as const

export const showSnapshots = contract({ ...portal, method: 'GET', path: '/api/portal/services/{id}/snapshots', summary: 'Snapshots of my machine, as its hypervisor tells them', response: snapshotsView })
export const actOnSnapshot = contract({ ...portal, method: 'POST', path: '/api/portal/services/{id}/snapshots', summary: 'Take a snapshot, go back to one, or delete one', body: snapshotActionBody, response: serviceView, status: 202, creates: true })
export const showReinstall = contract({ ...portal, method: 'GET', path: '/api/portal/services/{id}/reinstall', summary: 'What my machine can be made anew from', response: reinstallView })
export const reinstall = contract({ ...portal, method: 'POST', path: '/api/portal/services/{id}/reinstall', summary: 'Destroy my machine and make it anew from a template', body: reinstallBody, response: serviceView, status: 202, creates: true })
export const showMetrics = contract({ ...portal, method: 'GET', path: '/api/portal/services/{id}/metrics', summary: 'What my machine used over the last hour to the last year', query: metricsQuery, response: metricsView })
export const showAdminSnapshots = contract({ ...admin, access: 'staff', method: 'GET', path: '/api/admin/services/{id}/snapshots', summary: 'Snapshots of a service\'s machine', response: snapshotsView })
export const actOnAdminSnapshot = contract({ ...admin, access: 'sysadmin', method: 'POST', path: '/api/admin/services/{id}/snapshots', summary: 'Take a snapshot of a service\'s machine, go back to one, or delete one', body: snapshotActionBody, response: adminServiceDetailView, status: 202, creates: true })
export const showAdminReinstall = contract({ ...admin, access: 'staff', method: 'GET', path: '/api/admin/services/{id}/reinstall', summary: 'What a service\'s machine can be made anew from', response: reinstallView })
export const reinstallForStaff = contract({ ...admin, access: 'sysadmin', method: 'POST', path: '/api/admin/services/{id}/reinstall', summary: 'Destroy a service\'s machine and make it anew from a template; also one that failed', body: reinstallBody, response: adminServiceDetailView, status: 202, creates: true })
export const showAdminMetrics = contract({ ...admin, access: 'staff', method: 'GET', path: '/api/admin/services/{id}/metrics', summary: 'What a service\'s machine used', query: metricsQuery, response: metricsView })
