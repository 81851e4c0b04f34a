import { z } from 'zod'
import { contract, idParams, instant } from './contract.ts'
import { serviceView } from './portal.ts'

/** The account of a hosting service. `usage` null: its panel did not answer in time; limits null: none. */
export const hostingView = z.object({
  domain: z.string(), username: z.string().nullable(), packageName: z.string(), server: z.string().nullable(), nameservers: z.array(z.string()), ip: z.string().nullable(), suspendedAtPanel: z.boolean().nullable(),
  usage: z.object({ diskUsedMiB: z.number(), diskLimitMiB: z.number().nullable(), /** By the account's domains in this calendar month. */ transferredMiB: z.number(), transferLimitMiB: z.number().nullable(), observedAt: instant }).nullable(),
})
export const hostingPasswordBody = z.object({ password: z.string().regex(/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[\x21-\x7e]{12,64}$/, 'panel_password') })

const tag = 'portal'
const rateLimit = { limit: 20, seconds: 60 } as const
export const showHosting = contract({ method: 'GET', path: '/api/portal/services/{id}/hosting', access: 'client', tag, summary: 'The account of my hosting service, with what it uses; read from its panel at most once a minute', params: idParams, response: hostingView })
export const openHostingSession = contract({ method: 'POST', path: '/api/portal/services/{id}/hosting/sessions', access: 'client', tag, summary: 'An address that opens cPanel or webmail once, without a password', params: idParams, body: z.object({ service: z.enum(['panel', 'webmail']) }), response: z.object({ url: z.string(), expiresAt: instant }), rateLimit })
export const changeHostingPassword = contract({ method: 'POST', path: '/api/portal/services/{id}/hosting/password', access: 'client', tag, summary: 'Set a new password for the account, as a task', params: idParams, body: hostingPasswordBody, response: serviceView, status: 202, creates: true, rateLimit })
export const showAdminHosting = contract({ method: 'GET', path: '/api/admin/services/{id}/hosting', access: 'staff', tag: 'admin', summary: 'The account of a hosting service, with what it uses', params: idParams, response: hostingView })
