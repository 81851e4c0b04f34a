import type { z } from 'zod'
import type { sshKeyBody, sshKeyView } from '#shared/contracts/ssh-keys.ts'
import { AppError, fieldError } from '#shared/errors/codes.ts'
import { mostSshKeys, parseSshKey } from '#shared/text/ssh-key.ts'
import type { Actor } from '../kernel/ports.ts'
import type { SshKeyDeps, StoredSshKey } from './ports.ts'

/** As OpenSSH shows it: `SHA256:` and the hash of the key's bytes, in base64 without padding. */
export const fingerprintOf = (blob: string, digest: SshKeyDeps['digest']): string => `SHA256:${digest(blob).replace(/=+$/, '')}`

function toView({ id, name, publicKey, fingerprint, createdAt }: StoredSshKey): z.input<typeof sshKeyView> {
  const key = parseSshKey(publicKey)
  if (typeof key === 'string') throw new RangeError(`the stored key ${id} cannot be read: ${key}`)
  return { id, name, publicKey, fingerprint, type: key.type, bits: key.bits, comment: key.comment, createdAt: createdAt.toISOString() }
}

/** The caller's own keys, by name; there are twenty at most. */
export const listSshKeys = ({ read }: Pick<SshKeyDeps, 'read'>) => async (clientId: string): Promise<{ items: z.input<typeof sshKeyView>[] }> => ({ items: (await read.sshKeys.list(clientId)).map(toView) })

/** Keeps a public key with the caller's account. @throws AppError invalid_input (`ssh_key_shape`, `ssh_key_type`, `ssh_key_short`, `ssh_key_known`), ssh_keys_full */
export const addSshKey = ({ transact, clock, newId, digest }: SshKeyDeps) => async ({ actor, name, publicKey }: z.output<typeof sshKeyBody> & { readonly actor: Extract<Actor, { kind: 'user' }> }): Promise<z.input<typeof sshKeyView>> => {
  const key = parseSshKey(publicKey)
  if (typeof key === 'string') throw fieldError('publicKey', key)
  const stored: StoredSshKey = { id: newId(), name, publicKey: key.line, fingerprint: fingerprintOf(key.blob, digest), createdAt: clock.now() }
  await transact(async (stores) => {
    const kept = await stores.sshKeys.lockAll(actor.id)
    if (kept.some(({ fingerprint }) => fingerprint === stored.fingerprint)) throw fieldError('publicKey', 'ssh_key_known')
    if (kept.length >= mostSshKeys) throw new AppError('ssh_keys_full', { params: { limit: mostSshKeys } })
    await stores.sshKeys.insert(actor.id, stored)
    await stores.audit.record({ actor, action: 'client.ssh_key_add', entity: 'ssh_key', entityId: stored.id, after: { name, fingerprint: stored.fingerprint } })
  })
  return toView(stored)
}

/** Forgets one of the caller's keys. Machines that it was put on keep it. @throws AppError not_found */
export const removeSshKey = ({ transact }: Pick<SshKeyDeps, 'transact'>) => ({ id, actor }: { readonly id: string, readonly actor: Extract<Actor, { kind: 'user' }> }): Promise<void> => transact(async (stores) => {
  const removed = await stores.sshKeys.remove(actor.id, id)
  if (!removed) throw new AppError('not_found')
  await stores.audit.record({ actor, action: 'client.ssh_key_remove', entity: 'ssh_key', entityId: id, before: { name: removed.name, fingerprint: removed.fingerprint } })
})
