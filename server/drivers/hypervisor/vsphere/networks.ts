import type { NetworkKind } from '#shared/vocabulary/networks.ts'
import type { HypervisorAccess } from '#server/infrastructure/ports.ts'
import type { HypervisorNetworks, RemoteNetwork } from '#server/infrastructure/networks-ports.ts'
import type { Locator } from './locate.ts'
import type { Vim } from './soap.ts'
import { distributedRow, hostPortGroupsRow, networkRow } from './transform.ts'

/** 4095 lets every VLAN pass: that is none of its own. */
const ownVlan = (id: number | undefined): number | null => id !== undefined && id > 0 && id < 4095 ? id : null

/** Standard port groups (of which the hosts tell the VLAN) and distributed ones, with the hosts that have them. Cards choose no VLAN here. */
export const networksOf = (vim: Vim, find: Locator, access: HypervisorAccess): HypervisorNetworks => ({
  async listNetworks() {
    const hosts = (await find.hosts()).filter(({ props }) => access.nodes.length === 0 || access.nodes.includes(props.name))
    const answering = hosts.filter(({ props }) => props['runtime.connectionState'] === 'connected')
    const all = [...new Map(answering.flatMap(({ props }) => props.network ?? []).map(network => [network.id, network])).values()]
    if (all.length === 0 && answering.length > 0) throw find.wrong('no host tells a network; the user needs System.View and System.Read on networks')
    const standard = await vim.read(all.filter(({ type }) => type === 'Network'), 'Network', networkRow)
    const distributed = await vim.read(all.filter(({ type }) => type === 'DistributedVirtualPortgroup'), 'DistributedVirtualPortgroup', distributedRow)
    const vlans = new Map((standard.length > 0 ? await vim.read(answering.map(({ obj }) => obj), 'HostSystem', hostPortGroupsRow) : []).flatMap(({ props }) => (props['config.network.portgroup'] ?? []).map(({ spec }) => [spec.name, spec.vlanId] as const)))
    const found = [
      ...standard.map(({ obj, props: { name } }) => ({ obj, name, kind: 'port_group' as NetworkKind, vlanTag: ownVlan(vlans.get(name)) })),
      // Port groups of a switch's uplinks carry no machines.
      ...distributed.filter(({ props }) => !props.tag?.some(({ key }) => key === 'SYSTEM/DVS.UPLINKPG')).map(({ obj, props }) => ({ obj, name: props.name, kind: 'distributed' as NetworkKind, vlanTag: ownVlan(props['config.defaultPortConfig']) })),
    ]
    const seen = new Map<string, RemoteNetwork>()
    for (const { obj, name, kind, vlanTag } of found) {
      const before = seen.get(name)
      const nodes = answering.filter(({ props }) => props.network?.some(({ id }) => id === obj.id)).map(({ props }) => props.name)
      seen.set(name, { name, kind, takesTags: false, vlanTag: before?.vlanTag ?? vlanTag, nodes: [...new Set([...before?.nodes ?? [], ...nodes])].sort() })
    }
    return { networks: [...seen.values()].sort((a, b) => a.name < b.name ? -1 : 1), unread: hosts.filter(host => !answering.includes(host)).map(({ props }) => props.name).sort() }
  },
})
