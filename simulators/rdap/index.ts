import { faultBox, noFaults } from '../support/faults.ts'
import type { CommonFaults, FaultBox } from '../support/faults.ts'
import { html, json, serve } from '../support/server.ts'
import type { RunningServer, SimReply, SimRequest } from '../support/server.ts'
import { markup, page } from '../support/html.ts'

export interface RdapOptions { /** 0 (the default) takes a free port. */ readonly port?: number, readonly now?: () => number }
export interface RdapState { /** Names that are registered, without a final dot. */ taken: string[] }
export interface RdapSimulator extends RunningServer { readonly faults: FaultBox<CommonFaults>, readonly state: RdapState, /** Address of the bootstrap file. */ readonly bootstrapUrl: string }

/** Top levels with a registry here; `io` has none, as in IANA's file. */
const topLevels = ['com', 'net', 'org', 'info', 'biz', 'xyz', 'dev', 'app', 'online', 'store', 'site', 'shop', 'tech', 'cloud', 'id']
const known = ['google', 'tokopedia', 'example', 'detik', 'kompas', 'gojek', 'bukalapak', 'shopee', 'traveloka', 'github', 'iana']
const rdapType = { 'content-type': 'application/rdap+json' }

/** An RDAP registry (RFC 7480, 9082, 9083) with its own bootstrap file (RFC 9224). */
export async function startRdapSimulator(options: RdapOptions = {}): Promise<RdapSimulator> {
  const now = options.now ?? Date.now
  const faults = faultBox(noFaults)
  const state: RdapState = { taken: [...known.flatMap(name => [`${name}.com`, `${name}.co.id`, `${name}.id`]), 'google.net', 'google.org', 'wikipedia.org', 'pandi.id', 'example.net', 'example.org'] }
  let baseUrl = ''
  const error = (status: number, title: string, headers: Record<string, string> = {}): SimReply => json(status, { rdapConformance: ['rdap_level_0'], errorCode: status, title, description: [title] }, { ...rdapType, ...headers })
  const handler = (request: SimRequest): SimReply | Promise<SimReply> => {
    if (request.path === '/') return html(200, overview(state))
    if (request.path === '/dns.json') return json(200, { version: '1.0', description: 'RDAP bootstrap file for Domain Name System registrations', publication: new Date(now()).toISOString().replace(/\.\d+Z$/, 'Z'), services: [[topLevels, [`${baseUrl}/`]]] })
    const asked = /^\/domain\/([^/]+)$/.exec(request.path)?.[1]
    if (!asked) return error(404, 'Not Found')
    const name = decodeURIComponent(asked).toLowerCase().replace(/\.$/, '')
    if (!/^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/.test(name)) return error(400, 'Bad Request')
    // Names that let a person see each trouble of a registry.
    const label = name.split('.')[0] ?? ''
    if (label.startsWith('sim-429')) return error(429, 'Too Many Requests', { 'retry-after': '5' })
    if (label.startsWith('sim-500')) return error(500, 'Internal Server Error')
    if (label.startsWith('sim-html')) return html(200, '<h1>Maintenance</h1>')
    if (label.startsWith('sim-hang')) return new Promise(() => {})
    if (!state.taken.includes(name) && !label.startsWith('taken')) return error(404, 'Object not found')
    return json(200, {
      rdapConformance: ['rdap_level_0', 'icann_rdap_technical_implementation_guide_1'], objectClassName: 'domain', handle: `SIM-${name.toUpperCase()}`, ldhName: name.toUpperCase(), status: ['client transfer prohibited'],
      events: [{ eventAction: 'registration', eventDate: '2010-04-01T03:00:00Z' }, { eventAction: 'expiration', eventDate: '2030-04-01T03:00:00Z' }], nameservers: [{ objectClassName: 'nameserver', ldhName: 'NS1.EXAMPLE.NET' }, { objectClassName: 'nameserver', ldhName: 'NS2.EXAMPLE.NET' }],
      entities: [{ objectClassName: 'entity', roles: ['registrar'], vcardArray: ['vcard', [['version', {}, 'text', '4.0'], ['fn', {}, 'text', 'Registrar Simulasi']]] }], links: [{ value: `${baseUrl}/domain/${name}`, rel: 'self', href: `${baseUrl}/domain/${name}`, type: 'application/rdap+json' }],
    }, rdapType)
  }
  const server = await serve({ port: options.port ?? 0, faults: faults.current, handler, exempt: path => path === '/', refuse: () => error(faults.current.failStatus, 'Simulated fault') })
  baseUrl = server.url
  return { ...server, faults, state, bootstrapUrl: `${server.url}/dns.json` }
}

const overview = (state: RdapState) => page({ title: 'RDAP', system: 'RDAP (simulator)', home: '/', body: markup`<h1>RDAP registry</h1><p>Bootstrap file: <a href="/dns.json">/dns.json</a>. Top levels: ${topLevels.join(', ')}. <code>.io</code> has no registry here.</p>
<div class="card"><p>Every name is free but the ones below and those that begin with <code>taken</code>. Special names: <code>sim-429…</code> refuses as too busy, <code>sim-500…</code> fails, <code>sim-html…</code> answers a web page, <code>sim-hang…</code> never answers.</p></div>
<h2>Taken</h2><p>${state.taken.join(' · ')}</p>` })
