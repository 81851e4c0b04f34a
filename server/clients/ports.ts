import { profileBody } from '#shared/contracts/portal.ts'
import type { ClientKind } from '#shared/vocabulary/catalog.ts'
import type { AuditTrail } from '../audit/ports.ts'
import type { Clock, KernelStores, Transact } from '../kernel/ports.ts'

/** Who is billed and where, in the form that the contract checked. A stored profile is complete: there is no half of one. */
export interface Profile {
  readonly kind: ClientKind
  readonly companyName: string | null
  readonly nik: string | null
  readonly npwp: string | null
  readonly phone: string
  readonly addressLine: string
  readonly city: string
  readonly province: string
  readonly postalCode: string
  readonly country: string
}

/**
 * Whether the profile is there and still satisfies today's rules: rules that were tightened since it was saved ask for it again before
 * the next order.
 */
export const isComplete = (profile: Profile | null): boolean => profile !== null && profileBody.safeParse(profile).success

/** What other modules may ask of billing profiles, inside their own transactions too. */
export interface ProfileReader {
  find(userId: string): Promise<Profile | null>
}
export interface Profiles extends ProfileReader {
  save(userId: string, profile: Profile, at: Date): Promise<void>
}

export interface StoredSshKey { readonly id: string, readonly name: string, readonly publicKey: string, readonly fingerprint: string, readonly createdAt: Date }
export interface SshKeyStore {
  /** By name; a client has few. */
  list(clientId: string): Promise<StoredSshKey[]>
  /** The same; until the transaction ends nobody else adds one. */
  lockAll(clientId: string): Promise<StoredSshKey[]>
  insert(clientId: string, key: StoredSshKey): Promise<void>
  /** What was removed; null: no such key of this client. */
  remove(clientId: string, id: string): Promise<StoredSshKey | null>
}

export interface ClientStores extends KernelStores { readonly profiles: Profiles, readonly sshKeys: SshKeyStore, readonly audit: AuditTrail }
export interface SshKeyDeps extends Pick<ClientDeps, 'read' | 'transact' | 'clock'> { readonly newId: () => string, /** SHA-256 of what base64 says, in base64. */ readonly digest: (base64: string) => string }
export interface ClientDeps { readonly read: ClientStores, readonly transact: Transact<ClientStores>, readonly clock: Clock }
