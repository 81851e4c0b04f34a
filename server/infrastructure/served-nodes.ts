/**
 * What a machine that is not built yet holds already: it takes no other address while it stays on these nodes (empty: all) of this connection. `card`: of its address, by which prefixes go with it. `prefixNodes`: those that its IPv6 prefix
 * serves (empty: all); null or left out: it holds none.
 */
export interface HeldAddress { readonly connectionId: string, readonly nodes: readonly string[], readonly card?: string | undefined, readonly prefixNodes?: readonly string[] | null | undefined }

/** Addresses and prefixes go together by it. */
export const cardOf = ({ bridge, vlanTag }: { readonly bridge: string | null, readonly vlanTag: number | null }): string => `${bridge ?? ''}/${vlanTag ?? ''}`

/** The nodes of a connection on which a machine can be made, because its templates lie on their own storages. A connection that is not named: on all. */
export interface MadeOn { readonly connectionId: string, readonly nodes: readonly string[] }

/** Where machines can be made from these templates: one that every node reaches is good for all. */
export const madeOn = (templates: readonly { readonly connectionId: string, readonly nodes: readonly string[] }[]): MadeOn[] =>
  [...Map.groupBy(templates, template => template.connectionId)].flatMap(([connectionId, own]) => own.every(({ nodes }) => nodes.length > 0) ? [{ connectionId, nodes: [...new Set(own.flatMap(({ nodes }) => nodes))].sort() }] : [])
export const canBeMade = (made: readonly MadeOn[] | undefined, at: { readonly connectionId: string, readonly node: string }): boolean =>
  servesNode(made?.find(({ connectionId }) => connectionId === at.connectionId)?.nodes, at.node)

/** A pool serves the nodes that it names, or all of its connection. */
export const servesNode = (nodes: readonly string[] | undefined, node: string): boolean => !nodes || nodes.length === 0 || nodes.includes(node)
