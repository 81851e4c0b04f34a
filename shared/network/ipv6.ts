import { groupsOf } from '#shared/dns/reverse-dns.ts'

/** IPv6 addresses as numbers and as text. All of it is pure; texts that come in are valid addresses without a zone. */

export const toNumber6 = (address: string): bigint => groupsOf(address).reduce((sum, group) => (sum << 16n) + BigInt(group), 0n)

/** As RFC 5952 writes it: lower case, no leading zeros, the longest run of at least two zero groups (the first of equals) as `::`. One address has one text, as PostgreSQL has it. */
export function toAddress6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xFFFFn))
  let best = { at: -1, length: 1 }
  for (let at = 0; at < 8; at++) {
    let length = 0
    while (at + length < 8 && groups[at + length] === 0) length++
    if (length > best.length) best = { at, length }
  }
  const text = (part: readonly number[]) => part.map(group => group.toString(16)).join(':')
  return best.at < 0 ? text(groups) : `${text(groups.slice(0, best.at))}::${text(groups.slice(best.at + best.length))}`
}

/** The first address of the network of this length in which an address is. */
export const networkOf6 = (value: bigint, length: number): bigint => (value >> BigInt(128 - length)) << BigInt(128 - length)
export const canonical6 = (address: string): string => toAddress6(toNumber6(address))
export const isLinkLocal6 = (address: string): boolean => networkOf6(toNumber6(address), 10) === 0xFE80n << 112n
