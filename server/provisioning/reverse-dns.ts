import type { z } from 'zod'
import type { reverseDnsView } from '#shared/contracts/reverse-dns.ts'
import { nameByTemplate } from '#shared/dns/reverse-dns.ts'
import { canonical6 } from '#shared/network/ipv6.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import type { ServiceStatus } from '#shared/vocabulary/billing.ts'
import type { PtrRecord } from '../infrastructure/ports.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import type { ProvisioningStores } from './ports.ts'

export type ReverseDnsView = z.input<typeof reverseDnsView>
interface Asked { readonly id: string, /** Null: staff. */ readonly clientId: string | null }

/** Why no name may be given now; null: it may. One function for pages and for the act itself. */
const refusalOf = (status: ServiceStatus): ErrorCode | null => status === 'suspended' ? 'service_suspended' : status === 'active' || status === 'past_due' ? null : 'service_not_ready'

/** A row that is not of this service is the wish of who had the address before: nothing of it is shown. */
const toItem = (address: string, record: PtrRecord | null, { template, forStaff }: { readonly template: string, readonly forStaff: boolean }): ReverseDnsView['items'][number] => {
  const defaultName = nameByTemplate(template, address)
  if (!record) return { address, name: null, state: null, problem: null, changedAt: null, defaultName }
  return { address, name: record.name, state: record.state, problem: forStaff ? record.problem : null, changedAt: record.changedAt.toISOString(), defaultName }
}

/** The addresses of a service's machine and the name each has, or is to get. Without a name server nothing is offered. Why a name failed, staff alone read. @throws AppError not_found */
export const showReverseDns = ({ read }: { readonly read: Pick<ProvisioningStores, 'serviceControl' | 'reverseDns'> }) => async ({ id, clientId }: Asked): Promise<ReverseDnsView> => {
  const facts = await read.serviceControl.facts(id)
  if (!facts || (clientId !== null && facts.clientId !== clientId)) throw new AppError('not_found')
  const settings = await read.reverseDns.settings()
  if (!settings) return { offered: false, refusal: refusalOf(facts.status), items: [] }
  const found = await read.reverseDns.findForService(id)
  return { offered: true, refusal: refusalOf(facts.status), items: found.map(({ address, record }) => toItem(address, record?.serviceId === id ? record : null, { template: settings.template, forStaff: clientId === null })) }
}

/**
 * Gives an address of a service another name; it is written to the name server by a job and shown as active when it was read back. Audited.
 * @throws AppError not_found (also for an address that the service does not hold), service_suspended, service_not_ready
 */
export const setReverseDns = ({ transact }: { readonly transact: Transact<ProvisioningStores> }) => ({ id, clientId, address: typed, name, actor }: Asked & { readonly address: string, /** A host name as DNS takes it. */ readonly name: string, readonly actor: Actor }): Promise<void> => transact(async (stores) => {
  const service = await stores.serviceControl.lock(id)
  if (!service || (clientId !== null && service.clientId !== clientId)) throw new AppError('not_found')
  const refusal = refusalOf(service.status)
  if (refusal) throw new AppError(refusal)
  const address = typed.includes(':') ? canonical6(typed) : typed
  if (!await stores.reverseDns.settings() || !(await stores.reverseDns.lockAddresses(id)).includes(address)) throw new AppError('not_found')
  const before = await stores.reverseDns.find(address)
  await stores.reverseDns.want({ address, serviceId: id, name, by: actorLabel(actor) })
  await stores.audit.record({ actor, action: 'service.reverse-dns', entity: 'service', entityId: id, before: { address, name: before?.name ?? null }, after: { address, name } })
})
