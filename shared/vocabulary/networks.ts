/** What a card of a machine can attach to. */
export const networkKinds = ['bridge', 'ovs', 'vnet', 'port_group', 'distributed'] as const
export type NetworkKind = typeof networkKinds[number]

/** What is wrong between a pool and the network of its cards. `not_seen`: no network of this name was ever told; `vanished`: it was, and is no more: then nothing is sold from the pool. */
export const poolNetworkProblems = ['not_seen', 'vanished', 'not_on_nodes', 'no_tags', 'own_vlan'] as const
export type PoolNetworkProblem = typeof poolNetworkProblems[number]
