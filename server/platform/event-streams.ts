import type { ServerResponse } from 'node:http'
import { AppError } from '#shared/errors/codes.ts'
import { isStaff } from '#shared/vocabulary/roles.ts'
import type { Role } from '#shared/vocabulary/roles.ts'
import type { LiveHint } from '#server/kernel/ports.ts'
import type { LiveBus } from './live.ts'

/** Who listens: hints for this user, and for staff also what concerns the whole house. */
export interface Listener { readonly id: string, readonly role: Role }

export interface EventStreams {
  /** Answers with server-sent events until the reader goes, the time is up or the server stops. @throws AppError rate_limited */
  open(response: ServerResponse, listener: Listener): Promise<void>
  count(): number
  /** Ends all streams; readers come back by themselves, to another replica or to the restarted server. */
  close(): void
}

export const isFor = (hint: LiveHint, listener: Listener): boolean => hint.audience === 'staff' ? isStaff(listener.role) : hint.audience.userId === listener.id

const heartbeatSeconds = 20
/** A stream outlives no session for long: the reader comes back with whatever session he then has. */
const longestSeconds = 600
const perUser = 12

/** Open pages and what they are told. One timer serves all streams; a reader who does not read is dropped, not buffered. */
export function eventStreams(live: LiveBus, limits: { readonly perUser?: number, readonly heartbeatSeconds?: number, readonly longestSeconds?: number } = {}): EventStreams {
  const streams = new Set<{ listener: Listener, response: ServerResponse, endsAt: number }>()
  const send = (response: ServerResponse, text: string) => {
    if (!response.write(text) && response.writableLength > 65_536) response.destroy()
  }
  const unsubscribe = live.subscribe((hint) => {
    for (const { listener, response } of streams) if (isFor(hint, listener)) send(response, `event: ${hint.name}\ndata: ${hint.id}\n\n`)
  })
  const timer = setInterval(() => {
    const now = performance.now()
    for (const { response, endsAt } of streams) {
      if (now > endsAt) response.end()
      else send(response, ': beat\n\n')
    }
  }, (limits.heartbeatSeconds ?? heartbeatSeconds) * 1000)
  timer.unref()
  return {
    open: (response, listener) => new Promise((resolve, reject) => {
      const open = [...streams].filter(stream => stream.listener.id === listener.id).length
      if (open >= (limits.perUser ?? perUser)) return reject(new AppError('rate_limited', { retryAfterSeconds: 30 }))
      const stream = { listener, response, endsAt: performance.now() + (limits.longestSeconds ?? longestSeconds) * 1000 }
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no', 'connection': 'keep-alive' })
      response.write('retry: 3000\n\n: open\n\n')
      streams.add(stream)
      response.once('close', () => {
        streams.delete(stream)
        resolve()
      })
    }),
    count: () => streams.size,
    close() {
      clearInterval(timer)
      unsubscribe()
      for (const { response } of streams) response.end()
      streams.clear()
    },
  }
}
