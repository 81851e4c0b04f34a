import type { PoolNetworkProblem } from '../vocabulary/networks.ts'

interface Known { readonly name: string, readonly present: boolean, readonly takesTags: boolean | null, readonly vlanTag: number | null, readonly nodes: readonly string[] }
interface Wanted { readonly vlanTag: number | null, /** Those that the pool serves; empty: all of its connection. */ readonly nodes: readonly string[], /** All of the connection that may carry machines. */ readonly allNodes: readonly string[] }

/** What is wrong between what a pool asks of its machines' cards and the network that they attach to. Pure. `network` null: none of this name was ever told. */
export function poolNetworkProblems({ vlanTag, nodes, allNodes }: Wanted, network: Known | null): { problems: PoolNetworkProblem[], missingOn: string[] } {
  if (!network) return { problems: ['not_seen'], missingOn: [] }
  if (!network.present) return { problems: ['vanished'], missingOn: [] }
  const missingOn = (nodes.length > 0 ? nodes : allNodes).filter(node => !network.nodes.includes(node)).toSorted()
  return {
    missingOn,
    problems: [
      ...missingOn.length > 0 ? ['not_on_nodes' as const] : [],
      ...vlanTag !== null && network.takesTags === false ? ['no_tags' as const] : [],
      ...vlanTag !== null && network.vlanTag !== null ? ['own_vlan' as const] : [],
    ],
  }
}
