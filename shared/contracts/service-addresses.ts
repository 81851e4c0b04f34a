import { z } from 'zod'
import { adminServiceDetailView } from './admin.ts'
import { contract, idParams } from './contract.ts'
import { serviceView } from './portal.ts'

/** The IP addresses of a machine: its first one and those that were sold beside it. */

export const serviceAddressesView = z.object({
  /** How many were sold beside the first one. */ sold: z.number().int(), /** Why nothing may be chosen now. */ refusal: z.string().nullable(),
  /** The first one first. `letThrough` false: taken for the machine, but not read back from its filter yet. `leavesFirst`: goes before the others when fewer are sold. `leaving`: more are held than were sold, and this one goes. */
  items: z.array(z.object({ address: z.string(), prefixLength: z.number().int(), first: z.boolean(), letThrough: z.boolean(), leavesFirst: z.boolean(), leaving: z.boolean() })),
  /** `offered`: its machine may be given IPv6; `unsupported`: a pool would have it, but its hypervisor cannot tell a machine that is there. */
  ipv6: z.object({ state: z.enum(['held', 'giving', 'offered', 'unsupported', 'none']), /** Of `offered`: why not now. */ refusal: z.string().nullable() }),
  /** What to enter in the server for those beside the first one; null: there are none. `toldAtBuild`: one that was built, or built anew, since it has them knows them already. */
  guest: z.object({ now: z.string(), netplan: z.string(), netplanFile: z.string(), toldAtBuild: z.boolean() }).nullable(),
})
export const leavesFirstBody = z.object({ address: z.ipv4(), leavesFirst: z.boolean() })

const portal = { access: 'client', tag: 'portal', params: idParams, path: '/api/portal/services/{id}/addresses' } as const
const admin = { tag: 'admin', params: idParams, path: '/api/admin/services/{id}/addresses' } as const
const rateLimit = { limit: 120, seconds: 60 }
export const showServiceAddresses = contract({ ...portal, method: 'GET', summary: 'The IPv4 addresses of my service', response: serviceAddressesView, rateLimit })
export const chooseLeavingAddress = contract({ ...portal, method: 'PUT', summary: 'Say which further address of my service goes first when fewer are sold', body: leavesFirstBody, response: serviceAddressesView, rateLimit })
export const showAdminServiceAddresses = contract({ ...admin, access: 'staff', method: 'GET', summary: 'The IPv4 addresses of a service', response: serviceAddressesView, rateLimit })
export const chooseAdminLeavingAddress = contract({ ...admin, access: 'sysadmin', method: 'PUT', summary: 'Say which further address of a service goes first when fewer are sold', body: leavesFirstBody, response: serviceAddressesView, rateLimit })
export const giveIpv6 = contract({ ...portal, method: 'POST', path: '/api/portal/services/{id}/ipv6', summary: 'Give IPv6 to my machine that was built without it', response: serviceView, status: 202, creates: true })
export const giveAdminIpv6 = contract({ ...admin, access: 'sysadmin', method: 'POST', path: '/api/admin/services/{id}/ipv6', summary: 'Give IPv6 to a client\'s machine that was built without it', response: adminServiceDetailView, status: 202, creates: true })
