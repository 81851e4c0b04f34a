import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { nameOf } from '../state.ts'
import type { ProxmoxState, SimToken } from '../state.ts'
import { serveRfb } from './rfb.ts'
import { terminal } from './terminal.ts'
import type { Terminal } from './terminal.ts'

interface Listener { readonly node: string, readonly vmid: number, readonly token: string, readonly ticket: string, readonly password: string, readonly until: number }
export interface ConsoleDoor {
  /** A listener for one connection: answers its port, ticket and password. */
  listen(machine: { readonly node: string, readonly vmid: number }, token: SimToken, wantsPassword: boolean): { readonly port: number, readonly ticket: string, readonly password: string | null }
  /** The connection itself. Who is not known is cut, as by the original. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Consoles that are open. */
  count(): number
  /** Cuts them all, as a restart of the node's services does. */
  cut(): void
  /** What a machine's screen shows. */
  screenOf(vmid: number): Terminal | undefined
  close(): void
}

const lapse = 30_000
const path = /^\/api2\/json\/nodes\/([^/]+)\/(?:qemu|lxc)\/(\d+)\/vncwebsocket$/

/** `POST vncproxy` and `GET vncwebsocket`: a ticket holds for one connection, for half a minute, for the token and machine that it was given for. */
export function consoleDoor(options: { readonly state: ProxmoxState, readonly now: () => number, readonly authenticate: (authorization: string | undefined) => SimToken }): ConsoleDoor {
  const { state, now } = options
  const listeners = new Map<number, Listener>()
  const screens = new Map<number, Terminal>()
  const open = new Map<WebSocket, { vmid: number, startedAt: number }>()
  // As strict as the original: no compression, no fragments worth naming, 128 KiB at most.
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 131_072, handleProtocols: offered => offered.has('binary') ? 'binary' : false })

  const look = () => {
    for (const [socket, { vmid, startedAt }] of open) {
      const machine = state.machines[vmid]
      if (!machine?.running || machine.startedAt !== startedAt) socket.close(1000)
      else screens.get(vmid)?.title(titleOf(vmid))
    }
  }
  const timer = setInterval(look, 250)
  timer.unref()
  const titleOf = (vmid: number) => {
    const machine = state.machines[vmid]
    return `${machine ? nameOf(machine) : vmid}  ${machine?.paused ? 'paused' : 'running'}  ${machine?.node ?? ''}/${vmid}`
  }
  const screenOf = (vmid: number, name: string, startedAt: number) => {
    const known = screens.get(vmid) ?? terminal({ name, startedAt, now })
    screens.set(vmid, known)
    known.title(titleOf(vmid))
    return known
  }

  return {
    listen({ node, vmid }, token, wantsPassword) {
      let port = 5900
      while (listeners.has(port) && (listeners.get(port)?.until ?? 0) > now()) port += 1
      const ticket = `PVEVNC:${randomBytes(4).toString('hex').toUpperCase()}::${randomBytes(48).toString('base64')}`
      const password = wantsPassword ? randomBytes(6).toString('base64url') : null
      listeners.set(port, { node, vmid, token: token.id, ticket, password: password ?? ticket, until: now() + lapse })
      return { port, ticket, password }
    },
    upgrade(request, socket, head) {
      const refuse = (status: string) => void socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
      const url = new URL(request.url ?? '/', 'http://simulator')
      const [, node, vmid] = path.exec(url.pathname) ?? []
      let token: SimToken
      try {
        token = options.authenticate(request.headers.authorization)
      } catch {
        return void socket.destroy()
      }
      if (!token.privileges.includes('VM.Console')) return refuse('403 Permission check failed')
      const port = Number(url.searchParams.get('port'))
      const listener = listeners.get(port)
      if (!listener || listener.until <= now() || listener.token !== token.id || listener.node !== node || listener.vmid !== Number(vmid) || listener.ticket !== url.searchParams.get('vncticket')) return refuse('401 invalid PVEVNC ticket')
      listeners.delete(port)
      const machine = state.machines[listener.vmid]
      if (!machine?.running) return refuse('500 connect failed')
      sockets.handleUpgrade(request, socket, head, (accepted) => {
        const name = nameOf(machine)
        open.set(accepted, { vmid: machine.vmid, startedAt: machine.startedAt })
        accepted.once('close', () => open.delete(accepted))
        serveRfb(accepted, { password: listener.password, screen: screenOf(machine.vmid, name, machine.startedAt), name: `QEMU (${name})` })
      })
    },
    count: () => open.size,
    cut: () => [...open.keys()].forEach(socket => socket.terminate()),
    screenOf: vmid => screens.get(vmid),
    close() {
      clearInterval(timer)
      for (const socket of open.keys()) socket.terminate()
    },
  }
}
