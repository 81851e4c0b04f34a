import type { FirewallWish } from '#shared/vocabulary/firewall.ts'

/** The wished firewall of a service's machine. `version` counts from 1. */
export interface FirewallRecord extends FirewallWish { readonly version: number, readonly changedAt: Date, /** As `actorLabel` names him. */ readonly changedBy: string }

export interface FirewallStore {
  /** Null: nothing was ever wished; then nothing is written to the hypervisor. */
  find(serviceId: string): Promise<FirewallRecord | null>
  /** Keeps the next version, in place of `version` (0: none); false when another one stands there. */
  save(serviceId: string, version: number, wish: FirewallWish, by: string): Promise<boolean>
}
