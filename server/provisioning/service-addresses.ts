import type { z } from 'zod'
import type { serviceAddressesView } from '#shared/contracts/service-addresses.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import { guestLines } from '#shared/network/guest-addresses.ts'
import type { ServiceStatus } from '#shared/vocabulary/billing.ts'
import { machineCapabilities } from '#shared/vocabulary/machines.ts'
import type { ConnectionKind } from '#shared/vocabulary/machines.ts'
import { splitExtra } from '../infrastructure/ports.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import type { ProvisioningStores, ServicePages } from './ports.ts'
import { allowedActions } from './service-view.ts'

export type ServiceAddressesView = z.input<typeof serviceAddressesView>
interface Asked { readonly id: string, /** Null: staff. */ readonly clientId: string | null }

const refusalOf = (status: ServiceStatus): ErrorCode | null => status === 'ended' ? 'service_not_ready' : null
/** How cloud-init calls the card in the guest: Proxmox by its own name, VMware as our metadata does. */
const cardOf = (kind: ConnectionKind | null): string => kind === 'proxmox' ? 'eth0' : 'nic0'

/** The IPv4 addresses of a service's machine, whether it may have IPv6, which of them would go next, and what its owner enters in it for those beside the first. @throws AppError not_found */
export const showServiceAddresses = ({ read, servicePages }: { readonly read: Pick<ProvisioningStores, 'addresses'>, readonly servicePages: ServicePages }) => async ({ id, clientId }: Asked): Promise<ServiceAddressesView> => {
  const service = await servicePages.find(id, clientId ?? undefined)
  if (!service) throw new AppError('not_found')
  const held = await read.addresses.allOf(id)
  const sold = service.spec.extraIpv4 ?? 0
  const { stay, leave } = splitExtra(held, sold)
  const ready = stay.filter(({ reserved }) => !reserved)
  const waits = service.ipv6 === null && service.resourceStatus === 'ready' && service.openSaga !== 'ipv6' && await read.addresses.hasLaterIpv6(id)
  const state = service.ipv6 !== null ? 'held' : service.openSaga === 'ipv6' ? 'giving' : !waits ? 'none' : machineCapabilities(service.connectionKind)?.laterIpv6 ? 'offered' : 'unsupported'
  return {
    ipv6: { state, refusal: state === 'offered' ? allowedActions(service).refusal : null },
    sold, refusal: refusalOf(service.status),
    items: held.map(each => ({ address: each.ipv4, prefixLength: each.prefixLength, first: each.ordinal === 0, letThrough: !each.reserved, leavesFirst: each.leavesFirst, leaving: leave.includes(each) })),
    guest: ready.length === 0 ? null : { ...guestLines(ready, cardOf(service.connectionKind)), toldAtBuild: service.connectionKind !== 'proxmox' },
  }
}

/**
 * Which further address goes first when fewer are sold: a wish, which takes nothing by itself. The first address of a machine never goes. Audited.
 * @throws AppError not_found (also for an address that is not a further one of the service), service_not_ready
 */
export const chooseLeavingAddress = ({ transact }: { readonly transact: Transact<ProvisioningStores> }) => ({ id, clientId, address, leavesFirst, actor }: Asked & { readonly address: string, readonly leavesFirst: boolean, readonly actor: Actor }): Promise<void> => transact(async (stores) => {
  const service = await stores.serviceControl.lock(id)
  if (!service || (clientId !== null && service.clientId !== clientId)) throw new AppError('not_found')
  const refusal = refusalOf(service.status)
  if (refusal) throw new AppError(refusal)
  if (!await stores.addresses.setLeavesFirst(id, address, leavesFirst)) throw new AppError('not_found')
  await stores.audit.record({ actor, action: 'service.leaving-address', entity: 'service', entityId: id, after: { address, leavesFirst } })
})
