import { noFaults } from './support/faults.ts'
import type { FaultBox } from './support/faults.ts'
import { markup, page } from './support/html.ts'
import { html, json, serve } from './support/server.ts'
import type { RunningServer, SimReply, SimRequest } from './support/server.ts'

/** What the control server knows of each simulator. */
export interface Controlled { readonly name: string, readonly title: string, readonly says: string, readonly url: string, readonly page: string | null, readonly faults: FaultBox<object>, readonly state: object, /** Its pages on the control port; null for what is not its own. */ readonly answer?: (request: SimRequest) => SimReply | null }

/** `GET /` index, `GET /state/<name>`, `GET|POST|DELETE /faults[/<name>]`, and the pages of simulators that have none on their own port. */
export async function startControl(options: { readonly port: number, readonly simulators: readonly Controlled[] }): Promise<RunningServer> {
  const { simulators } = options
  const handler = (request: SimRequest): SimReply => {
    for (const { answer } of simulators) {
      const page = answer?.(request)
      if (page) return page
    }
    if (request.path === '/') return html(200, indexPage(simulators))
    if (request.path === '/health') return json(200, { status: 'ok' })
    const [, kind, name] = /^\/(faults|state)(?:\/([a-z]+))?$/.exec(request.path) ?? []
    const wanted = name ? simulators.filter(s => s.name === name) : simulators
    if (!kind || wanted.length === 0) return json(404, { message: `unknown; simulators: ${simulators.map(s => s.name).join(', ')}` })
    if (kind === 'state') return request.method === 'GET' ? json(200, name ? wanted[0]?.state : Object.fromEntries(wanted.map(s => [s.name, s.state]))) : json(405, { message: 'GET only' })
    if (request.method === 'DELETE') wanted.forEach(s => s.faults.clear())
    if (request.method === 'POST') {
      if (!name) return json(400, { message: 'POST /faults/<simulator>' })
      try {
        wanted[0]?.faults.set(JSON.parse(request.body.toString() || '{}') as object)
      } catch (error) {
        return json(400, { message: error instanceof Error ? error.message : String(error) })
      }
    }
    return json(200, Object.fromEntries(wanted.map(s => [s.name, s.faults.current])))
  }
  return serve({ port: options.port, faults: { ...noFaults }, handler })
}

const indexPage = (simulators: readonly Controlled[]) => page({ title: 'Simulators', system: 'Gardu simulators', home: '/', body: markup`<h1>Simulators</h1><p>Small servers that speak the true protocols of the systems around Gardu. No money moves and no machine runs.</p>
${simulators.map(s => markup`<div class="card"><h2>${s.title}</h2><p>${s.says}</p><p class="row">${s.page ? markup`<a class="button main" href="${s.page}">Open</a>` : ''}<a class="button" href="/state/${s.name}">State</a><a class="button" href="/faults/${s.name}">Faults</a></p><p class="soft"><code>${s.url}</code></p></div>`)}
<div class="card"><h2>Faults on demand</h2><pre>curl -X POST -d '{"failNext":2}' http://127.0.0.1:4400/faults/proxmox
curl -X POST -d '{"loseNotifications":1}' http://127.0.0.1:4400/faults/midtrans
curl -X DELETE http://127.0.0.1:4400/faults</pre><p class="soft">The port is this page's own; every fault is described in simulators/README.md.</p></div>` })
