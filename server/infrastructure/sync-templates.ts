import { AppError } from '#shared/errors/codes.ts'
import type { ConnectionStore, OpenHypervisor } from './ports.ts'
import { readNetworks } from './sync-networks.ts'
import { synchronise } from './synchronise.ts'
import type { SyncDeps, SyncInput, SyncOutcome } from './synchronise.ts'

interface Deps extends SyncDeps { readonly connections: ConnectionStore, readonly openHypervisor: OpenHypervisor }

/**
 * Reads templates, nodes, networks and CD images from the hypervisor. A template that is not told while its node is offline is not taken for gone: a cluster
 * does not know it without its node. @throws AppError not_found, connection_failed
 */
export const syncTemplates = (deps: Deps) => async ({ actor, id, ...request }: SyncInput): Promise<SyncOutcome> => {
  if (!await deps.connections.find(id)) throw new AppError('not_found')
  return synchronise(deps)({
    actor, id, request, known: stores => stores.remoteTemplates.forConnection(id), keyOf: template => template.ref, fieldsOf: ({ name, node, osFamily, username, diskGiB, nodes }) => ({ name, node, osFamily, username, diskGiB, onlyOn: nodes.join(', ') || null }),
    async read() {
      const driver = await deps.openHypervisor(id)
      // Where the images cannot be read (a right is missing), what is known of them stays: nothing is sold with them.
      const images = driver.capabilities.rescue ? driver.listIsos().catch(() => null) : null
      const [found, nodes, networks] = await Promise.all([driver.listTemplates(), driver.listNodes(), readNetworks(driver)])
      // Of a node that is off it is not known where its templates lie: they stay as they were.
      const off = new Set(nodes.filter(({ online }) => !online).map(({ node }) => node))
      return [found.filter(template => template.nodes.length === 0 || template.nodes.some(node => !off.has(node))), { nodes, networks, images: await images }] as const
    },
    networksOf: ({ networks }) => networks,
    unreachable: (template, { nodes }) => nodes.some(({ node, online }) => !online && (node === template.node || template.nodes.includes(node))),
    usedBy: (stores, rows) => stores.remoteTemplates.usedBy(rows.map(row => row.id)),
    async keep(stores, { offered, seen: { nodes, images }, vanishedIds, at }) {
      await stores.remoteTemplates.save(id, offered, at)
      await stores.remoteTemplates.markVanished(vanishedIds)
      await stores.nodes.record(id, nodes, at)
      if (images) await stores.isoImages.record(id, images, nodes.filter(({ online }) => !online).map(({ node }) => node), at)
    },
  })
}
