import { z } from 'zod'
import { driftActs, driftKinds, driftStates } from '#shared/vocabulary/machines.ts'
import { contract, idParams, instant, listOf, pageQuery, uuid } from './contract.ts'

const tag = 'admin'
export const driftView = z.object({
  id: uuid, kind: z.enum(driftKinds), connectionId: uuid, connectionName: z.string(), serviceId: uuid.nullable(), node: z.string().nullable(), vmid: z.number().int().nullable(), /** By kind: `hostname`, `expected`, `places`, `sizes`, `address`; `key`: the mark, or the address. */ key: z.string(), detail: z.record(z.string(), z.union([z.string(), z.number()])),
  /** What may be done with it beside ignoring it; `adopt`: our books take on what is there. */ acts: z.array(z.enum(driftActs)), firstSeenAt: instant, lastSeenAt: instant, resolvedAt: instant.nullable(), ignored: z.object({ at: instant, by: z.string(), why: z.string() }).nullable(),
})
export const listDrift = contract({ method: 'GET', path: '/api/admin/drift', access: 'sysadmin', tag, summary: 'Where hypervisors and our books disagree', query: pageQuery.extend({ state: z.enum(driftStates).default('open'), kind: z.enum(driftKinds).optional() }), response: listOf(driftView) })
export const checkDrift = contract({ method: 'POST', path: '/api/admin/drift/check', access: 'sysadmin', tag, summary: 'Compare hypervisors and our books now', status: 204 })
export const driftActBody = z.discriminatedUnion('action', [
  z.object({ action: z.literal('ignore'), reason: z.string().trim().min(3).max(500) }),
  z.object({ action: z.literal('watch') }),
  z.object({ action: z.literal('repair') }),
  z.object({ action: z.literal('adopt') }),
])
export const settleDrift = contract({ method: 'POST', path: '/api/admin/drift/{id}', access: 'sysadmin', tag, summary: 'Ignore a disagreement, watch it again, repair it or take it on', params: idParams, body: driftActBody, status: 204 })
