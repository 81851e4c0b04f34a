import { createHash } from 'node:crypto'
import { vm } from './call.ts'
import { fixedAddresses } from './fixed-addresses.ts'
import type { Call, CallDefinition } from './call.ts'
import { die, Refusal } from './replies.ts'
import type { ProxmoxState, SimFirewall, SimIpSetEntry } from './state.ts'

const flags = new Set(['enable', 'dhcp', 'ipfilter', 'macfilter', 'ndp', 'radv', 'ebtables'])
export const wrong = (name: string, why: string): never => { throw new Refusal(400, 'Parameter verification failed.', { [name]: why }) }
export const digestOf = (value: unknown) => createHash('sha1').update(JSON.stringify(value)).digest('hex')

/** Options as they are read: switches as numbers, with the digest of them all. */
const shown = (options: Readonly<Record<string, string>>) => ({ ...Object.fromEntries(Object.entries(options).map(([key, value]) => [key, flags.has(key) ? Number(value) : value])), digest: digestOf(options) })

/** The firewall of a number. As in the original nobody asks whether a machine has that number: the file is made when it is first written. */
export const firewallOf = (call: Call): SimFirewall => call.state.firewalls[call.path.vmid ?? ''] ?? { options: {}, ipsets: {} }
export function keep(call: Call, firewall: SimFirewall): null {
  call.state.firewalls[call.path.vmid ?? ''] = firewall
  call.changed()
  return null
}
const setOf = (call: Call, firewall: SimFirewall): SimIpSetEntry[] => firewall.ipsets[call.path.name ?? ''] ?? die(`no such IPSet '${call.path.name}'`)
export function proveDigest(call: Call, present: unknown): void {
  if (call.params.digest && call.params.digest !== digestOf(present)) die('detected modified configuration - file changed by other user? Try again.')
}

function changed(call: Call, options: Readonly<Record<string, string>>): Record<string, string> {
  const { delete: removed, digest: _, ...given } = call.params
  proveDigest(call, options)
  const left = { ...options }
  for (const key of removed?.split(/[\s,;]+/).filter(Boolean) ?? []) Reflect.deleteProperty(left, key)
  return { ...left, ...given }
}

function createSet(call: Call): null {
  const firewall = firewallOf(call)
  const { name = '', rename } = call.params
  if (!rename) return firewall.ipsets[name] ? wrong('name', `IPSet '${name}' already exists`) : keep(call, { ...firewall, ipsets: { ...firewall.ipsets, [name]: [] } })
  const { [rename]: renamed, ...others } = firewall.ipsets
  if (!renamed) return wrong('name', `IPSet '${rename}' does not exist`)
  if (name !== rename && others[name]) return wrong('name', `IPSet '${name}' does already exist`)
  return keep(call, { ...firewall, ipsets: { ...others, [name]: renamed } })
}

function addMember(call: Call): null {
  const firewall = firewallOf(call)
  const members = setOf(call, firewall)
  // A whole address is kept without its prefix, as the parser of the file does.
  const cidr = (call.params.cidr ?? '').replace(/^([\d.]+)\/32$|^([\da-fA-F:]+)\/128$/, '$1$2')
  if (members.some(entry => entry.cidr === cidr)) return wrong('cidr', `address '${cidr}' already exists`)
  if (/\/0+$/.test(cidr)) return wrong('cidr', 'a zero prefix is not allowed in ipset entries')
  const entry: SimIpSetEntry = { cidr, ...(call.params.nomatch === '1' ? { nomatch: true } : {}), ...(call.params.comment ? { comment: call.params.comment } : {}) }
  return keep(call, { ...firewall, ipsets: { ...firewall.ipsets, [call.path.name ?? '']: [entry, ...members] } })
}

/** Which addresses the network card of a machine may use by its own firewall, whether that has an effect or not; null: any. */
export function ownFilter(state: ProxmoxState, vmid: number): string[] | null {
  const firewall = state.firewalls[vmid]
  const set = firewall?.ipsets['ipfilter-net0']
  if (firewall?.options.enable !== '1' || !/\bfirewall=1\b/.test(state.machines[vmid]?.config.net0 ?? '')) return null
  if (!set && firewall.options.ipfilter !== '1') return null
  const allowed = (set ?? []).filter(entry => !entry.nomatch).map(entry => entry.cidr)
  // Of a container, what its own configuration says passes besides; of an IPv6 network in the set it is part.
  return [...allowed, ...fixedAddresses(state.machines[vmid]).filter(address => !allowed.some(entry => entry === address || (entry.includes(':') && address.startsWith(entry.replace(/::\/\d+$/, ':')))))]
}

/** Which addresses it may use in effect; null: any. */
export const filteredAddresses = (state: ProxmoxState, vmid: number): string[] | null => state.clusterFirewall.enable === '1' ? ownFilter(state, vmid) : null

const read: CallDefinition['needs'] = [vm, 'VM.Audit']
const write: CallDefinition['needs'] = [vm, 'VM.Config.Network']
const at = '/nodes/{node}/qemu/{vmid}/firewall'

export const firewallCalls: Readonly<Record<string, CallDefinition>> = {
  'GET /cluster/firewall/options': { needs: ['/', 'Sys.Audit'], handle: ({ state }) => shown(state.clusterFirewall) },
  'PUT /cluster/firewall/options': { needs: ['/', 'Sys.Modify'], handle: (call) => {
    call.state.clusterFirewall = changed(call, call.state.clusterFirewall)
    call.changed()
  } },
  [`GET ${at}/options`]: { needs: read, handle: call => shown(firewallOf(call).options) },
  [`PUT ${at}/options`]: { needs: write, handle: (call) => {
    const firewall = firewallOf(call)
    return keep(call, { ...firewall, options: changed(call, firewall.options) })
  } },
  [`GET ${at}/ipset`]: { needs: read, handle: (call) => {
    const { ipsets } = firewallOf(call)
    return Object.keys(ipsets).sort().map(name => ({ name, digest: digestOf(Object.keys(ipsets)) }))
  } },
  [`POST ${at}/ipset`]: { needs: write, handle: createSet },
  [`GET ${at}/ipset/{name}`]: { needs: read, handle: (call) => {
    const members = setOf(call, firewallOf(call))
    return members.map(({ nomatch, ...entry }) => ({ ...entry, ...(nomatch ? { nomatch: 1 } : {}), digest: digestOf(members) }))
  } },
  [`POST ${at}/ipset/{name}`]: { needs: write, handle: addMember },
  [`DELETE ${at}/ipset/{name}`]: { needs: write, handle: (call) => {
    const firewall = firewallOf(call)
    if (setOf(call, firewall).length > 0 && call.params.force !== '1') die(`IPSet '${call.path.name}' is not empty`)
    const { [call.path.name ?? '']: _, ...ipsets } = firewall.ipsets
    return keep(call, { ...firewall, ipsets })
  } },
  // A member that is not there is removed all the same.
  [`DELETE ${at}/ipset/{name}/{cidr}`]: { needs: write, handle: (call) => {
    const firewall = firewallOf(call)
    const members = setOf(call, firewall)
    proveDigest(call, members)
    return keep(call, { ...firewall, ipsets: { ...firewall.ipsets, [call.path.name ?? '']: members.filter(entry => entry.cidr !== call.path.cidr) } })
  } },
}
