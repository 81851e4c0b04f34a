import { AppError } from '#shared/errors/codes.ts'
import { machineCapabilities } from '#shared/vocabulary/machines.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { openAct } from './open-saga.ts'
import type { ProvisioningStores, ServicePages } from './ports.ts'
import { allowedActions } from './service-view.ts'

/**
 * Gives IPv6 to a machine that was built without it, as a saga, where its product includes IPv6 and a pool goes with its card and node. What it holds then is its own. Said by staff, it is
 * written to the audit log.
 * @throws AppError not_found, service_suspended, service_not_ready, action_in_progress, ipv6_unsupported, ipv6_unavailable, out_of_stock
 */
export const giveIpv6 = ({ servicePages, transact }: { readonly servicePages: ServicePages, readonly transact: Transact<ProvisioningStores> }) => async ({ id, clientId, actor }: { readonly id: string, readonly clientId: string | null, readonly actor: Actor }): Promise<void> => {
  const service = await servicePages.find(id, clientId ?? undefined)
  if (!service || service.productKind !== 'vps') throw new AppError('not_found')
  const { refusal } = allowedActions(service)
  if (refusal) throw new AppError(refusal)
  if (!machineCapabilities(service.connectionKind)?.laterIpv6) throw new AppError('ipv6_unsupported')
  await transact(async (stores) => {
    await openAct(stores, { kind: 'ipv6', of: 'vps', action: null, serviceId: id, actor: actorLabel(actor) })
    if (!await stores.addresses.reserveLaterIpv6(id)) throw new AppError('ipv6_unavailable')
    if (clientId === null) await stores.audit.record({ actor, action: 'service.ipv6', entity: 'service', entityId: id })
  })
}
