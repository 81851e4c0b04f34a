import ipaddr from 'ipaddr.js'

const globalUnicast = ipaddr.IPv6.parse('2000::')

/**
 * Whether an address is one of the public Internet: not private, loopback, link-local, shared (CGNAT), multicast, reserved or documentation,
 * and none of those wrapped into IPv6 (mapped, NAT64). What it cannot read is not public.
 */
export function isPublicAddress(address: string): boolean {
  // Other ways to write IPv4 (octal, hexadecimal, fewer parts) are no answers of a resolver.
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return isPublicV4(ipaddr.IPv4.parse(address))
  // A zone names an interface of this machine.
  if (address.includes('%') || !ipaddr.IPv6.isValid(address)) return false
  const v6 = ipaddr.IPv6.parse(address)
  if (v6.isIPv4MappedAddress()) return isPublicV4(v6.toIPv4Address())
  if (v6.range() === 'rfc6052') return isPublicV4(new ipaddr.IPv4(v6.toByteArray().slice(12)))
  return v6.range() === 'unicast' && v6.match(globalUnicast, 3)
}

// Alibaba's metadata (100.100.100.200) lies in the shared range; Oracle's (192.0.0.192) is reserved.
const isPublicV4 = (address: ipaddr.IPv4): boolean => address.range() === 'unicast'
