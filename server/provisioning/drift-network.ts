import type { MachineState, SeenFirewall } from '../infrastructure/ports.ts'
import type { Drift, ExpectedMachine } from './drift-ports.ts'
import type { MachineFacts } from './ports.ts'
import { filterDifference } from './step.ts'

/** Found by a look at each machine, and not by the list of them. */
export const networkDrifts = ['wrong_network', 'wrong_mac', 'wrong_filter', 'foreign_rules'] as const

const hour = 3_600_000
/** The machines whose card and firewall are looked at in this hour: a round over all of them, so many at a time, the same ones within the hour. Pure. */
export function portionOf<T extends { readonly serviceId: string }>(machines: readonly T[], at: Date, most: number): T[] {
  const ordered = machines.toSorted((a, b) => a.serviceId < b.serviceId ? -1 : 1)
  const rounds = Math.max(1, Math.ceil(ordered.length / most))
  const turn = Math.floor(at.getTime() / hour) % rounds
  return ordered.slice(turn * most, (turn + 1) * most)
}

interface Looked { readonly machine: ExpectedMachine, readonly facts: Pick<MachineFacts, 'address'>, /** What its first card has to attach to. */ readonly network: string | null, readonly seen: MachineState, /** Null: machines have none there. */ readonly firewall: SeenFirewall | null, readonly filters: boolean }

type Card = NonNullable<MachineState['network']>
const words = ({ bridge, vlanTag }: Card) => [bridge ?? '—', ...vlanTag === null ? [] : [`VLAN ${vlanTag}`]].join(', ')
/** Null: it is where it should be. A tag that is not wished is the template's affair. */
function movedCard(seen: Card | undefined, wished: Card): { readonly seen: string, readonly expected: string } | null {
  if (!seen) return null
  const elsewhere = wished.bridge !== null && seen.bridge !== null && seen.bridge !== wished.bridge
  return elsewhere || (wished.vlanTag !== null && seen.vlanTag !== wished.vlanTag) ? { seen: words(seen), expected: words(wished) } : null
}

/** The address filter and what the guest was told of its network hang on it. One that was never written down is not held against anybody. */
const otherMac = (expected: string | null, seen: string | null | undefined) => expected !== null && seen && seen !== expected ? [{ seen, expected }] : []

/** Where card, address filter and firewall of a machine are not as the books say. What a hypervisor does not tell is not held against it. Pure. */
export function networkDrift({ machine, facts, network, seen, firewall, filters }: Looked): Drift[] {
  const { address } = facts
  if (seen.lock) return []
  const at = { key: machine.ownershipMark, serviceId: machine.serviceId, node: seen.node, vmid: seen.vmid }
  const moved = address && movedCard(seen.network, { bridge: network, vlanTag: address.vlanTag ?? null })
  const passes = address && filters ? filterDifference(facts, seen) : null
  return [
    ...otherMac(machine.mac, seen.mac).map(mac => ({ kind: 'wrong_mac' as const, ...at, detail: { hostname: machine.hostname, ...mac } })),
    ...moved ? [{ kind: 'wrong_network' as const, ...at, detail: { hostname: machine.hostname, ...moved } }] : [],
    ...passes !== null ? [{ kind: 'wrong_filter' as const, ...at, detail: { hostname: machine.hostname, passes: seen.filteredAddresses === null ? '*' : seen.filteredAddresses.join(', ') || '—' } }] : [],
    ...address && firewall && firewall.foreign.length > 0 ? [{ kind: 'foreign_rules' as const, ...at, detail: { hostname: machine.hostname, rules: firewall.foreign.slice(0, 5).join('; ').slice(0, 500), count: firewall.foreign.length } }] : [],
  ]
}
