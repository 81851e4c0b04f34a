import { DriverError } from '#shared/errors/driver-error.ts'
import type { HypervisorDriver, NetworkRecord, PanelStores, PoolUse, RemoteNetwork, SeenNetworks } from './ports.ts'
import { compareOffers, differenceText } from './sync-difference.ts'
import type { ChangedField, OfferFields } from './sync-difference.ts'

export interface NetworkOutcome { added: string[], changed: { name: string, fields: ChangedField[] }[], vanished: { name: string, pools: PoolUse[] }[], /** Of nodes that did not tell theirs; they stay. */ unsure: string[], unchanged: number }
/** Networks as they were told or, where they could not be read, why: what was known of them stays then. */
export type ReadNetworks = SeenNetworks | { readonly problem: string }

/** A right that is missing takes nothing away. */
export const readNetworks = (driver: HypervisorDriver): Promise<ReadNetworks> => driver.listNetworks().catch((error: unknown) => {
  if (error instanceof DriverError) return { problem: error.message }
  throw error
})

/** What was told, and of nodes that did not tell theirs what was known. Pure. */
export function withUnread({ networks, unread }: SeenNetworks, known: readonly Pick<NetworkRecord, 'name' | 'nodes'>[]): RemoteNetwork[] {
  const before = new Map(known.map(network => [network.name, network.nodes]))
  return networks.map(network => ({ ...network, nodes: [...new Set([...network.nodes, ...(before.get(network.name) ?? []).filter(node => unread.includes(node))])].sort() }))
}

const fieldsOf = ({ kind, takesTags, vlanTag, nodes }: RemoteNetwork): OfferFields => ({ networkKind: kind, takesTags: takesTags === null ? null : String(takesTags), vlanTag, nodes: nodes.join(', ') })
const told = (network: RemoteNetwork) => ({ key: network.name, name: network.name, fields: fieldsOf(network) })
const keptDays = 90

interface Compared { readonly outcome: NetworkOutcome | null, readonly problem: string | null, /** Vanished, with the pools that attach to each. */ readonly missed: readonly { readonly name: string, readonly products: readonly PoolUse[] }[], readonly text: string, readonly different: boolean, readonly keep: (at: Date) => Promise<void> }

/** What was read of networks against what is known; not read, or in vain: nothing is different. */
export const compareRead = (stores: PanelStores, connectionId: string, read: ReadNetworks | undefined): Promise<Compared> => read && !('problem' in read)
  ? compareNetworks(stores, connectionId, read)
  : Promise.resolve({ outcome: null, problem: read?.problem ?? null, missed: [], text: '', different: false, keep: () => Promise.resolve() })

/** Compares networks as `synchronise` does offers. `keep` stores them; what vanished stays known for as long as a pool attaches to it. */
async function compareNetworks(stores: PanelStores, connectionId: string, seen: SeenNetworks): Promise<Compared> {
  const rows = (await stores.networks.forConnection(connectionId)).filter(({ present }) => present)
  const offered = withUnread(seen, rows)
  const byId = new Map(rows.map(row => [row.id, row]))
  const found = compareOffers(rows.map(row => ({ id: row.id, ...told(row) })), offered.map(told), ({ id }) => byId.get(id)?.nodes.some(node => seen.unread.includes(node)) ?? false)
  const uses = await stores.networks.usedBy(connectionId, found.vanished.map(({ name }) => name))
  return {
    problem: null, missed: found.vanished.map(({ name }) => ({ name, products: uses.get(name) ?? [] })), text: differenceText(found), different: found.added.length + found.changed.length + found.vanished.length > 0,
    outcome: {
      added: found.added.map(({ name }) => name), changed: found.changed.map(({ name, fields }) => ({ name, fields: [...fields] })), unsure: found.unsure.map(({ name }) => name), unchanged: found.unchanged,
      vanished: found.vanished.map(({ name }) => ({ name, pools: [...uses.get(name) ?? []] })),
    },
    async keep(at) {
      await stores.networks.save(connectionId, offered, at)
      await stores.networks.markVanished(found.vanished.map(({ id }) => id))
      await stores.networks.forgetUnused(connectionId, new Date(at.getTime() - keptDays * 86_400_000))
    },
  }
}
