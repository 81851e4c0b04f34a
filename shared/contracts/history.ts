import { z } from 'zod'
import { sagaStatuses } from '#shared/vocabulary/machines.ts'
import { roles } from '#shared/vocabulary/roles.ts'
import { contract, idParams, instant, listOf, pageQuery, uuid } from './contract.ts'
import { sagaStepView } from './portal.ts'

/** What was done with a service: by whom, when, and what came of it. */

export const serviceActView = z.object({
  id: uuid,
  /** A task of the server, which has steps; or something that was written down when it was done. */ source: z.enum(['task', 'note']),
  /** Of a task its kind and action (`power.start`, `suspend`), of a note its word in the audit log. */ what: z.string(),
  at: instant, finishedAt: instant.nullable(), outcome: z.enum([...sagaStatuses, 'cancelled']),
  /** `role` and `name` are told to staff alone; of a system, `name` is the part that did it. */ by: z.object({ kind: z.enum(['client', 'staff', 'system']), role: z.enum(roles).nullable(), name: z.string().nullable() }),
  /** Why money or staff wanted it, where that is known. */ why: z.string().nullable(), /** Why it waits or failed. */ reason: z.string().nullable(),
  steps: z.array(sagaStepView), /** It may be called off: nothing was sent yet, or (`undoes`) its steps take back what they did. */ cancellable: z.boolean(), undoes: z.boolean(), /** That was done, and its steps are being taken back. */ callingOff: z.boolean(),
})
const query = pageQuery.extend({ pageSize: z.coerce.number().int().min(1).max(50).default(10) })
const asked = { limit: 120, seconds: 60 }
const portal = { access: 'client', tag: 'portal' } as const
const path = '/services/{id}/history'
const taskParams = idParams.extend({ taskId: uuid })
export const showHistory = contract({ ...portal, method: 'GET', path: `/api/portal${path}`, summary: 'What was done with my service, the newest first', params: idParams, query, response: listOf(serviceActView), rateLimit: asked })
export const cancelTask = contract({ ...portal, method: 'DELETE', path: `/api/portal${path}/{taskId}`, summary: 'Call off a task of my service that has sent nothing yet', params: taskParams, status: 204, rateLimit: asked })
export const showAdminHistory = contract({ access: 'staff', tag: 'admin', method: 'GET', path: `/api/admin${path}`, summary: 'What was done with a service, the newest first', params: idParams, query, response: listOf(serviceActView), rateLimit: asked })
export const cancelAdminTask = contract({ access: 'sysadmin', tag: 'admin', method: 'DELETE', path: `/api/admin${path}/{taskId}`, summary: 'Call off a task of a service that has sent nothing yet, or takes back what it did', params: taskParams, status: 204, rateLimit: asked })
