import type { AddressInfo, Socket } from 'node:net'
import { SMTPServer } from 'smtp-server'

/** What the mail server does with letters: takes them, refuses them for now (4xx), or cuts every connection. */
export type MailMode = 'takes' | 'refuses' | 'cuts'

export interface MailRoom {
  readonly url: string
  mode: MailMode
  /** So many letters are taken, and then the sender is told that they were not. */
  loseAnswers: number
  /** So many letters are refused for good (5xx). */
  bounces: number
  /** Of a letter with this number: how often it was taken, and how often its sender was not told so. */
  taken(number: number): number
  unanswered(number: number): number
  /** Numbers of letters that were refused for good. */
  readonly bounced: ReadonlySet<number>
  close(): Promise<void>
}

/** Ids of the simulated house are numbered; a letter's Message-ID bears its mail's. */
export const numberOf = (id: string): number => Number.parseInt(id.slice(-12), 16)

/** Counts by number in as many bytes as there are numbers, so that years of letters are kept in a few megabytes. */
function counter() {
  let counts = new Uint8Array(1 << 16)
  return {
    of: (number: number) => counts[number] ?? 0,
    add(number: number) {
      if (number >= counts.length) {
        const wider = new Uint8Array(Math.max(counts.length * 2, number + 1))
        wider.set(counts)
        counts = wider
      }
      counts[number] = Math.min(255, (counts[number] ?? 0) + 1)
    },
  }
}

/** A mail server on loopback that counts what it took, and fails as it is told. */
export async function openMailRoom(): Promise<MailRoom> {
  const [taken, unanswered, bounced] = [counter(), counter(), new Set<number>()]
  const refusal = (responseCode: number, message: string) => Object.assign(new Error(message), { responseCode })
  const state = { mode: 'takes' as MailMode, loseAnswers: 0, bounces: 0 }
  const decide = (number: number): Error | null => {
    if (state.bounces > 0) {
      state.bounces--
      bounced.add(number)
      return refusal(550, '5.1.1 User unknown')
    }
    taken.add(number)
    if (state.loseAnswers === 0) return null
    state.loseAnswers--
    unanswered.add(number)
    return refusal(421, '4.3.0 Connection lost')
  }
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'], disableReverseLookup: true, logger: false,
    onRcptTo: (_, __, done) => done(state.mode === 'refuses' ? refusal(451, '4.3.2 Try again later') : null),
    onData(stream, _, done) {
      const chunks: Buffer[] = []
      stream.on('data', chunk => chunks.push(chunk as Buffer))
      stream.on('end', () => {
        const id = /^message-id: <([\da-f-]{36})@/im.exec(Buffer.concat(chunks).toString('latin1'))?.[1]
        done(id ? decide(numberOf(id)) : refusal(554, '5.6.0 A letter without its number'))
      })
    },
  })
  server.on('error', () => {})
  server.server.prependListener('connection', (socket: Socket) => {
    if (state.mode === 'cuts') socket.destroy()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  return Object.assign(state, {
    url: `smtp://127.0.0.1:${port}`, taken: taken.of, unanswered: unanswered.of, bounced,
    close: () => new Promise<void>(resolve => server.close(() => resolve())),
  })
}
