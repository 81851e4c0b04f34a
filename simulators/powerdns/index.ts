import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { faultBox, noFaults } from '../support/faults.ts'
import type { CommonFaults, FaultBox } from '../support/faults.ts'
import { markup, page } from '../support/html.ts'
import type { Markup } from '../support/html.ts'
import { persisted } from '../support/persist.ts'
import { html, json, redirect, serve } from '../support/server.ts'
import type { RunningServer, SimReply, SimRequest } from '../support/server.ts'

interface Rrset { readonly name: string, readonly type: string, readonly ttl: number, readonly records: readonly { readonly content: string, readonly disabled: boolean }[] }
interface Zone { readonly kind: string, rrsets: Rrset[] }
interface PowerDnsState { readonly apiKey: string, readonly zones: Record<string, Zone> }
export interface PowerDnsOptions { /** 0 (the default) takes a free port. */ readonly port?: number, /** Left out: memory only. */ readonly dataDir?: string, /** Names of the reverse zones that it begins with. */ readonly zones?: readonly string[] }
export interface PowerDnsSimulator extends RunningServer { readonly apiKey: string, readonly faults: FaultBox<CommonFaults>, readonly state: { readonly zones: PowerDnsState['zones'] } }

const api = '/api/v1/servers/localhost'
/** What a person may make go wrong; each lasts until it is taken back. */
const presets: Readonly<Record<string, { readonly label: string, readonly faults: Partial<CommonFaults> }>> = {
  refuse: { label: 'Refuse changes', faults: { errorRate: 1, failStatus: 500, match: '^PATCH ' } },
  silent: { label: 'Cut every connection', faults: { down: true, match: '' } },
}
const ownPages = ['/', '/remove', '/faults']

const say = (status: number, error: string): SimReply => json(status, { error })

/** PowerDNS Authoritative Server as far as its HTTP API (4.7) writes the names of addresses: zones, and records in them. Answers no queries of the world. */
export async function startPowerDnsSimulator(options: PowerDnsOptions = {}): Promise<PowerDnsSimulator> {
  const faults = faultBox(noFaults)
  const kept = persisted<PowerDnsState>(options.dataDir && join(options.dataDir, 'powerdns.json'), () => ({ apiKey: randomBytes(18).toString('base64url'), zones: Object.fromEntries((options.zones ?? []).map(name => [name, { kind: 'Native', rrsets: [] }])) }))
  const { state } = kept
  const toView = (name: string) => ({ id: name, name, kind: state.zones[name]?.kind, url: `${api}/zones/${name}` })

  function zones({ method, url, body }: SimRequest): SimReply {
    const asked = url.searchParams.get('zone')
    if (method === 'GET') return json(200, Object.keys(state.zones).filter(name => asked === null || asked === name).map(toView))
    if (method !== 'POST') return say(405, 'Method Not Allowed')
    const { name, kind } = JSON.parse(body.toString()) as { name: string, kind: string }
    if (Object.hasOwn(state.zones, name)) return say(409, 'Conflict')
    state.zones[name] = { kind, rrsets: [] }
    kept.touch()
    return json(201, toView(name))
  }
  function records(name: string, { method, url, body }: SimRequest): SimReply {
    const zone = Object.hasOwn(state.zones, name) ? state.zones[name] : undefined
    if (!zone) return say(404, 'Not Found')
    const asked = url.searchParams.get('rrset_name')
    if (method === 'GET') return json(200, { ...toView(name), rrsets: zone.rrsets.filter(set => asked === null || set.name === asked) })
    if (method !== 'PATCH') return say(405, 'Method Not Allowed')
    const { rrsets } = JSON.parse(body.toString()) as { rrsets: (Rrset & { changetype: string })[] }
    // The whole request or nothing of it.
    const wrong = rrsets.find(set => !set.name.endsWith(`.${name}`) && set.name !== name) ?? rrsets.find(set => set.changetype === 'REPLACE' && set.records.some(({ content }) => !/^[a-z0-9.-]+\.$/i.test(content)))
    if (wrong) return say(422, `RRset ${wrong.name} IN ${wrong.type}: name is out of zone, or a record is not in expected format`)
    for (const { changetype, ...set } of rrsets) zone.rrsets = [...zone.rrsets.filter(other => other.name !== set.name || other.type !== set.type), ...changetype === 'REPLACE' ? [set] : []]
    kept.touch()
    return { status: 204 }
  }
  const handler = (request: SimRequest): SimReply => {
    const { path, method } = request
    const typed = new URLSearchParams(ownPages.includes(path) ? request.body.toString() : '')
    if (path === '/' && method === 'GET') return html(200, overview(state.zones, faults.current))
    if (path === '/faults' && method === 'POST') {
      faults.clear()
      faults.set(presets[typed.get('preset') ?? '']?.faults ?? {})
      return redirect('/')
    }
    if (path === '/remove' && method === 'POST') {
      const zone = typed.get('zone') ?? ''
      const found = Object.hasOwn(state.zones, zone) ? state.zones[zone] : undefined
      if (found) found.rrsets = found.rrsets.filter(set => set.name !== typed.get('name'))
      kept.touch()
      return redirect('/')
    }
    if (request.headers['x-api-key'] !== state.apiKey) return { status: 401, headers: { 'content-type': 'text/plain' }, body: 'Unauthorized' }
    if (path === api && method === 'GET') return json(200, { type: 'Server', id: 'localhost', daemon_type: 'authoritative', version: '4.7.3', url: api })
    if (path === `${api}/zones`) return zones(request)
    const [, name] = /^\/api\/v1\/servers\/localhost\/zones\/([^/]+)$/.exec(path) ?? []
    return name === undefined ? say(404, 'Not Found') : records(decodeURIComponent(name), request)
  }
  const server = await serve({ port: options.port ?? 0, faults: faults.current, handler, exempt: path => ownPages.includes(path), refuse: () => say(faults.current.failStatus, 'simulated fault') })
  return {
    ...server, apiKey: state.apiKey, faults, state: { zones: state.zones },
    async close() {
      await server.close()
      kept.flush()
    },
  }
}

const row = (zone: string, { name, type, ttl, records }: Rrset): Markup => markup`<tr><td><code>${name}</code></td><td>${type}</td><td>${records.map(({ content }) => content).join(', ')}</td><td class="num">${ttl} s</td><td><form method="post" action="/remove"><input type="hidden" name="zone" value="${zone}"><input type="hidden" name="name" value="${name}"><button class="bad">Remove</button></form></td></tr>`
const overview = (zones: PowerDnsState['zones'], faults: CommonFaults) => page({ title: 'PowerDNS', system: 'PowerDNS (simulator)', home: '/', body: markup`<h1>PowerDNS</h1><p>What the addresses of machines are called, as Gardu wrote it by the HTTP API.</p>
${Object.entries(zones).map(([name, { kind, rrsets }]) => markup`<div class="card scroll"><h2><code>${name}</code> <span class="soft">${kind}</span></h2>${rrsets.length > 0 ? markup`<table><tr><th>Name</th><th>Type</th><th>Says</th><th>TTL</th><th></th></tr>${rrsets.map(set => row(name, set))}</table>` : markup`<p class="soft">No record yet.</p>`}</div>`)}
<h2>What may go wrong</h2><div class="card"><p>${faults.down || faults.errorRate > 0 ? markup`<span class="failed">${faults.down ? 'Every connection is cut.' : 'Changes are refused.'}</span>` : markup`<span class="ok">No fault is set.</span>`}</p><div class="row">${Object.entries(presets).map(([name, { label }]) => markup`<form method="post" action="/faults"><input type="hidden" name="preset" value="${name}"><button class="bad">${label}</button></form>`)}<form method="post" action="/faults"><button class="main">Clear all faults</button></form></div></div>` })
