import type { Clock } from '../kernel/ports.ts'
import type { NodeStore } from './ports.ts'

/** Every node as last observed, with the samples of the last hour, oldest first. */
export const listNodes = ({ nodes, clock }: { readonly nodes: NodeStore, readonly clock: Clock }) => async () => {
  const found = await nodes.list(new Date(clock.now().getTime() - 3_600_000))
  return { items: found.map(node => ({ ...node, observedAt: node.observedAt.toISOString(), history: node.history.map(sample => ({ ...sample, at: sample.at.toISOString() })) })) }
}
