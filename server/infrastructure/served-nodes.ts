import type { MachineType } from '#shared/vocabulary/machines.ts'

/**
 * What a machine that is not built yet holds already: it takes no other address while it stays on these nodes (empty: all) of this connection. `card`: of its address, by which prefixes go with it. `prefixNodes`: those that its IPv6 prefix
 * serves (empty: all); null or left out: it holds none.
 */
export interface HeldAddress { readonly connectionId: string, readonly nodes: readonly string[], readonly card?: string | undefined, readonly prefixNodes?: readonly string[] | null | undefined }

/** Addresses and prefixes go together by it. */
export const cardOf = ({ bridge, vlanTag }: { readonly bridge: string | null, readonly vlanTag: number | null }): string => `${bridge ?? ''}/${vlanTag ?? ''}`

/**
 * The nodes of a connection on which a kind of machine can be made, because its templates lie on their own storages; empty: on all. A connection that is not named: on all. `machineType`: the node's storage has to take disks of it; left out:
 * that is not asked for.
 */
export interface MadeOn { readonly connectionId: string, readonly nodes: readonly string[], readonly machineType?: MachineType | undefined }
/** A node with what its storage takes disks of; left out: of every kind of machine. */
interface MakingNode { readonly connectionId: string, readonly node: string, readonly takes?: readonly MachineType[] | undefined }

/** Where machines can be made from these templates: one that every node reaches is good for all. */
export const madeOn = (templates: readonly { readonly connectionId: string, readonly nodes: readonly string[], readonly machineType: MachineType }[]): MadeOn[] =>
  [...Map.groupBy(templates, ({ connectionId, machineType }) => `${connectionId} ${machineType}`).values()].flatMap(own => own[0] ? [{ connectionId: own[0].connectionId, machineType: own[0].machineType, nodes: own.every(({ nodes }) => nodes.length > 0) ? [...new Set(own.flatMap(({ nodes }) => nodes))].sort() : [] }] : [])
/** Whether the storage of a node takes disks of such machines. */
export const takesDisksOf = ({ takes }: Pick<MakingNode, 'takes'>, machineType: MachineType | undefined): boolean => takes === undefined || machineType === undefined || takes.includes(machineType)
const own = (made: readonly MadeOn[] | undefined, { connectionId }: MakingNode): readonly MadeOn[] => made?.filter(entry => entry.connectionId === connectionId) ?? []
/** Whether a template is there to make one from. */
export const hasTemplate = (made: readonly MadeOn[] | undefined, at: MakingNode): boolean => own(made, at).length === 0 || own(made, at).some(({ nodes }) => servesNode(nodes, at.node))
/** Whether there is a template to make one from, of a kind of machine that the node's storage takes. */
export const canBeMade = (made: readonly MadeOn[] | undefined, at: MakingNode): boolean => own(made, at).length === 0 || own(made, at).some(({ nodes, machineType }) => servesNode(nodes, at.node) && takesDisksOf(at, machineType))

/** A pool serves the nodes that it names, or all of its connection. */
export const servesNode = (nodes: readonly string[] | undefined, node: string): boolean => !nodes || nodes.length === 0 || nodes.includes(node)
