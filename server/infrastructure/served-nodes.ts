/** What a machine that is not built yet holds already: it takes no other address while it stays on these nodes (empty: all) of this connection. */
export interface HeldAddress { readonly connectionId: string, readonly nodes: readonly string[] }

/** A pool serves the nodes that it names, or all of its connection. */
export const servesNode = (nodes: readonly string[] | undefined, node: string): boolean => !nodes || nodes.length === 0 || nodes.includes(node)
