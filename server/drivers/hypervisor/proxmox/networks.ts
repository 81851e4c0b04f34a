import { DriverError } from '#shared/errors/driver-error.ts'
import type { NetworkKind } from '#shared/vocabulary/networks.ts'
import type { HypervisorAccess } from '#server/infrastructure/ports.ts'
import type { HypervisorNetworks, RemoteNetwork } from '#server/infrastructure/networks-ports.ts'
import { path } from './api.ts'
import type { ProxmoxApi } from './api.ts'
import { eachOf } from './locate.ts'
import * as reply from './schema.ts'

const kinds: Readonly<Record<string, NetworkKind>> = { bridge: 'bridge', OVSBridge: 'ovs', vnet: 'vnet' }

/** Bridges of the nodes and, where the token may use them, virtual networks (SDN): Proxmox lists both together and leaves out what the token may not use. */
export const networksOf = (api: ProxmoxApi, access: HypervisorAccess): HypervisorNetworks => ({
  async listNetworks() {
    const all = (await api.get('/nodes', reply.nodeList)).filter(({ node }) => access.nodes.length === 0 || access.nodes.includes(node))
    const bridgesOf = (node: string) => api.get(path('nodes', node, 'network'), reply.bridges, { type: 'any_bridge' }).catch((error: unknown) => {
      if (error instanceof DriverError && (error.kind === 'retryable' || error.kind === 'not_found')) return null
      throw error
    })
    const told = await eachOf(all, 4, async ({ node, status }) => ({ node, rows: status === 'online' ? await bridgesOf(node) : null }))
    const seen = new Map<string, RemoteNetwork>()
    for (const { node, rows } of told) {
      for (const { iface, type, bridge_vlan_aware: aware } of rows ?? []) {
        const kind = kinds[type ?? 'bridge']
        if (!kind) continue
        const before = seen.get(iface)
        // One node whose bridge takes no tags is enough: machines go to any of them.
        const takesTags = kind === 'ovs' ? true : kind === 'vnet' ? null : aware && before?.takesTags !== false
        seen.set(iface, { name: iface, kind, takesTags, vlanTag: null, nodes: [...before?.nodes ?? [], node].sort() })
      }
    }
    if (seen.size === 0 && told.some(({ rows }) => rows !== null)) throw new DriverError('action_required', 'Proxmox: no node tells a bridge; the token needs Sys.Audit on /nodes and, since version 8, SDN.Use on /sdn/zones/localnetwork', { who: 'sysadmin' })
    const vnets = [...seen.values()].some(({ kind }) => kind === 'vnet') ? await api.get('/cluster/sdn/vnets', reply.vnets).catch(() => []) : []
    const tagOf = new Map(vnets.map(row => [row.vnet, row]))
    return {
      unread: told.filter(({ rows }) => !rows?.length).map(({ node }) => node).sort(),
      networks: [...seen.values()].map((network) => {
        const vnet = network.kind === 'vnet' ? tagOf.get(network.name) : undefined
        return vnet ? { ...network, takesTags: vnet.vlanaware, vlanTag: vnet.tag ?? null } : network
      }).sort((a, b) => a.name < b.name ? -1 : 1),
    }
  },
})
