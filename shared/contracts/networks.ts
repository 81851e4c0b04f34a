import { z } from 'zod'
import { networkKinds, poolNetworkProblems } from '#shared/vocabulary/networks.ts'
import { contract, idParams, instant, listOf, pageQuery, search, uuid } from './contract.ts'

export const poolUse = z.object({ id: uuid, name: z.string(), family: z.union([z.literal(4), z.literal(6)]) })
/** What the cards of a pool's machines attach to, and what is wrong with it; `missingOn`: nodes that have it not. */
export const poolNetworkView = z.object({ name: z.string(), problems: z.array(z.enum(poolNetworkProblems)), missingOn: z.array(z.string()) })
export const networkView = z.object({ id: uuid, name: z.string(), kind: z.enum(networkKinds), /** Whether cards may choose a VLAN here; null: not told. */ takesTags: z.boolean().nullable(), /** Its own; null: none, or not told. */ vlanTag: z.number().int().nullable(), nodes: z.array(z.string()), present: z.boolean(), seenAt: instant, pools: z.array(poolUse) })
export const listNetworks = contract({ method: 'GET', path: '/api/admin/connections/{id}/networks', access: 'sysadmin', tag: 'admin', summary: 'Bridges, virtual networks and port groups of a hypervisor, as last synchronised; one of exactly the searched name first', params: idParams, query: pageQuery.extend({ q: search }), response: listOf(networkView) })
