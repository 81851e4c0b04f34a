import { z } from 'zod'
import { adminServiceDetailView } from './admin.ts'
import { contract, idParams, instant, listOf, pageQuery } from './contract.ts'
import { serviceView } from './portal.ts'
import { hostname, sshKeys } from './storefront.ts'

/** How its owner gets into a machine that is there: password, keys, name, rescue. */
export const accessView = z.object({
  username: z.string().nullable(), /** One a line; null: none. */ sshKey: z.string().nullable(),
  /** What the machine's hypervisor can do. */
  can: z.object({ login: z.boolean(), rename: z.boolean(), rescue: z.boolean() }),
  /** VMware Tools set its guest up: its name is changed inside it. */ customised: z.boolean(),
  /** Why nothing may be done now. */ refusal: z.string().nullable(),
  /** Null: it starts from its disk. */
  rescue: z.object({ image: z.string(), since: instant.nullable() }).nullable(),
  /** What a rescue can start from. */
  images: z.array(z.object({ id: z.uuid(), name: z.string() })),
})
/** `restart`: restart the machine where the change would count only from its next start on. */
const restart = z.boolean().default(false)
const keys = z.object({ action: z.literal('keys'), sshKey: sshKeys.nullish().transform(v => v || null), restart })
const name = z.object({ action: z.literal('hostname'), hostname, restart })
const rescue = z.object({ action: z.literal('rescue'), imageId: z.uuid() })
const endRescue = z.object({ action: z.literal('end_rescue') })
export const machinePassword = z.string().regex(/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[\x21-\x7e]{12,64}$/, 'panel_password')
/** Without `password` one is made. */
export const accessActionBody = z.discriminatedUnion('action', [z.object({ action: z.literal('password'), password: machinePassword.optional(), restart }), keys, name, rescue, endRescue])
/** Staff type no password for a client: it is made, and the client alone reads it. */
export const adminAccessActionBody = z.discriminatedUnion('action', [z.object({ action: z.literal('password'), restart }), keys, name, rescue, endRescue])

export const isoImageView = z.object({ id: z.uuid(), name: z.string(), ref: z.string(), bytes: z.number(), nodes: z.array(z.string()), offered: z.boolean(), present: z.boolean(), seenAt: instant })

const rateLimit = { limit: 60, seconds: 60 }
const portal = { access: 'client', tag: 'portal', params: idParams, rateLimit } as const
const admin = { tag: 'admin', params: idParams, rateLimit } as const
export const showAccess = contract({ ...portal, method: 'GET', path: '/api/portal/services/{id}/access', summary: 'How I get into my machine, and what may be changed about it', response: accessView })
export const actOnAccess = contract({ ...portal, method: 'POST', path: '/api/portal/services/{id}/access', summary: 'Set a new password, other SSH keys or another host name, begin or end a rescue', body: accessActionBody, response: serviceView, status: 202, creates: true })
export const showAdminAccess = contract({ ...admin, access: 'staff', method: 'GET', path: '/api/admin/services/{id}/access', summary: 'How the client gets into a machine, and what may be changed about it', response: accessView })
export const actOnAdminAccess = contract({ ...admin, access: 'sysadmin', method: 'POST', path: '/api/admin/services/{id}/access', summary: 'Set a new password, other SSH keys or another host name of a client\'s machine, begin or end a rescue', body: adminAccessActionBody, response: adminServiceDetailView, status: 202, creates: true })
export const listIsoImages = contract({ ...admin, access: 'sysadmin', method: 'GET', path: '/api/admin/connections/{id}/images', summary: 'CD images on the storages of a connection, as last synchronised', query: pageQuery, response: listOf(isoImageView) })
export const offerIsoImage = contract({ ...admin, access: 'sysadmin', method: 'PUT', path: '/api/admin/connections/{id}/images/{imageId}', summary: 'Let clients start their machines from a CD image for a rescue, or no longer', params: idParams.extend({ imageId: z.uuid() }), body: z.object({ offered: z.boolean() }), response: isoImageView })
