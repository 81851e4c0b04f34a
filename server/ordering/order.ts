import type { z } from 'zod'
import { AppError } from '#shared/errors/codes.ts'
import type { orderView } from '#shared/contracts/portal.ts'
import { toMoneyJson } from '#shared/money/money.ts'
import type { PlacementPolicy } from '#shared/vocabulary/machines.ts'
import type { MadeOn, Placement } from '../infrastructure/ports.ts'
import type { Order, OrderItem } from './ports.ts'
import type { PricedLine } from './quote.ts'

export type OrderView = z.input<typeof orderView>
export const toOrderView = (order: Order): OrderView => ({ id: order.id, number: order.number, status: order.status, placedAt: order.placedAt.toISOString(), total: toMoneyJson(order.total), invoiceId: order.invoiceId, items: order.items.map(item => ({ ...item })) })

/** Letters without look-alikes (Crockford). Numbers follow no sequence: nobody learns how much is sold, or guesses another's. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
export function orderNumber(orderId: string, year: number): string {
  let rest = BigInt(`0x${orderId.replaceAll('-', '').slice(-13)}`) % 32n ** 10n
  let text = ''
  for (let i = 0; i < 10; i++, rest /= 32n) text = `${alphabet[Number(rest % 32n)]}${text}`
  return `ORD-${year}-${text}`
}

export const machinesOf = (lines: readonly PricedLine<OrderItem>[]): PricedLine<OrderItem>[] => lines.filter(line => line.offer.kind === 'vps')
export const accountsOf = (lines: readonly PricedLine<OrderItem>[]): PricedLine<OrderItem>[] => lines.filter(line => line.offer.kind === 'hosting')

/** @throws AppError template_unavailable: not offered with this product, or gone from its hypervisor */
export function connectionOf(line: PricedLine<OrderItem>): string {
  const template = line.offer.templates.find(candidate => candidate.id === line.item.templateId)
  if (!template || !line.offer.connectionIds.includes(template.connectionId)) throw new AppError('template_unavailable')
  return template.connectionId
}

/** @throws AppError out_of_stock when fewer units are left than are wanted; the offers' rows are locked, so the count holds */
export function checkStock(lines: readonly PricedLine[]): void {
  for (const { offer } of lines) {
    const wanted = lines.filter(line => line.offer.productId === offer.productId).length
    if (offer.stockLimit !== null && offer.unitsHeld + wanted > offer.stockLimit) throw new AppError('out_of_stock')
  }
}

/** Work may be for a machine that is there. @throws AppError invalid_input naming each host name of a machine that is taken or stands twice */
export function checkHostnames(lines: readonly PricedLine<OrderItem>[], inUse: readonly string[]): void {
  const built = lines.map(({ item, offer }) => offer.kind === 'work' ? null : item.hostname)
  const fields = built.flatMap((hostname, i) => hostname !== null && (inUse.includes(hostname) || built.indexOf(hostname) !== i) ? [{ path: `items.${i}.hostname`, code: 'hostname_taken', message: 'hostname_taken' }] : [])
  if (fields.length > 0) throw new AppError('invalid_input', { fields })
}

/** A domain that a server can answer for: it ends in a suffix of letters, and stands for itself, not for its `www`. */
const siteDomain = /^(?!www\.).+\.([a-z]{2,63}|xn--[a-z0-9-]{2,59})$/
/** @throws AppError invalid_input naming each name that no account can have */
export function checkDomains(lines: readonly PricedLine<OrderItem>[]): void {
  const fields = lines.flatMap(({ item, offer }, i) => offer.kind === 'hosting' && !siteDomain.test(item.hostname) ? [{ path: `items.${i}.hostname`, code: 'site_domain', message: 'site_domain' }] : [])
  if (fields.length > 0) throw new AppError('invalid_input', { fields })
}

const byProduct = (lines: readonly PricedLine<OrderItem>[]) => [...Map.groupBy(accountsOf(lines), line => line.offer.productId).values()]
/** The server on which each line's account has its place, of what was chosen for `accountDemandOf`. */
export const accountServersOf = (lines: readonly PricedLine<OrderItem>[], chosen: readonly string[]): ReadonlyMap<PricedLine<OrderItem>, string> => new Map(byProduct(lines).flat().flatMap((line, i) => chosen[i] === undefined ? [] : [[line, chosen[i]] as const]))
export interface AccountDemand { readonly productId: string, readonly connectionIds: readonly string[], readonly package: string, readonly count: number, readonly policy: PlacementPolicy }
/** What to ask of the hosting servers. @throws AppError package_unavailable when the package is on no server of a product (any more) */
export function accountDemandOf(lines: readonly PricedLine<OrderItem>[]): AccountDemand[] {
  return byProduct(lines).flatMap(([first, ...more]) => first ? [{ productId: first.offer.productId, connectionIds: serversOf(first), package: first.spec.panelPackage ?? '', count: more.length + 1, policy: first.offer.placementPolicy }] : [])
}
function serversOf({ offer }: PricedLine): string[] {
  if (offer.packages.length === 0) throw new AppError('package_unavailable')
  return offer.packages.map(({ connectionId }) => connectionId)
}

export interface CapacityDemand { readonly connectionIds: readonly string[], readonly madeOn: readonly MadeOn[], readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number, readonly count: number, readonly extraIpv4?: number | undefined, /** It gets a prefix as well, where pools of them go with its address. */ readonly ipv6: boolean, readonly policy: PlacementPolicy }
/** Where the template of a line can be cloned to. */
const madeOnOf = (line: PricedLine<OrderItem>): MadeOn[] => line.offer.templates.filter(({ id }) => id === line.item.templateId).map(({ connectionId, nodes, machineType }) => ({ connectionId, nodes, machineType }))
const alike = (lines: readonly PricedLine<OrderItem>[]) => [...Map.groupBy(machinesOf(lines), line => `${line.offer.productId} ${connectionOf(line)} ${line.spec.cpuCores} ${line.spec.ramMiB} ${line.spec.diskGiB} ${line.spec.extraIpv4 ?? 0} ${madeOnOf(line).flatMap(({ nodes }) => nodes).join(',')}`).values()]
/** The node that each line's machine was placed on, of the answer to `demandOf`. */
export function nodesOf(lines: readonly PricedLine<OrderItem>[], placed: readonly Placement[]): ReadonlyMap<PricedLine<OrderItem>, string> {
  return new Map(alike(lines).flat().flatMap((line, i) => placed[i] ? [[line, placed[i].node] as const] : []))
}
/** What to ask of the hypervisors: machines of one size on one connection together. */
export function demandOf(lines: readonly PricedLine<OrderItem>[]): CapacityDemand[] {
  return alike(lines).flatMap(([first, ...more]) => first ? [{ connectionIds: [connectionOf(first)], madeOn: madeOnOf(first), cpuCores: first.spec.cpuCores, ramMiB: first.spec.ramMiB, diskGiB: first.spec.diskGiB, extraIpv4: first.spec.extraIpv4, ipv6: first.offer.ipv6, count: more.length + 1, policy: first.offer.placementPolicy }] : [])
}
