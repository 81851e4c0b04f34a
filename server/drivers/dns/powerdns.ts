import { z } from 'zod'
import { zonesFor, reverseNameOf } from '#shared/dns/reverse-dns.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { DnsAccess, ReverseDnsDriver } from '#server/infrastructure/dns-ports.ts'
import { createHttpClient } from '../http.ts'
import type { HttpReply } from '../http.ts'
import { reach, runStep, trustOf } from '../reach.ts'

/** The HTTP API v1 of PowerDNS Authoritative Server, as of 4.7. Names end with a dot. */
const server = z.object({ daemon_type: z.string(), version: z.string() })
const zones = z.array(z.object({ id: z.string(), name: z.string(), kind: z.string() }))
const zone = z.object({ rrsets: z.array(z.object({ name: z.string(), type: z.string(), ttl: z.number(), records: z.array(z.object({ content: z.string(), disabled: z.boolean().default(false) })) })).default([]) })
const failure = z.object({ error: z.string() })
/** Copies of another server's zones: what is written there is lost at the next transfer. */
const copied = new Set(['slave', 'secondary', 'consumer'])

export interface PowerDnsOptions { readonly connectMilliseconds?: number, readonly totalMilliseconds?: number }

export function createPowerDnsDriver(access: DnsAccess, timeouts: PowerDnsOptions = {}): ReverseDnsDriver {
  const http = createHttpClient({
    name: 'PowerDNS', baseUrl: `${access.url.replace(/\/+$/, '')}/api/v1/servers/${encodeURIComponent(access.serverId)}`, tls: trustOf('PowerDNS', access.tls), secrets: [access.apiKey], headers: { 'x-api-key': access.apiKey }, maxBytes: 32 * 1_048_576, ...timeouts,
  })
  const parsed = (body: string): unknown => {
    try {
      return JSON.parse(body) as unknown
    } catch {
      return null
    }
  }
  function refuse(what: string, { status, body }: HttpReply, read: boolean): never {
    const said = http.redact((failure.safeParse(parsed(body)).data?.error ?? '').slice(0, 300))
    const message = `PowerDNS: ${what}: status ${status}${said ? ` (${said})` : ''}`
    if (status === 401 || status === 403) throw new DriverError('action_required', `${message}: the API key is not accepted, or this address may not use the API`, { who: 'sysadmin' })
    if (status === 404) throw new DriverError('action_required', `${message}: there is no such server or zone`, { who: 'sysadmin' })
    if (status === 429) throw new DriverError('retryable', message)
    // What it answers with an error of its own it may have written before: read back.
    if (status >= 500) throw new DriverError(read ? 'retryable' : 'unknown_outcome', message)
    throw new DriverError('permanent', message)
  }
  async function get<S extends z.ZodType>(what: string, path: string, schema: S, query: Readonly<Record<string, string>> = {}): Promise<z.output<S>> {
    const answer = await http.request({ method: 'GET', path, query })
    if (answer.status !== 200) refuse(what, answer, true)
    const data = schema.safeParse(parsed(answer.body))
    if (!data.success) throw new DriverError('action_required', `PowerDNS: the answer to ${what} has an unknown form: is this the API of PowerDNS Authoritative Server?`, { who: 'sysadmin' })
    return data.data
  }

  /** The most special zone that the server holds for an address. */
  async function zoneOf(address: string): Promise<string> {
    for (const name of zonesFor(address)) {
      const found = (await get('the list of zones', '/zones', zones, { zone: name, dnssec: 'false' })).find(one => one.name.toLowerCase() === name)
      if (!found) continue
      if (copied.has(found.kind.toLowerCase())) throw new DriverError('action_required', `PowerDNS: the zone ${name} is a copy of another server's; set up the server where it is written`, { who: 'sysadmin' })
      return found.id
    }
    throw new DriverError('action_required', `PowerDNS: no zone of this server holds ${reverseNameOf(address)}; create the reverse zone of its network`, { who: 'sysadmin' })
  }
  /** Everything that the address is called; asked by name, and filtered here too, because older servers answer the whole zone. */
  async function namesOf(zoneId: string, address: string) {
    const name = reverseNameOf(address)
    const { rrsets } = await get('the records of a zone', `/zones/${encodeURIComponent(zoneId)}`, zone, { rrset_name: name, rrset_type: 'PTR' })
    return rrsets.filter(set => set.type === 'PTR' && set.name.toLowerCase() === name).flatMap(({ ttl, records }) => records.map(record => ({ ...record, ttl })))
  }

  return {
    async* test() {
      if (!(yield* reach('PowerDNS', access))) return
      const auth = await runStep('auth', async () => {
        const { daemon_type, version } = await get('the server', '', server)
        return daemon_type === 'authoritative' ? { ok: true, detail: `PowerDNS ${version}` } : { ok: false, detail: `this is a ${daemon_type} of PowerDNS, not its authoritative server` }
      })
      yield auth
      if (!auth.ok) return
      yield await runStep('zones', async () => {
        const found = (await get('the list of zones', '/zones', zones, { dnssec: 'false' })).filter(({ name }) => /\.(in-addr|ip6)\.arpa\.$/i.test(name))
        const own = found.filter(({ kind }) => !copied.has(kind.toLowerCase())).map(({ name }) => name)
        if (own.length === 0) return { ok: false, detail: found.length === 0 ? 'this server holds no reverse zone' : 'every reverse zone is a copy of another server\'s' }
        return { ok: true, detail: `${own.slice(0, 20).join(', ')}${own.length > 20 ? `, … (${own.length})` : ''}` }
      })
    },
    async setName({ address, name, ttl }) {
      const zoneId = await zoneOf(address)
      const isDone = async () => {
        const found = await namesOf(zoneId, address)
        return name === null ? found.length === 0 : found.length === 1 && found[0]?.content.toLowerCase() === `${name}.` && !found[0].disabled && found[0].ttl === ttl
      }
      if (await isDone()) return
      const rrset = { name: reverseNameOf(address), type: 'PTR', ...(name === null ? { changetype: 'DELETE' } : { changetype: 'REPLACE', ttl, records: [{ content: `${name}.`, disabled: false }] }) }
      const lost = await http.request({ method: 'PATCH', path: `/zones/${encodeURIComponent(zoneId)}`, json: { rrsets: [rrset] } })
        .then(answer => answer.status === 204 || answer.status === 200 ? null : refuse('a change of records', answer, false))
        .catch((error: unknown) => error instanceof DriverError && error.kind === 'unknown_outcome' ? error : Promise.reject(error as Error))
      if (await isDone()) return
      throw lost ?? new DriverError('retryable', `PowerDNS: ${reverseNameOf(address)} was written and is not what it reads back`)
    },
    close: () => http.close(),
  }
}
