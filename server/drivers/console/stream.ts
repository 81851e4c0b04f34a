import WebSocket from 'ws'
import type { DriverError } from '#shared/errors/driver-error.ts'
import type { ConsoleLine } from '#server/infrastructure/ports.ts'

export interface Stream { readonly line: ConsoleLine, /** At once, without a goodbye. */ cut(): void, read(count: number): Promise<Buffer>, /** From now on bytes go to the listener. */ flow(): void }

/** A socket's pieces as one stream: read by count while hands are shaken, then let flow. At most so many bytes may come before somebody takes them. To be made in the same turn in which the socket opened, else its first words are lost. */
export function streamOf(socket: WebSocket, gone: (why: string) => DriverError, most: number): Stream {
  let kept = Buffer.alloc(0)
  let closed = false
  let flowing = false
  let wanted: { count: number, resolve: (data: Buffer) => void, reject: (error: DriverError) => void } | null = null
  let toListener: ((data: Uint8Array) => void) | null = null
  const closeListeners: (() => void)[] = []
  const feed = () => {
    if (wanted && kept.length >= wanted.count) {
      const { count, resolve } = wanted
      wanted = null
      const taken = kept.subarray(0, count)
      kept = kept.subarray(count)
      resolve(taken)
    }
    if (!flowing || !toListener || kept.length === 0) return
    const rest = kept
    kept = Buffer.alloc(0)
    toListener(rest)
  }
  socket.on('message', (data: Buffer) => {
    if (flowing && toListener && kept.length === 0) return toListener(data)
    kept = Buffer.concat([kept, data])
    if (kept.length > most) socket.terminate()
    feed()
  })
  socket.on('error', () => socket.terminate())
  socket.once('close', () => {
    closed = true
    wanted?.reject(gone('the line was closed'))
    wanted = null
    closeListeners.splice(0).forEach(listener => listener())
  })
  return {
    cut: () => socket.terminate(),
    read: count => new Promise((resolve, reject) => {
      if (closed) return reject(gone('the line was closed'))
      wanted = { count, resolve, reject }
      feed()
    }),
    flow() {
      flowing = true
      feed()
    },
    line: {
      onData(listener) {
        toListener = listener
        feed()
      },
      onClose: listener => closed ? listener() : void closeListeners.push(listener),
      send(data, sent) {
        if (socket.readyState === WebSocket.OPEN) socket.send(data, { binary: true }, () => sent?.())
      },
      get waiting() { return socket.bufferedAmount },
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      close: (code = 1000, reason = '') => {
        if (closed) return
        // What is paused would never hear the other side's goodbye.
        socket.resume()
        socket.close(code, reason)
        setTimeout(() => socket.terminate(), 1_000).unref()
      },
    },
  }
}
