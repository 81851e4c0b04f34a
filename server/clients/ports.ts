import { profileBody } from '#shared/contracts/portal.ts'
import type { ClientKind } from '#shared/vocabulary/catalog.ts'
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

export interface ClientStores extends KernelStores { readonly profiles: Profiles }
export interface ClientDeps { readonly read: ClientStores, readonly transact: Transact<ClientStores>, readonly clock: Clock }
