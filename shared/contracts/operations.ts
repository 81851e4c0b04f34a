import { z } from 'zod'
import { adminServiceDetailView } from './admin.ts'
import { contract } from './contract.ts'

const idParams = z.object({ id: z.uuid() })
const reason = z.string().trim().min(3).max(500)

/** Where the machine of a service is and which nodes could take it, looked at now. Bytes; of `nodes` the machine's own is left out. */
export const moveView = z.object({
  /** Not: its hypervisor has no other node. */
  supported: z.boolean(), readable: z.boolean(), refusal: z.string().nullable(), node: z.string().nullable(), running: z.boolean(),
  nodes: z.array(z.object({ node: z.string(), memoryTotal: z.number(), memoryFree: z.number(), storageFree: z.number(), cpuCores: z.number(), /** What its disks take there; 0: the storage is shared. */ diskGiB: z.number(), /** Within the limits of the connection. */ fits: z.boolean() })),
})
/** `live` false: it is shut down, moved and started again. */
const moveBody = z.object({ node: z.string().min(1).max(200), live: z.boolean(), reason })

const admin = { access: 'sysadmin', tag: 'admin', params: idParams, rateLimit: { limit: 120, seconds: 60 } } as const
export const showMove = contract({ ...admin, method: 'GET', path: '/api/admin/services/{id}/move', summary: 'Which nodes could take a service\'s machine', response: moveView })
export const moveMachine = contract({ ...admin, method: 'POST', path: '/api/admin/services/{id}/move', summary: 'Move a service\'s machine to another node', body: moveBody, response: adminServiceDetailView, status: 202, creates: true })
