import { z } from 'zod'
import { certificateStates } from '../vocabulary/machines.ts'
import { adminServiceDetailView } from './admin.ts'
import { contract, idParams, instant } from './contract.ts'
import { serviceView } from './portal.ts'

/** The account of a hosting service. `usage` null: its panel did not answer in time; limits null: none. */
export const hostingView = z.object({
  domain: z.string(), username: z.string().nullable(), packageName: z.string(), server: z.string().nullable(), nameservers: z.array(z.string()), ip: z.string().nullable(), suspendedAtPanel: z.boolean().nullable(),
  usage: z.object({ diskUsedMiB: z.number(), diskLimitMiB: z.number().nullable(), /** By the account's domains in this calendar month. */ transferredMiB: z.number(), transferLimitMiB: z.number().nullable(), observedAt: instant }).nullable(),
})
/** The sites of the account. Each part null: its panel did not tell it. `limitMiB` null: no limit. */
export const hostingWebView = z.object({
  certificates: z.object({
    domains: z.array(z.object({ domain: z.string(), state: z.enum(certificateStates), issuer: z.string().nullable(), validUntil: instant.nullable(), problem: z.string().nullable() })),
    /** The panel is renewing right now. */ checking: z.boolean(), observedAt: instant,
  }).nullable(),
  /** The oldest first, this month last. */
  traffic: z.object({ months: z.array(z.object({ month: z.string().regex(/^\d{4}-\d{2}$/), transferredMiB: z.number() })), limitMiB: z.number().nullable() }).nullable(),
})
export const hostingPasswordBody = z.object({ password: z.string().regex(/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[\x21-\x7e]{12,64}$/, 'panel_password') })

/** From what an account can be restored, and whole backups in its home directory. Each null: its panel did not tell it. `place` null: the server itself. */
export const accountBackupsView = z.object({
  points: z.array(z.object({ /** The panel's. */ date: z.iso.date(), where: z.string(), place: z.string().nullable() })).nullable(),
  home: z.array(z.object({ file: z.string(), sizeBytes: z.number(), changedAt: instant })).nullable(),
})
export const accountBackupBody = z.discriminatedUnion('action', [
  /** `domain` must be typed as it is. */
  z.object({ action: z.literal('restore'), date: z.iso.date(), where: z.string().min(1).max(100), domain: z.string().max(253) }),
  z.object({ action: z.literal('home') }),
])

const tag = 'portal'
const rateLimit = { limit: 20, seconds: 60 } as const
export const showHosting = contract({ method: 'GET', path: '/api/portal/services/{id}/hosting', access: 'client', tag, summary: 'The account of my hosting service, with what it uses; read from its panel at most once a minute', params: idParams, response: hostingView })
export const openHostingSession = contract({ method: 'POST', path: '/api/portal/services/{id}/hosting/sessions', access: 'client', tag, summary: 'An address that opens cPanel or webmail once, without a password', params: idParams, body: z.object({ service: z.enum(['panel', 'webmail']) }), response: z.object({ url: z.string(), expiresAt: instant }), rateLimit })
export const changeHostingPassword = contract({ method: 'POST', path: '/api/portal/services/{id}/hosting/password', access: 'client', tag, summary: 'Set a new password for the account, as a task', params: idParams, body: hostingPasswordBody, response: serviceView, status: 202, creates: true, rateLimit })
export const showAdminHosting = contract({ method: 'GET', path: '/api/admin/services/{id}/hosting', access: 'staff', tag: 'admin', summary: 'The account of a hosting service, with what it uses', params: idParams, response: hostingView })
export const showHostingWeb = contract({ method: 'GET', path: '/api/portal/services/{id}/hosting/web', access: 'client', tag, summary: 'Certificates of my account\'s domains and its bandwidth of the last twelve months', params: idParams, response: hostingWebView })
export const checkHostingCertificates = contract({ method: 'POST', path: '/api/portal/services/{id}/hosting/certificates', access: 'client', tag, summary: 'Have the panel look at the certificates now and renew what it can', params: idParams, response: hostingWebView, rateLimit: { limit: 5, seconds: 300 } })
export const showAdminHostingWeb = contract({ method: 'GET', path: '/api/admin/services/{id}/hosting/web', access: 'staff', tag: 'admin', summary: 'Certificates of a hosting account\'s domains and its bandwidth of the last twelve months', params: idParams, response: hostingWebView })
export const checkAdminHostingCertificates = contract({ method: 'POST', path: '/api/admin/services/{id}/hosting/certificates', access: 'sysadmin', tag: 'admin', summary: 'Have the panel look at an account\'s certificates now', params: idParams, response: hostingWebView, rateLimit })
const backupTimes = { limit: 10, seconds: 60 } as const
export const showAccountBackups = contract({ method: 'GET', path: '/api/portal/services/{id}/hosting/backups', access: 'client', tag, summary: 'From what my account can be restored, and whole backups in its home directory', params: idParams, response: accountBackupsView, rateLimit })
export const actOnAccountBackup = contract({ method: 'POST', path: '/api/portal/services/{id}/hosting/backups', access: 'client', tag, summary: 'Restore my account as a task, or have a whole backup made in its home directory', params: idParams, body: accountBackupBody, response: serviceView, status: 202, creates: true, rateLimit: backupTimes })
export const showAdminAccountBackups = contract({ method: 'GET', path: '/api/admin/services/{id}/hosting/backups', access: 'staff', tag: 'admin', summary: 'From what a hosting account can be restored, and whole backups in its home directory', params: idParams, response: accountBackupsView, rateLimit })
export const actOnAdminAccountBackup = contract({ method: 'POST', path: '/api/admin/services/{id}/hosting/backups', access: 'sysadmin', tag: 'admin', summary: 'Restore a hosting account as a task, or have a whole backup made in its home directory', params: idParams, body: accountBackupBody, response: adminServiceDetailView, status: 202, creates: true, rateLimit: backupTimes })
