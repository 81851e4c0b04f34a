import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request and its answer as they went over the wire; `params` from the query or the form. */
export interface Exchange { readonly method: string, readonly path: string, readonly params: Record<string, string>, readonly status: number, readonly body: string }

/** Stands between a driver and a server that speak plain HTTP with each other, passes everything on, and tells what it heard. */
export async function listeningProxy(target: string, hear: (exchange: Exchange) => void): Promise<{ readonly url: string, close(): void }> {
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', chunk => chunks.push(chunk as Buffer))
    incoming.on('end', () => void pass(Buffer.concat(chunks)))
    const pass = async (sent: Buffer) => {
      const { method = 'GET', headers: { authorization = '', 'content-type': type = '' } } = incoming
      const url = new URL(incoming.url ?? '/', target)
      const reply = await fetch(url, { method, headers: { authorization, ...(type ? { 'content-type': type } : {}) }, ...(sent.length > 0 ? { body: new Uint8Array(sent) } : {}) })
      const body = await reply.text()
      hear({ method, path: url.pathname, params: Object.fromEntries(sent.length > 0 ? new URLSearchParams(sent.toString()) : url.searchParams), status: reply.status, body })
      outgoing.writeHead(reply.status, reply.statusText, { 'content-type': 'application/json' }).end(body)
    }
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
