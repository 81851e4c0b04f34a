import { z } from 'zod'
import { calendarDay, contract, cycle, idParams, instant, moneyView, uuid } from './contract.ts'

/** `refusal`: the error code that says why a service cannot be moved; `days` and `net`: what it costs until the day, without PPN. `moves`: how many are really moved. */
export const alignmentView = z.object({
  day: calendarDay, latestDay: calendarDay, open: z.array(z.object({ id: uuid, invoiceId: uuid, day: calendarDay, expiresAt: instant, hostnames: z.array(z.string()) })),
  services: z.array(z.object({ serviceId: uuid, hostname: z.string(), productName: z.string(), cycle, paidUntil: instant.nullable(), refusal: z.string().nullable(), chosen: z.boolean(), days: z.number().int(), net: moneyView })),
  moves: z.number().int(), net: moneyView, tax: moneyView, total: moneyView,
})
/** `services`: ids with commas between them; without it all that can be moved, without `day` the latest day until which one is paid. */
const preview = z.object({ day: calendarDay.optional(), services: z.string().max(4000).regex(/^[\da-f,-]*$/).optional() })
export const alignmentBody = z.object({ serviceIds: z.array(uuid).min(1).max(100), day: calendarDay, expectedTotal: z.string().regex(/^\d{1,18}$/).optional() })
const placed = z.object({ invoiceId: uuid })
const portal = { access: 'client', tag: 'portal' } as const
const admin = { access: 'sales', tag: 'admin' } as const
export const showAlignment = contract({ ...portal, method: 'GET', path: '/api/portal/alignments', summary: 'Which of my services can renew on one day, and what that costs', query: preview, response: alignmentView })
export const requestAlignment = contract({ ...portal, method: 'POST', path: '/api/portal/alignments', summary: 'Bring services to one renewal day: an invoice, applied when it is paid', body: alignmentBody, response: placed, status: 201, creates: true })
export const cancelAlignment = contract({ ...portal, method: 'DELETE', path: '/api/portal/alignments/{id}', summary: 'Take back one that waits; its invoice is voided', params: idParams, status: 204 })
const ofClient = z.object({ id: uuid, alignmentId: uuid })
export const showClientAlignment = contract({ ...admin, method: 'GET', path: '/api/admin/clients/{id}/alignments', summary: 'Which services of a client can renew on one day, and what that costs', params: idParams, query: preview, response: alignmentView })
export const requestClientAlignment = contract({ ...admin, method: 'POST', path: '/api/admin/clients/{id}/alignments', summary: 'Bring services of a client to one renewal day', params: idParams, body: alignmentBody, response: placed, status: 201, creates: true })
export const cancelClientAlignment = contract({ ...admin, method: 'DELETE', path: '/api/admin/clients/{id}/alignments/{alignmentId}', summary: 'Take back one that waits; its invoice is voided', params: ofClient, status: 204 })
