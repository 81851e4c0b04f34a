import { z } from 'zod'
import { fieldError } from '#shared/errors/codes.ts'
import { isLinkLocal6, networkOf6, toAddress6, toNumber6 } from '#shared/network/ipv6.ts'
import type { Ipv6PoolFields } from './ipv6-ports.ts'

type Range = Pick<Ipv6PoolFields, 'prefix' | 'prefixLength' | 'machineLength' | 'gateway'>
/** No house counts further; it keeps positions exact as numbers. */
const most = 2 ** 40

/** The places of a pool are counted from 0; the first ones are left for routers: one network, or 256 addresses of a shared one. */
export const firstPlace = ({ machineLength }: Pick<Range, 'machineLength'>): number => machineLength === 128 ? 256 : 1
/** How many places there are, those for routers included. */
export const placesOf = ({ prefixLength, machineLength }: Pick<Range, 'prefixLength' | 'machineLength'>): number => Math.min(most, 2 ** (machineLength - prefixLength))
/** The machine's own address in this place: the first one of its network, or the place itself. */
export function addressAt({ prefix, prefixLength, machineLength }: Omit<Range, 'gateway'>, place: number): string {
  const network = networkOf6(toNumber6(prefix), prefixLength)
  return toAddress6(network + (BigInt(place) << BigInt(128 - machineLength)) + (machineLength === 128 ? 0n : 1n))
}
/** The place that is the gateway's, if it lies in the pool: nobody gets it. */
export function gatewayPlace({ prefix, prefixLength, machineLength, gateway }: Range): number | null {
  const offset = toNumber6(gateway) - networkOf6(toNumber6(prefix), prefixLength)
  const place = offset >> BigInt(128 - machineLength)
  return offset >= 0n && place < BigInt(placesOf({ prefixLength, machineLength })) ? Number(place) : null
}

/** The place whose machine has this very address; null: nobody can get it, because it is outside, left for routers, or the gateway. */
export function placeOf(pool: Range, address: string): number | null {
  const offset = toNumber6(address) - networkOf6(toNumber6(pool.prefix), pool.prefixLength)
  const place = Number(offset >> BigInt(128 - pool.machineLength))
  return offset >= 0n && place >= firstPlace(pool) && place < placesOf(pool) && place !== gatewayPlace(pool) && addressAt(pool, place) === address ? place : null
}

/** An address as a list writes it, also a network of a machine (`2001:db8:0:5::/64`) for its first address. Null: it is none. */
export function listedAddress6({ machineLength }: Pick<Range, 'machineLength'>, typed: string): string | null {
  const text = typed.replace(/\/\d{1,3}$/, '')
  if (!z.ipv6().safeParse(text).success || text.includes('.')) return null
  const value = toNumber6(text)
  return toAddress6(machineLength === 64 && networkOf6(value, 64) === value ? value + 1n : value)
}

/**
 * A pool that can be routed. A machine with a network of its own reaches its gateway by the gateway's link-local address: one in another network would be out of its reach.
 * @throws AppError invalid_input
 */
export function checkIpv6Pool(pool: Range): void {
  const { prefix, prefixLength, machineLength, gateway } = pool
  const value = toNumber6(prefix)
  const [kind] = [value >> 121n]
  // 2000::/3 is what is routed, fc00::/7 what houses use among themselves.
  if (value >> 125n !== 1n && kind !== 0x7En) throw fieldError('prefix', 'prefix_not_global')
  if (networkOf6(value, prefixLength) !== value) throw fieldError('prefix', 'prefix_boundary')
  if (machineLength - prefixLength < (machineLength === 128 ? 9 : 1)) throw fieldError('prefixLength', 'prefix_too_small')
  if (isLinkLocal6(gateway)) return
  if (machineLength !== 128) throw fieldError('gateway', 'gateway_link_local')
  if (networkOf6(toNumber6(gateway), prefixLength) !== value) throw fieldError('gateway', 'gateway_outside_prefix')
}

/** A machine's IPv6: what its card gets, and the only addresses that it may send from. */
export interface MachineIpv6 { readonly address: string, readonly length: number, readonly gateway: string, readonly sender: string }
export const toMachineIpv6 = ({ address, prefixLength, machineLength, gateway }: Pick<Range, 'prefixLength' | 'machineLength' | 'gateway'> & { readonly address: string }): MachineIpv6 => machineLength === 128
  ? { address, length: prefixLength, gateway, sender: address }
  : { address, length: machineLength, gateway, sender: `${toAddress6(networkOf6(toNumber6(address), machineLength))}/${machineLength}` }
