import { Resolver } from 'node:dns/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { reverseNameOf } from '#shared/dns/reverse-dns.ts'
import { startPowerDns } from '../../scripts/components.ts'
import { startPowerDnsSimulator } from '../../simulators/powerdns/index.ts'

interface Answer { readonly status: number, readonly body: string }
/** What speaks PowerDNS's HTTP API: the real server, or the simulator. */
interface Peer { readonly apiKey: string, ask(method: string, path: string, key: string, body: string): Promise<Answer>, /** What the world is answered for an address. */ names(address: string): Promise<string[]>, stop(): Promise<void> }

const askAt = (base: string): Peer['ask'] => async (method, path, key, body) => {
  const reply = await fetch(`${base}${path}`, { method, headers: { 'x-api-key': key, 'content-type': 'application/json' }, ...(body ? { body } : {}) })
  return { status: reply.status, body: await reply.text() }
}

async function realPeer(command: string): Promise<Peer> {
  const pdns = await startPowerDns(command)
  const resolver = new Resolver({ timeout: 2000, tries: 2 })
  resolver.setServers([`127.0.0.1:${pdns.dnsPort}`])
  return {
    apiKey: pdns.apiKey, stop: pdns.stop, ask: askAt(pdns.url),
    names: address => resolver.resolve(reverseNameOf(address).slice(0, -1), 'PTR').catch(() => []),
  }
}

/** The demo's simulator; held to the real server's behaviour by the same suite. */
async function simulatedPeer(): Promise<Peer> {
  const { url, apiKey, state, close } = await startPowerDnsSimulator()
  return {
    apiKey, stop: close, ask: askAt(url),
    names: async address => Object.values(state.zones).flatMap(({ rrsets }) => rrsets.filter(({ name }) => name === reverseNameOf(address)).flatMap(({ records }) => records.map(({ content }) => content.slice(0, -1)))),
  }
}

/** `lost`: it acts, and nobody hears; `status`: it answers with that and does nothing; `down`: nobody is there. Both of the first for changes alone. */
export type PowerDnsFault = 'lost' | 'down' | number | null

/** A name server behind a line that can fail. `real`: the command of a real PowerDNS; null: the simulator. */
export async function startNameServer(real: string | null) {
  const peer = await (real === null ? simulatedPeer() : realPeer(real))
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
