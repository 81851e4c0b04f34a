import type { AddressInfo } from 'node:net'
import { simpleParser } from 'mailparser'
import type { ParsedMail } from 'mailparser'
import { SMTPServer } from 'smtp-server'

export interface SmtpSink { readonly port: number, readonly url: string, readonly received: ParsedMail[], /** Answers the next recipients with this code instead of taking them; null takes them. */ refuseWith(code: number | null): void, close(): Promise<void> }

/** A mail server on loopback that keeps what it takes. */
export async function smtpSink(options: { port?: number, user?: string, password?: string } = {}): Promise<SmtpSink> {
  const received: ParsedMail[] = []
  let refusal: number | null = null
  const server = new SMTPServer({
    disabledCommands: options.user ? ['STARTTLS'] : ['STARTTLS', 'AUTH'], allowInsecureAuth: true, authOptional: !options.user, logger: false,
    onAuth: (auth, _, done) => auth.username === options.user && auth.password === options.password ? done(null, { user: auth.username }) : done(Object.assign(new Error('bad credentials'), { responseCode: 535 })),
    onRcptTo: (_, __, done) => refusal === null ? done() : done(Object.assign(new Error('not now'), { responseCode: refusal })),
    onData(stream, _, done) {
      void simpleParser(stream).then((mail) => {
        received.push(mail)
        done()
      }, done)
    },
  })
  server.on('error', () => {})
  await new Promise<void>(resolve => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  return {
    port, url: `smtp://127.0.0.1:${port}`, received,
    refuseWith: (code) => {
      refusal = code
    },
    close: () => new Promise(resolve => server.close(() => resolve())),
  }
}
