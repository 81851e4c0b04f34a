import { tracingChannel } from 'node:diagnostics_channel'
import { Server } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { ConsoleRelay } from './console-relay.ts'
import { consolePath } from './console-relay.ts'

const isConsole = (request: IncomingMessage) => request.url?.split('?')[0] === consolePath

/**
 * Every HTTP server of this process that begins to listen from now on takes consoles, unless it takes upgrades of its own. Whatever else
 * asks for an upgrade there is served as if it had not. `relay` throws while there is none: then 503 is answered. Answers what ends it.
 */
export function takeConsoles(relay: () => ConsoleRelay): () => void {
  const onListen = (message: unknown) => {
    const { server } = message as { server?: unknown }
    if (!(server instanceof Server) || server.listenerCount('upgrade') > 0) return
    Object.assign(server, { shouldUpgradeCallback: isConsole })
    server.on('upgrade', (request, socket, head) => {
      try {
        relay().upgrade(request, socket, head)
      } catch {
        // Not started yet, or already stopped.
        socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
      }
    })
  }
  const { asyncStart } = tracingChannel('net.server.listen')
  asyncStart.subscribe(onListen)
  return () => void asyncStart.unsubscribe(onListen)
}
