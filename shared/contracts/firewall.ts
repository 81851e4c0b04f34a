import { z } from 'zod'
import { firewallActions, firewallDirections, firewallPeerLength, firewallPeerLimit, firewallPolicies, firewallProtocols, firewallRuleLimit, toPeer, toPorts } from '#shared/vocabulary/firewall.ts'
import { contract, idParams, instant } from './contract.ts'

/** The firewall rules of a machine: what is wished, and what its hypervisor has. */

const custom = (message: string) => ({ code: 'custom', message }) as const
export const firewallRuleInput = z.object({
  direction: z.enum(firewallDirections), action: z.enum(firewallActions), protocol: z.enum(firewallProtocols),
  /** As typed: commas or spaces, ranges by `-`. Empty: all. */
  ports: z.string().max(200).transform((typed, context) => {
    const ports = toPorts(typed)
    if (ports !== null) return ports
    context.addIssue(custom('firewall_ports'))
    return z.NEVER
  }),
  peers: z.array(z.string().max(50)).max(firewallPeerLimit).transform((typed, context) => {
    const peers = typed.map(toPeer)
    if (peers.includes(null)) context.addIssue(custom('firewall_peers'))
    else if (new Set(peers.map(peer => peer?.family)).size > 1) context.addIssue(custom('firewall_peers_mixed'))
    else if (peers.map(peer => peer?.text).join(',').length > firewallPeerLength) context.addIssue(custom('firewall_peers_many'))
    return [...new Set(peers.map(peer => peer?.text ?? ''))]
  }),
  comment: z.string().trim().max(60).regex(/^[^\p{Cc}]*$/u), enabled: z.boolean(),
}).superRefine(({ protocol, ports, peers }, context) => {
  if (ports !== '' && protocol !== 'tcp' && protocol !== 'udp') context.addIssue({ ...custom('firewall_ports_need_protocol'), path: ['ports'] })
  const six = peers.some(peer => peer.includes(':'))
  if (peers.length > 0 && ((protocol === 'icmp' && six) || (protocol === 'icmpv6' && !six))) context.addIssue({ ...custom('firewall_peers_family'), path: ['peers'] })
})
/** `version`: of the list that was seen; another one meanwhile is not overwritten. */
export const firewallBody = z.object({ version: z.number().int().min(0), policyIn: z.enum(firewallPolicies), rules: z.array(firewallRuleInput).max(firewallRuleLimit) })

const rule = z.object({ direction: z.enum(firewallDirections), action: z.enum(firewallActions), protocol: z.enum(firewallProtocols), ports: z.string(), peers: z.array(z.string()), comment: z.string(), enabled: z.boolean() })
export const firewallView = z.object({
  /** The hypervisor can do it. */ supported: z.boolean(), /** It answered. */ readable: z.boolean(), /** Rules have an effect there at all; null: not known. */ applies: z.boolean().nullable(),
  /** Why nothing may be changed now. */ refusal: z.string().nullable(),
  /** 0: nothing was ever wished. */ version: z.number().int(), policyIn: z.enum(firewallPolicies), rules: z.array(rule), changedAt: instant.nullable(), changedBy: z.enum(['client', 'staff']).nullable(),
  /** As read now: it is what is wished (`in_force`), it is something else, or it was not told. */
  state: z.enum(['in_force', 'different', 'unknown']),
  /** Rules that were made at the hypervisor by others; they are kept and count before these. */ foreignCount: z.number().int(), /** In the hypervisor's words, for staff alone. */ foreign: z.array(z.string()),
})

const asked = { limit: 120, seconds: 60 }
const changed = { limit: 30, seconds: 60 }
const portal = { access: 'client', tag: 'portal', params: idParams, path: '/api/portal/services/{id}/firewall' } as const
const admin = { tag: 'admin', params: idParams, path: '/api/admin/services/{id}/firewall' } as const
export const showFirewall = contract({ ...portal, method: 'GET', summary: 'The firewall rules of my machine, and whether they are in force', response: firewallView, rateLimit: asked })
export const saveFirewall = contract({ ...portal, method: 'PUT', summary: 'Give my machine other firewall rules; a task writes them', body: firewallBody, response: firewallView, status: 202, rateLimit: changed })
export const showAdminFirewall = contract({ ...admin, access: 'staff', method: 'GET', summary: 'The firewall rules of a service\'s machine, and those that others made', response: firewallView, rateLimit: asked })
export const saveAdminFirewall = contract({ ...admin, access: 'sysadmin', method: 'PUT', summary: 'Give a service\'s machine other firewall rules; a task writes them', body: firewallBody, response: firewallView, status: 202, rateLimit: changed })
