import { z } from 'zod'
import { powerStates } from '#shared/vocabulary/machines.ts'
import { adminServiceDetailView } from './admin.ts'
import { contract, idParams, listOf, pageQuery, uuid } from './contract.ts'

const reason = z.string().trim().min(3).max(500)
const number = z.int().min(1).max(999_999_999)
const size = { cpuCores: z.number(), memoryTotalMiB: z.number(), diskGiB: z.number().nullable() }
/** A machine that no living service owns. `orphan`: it carries a mark of ours all the same. */
export const strayView = z.object({ node: z.string(), vmid: number, name: z.string(), power: z.enum(powerStates), ...size, orphan: z.boolean() })
/** What may become of the address that the machine is to have: `own`: the service holds it; `other`: another service does; `elsewhere`: its pool does not serve the machine's node; `none`: it stands in no pool of the connection. */
export const addressVerdicts = ['free', 'own', 'blocked', 'quarantine', 'other', 'elsewhere', 'none'] as const
/** What an adoption would find, looked at now. `refusal`: the error code that says why not. `differences`: in what the machine is not what was sold. */
export const adoptionView = z.object({
  hostname: z.string(), refusal: z.string().nullable(), detail: z.string().nullable(),
  machine: z.object({ node: z.string(), vmid: number, name: z.string(), power: z.enum(powerStates), ...size, orphan: z.boolean() }).nullable(), differences: z.array(z.string()),
  /** `ipv4`: what the hypervisor gives the machine, as far as it tells; `suggested`: what could be taken. */
  address: z.object({ ipv4: z.string().nullable(), verdict: z.enum(addressVerdicts), reason: z.string().nullable(), suggested: z.string().nullable() }),
})
const admin = { access: 'sysadmin', tag: 'admin', rateLimit: { limit: 120, seconds: 60 } } as const
export const listStrays = contract({ ...admin, method: 'GET', path: '/api/admin/connections/{id}/strays', summary: 'Machines of a hypervisor that no living service owns', params: idParams, query: pageQuery.extend({ q: z.string().trim().max(100).optional() }), response: listOf(strayView) })
export const showAdoption = contract({ ...admin, method: 'GET', path: '/api/admin/services/{id}/adoption', summary: 'What giving this machine to this service would find', params: idParams, query: z.object({ connectionId: uuid, vmid: z.coerce.number().pipe(number) }), response: adoptionView })
/** `name` must be typed as the machine is called. */
export const adoptMachine = contract({ ...admin, method: 'POST', path: '/api/admin/services/{id}/adoption', summary: 'Give a machine that is there already to a service', params: idParams, body: z.object({ connectionId: uuid, vmid: number, name: z.string().max(200), ipv4: z.ipv4(), reason }), response: adminServiceDetailView, status: 202, creates: true })
/** `hostname` must be typed as it is. */
export const unlinkMachine = contract({ ...admin, method: 'POST', path: '/api/admin/services/{id}/unlink', summary: 'Let the machine of a service go: it is left alone', params: idParams, body: z.object({ hostname: z.string().max(200), reason }), response: adminServiceDetailView, status: 202, creates: true })
export const buildAnew = contract({ ...admin, method: 'POST', path: '/api/admin/services/{id}/build', summary: 'Build a machine for a service that has none', params: idParams, body: z.object({ reason }), response: adminServiceDetailView, status: 202, creates: true })
