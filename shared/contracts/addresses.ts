import { z } from 'zod'
import { addressLineProblems, addressStatuses } from '#shared/vocabulary/machines.ts'
import { addressPoolBody, addressPoolView } from './admin.ts'
import { calendarDay, contract, idParams, instant, listOf, pageQuery, search, uuid } from './contract.ts'

const shared = { access: 'sysadmin', tag: 'admin' } as const
const reason = z.string().trim().min(3).max(500)

/** The connection and the length of the prefix stay: another network is another pool. */
export const addressPoolChangeBody = addressPoolBody.omit({ connectionId: true, prefixLength: true })
export const showAddressPool = contract({ ...shared, method: 'GET', path: '/api/admin/address-pools/{id}', summary: 'One pool, when it will be full, and how full it was on each day of the last year', params: idParams, response: addressPoolView.extend({ history: z.array(z.object({ day: calendarDay, held: z.number().int(), total: z.number().int() })) }) })
export const updateAddressPool = contract({ ...shared, method: 'PUT', path: '/api/admin/address-pools/{id}', summary: 'Change a pool; addresses that its range loses have to be free', params: idParams, body: addressPoolChangeBody, response: addressPoolView })

export const addressView = z.object({ id: uuid, address: z.ipv4(), status: z.enum(addressStatuses), reason: z.string().nullable(), changedAt: instant, quarantineUntil: instant.nullable(), service: z.object({ id: uuid, hostname: z.string() }).nullable() })
export const listPoolAddresses = contract({ ...shared, method: 'GET', path: '/api/admin/address-pools/{id}/addresses', summary: 'The addresses of a pool with who holds each', params: idParams, query: pageQuery.extend({ q: search, status: z.enum(addressStatuses).optional() }), response: listOf(addressView) })
export const settleAddress = contract({ ...shared, method: 'POST', path: '/api/admin/address-pools/{id}/addresses/{addressId}', summary: 'Block a free address, unblock it, or end its quarantine early', params: idParams.extend({ addressId: uuid }), body: z.discriminatedUnion('action', [
  z.object({ action: z.literal('block'), reason }), z.object({ action: z.literal('unblock') }), z.object({ action: z.literal('release'), reason }),
]), response: addressView })

export const exportAddresses = contract({ ...shared, method: 'GET', path: '/api/admin/address-pools/{id}/export', summary: 'All addresses of a pool as CSV', params: idParams, query: z.object({ locale: z.enum(['id', 'en']).default('id') }), produces: 'text/csv' })
export const csv = { types: ['text/csv', 'text/plain', 'application/octet-stream'], bytes: 1_048_576 } as const
export const addressListView = z.object({
  /** False: nothing was changed, because it was only asked for, or because list or pool are no longer what was agreed to. */
  applied: z.boolean(), /** Names these very changes, to be agreed to. */ difference: z.string(), /** The first ones. */ changes: z.array(z.object({ line: z.number().int(), address: z.ipv4(), from: z.enum(addressStatuses), to: z.enum(addressStatuses), reason: z.string().nullable() })),
  blocked: z.number().int(), freed: z.number().int(), unchanged: z.number().int(), /** The first lines that are left out. */ problems: z.array(z.object({ line: z.number().int(), text: z.string(), problem: z.enum(addressLineProblems) })), problemCount: z.number().int(),
})
export const previewAddresses = contract({ ...shared, method: 'POST', path: '/api/admin/address-pools/{id}/import/preview', summary: 'What a list (CSV with address, status free or blocked, reason; the body is the file) would change', params: idParams, accepts: csv, response: addressListView })
export const importAddresses = contract({ ...shared, method: 'POST', path: '/api/admin/address-pools/{id}/import', summary: 'Apply a list whose changes were seen in the preview', params: idParams, query: z.object({ /** The difference that was seen; another one is not applied. */ agreed: z.string().max(64) }), accepts: csv, response: addressListView })
