import { z } from 'zod'
import { longestSshKey } from '#shared/text/ssh-key.ts'
import { contract, idParams, instant } from './contract.ts'

/** Public keys that a client keeps with the account, to pick from when a machine is made or its login is changed. */
export const sshKeyView = z.object({ id: z.uuid(), name: z.string(), publicKey: z.string(), type: z.string(), bits: z.number().int(), comment: z.string(), /** `SHA256:…`, as OpenSSH shows it. */ fingerprint: z.string(), createdAt: instant })
export const sshKeyBody = z.object({ name: z.string().trim().min(1).max(60).regex(/^[^\p{Cc}]*$/u), publicKey: z.string().trim().min(1).max(longestSshKey) })

const shared = { access: 'client', tag: 'portal' } as const
export const listSshKeys = contract({ ...shared, method: 'GET', path: '/api/portal/ssh-keys', summary: 'My public SSH keys', response: z.object({ items: z.array(sshKeyView) }) })
export const addSshKey = contract({ ...shared, method: 'POST', path: '/api/portal/ssh-keys', summary: 'Keep a public SSH key with my account', body: sshKeyBody, response: sshKeyView, status: 201, creates: true, rateLimit: { limit: 60, seconds: 60 } })
export const removeSshKey = contract({ ...shared, method: 'DELETE', path: '/api/portal/ssh-keys/{id}', summary: 'Forget one of my public SSH keys; machines that have it keep it', params: idParams, status: 204 })
