import { Resolver } from 'node:dns/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { reverseNameOf } from '#shared/dns/reverse-dns.ts'
import { startPowerDns } from '../../scripts/components.ts'

interface Rrset { name: string, type: string, ttl: number, records: { content: string, disabled: boolean }[] }
interface Answer { readonly status: number, readonly body: string }
/** What speaks PowerDNS's HTTP API: the real server, or what stands for it. */
interface Peer { readonly apiKey: string, ask(method: string, path: string, key: string, body: string): Promise<Answer>, /** What the world is answered for an address. */ names(address: string): Promise<string[]>, stop(): Promise<void> }

async function realPeer(command: string): Promise<Peer> {
  const pdns = await startPowerDns(command)
  const resolver = new Resolver({ timeout: 2000, tries: 2 })
  resolver.setServers([`127.0.0.1:${pdns.dnsPort}`])
  return {
    apiKey: pdns.apiKey, stop: pdns.stop,
    async ask(method, path, key, body) {
      const reply = await fetch(`${pdns.url}${path}`, { method, headers: { 'x-api-key': key, 'content-type': 'application/json' }, ...(body ? { body } : {}) })
      return { status: reply.status, body: await reply.text() }
    },
    names: address => resolver.resolve(reverseNameOf(address).slice(0, -1), 'PTR').catch(() => []),
  }
}

/** The part of the API that we use, in memory; held to the real server's behaviour by the same suite. */
function fakePeer(): Peer {
  const apiKey = 'pdns-api-key-of-a-test'
  const zones = new Map<string, { kind: string, rrsets: Rrset[] }>()
  const say = (status: number, body: unknown): Answer => ({ status, body: status === 204 ? '' : JSON.stringify(body) })
  const toView = ([name, { kind }]: [string, { kind: string }]) => ({ id: name, name, kind })
  return {
    apiKey,
    async ask(method, path, key, body) {
      if (key !== apiKey) return { status: 401, body: 'Unauthorized' }
      const url = new URL(path, 'http://fake')
      const [, rest = ''] = /^\/api\/v1\/servers\/localhost(.*)$/.exec(url.pathname) ?? []
      if (rest === '' && url.pathname.endsWith('/localhost')) return say(200, { daemon_type: 'authoritative', version: '4.7.3' })
      if (rest === '/zones' && method === 'GET') return say(200, [...zones].filter(([name]) => [null, name].includes(url.searchParams.get('zone'))).map(toView))
      if (rest === '/zones' && method === 'POST') {
        const { name, kind } = JSON.parse(body) as { name: string, kind: string }
        zones.set(name, { kind, rrsets: [] })
        return say(201, toView([name, { kind }]))
      }
      const found = zones.get(decodeURIComponent(rest.replace('/zones/', '')))
      if (!found) return say(404, { error: 'Not Found' })
      if (method === 'GET') return say(200, { rrsets: found.rrsets })
      for (const { changetype, ...rrset } of (JSON.parse(body) as { rrsets: (Rrset & { changetype: string })[] }).rrsets) {
        if (rrset.records?.some(({ content }) => !/^[a-z0-9.-]+\.$/.test(content))) return say(422, { error: 'not in expected format' })
        found.rrsets = [...found.rrsets.filter(({ name, type }) => name !== rrset.name || type !== rrset.type), ...(changetype === 'REPLACE' ? [rrset] : [])]
      }
      return say(204, null)
    },
    names: async address => [...zones.values()].flatMap(({ rrsets }) => rrsets.filter(({ name }) => name === reverseNameOf(address)).flatMap(({ records }) => records.map(({ content }) => content.slice(0, -1)))),
    stop: () => Promise.resolve(),
  }
}

/** `lost`: it acts, and nobody hears; `status`: it answers with that and does nothing; `down`: nobody is there. Both of the first for changes alone. */
export type PowerDnsFault = 'lost' | 'down' | number | null

/** A name server behind a line that can fail. `real`: the command of a real PowerDNS; null: what stands for it. */
export async function startNameServer(real: string | null) {
  const peer = real === null ? fakePeer() : await realPeer(real)
  let fault: PowerDnsFault = null
  let changes = 0
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', chunk => chunks.push(chunk as Buffer))
    incoming.on('end', async () => {
      const change = incoming.method === 'PATCH'
      if (fault === 'down') return incoming.socket.destroy()
      if (change) changes++
      const answer = change && typeof fault === 'number' ? { status: fault, body: '{"error":"told by a test"}' } : await peer.ask(incoming.method ?? '', incoming.url ?? '', String(incoming.headers['x-api-key'] ?? ''), Buffer.concat(chunks).toString())
      if (change && fault === 'lost') return incoming.socket.destroy()
      outgoing.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
    })
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, apiKey: peer.apiKey, names: peer.names,
    fail: (next: PowerDnsFault) => void (fault = next),
    changes: () => changes,
    async addZone(name: string, kind: 'Native' | 'Slave' = 'Native') {
      const { status, body } = await peer.ask('POST', '/api/v1/servers/localhost/zones', peer.apiKey, JSON.stringify({ name, kind, nameservers: kind === 'Native' ? ['ns1.contoh.id.'] : [], masters: kind === 'Slave' ? ['192.0.2.1'] : [] }))
      if (status !== 201) throw new Error(`no zone ${name}: ${status} ${body}`)
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      await peer.stop()
    },
  }
}
export type NameServer = Awaited<ReturnType<typeof startNameServer>>
