import type { z } from 'zod'
import type { hostingView } from '#shared/contracts/hosting.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { PackageStore, PanelServerStore, ReadAccount } from '../infrastructure/ports.ts'
import { accountOf } from './account.ts'
import type { MachineFacts, ServiceControl } from './ports.ts'

export interface ShowHostingDeps { readonly serviceControl: ServiceControl, readonly packages: PackageStore, readonly panelServers: PanelServerStore, readonly readAccount: ReadAccount, /** The month that counts at the servers. */ readonly thisMonth: () => { readonly year: number, readonly month: number } }
type View = z.input<typeof hostingView>

/** A hosting service of this client, or of anybody. @throws AppError not_found */
export async function hostingFacts(serviceControl: ServiceControl, id: string, clientId: string | null): Promise<MachineFacts> {
  const facts = clientId === null || await serviceControl.isOwnedBy(id, clientId) ? await serviceControl.facts(id) : null
  if (!facts?.hosting) throw new AppError('not_found')
  return facts
}

/** The account of a hosting service: where it is, and what it uses, as its panel says. A panel that does not answer leaves `usage` out. @throws AppError not_found, also for a service of another kind or client */
export const showHosting = ({ serviceControl, packages, panelServers, readAccount, thisMonth }: ShowHostingDeps) => async ({ id, clientId }: { readonly id: string, /** Null: staff look. */ readonly clientId: string | null }): Promise<View> => {
  const facts = await hostingFacts(serviceControl, id, clientId)
  const { hostname, spec } = facts
  const nothing: View = { domain: hostname, username: null, packageName: spec.panelPackage ?? '', server: null, nameservers: [], ip: null, suspendedAtPanel: null, usage: null }
  if (!isThere(facts)) return nothing
  const { connectionId, ref } = accountOf(facts)
  const server = await panelServers.find(connectionId)
  const seen = await readAccount({ connectionId, ref, month: thisMonth() })
  const view: View = { ...nothing, username: ref.user, server: server?.hostname ?? null, nameservers: [...server?.nameservers ?? []], ip: facts.hosting?.account?.ip ?? null }
  if (!seen) return view
  const { state, transferredMiB, at } = seen
  const limits = (await packages.forConnection(connectionId)).find(({ name }) => name === state.package)
  return { ...view, ip: state.ip, suspendedAtPanel: state.suspended !== null, usage: { diskUsedMiB: state.diskUsedMiB, diskLimitMiB: state.diskLimitMiB, transferredMiB, transferLimitMiB: limits?.bandwidthMiB ?? null, observedAt: at.toISOString() } }
}

/** It has an account that was read back. */
export const isThere = ({ resource, hosting }: MachineFacts) => (resource?.status === 'ready' || resource?.status === 'stopped_by_policy') && Boolean(hosting?.account?.birth)
