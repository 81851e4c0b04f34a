import { z } from 'zod'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { AccountRef } from '#server/infrastructure/panel-ports.ts'
import type { DomainCertificate, PanelWeb } from '#server/infrastructure/panel-web-ports.ts'
import type { Params, WhmApi } from './api.ts'
import { ifTold } from './own-api.ts'
import type { OwnApi } from './own-api.ts'
import * as reply from './schema.ts'
import type { Account } from './schema.ts'

interface Tools { readonly api: WhmApi, readonly own: OwnApi, readonly prove: (ref: AccountRef) => Promise<Account>, readonly told: <T>(work: Promise<T>) => Promise<T>, readonly act: (call: string, params: Params) => Promise<unknown> }
const mostDomains = 100
const atATime = 4

const flag = z.unknown().transform(value => value === 1 || value === '1')
const text = z.string().nullish().transform(value => value || null)
const names = z.array(z.string()).default([])
const hosts = z.array(z.object({
  domains: names,
  certificate: z.object({ 'domains': names, 'is_self_signed': flag, 'issuer.commonName': text, 'issuer.organizationName': text, 'not_after': z.coerce.number() }),
}))
const problems = z.array(z.object({ domain: z.string(), problem: z.string() }))
const domainList = z.object({ addon_domains: names, sub_domains: names, parked_domains: names })
type Host = z.output<typeof hosts>[number]

/** `*.example.com` covers one label, as browsers read it. */
export const covers = (pattern: string, domain: string): boolean => pattern === domain || (pattern.startsWith('*.') && domain.slice(domain.indexOf('.')) === pattern.slice(1))

/** Each domain with the longest-lived certificate that its site answers with and that names it; a trusted one before one that is signed by itself. Pure. */
export function certificatesOf(domains: readonly string[], found: readonly Host[], wrong: readonly { readonly domain: string, readonly problem: string }[]): DomainCertificate[] {
  const problemOf = new Map(wrong.map(({ domain, problem }) => [domain, problem]))
  return domains.map((domain) => {
    const [best] = found.filter(host => host.domains.includes(domain) && host.certificate.domains.some(pattern => covers(pattern, domain))).map(host => host.certificate)
      .sort((a, b) => Number(a.is_self_signed) - Number(b.is_self_signed) || b.not_after - a.not_after)
    return {
      domain, issuer: best ? best['issuer.organizationName'] ?? best['issuer.commonName'] : null, validUntil: best ? new Date(best.not_after * 1000) : null, selfSigned: best?.is_self_signed ?? false,
      problem: problemOf.get(domain)?.replace(/\s+/g, ' ').trim().slice(0, 300) ?? null,
    }
  })
}

/** The account's sites, by UAPI by way of WHM, and its months. */
export function web({ api, own: uapi, prove, told, act }: Tools): PanelWeb {
  return {
    async certificates(ref) {
      const { user, domain } = await prove(ref)
      const list = await ifTold(uapi(user, 'DomainInfo', 'list_domains', domainList))
      if (!list) return { domains: null, checking: false }
      const [found, wrong, running] = await Promise.all([ifTold(uapi(user, 'SSL', 'installed_hosts', hosts)), ifTold(uapi(user, 'SSL', 'get_autossl_problems', problems)), ifTold(uapi(user, 'SSL', 'is_autossl_check_in_progress', flag))])
      if (!found) return { domains: null, checking: false }
      const domains = [...new Set([domain, ...list.addon_domains, ...list.parked_domains, ...list.sub_domains])].slice(0, mostDomains)
      return { domains: certificatesOf(domains, found, wrong ?? []), checking: running ?? false }
    },
    async checkCertificates(ref) {
      const account = await prove(ref)
      if (account.suspended) throw new DriverError('permanent', `WHM: ${account.user} is suspended`)
      await act('start_autossl_check_for_one_user', { username: account.user })
    },
    async trafficByMonth(ref, months) {
      const { user } = await prove(ref)
      const bytes: number[] = []
      // A few at a time: each question is a process of its own at the server.
      for (let from = 0; from < months.length; from += atATime) {
        bytes.push(...await Promise.all(months.slice(from, from + atATime).map(async ({ year, month }) => trafficOf(user, await told(api.read('showbw', reply.bandwidth, { month: String(month), year: String(year), searchtype: 'user', search: user }))))))
      }
      return bytes
    },
  }
}

/** The search is a regular expression: others whose names begin alike are in the answer. */
export const trafficOf = (user: string, { acct }: z.output<typeof reply.bandwidth>): number => acct.find(each => each.user === user)?.totalbytes ?? 0
