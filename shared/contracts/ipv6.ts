import { z } from 'zod'
import { connectionKinds, ipv6PrefixStatuses } from '#shared/vocabulary/machines.ts'
import { addressListView, csv } from './addresses.ts'
import { poolOutlookView } from './admin.ts'
import { poolNetworkView } from './networks.ts'
import { calendarDay, contract, idParams, instant, listOf, pageQuery, search, uuid } from './contract.ts'

const shared = { access: 'sysadmin', tag: 'admin' } as const
const ipv6 = z.ipv6()

/** Gateway and card may change, for machines that are built from then on; prefix, what each machine gets, and connection stay. */
export const ipv6PoolChangeBody = z.object({
  name: z.string().trim().min(2).max(80), gateway: ipv6, nameservers: z.array(ipv6).max(3).default([]), nodes: z.array(z.string().trim().min(1).max(120)).max(64).default([]),
  /** It goes with IPv4 pools of the same bridge and VLAN. */ bridge: z.string().trim().min(1).max(80).nullable().default(null), vlanTag: z.number().int().min(1).max(4094).nullable().default(null),
})
/** `machineLength`: 64, each machine has a network of its own; 128, one address of a shared network. */
export const ipv6PoolBody = ipv6PoolChangeBody.extend({ connectionId: uuid, prefix: ipv6, prefixLength: z.number().int().min(16).max(119), machineLength: z.union([z.literal(64), z.literal(128)]) })
export const ipv6PoolView = ipv6PoolBody.extend({ id: uuid, connectionName: z.string(), connectionKind: z.enum(connectionKinds), counts: z.record(z.enum(ipv6PrefixStatuses), z.number().int()), /** Machines that it can serve at once. */ total: z.number(), outlook: poolOutlookView, network: poolNetworkView })
export const ipv6PrefixView = z.object({ id: uuid, /** The machine's own. */ address: z.string(), status: z.enum(ipv6PrefixStatuses), changedAt: instant, quarantineUntil: instant.nullable(), reason: z.string().nullable(), service: z.object({ id: uuid, hostname: z.string() }).nullable() })

const one = { ...shared, path: '/api/admin/ipv6-pools/{id}', params: idParams } as const
export const listIpv6Pools = contract({ ...shared, method: 'GET', path: '/api/admin/ipv6-pools', summary: 'Prefixes from which machines get IPv6', query: pageQuery, response: listOf(ipv6PoolView) })
export const createIpv6Pool = contract({ ...shared, method: 'POST', path: '/api/admin/ipv6-pools', summary: 'Add a prefix from which machines get IPv6', body: ipv6PoolBody, response: ipv6PoolView, status: 201, creates: true })
export const showIpv6Pool = contract({ ...one, method: 'GET', summary: 'One IPv6 pool, when it will be full, and how full it was on each day of the last year', response: ipv6PoolView.extend({ history: z.array(z.object({ day: calendarDay, held: z.number().int(), total: z.number() })) }) })
export const updateIpv6Pool = contract({ ...one, method: 'PUT', summary: 'Change an IPv6 pool', body: ipv6PoolChangeBody, response: ipv6PoolView })
export const deleteIpv6Pool = contract({ ...one, method: 'DELETE', summary: 'Delete an IPv6 pool of which nothing is in use', status: 204 })
export const listIpv6Prefixes = contract({ ...one, path: '/api/admin/ipv6-pools/{id}/prefixes', method: 'GET', summary: 'What was handed out of an IPv6 pool, with who holds each', query: pageQuery.extend({ q: search, status: z.enum(ipv6PrefixStatuses).optional() }), response: listOf(ipv6PrefixView) })
export const exportIpv6Prefixes = contract({ ...one, path: '/api/admin/ipv6-pools/{id}/export', method: 'GET', summary: 'What was handed out of an IPv6 pool, as CSV', query: z.object({ locale: z.enum(['id', 'en']).default('id') }), produces: 'text/csv' })
const list = addressListView.extend({ changes: z.array(z.object({ line: z.number().int(), address: z.ipv6(), from: z.enum(ipv6PrefixStatuses), to: z.enum(ipv6PrefixStatuses), reason: z.string().nullable() })) })
export const previewIpv6Prefixes = contract({ ...one, path: '/api/admin/ipv6-pools/{id}/import/preview', method: 'POST', summary: 'What a list (CSV with address, status free or blocked, reason; the body is the file) would change', accepts: csv, response: list })
export const importIpv6Prefixes = contract({ ...one, path: '/api/admin/ipv6-pools/{id}/import', method: 'POST', summary: 'Apply a list whose changes were seen in the preview', query: z.object({ /** The difference that was seen; another one is not applied. */ agreed: z.string().max(64) }), accepts: csv, response: list })
