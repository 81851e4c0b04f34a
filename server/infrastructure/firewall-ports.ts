import type { FirewallPolicy, FirewallRule, FirewallWish } from '#shared/vocabulary/firewall.ts'
import type { MachineRef } from './access-ports.ts'

/** What a hypervisor has of a machine's firewall rules. */
export interface SeenFirewall {
  /** Null: something else, made by others. */
  readonly policyIn: FirewallPolicy | null
  readonly rules: readonly FirewallRule[]
  /** Ours stand behind all others, and none is half made or was changed by hand. */
  readonly tidy: boolean
  /** Rules that do not carry our mark, in the hypervisor's words and order. */
  readonly foreign: readonly string[]
}

export interface MachineFirewall {
  /** @throws DriverError permanent without the capability */
  readFirewall(machine: MachineRef): Promise<SeenFirewall>
  /**
   * Makes our rules and the policy exactly these. Rules of others are kept, in their order and before ours. At every moment each packet is decided as by
   * the old list or as by the new one. Nothing is sent where it is so already; repeated after an interruption it goes on. The address filter
   * is not touched. @throws DriverError permanent without the capability, retryable when somebody else changes the rules at the same time
   */
  setFirewall(machine: MachineRef, wish: FirewallWish): Promise<void>
}

const same = (a: FirewallRule, b: FirewallRule): boolean => a.direction === b.direction && a.action === b.action && a.protocol === b.protocol && a.ports === b.ports && a.comment === b.comment && a.enabled === b.enabled && a.peers.join() === b.peers.join()

/** In what a machine's firewall differs from the wish; null: it is exactly so. */
export function firewallDifference(wish: FirewallWish, seen: SeenFirewall): string | null {
  if (seen.policyIn !== wish.policyIn) return `policy ${seen.policyIn ?? 'of others'} instead of ${wish.policyIn}`
  if (!seen.tidy) return 'firewall rules were moved or changed by hand'
  return seen.rules.length === wish.rules.length && wish.rules.every((rule, i) => seen.rules[i] !== undefined && same(rule, seen.rules[i])) ? null : `${seen.rules.length} firewall rules that are not the ${wish.rules.length} of the books`
}
