import { fieldError } from '#shared/errors/codes.ts'
import type { AddressPoolFields } from './ports.ts'

const most = 4096
export const toNumber = (ipv4: string): number => ipv4.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
export const toAddress = (value: number): string => [24, 16, 8, 0].map(shift => Math.floor(value / 2 ** shift) % 256).join('.')

/**
 * The addresses of a pool that may be handed out: the range without network, broadcast and gateway address.
 * @throws AppError invalid_input when the range is turned round, leaves its network, is too long or holds nothing
 */
export function addressesOf(pool: Pick<AddressPoolFields, 'firstAddress' | 'lastAddress' | 'prefixLength' | 'gateway'>): string[] {
  const size = 2 ** (32 - pool.prefixLength)
  const [first, last, gateway] = [toNumber(pool.firstAddress), toNumber(pool.lastAddress), toNumber(pool.gateway)]
  const network = Math.floor(first / size) * size
  if (last < first) throw fieldError('lastAddress', 'range_reversed')
  if (Math.floor(last / size) * size !== network) throw fieldError('lastAddress', 'range_leaves_network')
  if (Math.floor(gateway / size) * size !== network) throw fieldError('gateway', 'gateway_outside_network')
  if (last - first + 1 > most) throw fieldError('lastAddress', 'range_too_long')
  const usable = Array.from({ length: last - first + 1 }, (_, n) => first + n).filter(value => value !== network && value !== network + size - 1 && value !== gateway)
  if (usable.length === 0) throw fieldError('firstAddress', 'range_empty')
  return usable.map(toAddress)
}
