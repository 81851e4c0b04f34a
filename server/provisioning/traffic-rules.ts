import { machineCapabilities } from '#shared/vocabulary/machines.ts'
import { countedBytes, limitBytes } from '#shared/vocabulary/traffic.ts'
import type { TrafficStep } from '#shared/vocabulary/traffic.ts'
import type { TrafficStanding } from './traffic-ports.ts'

/** The size of a machine that may be slowed down: its rate is then what it is slowed down to. */
export const slowed = <Size extends { readonly rateMbps: number }>(spec: Size, capMbps: number | null): Size => capMbps === null || capMbps >= spec.rateMbps ? spec : { ...spec, rateMbps: capMbps }

/** Whether its hypervisor limits rates. */
export const slowable = (kind: TrafficStanding['connectionKind']): boolean => machineCapabilities(kind)?.rateLimit === true

type Facts = Pick<TrafficStanding, 'status' | 'terms' | 'rateMbps' | 'connectionKind' | 'bytesIn' | 'bytesOut' | 'told80' | 'told100'>
/**
 * What the traffic of this month asks for: which step the client is told of (the highest alone, each once a month), and what the machine is slowed down to (null: to nothing). A machine whose hypervisor
 * limits no rate is never slowed down. Pure.
 */
export function trafficWish(facts: Facts): { readonly tell: TrafficStep | null, readonly capMbps: number | null } {
  const { terms, told80, told100 } = facts
  if (!terms || (facts.status !== 'active' && facts.status !== 'past_due')) return { tell: null, capMbps: null }
  const used = countedBytes(terms, facts)
  const limit = limitBytes(terms)
  const beyond = used >= limit
  return {
    tell: beyond ? (told100 ? null : 100) : used >= limit * 0.8 && !told80 && !told100 ? 80 : null,
    capMbps: beyond && slowable(facts.connectionKind) && terms.slowMbps !== null && terms.slowMbps < facts.rateMbps ? terms.slowMbps : null,
  }
}
