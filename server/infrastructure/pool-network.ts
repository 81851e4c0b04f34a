import { fieldError } from '#shared/errors/codes.ts'
import { hypervisorCapabilities, isPanel } from '#shared/vocabulary/machines.ts'
import type { ConnectionKind } from '#shared/vocabulary/machines.ts'
import type { AddressPoolFields, NodeStore } from './ports.ts'

/**
 * A pool may be limited to nodes that its connection showed; those that it is limited to already may stay when they are not seen any more.
 * @throws AppError invalid_input
 */
export async function checkNodes(known: Pick<NodeStore, 'list'>, connectionId: string, nodes: readonly string[], kept: readonly string[] = []): Promise<void> {
  if (nodes.every(node => kept.includes(node))) return
  const seen = (await known.list()).filter(row => row.connectionId === connectionId).map(row => row.node)
  if (!nodes.every(node => kept.includes(node) || seen.includes(node))) throw fieldError('nodes', 'node_unknown')
}

/**
 * What a pool asks of the cards of its machines can be done on this kind of connection. A bridge's name stands in one line with other
 * settings of the card on Proxmox, so it is nothing but a name there.
 * @throws AppError invalid_input
 */
export function checkNetwork(kind: ConnectionKind, { bridge, vlanTag }: Pick<AddressPoolFields, 'bridge' | 'vlanTag'>): void {
  if (isPanel(kind)) throw fieldError('connectionId', 'connection_without_machines')
  if (vlanTag && !hypervisorCapabilities[kind].vlanTag) throw fieldError('vlanTag', 'vlan_unsupported')
  if (bridge && kind === 'proxmox' && !/^[A-Za-z][\w.-]*$/.test(bridge)) throw fieldError('bridge', 'bridge_shape')
}
