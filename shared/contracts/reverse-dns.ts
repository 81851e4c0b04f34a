import { z } from 'zod'
import { toHostName } from '#shared/dns/reverse-dns.ts'
import { ptrStates, tlsModes } from '#shared/vocabulary/machines.ts'
import { connectionTestView, tlsInput } from './admin.ts'
import { contract, idParams, instant } from './contract.ts'

/** The names of addresses: the name server that holds them, and the name of each service's address. */

export const reverseDnsView = z.object({
  /** A name server is set up. */ offered: z.boolean(), /** Why no name may be given now. */ refusal: z.string().nullable(),
  /** `name` null: none was asked for. `state`: to be written, written and read back, refused. `problem`: for staff alone. */
  items: z.array(z.object({ address: z.string(), name: z.string().nullable(), state: z.enum(ptrStates).nullable(), problem: z.string().nullable(), changedAt: instant.nullable(), /** What it gets by itself. */ defaultName: z.string().nullable() })),
})
const hostName = z.string().trim().max(300).transform((typed, context) => {
  const name = toHostName(typed)
  if (name !== null) return name
  context.addIssue({ code: 'custom', message: 'reverse_name' })
  return z.NEVER
})
export const reverseDnsNameBody = z.object({ address: z.union([z.ipv4(), z.ipv6()]), name: hostName })

const asked = { limit: 120, seconds: 60 }
const changed = { limit: 30, seconds: 60 }
const portal = { access: 'client', tag: 'portal', params: idParams, path: '/api/portal/services/{id}/reverse-dns' } as const
const admin = { tag: 'admin', params: idParams, path: '/api/admin/services/{id}/reverse-dns' } as const
export const showReverseDns = contract({ ...portal, method: 'GET', summary: 'The names of my service\'s addresses', response: reverseDnsView, rateLimit: asked })
export const setReverseDns = contract({ ...portal, method: 'PUT', summary: 'Give an address of my service another name', body: reverseDnsNameBody, response: reverseDnsView, rateLimit: changed })
export const showAdminReverseDns = contract({ ...admin, access: 'staff', method: 'GET', summary: 'The names of a service\'s addresses', response: reverseDnsView, rateLimit: asked })
export const setAdminReverseDns = contract({ ...admin, access: 'sysadmin', method: 'PUT', summary: 'Give an address of a service another name', body: reverseDnsNameBody, response: reverseDnsView, rateLimit: changed })

const settings = { access: 'sysadmin', tag: 'admin', path: '/api/admin/reverse-dns' } as const
/** The key is kept encrypted and never answered; left out in a change, it stays. */
export const reverseDnsBody = z.object({
  url: z.url({ protocol: /^https?$/ }).max(300), tls: tlsInput, serverId: z.string().trim().regex(/^[\w.-]{1,60}$/).default('localhost'), apiKey: z.string().trim().min(1).max(300).optional(),
  /** Names the address once, as `{address-dashed}`. */ template: z.string().trim().toLowerCase().min(3).max(200), /** Seconds. */ ttl: z.number().int().min(60).max(604_800),
})
export const reverseDnsSettingsView = z.object({
  settings: z.object({ url: z.string(), tls: z.object({ mode: z.enum(tlsModes), caPem: z.string().nullable(), fingerprint: z.string().nullable() }), serverId: z.string(), template: z.string(), ttl: z.number().int() }).nullable(),
  /** How many names are there. */ records: z.object({ pending: z.number().int(), active: z.number().int(), failed: z.number().int() }),
  /** Addresses of machines that have no name, nor a wish for one. */ unnamed: z.number().int(),
})
export const showReverseDnsSettings = contract({ ...settings, method: 'GET', summary: 'The name server for reverse DNS, and how many names wait for it', response: reverseDnsSettingsView })
export const saveReverseDnsSettings = contract({ ...settings, method: 'PUT', summary: 'Set up the name server for reverse DNS', body: reverseDnsBody, response: reverseDnsSettingsView })
export const removeReverseDnsSettings = contract({ ...settings, method: 'DELETE', summary: 'Forget the name server for reverse DNS; what stands there stays', status: 204 })
export const requestDefaultNames = contract({ ...settings, path: '/api/admin/reverse-dns/names', method: 'POST', summary: 'Have names by the template written for all addresses of machines that have none', response: reverseDnsSettingsView, status: 202, rateLimit: changed })
export const testReverseDns = contract({ ...settings, path: '/api/admin/reverse-dns/test', method: 'POST', summary: 'Test the name server as typed: reached, key accepted, reverse zones', body: reverseDnsBody, response: connectionTestView, rateLimit: changed })
