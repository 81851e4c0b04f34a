export const firewallDirections = ['in', 'out'] as const
export type FirewallDirection = typeof firewallDirections[number]
export const firewallActions = ['accept', 'drop', 'reject'] as const
export type FirewallAction = typeof firewallActions[number]
export const firewallProtocols = ['any', 'tcp', 'udp', 'icmp', 'icmpv6'] as const
export type FirewallProtocol = typeof firewallProtocols[number]
/** What happens to traffic towards a machine that no rule names. */
export const firewallPolicies = ['accept', 'drop'] as const
export type FirewallPolicy = typeof firewallPolicies[number]

export const firewallRuleLimit = 50
/** Addresses in one rule, and how long they may be together: what one rule of Proxmox can hold. */
export const firewallPeerLimit = 20
export const firewallPeerLength = 512
/** Of ports in one rule; a range counts twice. As the kernel's filter has it. */
export const firewallPortLimit = 15

/** The first rule that fits a packet decides about it. `ports` as `22,8000-8100`, empty: all. `peers`: where it comes from (in) or goes to (out), empty: anywhere. */
export interface FirewallRule { readonly direction: FirewallDirection, readonly action: FirewallAction, readonly protocol: FirewallProtocol, readonly ports: string, readonly peers: readonly string[], readonly comment: string, readonly enabled: boolean }
export interface FirewallWish { readonly policyIn: FirewallPolicy, readonly rules: readonly FirewallRule[] }

const port = (text: string): number | null => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535 ? Number(text) : null

/** Ports as typed, with commas or spaces and ranges by `-` or `:`, as they are kept; null: not understood, or more than one rule can hold. */
export function toPorts(typed: string): string | null {
  const parts = typed.split(/[\s,]+/).filter(Boolean)
  let places = 0
  const kept: string[] = []
  for (const part of parts) {
    const [from = '', to] = part.split(/[-:]/, 3)
    const [first, last] = [port(from), to === undefined ? port(from) : port(to)]
    if (first === null || last === null || last < first || part.split(/[-:]/).length > 2) return null
    places += first === last ? 1 : 2
    const text = first === last ? String(first) : `${first}-${last}`
    if (!kept.includes(text)) kept.push(text)
  }
  return places > firewallPortLimit ? null : kept.join(',')
}

/** The groups of an IPv6 address; null: it is none. */
function groupsOf(text: string): number[] | null {
  if (!/^[0-9a-f:]+$/.test(text) || /:::|::.*::/.test(text)) return null
  const [head = '', tail] = text.split('::')
  const read = (part: string) => part === '' ? [] : part.split(':')
  const [front, back] = [read(head), tail === undefined ? [] : read(tail)]
  const missing = 8 - front.length - back.length
  if (tail === undefined ? missing !== 0 : missing < 1) return null
  const all = [...front, ...Array.from({ length: tail === undefined ? 0 : missing }, () => '0'), ...back]
  return all.every(group => /^[0-9a-f]{1,4}$/.test(group)) ? all.map(group => Number.parseInt(group, 16)) : null
}
const bytesOf = (text: string): number[] | null => {
  const parts = text.split('.')
  return parts.length === 4 && parts.every(part => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255) ? parts.map(Number) : null
}
/** The parts of an address with every bit behind the prefix taken away. */
const masked = (parts: readonly number[], bits: number, prefix: number): number[] => parts.map((part, i) => {
  const kept = Math.max(0, Math.min(bits, prefix - i * bits))
  return part & ~(2 ** (bits - kept) - 1)
})
function writeIpv6(groups: readonly number[]): string {
  const words = groups.map(group => group.toString(16))
  // The longest run of zeros is left out, as RFC 5952 has it.
  let best = { at: -1, length: 1 }
  for (let at = 0; at < 8; at++) {
    let length = 0
    while (at + length < 8 && words[at + length] === '0') length++
    if (length > best.length) best = { at, length }
  }
  return best.at < 0 ? words.join(':') : `${words.slice(0, best.at).join(':')}::${words.slice(best.at + best.length).join(':')}`
}

/** An address or network as it is kept: small letters, no bits behind the prefix, a single address without one. Null: neither, or the whole world. */
export function toPeer(typed: string): { readonly family: 4 | 6, readonly text: string } | null {
  const [address = '', length, ...more] = typed.trim().toLowerCase().split('/')
  if (more.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return null
  const four = bytesOf(address)
  const parts = four ?? groupsOf(address)
  if (!parts) return null
  const [family, size] = four ? [4, 32] as const : [6, 128] as const
  const prefix = length === undefined ? size : Number(length)
  if (prefix < 1 || prefix > size) return null
  const network = masked(parts, four ? 8 : 16, prefix)
  return { family, text: (four ? network.join('.') : writeIpv6(network)) + (prefix === size ? '' : `/${prefix}`) }
}

/** Whether a port is among those of a rule. */
const names = ({ ports }: FirewallRule, wanted: number): boolean => ports === '' || ports.split(',').some((part) => {
  const [from = 0, to = from] = part.split('-').map(Number)
  return wanted >= from && wanted <= to
})

/** Whether a TCP port of the machine can be reached: from anywhere, from some addresses alone, or not at all. Pure. */
export function reachOf({ policyIn, rules }: FirewallWish, port: number): 'open' | 'limited' | 'shut' {
  let limited = false
  for (const rule of rules) {
    if (!rule.enabled || rule.direction !== 'in' || (rule.protocol !== 'tcp' && rule.protocol !== 'any') || !names(rule, port)) continue
    if (rule.peers.length > 0) limited ||= rule.action === 'accept'
    else return rule.action === 'accept' ? 'open' : limited ? 'limited' : 'shut'
  }
  return policyIn === 'accept' ? 'open' : limited ? 'limited' : 'shut'
}

/** What is opened most often, as rules. */
const open = (protocol: FirewallProtocol, ports: string): Omit<FirewallRule, 'comment'> => ({ direction: 'in', action: 'accept', protocol, ports, peers: [], enabled: true })
export const firewallPresets = { ssh: [open('tcp', '22')], web: [open('tcp', '80,443')], ping: [open('icmp', ''), open('icmpv6', '')], rdp: [open('tcp', '3389')], mail: [open('tcp', '25,110,143,465,587,993,995')], dns: [open('tcp', '53'), open('udp', '53')] } as const
export type FirewallPreset = keyof typeof firewallPresets
