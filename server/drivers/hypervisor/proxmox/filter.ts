import type { z } from 'zod'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { FirewallPolicy } from '#shared/vocabulary/firewall.ts'
import { path } from './api.ts'
import type { ProxmoxApi } from './api.ts'
import { guestPath } from './locate.ts'
import type { Found } from './locate.ts'
import * as reply from './schema.ts'
import { changeNet, optionOf } from './transform.ts'
import { coveredBy, ownAddresses } from './containers.ts'

/** Proxmox looks for a network card's addresses under this name; while the set exists, the card sends from its members alone. */
const setName = 'ipfilter-net0'

/**
 * `policy_in` would be DROP, which cuts the client off: what may come in is the client's own decision, and is given beside these. `ipfilter` covers cards that have no
 * set (they may send nothing but IPv6 link-local). `dhcp` would let requests pass before the filter, with any sender; our machines have
 * fixed addresses.
 */
const wanted = { enable: '1', ipfilter: '1', macfilter: '1', dhcp: '0', policy_out: 'ACCEPT' } as const

const cards = (config: Found['config']): [string, string][] => Object.entries(config).filter(([key]) => /^net\d+$/.test(key))
const isMissing = (error: unknown): boolean => error instanceof DriverError && /no such IPSet/i.test(error.message)
const isThere = (error: unknown): boolean => error instanceof DriverError && /already exists/i.test(error.message)
const unless = (expected: (error: unknown) => boolean) => (error: unknown): void => {
  if (!expected(error)) throw error
}
/** As Proxmox keeps a single address. */
const plain = (cidr: string): string => cidr.toLowerCase().replace(/^([\d.]+)\/32$/, '$1').replace(/^([\da-f:]+)\/128$/, '$1')

/** The address filter of machines: their firewall's options, its set of addresses, and the switch on each network card. */
export function addressFilter(api: ProxmoxApi) {
  const of = (found: Found, ...more: string[]) => guestPath(found, 'firewall', ...more)
  const options = (found: Found) => api.get(of(found, 'options'), reply.firewallOptions)
  const members = (found: Found) => api.get(of(found, 'ipset', setName), reply.ipSet).catch((error: unknown) => {
    if (isMissing(error)) return null
    throw error
  })
  const isOn = (now: Awaited<ReturnType<typeof options>>, { config }: Found): boolean =>
    now.enable && now.macfilter && now.ipfilter && now.dhcp === false && cards(config).every(([, card]) => optionOf(card, 'firewall') === '1')

  /** An exception from the set, or an alias or network in it, is no address: it is shown as it is and fits nothing that we want. */
  const shown = (set: z.output<typeof reply.ipSet>): string[] => set.map(({ cidr, nomatch }) => nomatch ? `!${cidr}` : plain(cidr)).sort()

  async function read(found: Found): Promise<string[] | null> {
    if (!isOn(await options(found), found)) return null
    const set = shown(await members(found) ?? [])
    return [...set, ...ownAddresses(found).filter(address => !coveredBy(set, address))].sort()
  }

  /** What is missing first, then what is too much: a machine that runs is never cut off in between. Only what differs is written. */
  async function setMembers(found: Found, addresses: readonly string[]): Promise<void> {
    const present = await members(found)
    if (!present) await api.post(of(found, 'ipset'), { name: setName }, reply.anything).catch(unless(isThere))
    const remove = (cidr: string) => api.delete(of(found, 'ipset', setName, cidr), {}, reply.anything).catch(unless(isMissing))
    for (const address of addresses) {
      const there = present?.find(({ cidr }) => plain(cidr) === address)
      if (there && !there.nomatch) continue
      // An exception of the very address stands in the way of adding it.
      if (there) await remove(there.cidr)
      await api.post(of(found, 'ipset', setName), { cidr: address }, reply.anything).catch(unless(isThere))
    }
    for (const { cidr } of present ?? []) if (!addresses.includes(plain(cidr))) await remove(cidr)
  }

  return {
    read,
    async set(found: Found, addresses: readonly string[], policyIn: FirewallPolicy): Promise<void> {
      const exactly = addresses.map(plain).sort()
      const now = await read(found)
      if (now && now.join() === exactly.join()) return
      await setMembers(found, exactly)
      await api.put(of(found, 'options'), { ...wanted, policy_in: policyIn.toUpperCase() }, reply.anything)
      // Last: the card is put behind the filter when the filter is complete.
      const open = cards(found.config).filter(([, card]) => optionOf(card, 'firewall') !== '1')
      if (open.length === 0) return
      await api.put(guestPath(found, 'config'), { ...Object.fromEntries(open.map(([key, card]) => [key, changeNet(card, { firewall: '1' })])), ...(found.config.digest ? { digest: found.config.digest } : {}) }, reply.anything)
    },
    /** The data centre's own switch; null when the token may not read it. @throws DriverError */
    apply: async (): Promise<boolean | null> => api.get(path('cluster', 'firewall', 'options'), reply.clusterFirewall).then(({ enable }) => enable, (error: unknown) => {
      if (error instanceof DriverError && /permission check failed/i.test(error.message)) return null
      throw error
    }),
  }
}
