import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { strike } from './faults.ts'
import type { CommonFaults } from './faults.ts'

export interface SimRequest { readonly method: string, readonly path: string, readonly url: URL, readonly headers: IncomingMessage['headers'], readonly body: Buffer }
export interface SimReply { readonly status: number, readonly statusText?: string, readonly headers?: Record<string, string>, readonly body?: string | Buffer }
export type SimHandler = (request: SimRequest) => SimReply | Promise<SimReply>
export interface RunningServer { readonly url: string, readonly port: number, close(): Promise<void> }

const maxBody = 1024 * 1024

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request) {
    size += (part as Buffer).length
    if (size > maxBody) throw new Error('body too large')
    parts.push(part as Buffer)
  }
  return Buffer.concat(parts)
}

/** One HTTP(S) server on loopback whose every request passes the faults first. `port` 0 takes a free one; `close` ends hanging answers too. */
export async function serve(options: { readonly port: number, readonly tls?: { readonly key: string, readonly cert: string }, readonly faults: CommonFaults, readonly handler: SimHandler, /** Pages and control calls of the simulator itself, which no fault touches. */ readonly exempt?: (path: string) => boolean, /** How this system refuses when a fault says so. */ readonly refuse?: () => SimReply, /** Takes what wants another protocol; faults strike it as they do requests. */ readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void }): Promise<RunningServer> {
  const { faults } = options
  const listener: Parameters<typeof createHttpServer>[1] = async (incoming, outgoing) => {
    try {
      const url = new URL(incoming.url ?? '/', 'http://simulator')
      const method = incoming.method ?? 'GET'
      const struck = options.exempt?.(url.pathname) ? 'none' : strike(faults, `${method} ${url.pathname}`)
      if (struck === 'cut') return void incoming.socket.destroy()
      const body = await readBody(incoming)
      if (faults.latencyMs > 0 && !options.exempt?.(url.pathname)) await pause(faults.latencyMs, undefined, { ref: false })
      if (struck === 'hang-before') return
      const reply = struck === 'refuse'
        ? options.refuse?.() ?? { status: faults.failStatus, body: '' }
        : await options.handler({ method, path: url.pathname, url, headers: incoming.headers, body })
      if (struck === 'hang-after') return
      if (struck === 'cut-after') return void incoming.socket.destroy()
      if (struck === 'garble') return void outgoing.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Please wait</body></html>')
      const payload = Buffer.isBuffer(reply.body) ? reply.body : Buffer.from(reply.body ?? '')
      const headers = { 'content-length': String(payload.length), ...reply.headers }
      // A status text of HTTP/1.1 holds no line break and nothing beyond Latin-1.
      if (reply.statusText) outgoing.writeHead(reply.status, reply.statusText.trim().replace(/[\r\n]+/g, ' ').replace(/[^\x20-\x7E]/g, '?'), headers)
      else outgoing.writeHead(reply.status, headers)
      outgoing.end(payload)
    } catch (error) {
      if (!outgoing.headersSent) outgoing.writeHead(500, { 'content-type': 'text/plain' })
      outgoing.end(`simulator: ${error instanceof Error ? error.stack : String(error)}`)
    }
  }
  const server: Server = options.tls ? createHttpsServer(options.tls, listener) : createHttpServer(listener)
  const { upgrade } = options
  if (upgrade) server.on('upgrade', (request, socket, head) => {
    const struck = strike(faults, `GET ${new URL(request.url ?? '/', 'http://simulator').pathname}`)
    socket.on('error', () => socket.destroy())
    if (struck === 'none') upgrade(request, socket, head)
    else if (!struck.startsWith('hang')) socket.destroy()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`, port,
    close: () => new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
  }
}

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): SimReply => ({ status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
export const html = (status: number, body: string): SimReply => ({ status, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }, body })
export const redirect = (location: string): SimReply => ({ status: 303, headers: { location } })
