import WebSocket from 'ws'

/** A viewer as a browser has one: shakes hands without a password, asks for the screen, types. Keeps every byte that came. */
export interface Viewer {
  readonly received: Buffer
  /** Bytes of the screen so far. */
  readonly pixels: number
  type(text: string): void
  ask(): void
  send(data: Buffer): void
  pause(): void
  resume(): void
  /** Code and reason of the end. */
  readonly closed: Promise<{ readonly code: number, readonly reason: string }>
  close(): void
}
export interface Refused { readonly refused: number }

export interface Knock { readonly origin?: string | null, readonly protocols?: readonly string[] }

/** Opens the console; answers the status where the server refuses it over HTTP. */
export async function openViewer(url: string, ticket: string, { origin = 'http://localhost:3000', protocols = ['binary', `ticket.${ticket}`] }: Knock = {}): Promise<Viewer | Refused> {
  const socket = new WebSocket(url, [...protocols], { perMessageDeflate: false, ...(origin === null ? {} : { origin }) })
  let received = Buffer.alloc(0)
  let answered = 0
  socket.on('message', (data: Buffer) => {
    received = Buffer.concat([received, data])
    // Version, the types that are offered, the result, and from then on the machine's own words.
    if (answered === 0 && received.length >= 12) answer(Buffer.from('RFB 003.008\n'))
    if (answered === 1 && received.length >= 14) answer(Buffer.from([1]))
    if (answered === 2 && received.length >= 18) answer(Buffer.from([1]))
  })
  const answer = (data: Buffer) => {
    answered++
    socket.send(data)
  }
  const closed = new Promise<{ code: number, reason: string }>(resolve => socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })))
  const refused = await new Promise<number | null>((resolve, reject) => {
    socket.once('open', () => resolve(null))
    socket.once('unexpected-response', (_, reply) => resolve(reply.statusCode ?? 0))
    socket.once('error', reject)
  })
  socket.on('error', () => {})
  if (refused !== null) {
    socket.terminate()
    return { refused }
  }
  const key = (keysym: number) => {
    const message = (down: number) => {
      const bytes = Buffer.from([4, down, 0, 0, 0, 0, 0, 0])
      bytes.writeUInt32BE(keysym, 4)
      return bytes
    }
    socket.send(message(1))
    socket.send(message(0))
  }
  return {
    get received() { return received },
    get pixels() { return Math.max(0, received.length - 18) },
    type: text => [...text].forEach(letter => key(letter === '\n' ? 0xFF0D : letter.charCodeAt(0))),
    ask: () => socket.send(Buffer.from([3, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF])),
    send: data => socket.send(data),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    closed,
    close: () => socket.close(),
  }
}
