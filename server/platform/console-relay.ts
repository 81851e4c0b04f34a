import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { ConsoleEnd } from '#shared/vocabulary/machines.ts'
import { mayPass } from '#shared/vocabulary/roles.ts'
import type { Role } from '#shared/vocabulary/roles.ts'
import { streamOf } from '#server/drivers/console/stream.ts'
import type { Stream } from '#server/drivers/console/stream.ts'
import type { ConsoleLine } from '#server/infrastructure/ports.ts'
import type { Log } from '#server/kernel/ports.ts'
import { consoleEndOf } from '#server/provisioning/console-access.ts'
import type { ConsoleGrant } from '#server/provisioning/console-access.ts'
import type { OpenedConsole } from '#server/provisioning/open-console.ts'
import type { ProvisioningStores } from '#server/provisioning/ports.ts'
import { consoleSlots } from './console-tickets.ts'
import type { KeyValue } from './kv.ts'
import type { LiveBus } from './live.ts'

/** Where the browser's websocket comes to. */
export const consolePath = '/api/console'
/** The close code under which the reason is one of `consoleEnds`. */
export const consoleEndCode = 4000

export interface ConsoleLimits {
  readonly perService: number, /** In this process. */ readonly total: number
  /** Without a key or a movement of the pointer. */ readonly idleSeconds: number, /** Between two looks at whether it may stay open. */ readonly lookSeconds: number
  /** So long nobody could be asked: what cannot be proven is closed. */ readonly unprovenSeconds: number
  /** For both hands to be shaken. */ readonly openSeconds: number, /** Bytes that may wait for a slow reader, each way. */ readonly waiting: number
}
const usual: ConsoleLimits = { perService: 2, total: 300, idleSeconds: 900, lookSeconds: 5, unprovenSeconds: 30, openSeconds: 20, waiting: 1_048_576 }

export interface ConsoleRelayDeps {
  readonly baseUrl: string, readonly kv: KeyValue, readonly live: LiveBus, readonly log: Log
  readonly takeTicket: (ticket: string) => Promise<ConsoleGrant | null>
  readonly open: (grant: ConsoleGrant) => Promise<OpenedConsole>
  readonly standings: ProvisioningStores['serviceControl']['standings']
  readonly sessionHolder: (sessionId: string) => Promise<{ readonly userId: string, readonly role: Role } | null>
}
export interface ConsoleRelay {
  /** Takes the socket of an upgrade to `consolePath`: refuses it over HTTP, or shows the console until it ends. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  count(): number
  /** Looks at once whether all that is open may stay open. */
  look(): Promise<void>
  close(): void
}

interface Open { readonly grant: ConsoleGrant, readonly socket: WebSocket, readonly end: (why: ConsoleEnd) => void, slot: string | null, lastInput: number, provenAt: number, heard: boolean }

/** The most that a viewer says at once, or before it is listened to. */
const maxMessage = 65_536
/** Keys, pointer, pasted text, QEMU's keys: what only a person sends. A viewer asks for the next picture by itself. */
const input = new Set([4, 5, 6, 255])

/** One way of the relay: a reader who does not read stops the writer, nothing piles up here. */
function pump(from: ConsoleLine, to: ConsoleLine, most: number, seen?: (data: Uint8Array) => void): void {
  let held = false
  from.onData((data) => {
    seen?.(data)
    to.send(data, () => {
      if (!held || to.waiting > most / 2) return
      held = false
      from.resume()
    })
    if (held || to.waiting <= most) return
    held = true
    from.pause()
  })
}

/** RFB 3.8 towards the browser: the ticket was the proof, so it is asked for none. */
async function welcome({ line, read, flow }: Stream): Promise<void> {
  line.send(Buffer.from('RFB 003.008\n', 'latin1'))
  await read(12)
  line.send(Buffer.from([1, 1]))
  await read(1)
  line.send(Buffer.alloc(4))
  flow()
}

const late = (seconds: number) => new Promise<never>((_, reject) => setTimeout(() => reject(new DriverError('retryable', 'too late')), seconds * 1000).unref())

/**
 * Consoles in the browser: two websockets and what runs between them. The browser never learns where the hypervisor is or how it is spoken
 * to; whether a console may stay open is asked every few seconds and at each hint, whoever changed it.
 */
export function consoleRelay(deps: ConsoleRelayDeps, limits: Partial<ConsoleLimits> = {}): ConsoleRelay {
  const { perService, total, idleSeconds, lookSeconds, unprovenSeconds, openSeconds, waiting }: ConsoleLimits = { ...usual, ...limits }
  const slots = consoleSlots(deps.kv, perService, Math.max(30, lookSeconds * 6))
  const sessions = new Set<Open>()
  // A viewer sends keys and little else; a paste is typed.
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: maxMessage, handleProtocols: offered => offered.has('binary') ? 'binary' : false })
  const seconds = () => performance.now() / 1000

  async function run(socket: WebSocket, grant: ConsoleGrant): Promise<void> {
    const browser = streamOf(socket, why => new DriverError('retryable', why), maxMessage)
    let line: ConsoleLine | null = null
    let over = false
    const end = (why: ConsoleEnd) => {
      if (over) return
      over = true
      browser.line.close(consoleEndCode, why)
      line?.close()
    }
    const session: Open = { grant, socket, end, slot: null, lastInput: seconds(), provenAt: seconds(), heard: true }
    sessions.add(session)
    socket.on('pong', () => {
      session.heard = true
    })
    browser.line.onClose(() => {
      over = true
      sessions.delete(session)
      line?.close()
      if (session.slot) void slots.free(session.slot).catch(() => {})
    })
    session.slot = await slots.take(grant.serviceId)
    if (!session.slot) return end('busy')
    const opened = await deps.open(grant)
    if ('end' in opened) return end(opened.end)
    line = opened.line
    line.onClose(() => end('line_closed'))
    if (over) return line.close()
    // Between the ticket and now it may have been suspended.
    await look([session])
    if (over) return
    await Promise.race([welcome(browser), late(openSeconds)])
    pump(line, browser.line, waiting)
    pump(browser.line, line, waiting, (data) => {
      if (input.has(data[0] ?? 0)) session.lastInput = seconds()
    })
  }

  /** Ends what may not stay open. */
  async function look(which: readonly Open[]): Promise<void> {
    const standings = await deps.standings([...new Set(which.map(({ grant }) => grant.serviceId))])
    for (const session of which) {
      const { grant, end } = session
      const why = consoleEndOf(standings.get(grant.serviceId))
      if (why) {
        end(why)
        continue
      }
      const holder = await deps.sessionHolder(grant.sessionId)
      if (holder?.userId !== grant.actor.id || !mayPass(grant.staff ? 'sysadmin' : 'client', holder.role)) end('session_ended')
      else session.provenAt = seconds()
    }
  }

  async function lookAtAll(): Promise<void> {
    const now = seconds()
    for (const session of sessions) if (now - session.lastInput > idleSeconds) session.end('idle')
    try {
      await look([...sessions])
      await Promise.all([...sessions].map(({ slot }) => slot && slots.keep(slot)))
    } catch (error) {
      deps.log.warn({ err: error }, 'whether consoles may stay open could not be asked')
      for (const session of sessions) if (seconds() - session.provenAt > unprovenSeconds) session.end('unavailable')
    }
  }
  let looked: Promise<void> = Promise.resolve()
  let waits = false
  /** One look at a time; who asks gets one that begins after he asked. */
  const soon = (): Promise<void> => {
    if (waits) return looked
    waits = true
    return looked = looked.then(() => {
      waits = false
      return lookAtAll()
    })
  }

  const unsubscribe = deps.live.subscribe((hint) => {
    if (hint.name === 'service' && [...sessions].some(({ grant }) => grant.serviceId === hint.id)) void soon()
  })
  const lookTimer = setInterval(() => {
    if (sessions.size > 0) void soon()
  }, lookSeconds * 1000)
  lookTimer.unref()
  const beat = setInterval(() => {
    for (const session of sessions) {
      if (!session.heard) session.socket.terminate()
      session.heard = false
      if (session.socket.readyState === session.socket.OPEN) session.socket.ping()
    }
  }, 20_000)
  beat.unref()

  /** Browsers always say where a websocket is opened from: only our own pages may. */
  const isOwn = ({ headers: { origin, host } }: IncomingMessage) => origin !== undefined && URL.canParse(origin) && [new URL(deps.baseUrl).host, host].includes(new URL(origin).host)
  const ticketOf = ({ headers }: IncomingMessage) => headers['sec-websocket-protocol']?.split(',').map(word => word.trim()).find(word => word.startsWith('ticket.'))?.slice('ticket.'.length)

  return {
    upgrade(request, socket, head) {
      const refuse = (status: string) => void socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
      const onError = () => socket.destroy()
      socket.on('error', onError)
      void (async () => {
        if (!isOwn(request)) return refuse('403 Forbidden')
        if (sessions.size >= total) return refuse('503 Service Unavailable')
        const ticket = ticketOf(request)
        const grant = ticket ? await deps.takeTicket(ticket) : null
        if (!grant) return refuse('401 Unauthorized')
        socket.off('error', onError)
        sockets.handleUpgrade(request, socket, head, accepted => void run(accepted, grant).catch((error: unknown) => {
          deps.log.warn({ serviceId: grant.serviceId, reason: error instanceof Error ? error.message : String(error) }, 'a console ended before it began')
          for (const session of sessions) if (session.socket === accepted) session.end('unavailable')
        }))
      })().catch((error: unknown) => {
        deps.log.error({ err: error }, 'a console could not be asked for')
        refuse('503 Service Unavailable')
      })
    },
    count: () => sessions.size,
    look: soon,
    close() {
      unsubscribe()
      clearInterval(lookTimer)
      clearInterval(beat)
      for (const { end } of sessions) end('restarting')
    },
  }
}
