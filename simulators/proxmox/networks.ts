import { may, nodeOf } from './call.ts'
import type { Call, CallDefinition } from './call.ts'
import { bridges } from './state.ts'
import type { ProxmoxState, SimNetwork } from './state.ts'

/** Bridges of a house and its virtual networks; both bridges are VLAN aware. */
export const networksOf = (state: ProxmoxState): readonly SimNetwork[] => state.networks ?? bridges.map(iface => ({ iface, type: 'bridge', vlanAware: true }))
export const hasNetwork = (state: ProxmoxState, node: string, iface: string): boolean => networksOf(state).some(network => network.iface === iface && (network.nodes ?? [node]).includes(node))

/** As in the original nobody is refused: what a token may not use is left out. */
function ofNode(call: Call) {
  const { name } = nodeOf(call)
  if (!may(call.token, 'Sys.Audit') && !may(call.token, 'SDN.Use')) return []
  return networksOf(call.state).filter(({ nodes }) => (nodes ?? [name]).includes(name)).map(({ iface, type, vlanAware }, i) => type === 'vnet'
    ? { iface, type, active: 1 }
    : { iface, type, active: 1, autostart: 1, method: 'static', address: `203.0.${113 + i}.2`, netmask: '24', cidr: `203.0.${113 + i}.2/24`, gateway: `203.0.${113 + i}.1`, bridge_ports: `eno${i + 1}`, priority: 4 + i, families: ['inet'], ...vlanAware ? { bridge_vlan_aware: 1, bridge_vids: '2-4094' } : {} })
}

export const networkCalls: Readonly<Record<string, CallDefinition>> = {
  'GET /nodes/{node}/network': { handle: ofNode },
  'GET /cluster/sdn/vnets': {
    handle: ({ state, token }) => may(token, 'SDN.Audit') || may(token, 'SDN.Allocate') ? networksOf(state).flatMap(({ iface, type, tag, vlanAware }) => type === 'vnet' ? [{ vnet: iface, zone: 'jakarta', type: 'vnet', ...tag === undefined ? {} : { tag }, ...vlanAware ? { vlanaware: 1 } : {} }] : []) : [],
  },
}
