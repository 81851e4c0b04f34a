import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import { faultBox } from '../support/faults.ts'
import type { FaultBox } from '../support/faults.ts'
import { markup, page } from '../support/html.ts'
import { persisted } from '../support/persist.ts'
import { html, json, redirect } from '../support/server.ts'
import type { SimReply, SimRequest } from '../support/server.ts'

export interface SmtpFaults {
  /** So many messages are refused for now (451): the sender tries again later. */
  rejectTemporary: number
  /** So many messages are refused for good (550). */
  rejectPermanent: number
  /** Each answer to a message waits this long. */
  latencyMs: number
  /** So many messages are kept, and the connection is cut before the sender hears so. */
  cutAfterAct: number
  /** Every connection is refused (421). */
  down: boolean
}
export interface Message { id: string, receivedAt: string, from: string, to: string[], subject: string, text: string, html: string | null, attachments: { name: string, type: string, size: number }[], headers: Record<string, string> }
export interface SmtpState { messages: Message[] }
export interface SmtpSimulator {
  readonly url: string, readonly port: number, readonly faults: FaultBox<SmtpFaults>, readonly state: SmtpState
  /** Inbox pages and JSON, for the control server; null when the path is none of them. */
  inbox(request: SimRequest): SimReply | null
  close(): Promise<void>
}
const none: SmtpFaults = { rejectTemporary: 0, rejectPermanent: 0, latencyMs: 0, cutAfterAct: 0, down: false }
const maxMessages = 500

const refusal = (responseCode: number, message: string) => Object.assign(new Error(message), { responseCode })

/** A mail server that keeps what it is sent and delivers nothing. */
export async function startSmtpSimulator(options: { readonly port?: number, readonly dataDir?: string } = {}): Promise<SmtpSimulator> {
  const store = persisted<SmtpState>(options.dataDir ? join(options.dataDir, 'mail.json') : undefined, () => ({ messages: [] }))
  const { state } = store
  const faults = faultBox(none)
  const server = new SMTPServer({
    authOptional: true, disabledCommands: ['STARTTLS'], hideSTARTTLS: true, disableReverseLookup: true, size: 10 * 1024 * 1024, allowInsecureAuth: true, logger: false,
    onAuth: (auth, _session, done) => done(null, { user: auth.username ?? 'anyone' }),
    onConnect: (_session, done) => done(faults.current.down ? refusal(421, 'Service not available') : null),
    async onData(stream, session, done) {
      try {
        const parsed = await simpleParser(stream)
        const { current } = faults
        if (current.latencyMs > 0) await new Promise(resolve => setTimeout(resolve, current.latencyMs))
        if (current.rejectTemporary > 0) {
          current.rejectTemporary -= 1
          return done(refusal(451, '4.3.2 Try again later'))
        }
        if (current.rejectPermanent > 0) {
          current.rejectPermanent -= 1
          return done(refusal(550, '5.1.1 User unknown'))
        }
        state.messages.push({
          id: randomUUID(), receivedAt: new Date().toISOString(), from: parsed.from?.text ?? '', to: session.envelope.rcptTo.map(rcpt => rcpt.address), subject: parsed.subject ?? '', text: parsed.text ?? '', html: parsed.html || null,
          attachments: parsed.attachments.map(file => ({ name: file.filename ?? '', type: file.contentType, size: file.size })), headers: Object.fromEntries(parsed.headerLines.map(line => [line.key, line.line.slice(line.key.length + 1).trim()])),
        })
        if (state.messages.length > maxMessages) state.messages.shift()
        store.touch()
        if (current.cutAfterAct > 0) {
          current.cutAfterAct -= 1
          return done(refusal(421, 'Connection lost'))
        }
        done(null)
      } catch (error) {
        done(refusal(451, error instanceof Error ? error.message : String(error)))
      }
    },
  })
  // A client that hangs up is its own affair.
  server.on('error', () => {})
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`, port, faults, state,
    inbox(request) {
      const { path, method } = request
      const clear = () => {
        state.messages.splice(0)
        store.touch()
      }
      if (path === '/api/inbox' && method === 'GET') {
        const to = request.url.searchParams.get('to')
        return json(200, { messages: [...state.messages].reverse().filter(m => !to || m.to.includes(to)) })
      }
      if (path === '/api/inbox' && method === 'DELETE') {
        clear()
        return { status: 204 }
      }
      if (path === '/inbox/clear' && method === 'POST') {
        clear()
        return redirect('/inbox')
      }
      if (path === '/inbox') return html(200, inboxPage(state.messages))
      const [, id, part] = /^\/inbox\/([^/]+)(\/body)?$/.exec(path) ?? []
      if (!id) return null
      const message = state.messages.find(m => m.id === id)
      if (!message) return html(404, page({ title: 'Gone', system: 'Mail (simulator)', home: '/inbox', body: markup`<p>There is no such message.</p>` }))
      // Shown without scripts and without anything from outside, whatever the message holds.
      return part ? { status: 200, headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': 'default-src \'none\'; style-src \'unsafe-inline\'; img-src data:; sandbox allow-popups allow-top-navigation-by-user-activation' }, body: message.html ?? '' } : html(200, messagePage(message))
    },
    close: () => new Promise((resolve) => {
      store.flush()
      server.close(() => resolve())
    }),
  }
}

const inboxPage = (messages: readonly Message[]) => page({ title: 'Inbox', system: 'Mail (simulator)', home: '/', refreshSeconds: 10, body: markup`<h1>Inbox</h1>
${messages.length ? markup`<div class="card scroll"><table><tr><th>To</th><th>Subject</th><th>Received</th></tr>${[...messages].reverse().map(m => markup`<tr><td>${m.to.join(', ')}</td><td><a href="/inbox/${m.id}">${m.subject || '(no subject)'}</a></td><td class="num">${m.receivedAt.slice(0, 19).replace('T', ' ')} UTC</td></tr>`)}</table></div><form method="post" action="/inbox/clear"><button class="bad">Delete all</button></form>` : markup`<div class="card">No mail yet. Register an account in Gardu: its code arrives here.</div>`}` })
const messagePage = (message: Message) => page({ title: message.subject, system: 'Mail (simulator)', home: '/inbox', body: markup`<h1>${message.subject}</h1><p class="soft">From ${message.from}<br>To ${message.to.join(', ')}<br>${message.receivedAt}</p>
<div class="card"><pre>${message.text}</pre></div>${message.attachments.length ? markup`<p>Attachments: ${message.attachments.map(a => `${a.name} (${a.type}, ${a.size} bytes)`).join(', ')}</p>` : ''}
${message.html ? markup`<h2>As shown to the reader</h2><iframe title="Message" sandbox="allow-popups" src="/inbox/${message.id}/body" style="width:100%;height:32rem;border:1px solid var(--line);border-radius:10px;background:#fff"></iframe>` : ''}` })
