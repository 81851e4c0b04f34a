import { createServer, request } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { ConsoleRelay } from '#server/platform/console-relay.ts'
import { takeConsoles } from '#server/platform/console-upgrades.ts'

describe('upgrades on the HTTP server', () => {
  const ends: (() => unknown)[] = []
  afterEach(() => ends.splice(0).forEach(end => end()))
  const listen = async (server: Server) => {
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    ends.push(() => {
      server.closeAllConnections()
      server.close()
    })
    return (server.address() as AddressInfo).port
  }
  const ask = (port: number, path: string, upgrade: string) => new Promise<{ status: number, body: string }>((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', path, headers: { connection: 'Upgrade', upgrade } }, (reply) => {
      let body = ''
      reply.on('data', chunk => body += chunk)
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body }))
    })
    asked.on('error', reject)
    asked.end()
  })
  const page: Parameters<typeof createServer>[1] = (_, reply) => void reply.end('page')
  const relay: ConsoleRelay = { upgrade: (_, socket) => void socket.end('HTTP/1.1 418 Taken\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'), count: () => 0, look: async () => {}, close: () => {} }

  it('a server that listens afterwards takes consoles; every other upgrade is served like any request', async () => {
    ends.push(takeConsoles(() => relay))
    const port = await listen(createServer(page))
    expect(await ask(port, '/api/console', 'websocket')).toEqual({ status: 418, body: '' })
    expect(await ask(port, '/portal', 'h2c')).toEqual({ status: 200, body: 'page' })
    expect(await ask(port, '/api/consoles', 'websocket')).toEqual({ status: 200, body: 'page' })
  })
  it('before the application runs it answers 503', async () => {
    ends.push(takeConsoles(() => {
      throw new Error('not running')
    }))
    expect((await ask(await listen(createServer(page)), '/api/console', 'websocket')).status).toBe(503)
  })
  it('a server that takes upgrades of its own is left alone, and so is one that listens after the end', async () => {
    const end = takeConsoles(() => relay)
    const own = createServer(page).on('upgrade', (_, socket) => socket.end('HTTP/1.1 404 Own\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'))
    expect((await ask(await listen(own), '/api/console', 'websocket')).status).toBe(404)
    end()
    expect(await ask(await listen(createServer(page)), '/api/console', 'websocket')).toEqual({ status: 200, body: 'page' })
  })
})
