import type { Money } from '#shared/money/money.ts'

/** A suffix on sale (`id`, `co.id`, `com`) with what a year of it costs. */
export interface Tld { readonly suffix: string, readonly register: Money, readonly renew: Money, readonly requirement: { id: string, en: string } | null }
export interface TldsOnSale { /** In the order of the price list; at most a hundred. */ list(): Promise<Tld[]> }
export interface DomainStores { readonly tldsOnSale: TldsOnSale }

/** The two forms of an internationalised name, and where its public suffix begins. */
export interface DomainNames {
  /** UTS-46 with IDNA rules: lower case ASCII, or null when the text cannot be a host name. */
  toAscii(text: string): string | null
  toUnicode(ascii: string): string
  /** The public suffix of an ASCII host by the Public Suffix List (ICANN part), or null when its top level does not exist. */
  publicSuffix(ascii: string): string | null
}

export const unknownReasons = ['no_registry', 'registry_unreachable', 'registry_slow', 'registry_busy', 'registry_failed', 'registry_unclear'] as const
export type UnknownReason = typeof unknownReasons[number]
export type AvailabilityAnswer = { readonly state: 'available' | 'taken', readonly reason: null } | { readonly state: 'unknown', readonly reason: UnknownReason }

/**
 * Asks the registry in charge whether a name (ASCII, with suffix) is registered. Never throws and never guesses: `available` and `taken` are
 * said only by the registry that the bootstrap names for the top level; whatever else happens is `unknown`.
 */
export interface AvailabilityCheck { check(name: string): Promise<AvailabilityAnswer> }

/** Short-lived answers, shared between replicas. May lose everything at any time. */
export interface AnswerCache { get(key: string): Promise<string | null>, set(key: string, value: string, ttlSeconds: number): Promise<void> }
