import { z } from 'zod'
import { contract, idParams, instant, listOf, pageQuery, search, uuid } from './contract.ts'
import { trafficTerms } from './storefront.ts'

/** Traffic of machines by month of the business zone, in bytes. */
const month = z.string().regex(/^\d{4}-\d{2}$/)
/** Of machines whose hypervisor tells rates: the seconds of the month that its samples cover, and those that none does. Null: it has counters, or was not read yet. */
const samples = z.object({ measuredSeconds: z.number(), missedSeconds: z.number() }).nullable()
const moved = { bytesIn: z.number(), bytesOut: z.number(), samples }
/** `mbps` null: it gets its rate back. `pending`: not read back from the hypervisor yet. */
const slow = z.object({ mbps: z.number().int().nullable(), pending: z.boolean(), since: instant.nullable() }).nullable()
export const trafficView = z.object({
  /** As it was sold; null: any amount is included. */ terms: trafficTerms.nullable(), month, ...moved, /** What counts. */ usedBytes: z.number(), resetsAt: instant, /** Until it is counted anew, begun days included. */ daysLeft: z.number().int(),
  /** The hypervisor tells what the machine moves; without a machine null. */ counted: z.boolean().nullable(), /** It can be slowed down. */ slowable: z.boolean(), /** When it was last read in this month. */ readAt: instant.nullable(), slow,
  /** The newest first, this one among them; at most twelve. */ months: z.array(z.object({ month, ...moved, usedBytes: z.number() })),
})
export const trafficConsumersView = listOf(z.object({ serviceId: uuid, hostname: z.string(), clientId: uuid, clientName: z.string(), ...moved, usedBytes: z.number(), limitBytes: z.number().nullable(), slow: z.object({ mbps: z.number().int().nullable(), pending: z.boolean() }).nullable() })).extend({ month })

export const showTraffic = contract({ access: 'client', tag: 'portal', method: 'GET', path: '/api/portal/services/{id}/traffic', summary: 'Traffic of my machine', params: idParams, response: trafficView })
export const showAdminTraffic = contract({ access: 'staff', tag: 'admin', method: 'GET', path: '/api/admin/services/{id}/traffic', summary: 'Traffic of a service\'s machine', params: idParams, response: trafficView })
export const listTraffic = contract({ access: 'sysadmin', tag: 'admin', method: 'GET', path: '/api/admin/traffic', summary: 'Who moves most this month', query: pageQuery.extend({ q: search, order: z.enum(['bytes', 'share']).default('bytes') }), response: trafficConsumersView })
