import { z } from 'zod'

/** Names of the domain name system, as far as addresses are named backwards. All of it is pure. */

const asUrl = z.url({ normalize: true })
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * A full host name as DNS takes it (RFC 1123): lower case, without the closing dot, letters of other scripts as punycode. Null: it is none
 * (fewer than two labels, an underscore, longer than 253, or an IP address).
 */
export function toHostName(text: string): string | null {
  const typed = text.trim().toLowerCase().replace(/\.$/, '')
  const name = /\P{ASCII}/u.test(typed) ? toPunycode(typed) : typed
  if (name === null || name.length > 253) return null
  const labels = name.split('.')
  return labels.length >= 2 && labels.every(part => label.test(part)) && !/^\d+$/.test(labels.at(-1) ?? '') ? name : null
}

/** What browsers and Node make of a host name in another script; null: not a host name. */
function toPunycode(name: string): string | null {
  if (/[\s/\\:?#@%[\]]/.test(name)) return null
  const read = asUrl.safeParse(`http://${name}`)
  return read.success ? read.data.replace(/^http:\/\//, '').replace(/\.?\/$/, '') : null
}

/** The sixteen bits of each group of an IPv6 address, eight of them. */
export function groupsOf(address: string): number[] {
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => `${(Number(a) * 256 + Number(b)).toString(16)}:${(Number(c) * 256 + Number(d)).toString(16)}`)
  const [head = '', tail] = plain.split('::')
  const left = head.split(':').filter(Boolean)
  const right = (tail ?? '').split(':').filter(Boolean)
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length
  return [...left, ...Array.from({ length: zeros }, () => '0'), ...right].map(group => Number.parseInt(group, 16))
}
const hex4 = (group: number) => group.toString(16).padStart(4, '0')

/** The labels of an address backwards, the most special first: four of IPv4, thirty-two of IPv6; and the domain below which they stand. */
const backwards = (address: string): { readonly labels: readonly string[], readonly root: string } => address.includes(':')
  ? { labels: [...groupsOf(address).map(hex4).join('')].reverse(), root: 'ip6.arpa' }
  : { labels: address.split('.').reverse(), root: 'in-addr.arpa' }

/** The name below which an address is named backwards, with its closing dot. `address`: IPv4 or IPv6, valid, without a zone. */
export function reverseNameOf(address: string): string {
  const { labels, root } = backwards(address)
  return `${labels.join('.')}.${root}.`
}

/** The zones that could hold the name of an address, the most special first; never the root of all addresses. */
export function zonesFor(address: string): string[] {
  const { labels, root } = backwards(address)
  return labels.map((_, from) => `${labels.slice(from).join('.')}.${root}.`)
}

/** What stands in a template for the address, its dots (or colons, with every group written out) as dashes. */
export const addressToken = '{address-dashed}'
/** The name that a template gives to an address, or null where that is no host name. The template names the address exactly once, so that no two addresses share a name. */
export function nameByTemplate(template: string, address: string): string | null {
  if (template.split(addressToken).length !== 2) return null
  return toHostName(template.replace(addressToken, address.includes(':') ? groupsOf(address).map(hex4).join('-') : address.replaceAll('.', '-')))
}
