import { createHmac, timingSafeEqual } from 'node:crypto'
import { markup, page } from '../support/html.ts'
import { faultBox, noFaults } from '../support/faults.ts'
import type { CommonFaults, FaultBox } from '../support/faults.ts'
import { html, json, redirect, serve } from '../support/server.ts'
import type { RunningServer, SimReply, SimRequest } from '../support/server.ts'

interface Told { readonly at: string, readonly genuine: boolean, readonly type: string, readonly phone: string, readonly text: string }
interface RelayState { /** Secrets that signatures are proven with, as typed on the page. */ secrets: string[], told: Told[] }
export interface RelaySimulator extends RunningServer { readonly faults: FaultBox<CommonFaults>, readonly state: RelayState }

const mostTold = 200

/** A relay to WhatsApp as a house would write it: proves the signature of each webhook (Standard Webhooks) and shows what it would pass on. */
export async function startRelaySimulator(options: { readonly port?: number } = {}): Promise<RelaySimulator> {
  const faults = faultBox(noFaults)
  const state: RelayState = { secrets: [], told: [] }
  const handler = (request: SimRequest): SimReply => {
    if (request.path === '/' && request.method === 'GET') return html(200, overview(state))
    if (request.path === '/secret' && request.method === 'POST') {
      const secret = new URLSearchParams(request.body.toString()).get('secret')?.trim() ?? ''
      if (/^whsec_[\w+/=-]+$/.test(secret)) state.secrets = [secret, ...state.secrets].slice(0, 5)
      return redirect('/')
    }
    if (request.path !== '/hook' || request.method !== 'POST') return json(404, { error: 'not found' })
    const genuine = isGenuine(request, state.secrets)
    state.told = [{ at: new Date().toISOString(), genuine, ...read(request.body.toString()) }, ...state.told].slice(0, mostTold)
    return genuine ? { status: 204 } : json(401, { error: state.secrets.length === 0 ? 'no secret is known here yet' : 'the signature is wrong' })
  }
  const server = await serve({ port: options.port ?? 0, faults: faults.current, handler, exempt: path => path !== '/hook', refuse: () => json(faults.current.failStatus, { error: 'simulated fault' }) })
  return { ...server, faults, state }
}

function isGenuine({ headers, body }: SimRequest, secrets: readonly string[]): boolean {
  const [id, at, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(name => String(headers[name] ?? ''))
  if (Math.abs(Date.now() / 1000 - Number(at)) > 300) return false
  const given = (signatures ?? '').split(' ').map(one => Buffer.from(one.replace(/^v1,/, ''), 'base64'))
  return secrets.some((secret) => {
    const expected = createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64')).update(`${id}.${at}.`).update(body).digest()
    return given.some(one => one.length === expected.length && timingSafeEqual(one, expected))
  })
}

function read(body: string): Pick<Told, 'type' | 'phone' | 'text'> {
  try {
    const { type, data } = JSON.parse(body) as { type?: string, data?: { text?: string, client?: { phone?: string } } }
    return { type: String(type), phone: data?.client?.phone ?? '', text: data?.text ?? '' }
  } catch {
    return { type: '?', phone: '', text: body.slice(0, 200) }
  }
}

const overview = ({ secrets, told }: RelayState) => page({ title: 'Relay', system: 'WhatsApp relay (simulator)', home: '/', body: markup`<h1>WhatsApp relay</h1>
<div class="card"><p>Add <code>http://127.0.0.1:…/hook</code> of this page as an outgoing webhook and give its secret here: what comes is proven with it. ${secrets.length} known.</p><form method="post" action="/secret" style="display:grid;gap:.5rem"><label>Secret <input name="secret" placeholder="whsec_…" autocomplete="off" required></label><button class="main">Keep</button></form></div>
${told.length ? markup`<div class="card scroll"><table><tr><th>Came</th><th>Signature</th><th>Notice</th><th>To</th><th>Text</th></tr>${told.map(one => markup`<tr><td class="num">${one.at.slice(0, 19).replace('T', ' ')} UTC</td><td>${one.genuine ? markup`<span class="ok">genuine</span>` : markup`<span class="failed">refused</span>`}</td><td>${one.type}</td><td>${one.phone}</td><td><pre>${one.text}</pre></td></tr>`)}</table></div>` : markup`<div class="card">Nothing came yet.</div>`}` })
