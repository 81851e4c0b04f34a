import { createTransport } from 'nodemailer'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { MailTransport } from '#server/notifications/ports.ts'

export interface SmtpOptions {
  /** `smtp://user:password@host:port` or `smtps://…` */
  readonly url: string
  /** `Gardu <no-reply@…>` */
  readonly from: string
  /** Refuse to speak without TLS, unless the server is on this machine. */
  readonly requireTls: boolean
  readonly timeoutMilliseconds?: number
}

interface SmtpFailure { readonly code?: string, readonly responseCode?: number, readonly response?: string, readonly message?: string }

const isLoopback = (host: string) => host === 'localhost' || host === '[::1]' || /^127\./.test(host)

/**
 * What went wrong, in our words (RFC 5321, 4.2.1): 5xx is for good, 4xx passes, no line passes. Refused credentials (535) are the
 * operator's to correct: the mail waits for it.
 */
export function classifySmtp(error: unknown): DriverError {
  const failure = error as SmtpFailure
  const said = `SMTP: ${failure.response ?? failure.message ?? 'unknown failure'}`.slice(0, 300)
  if (failure.code === 'EAUTH') return new DriverError('action_required', said, { who: 'sysadmin', cause: error })
  if (failure.responseCode !== undefined && failure.responseCode >= 500) return new DriverError('permanent', said, { cause: error })
  return new DriverError('retryable', said, { cause: error })
}

/** Speaks SMTP by nodemailer, one connection per mail. Certificates are checked, except on this very machine. */
export function smtpTransport(options: SmtpOptions): MailTransport {
  const url = new URL(options.url)
  const secure = url.protocol === 'smtps:'
  const local = isLoopback(url.hostname)
  const timeout = options.timeoutMilliseconds ?? 15_000
  const transport = createTransport({
    host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || (secure ? 465 : 587)), secure, requireTLS: options.requireTls && !secure && !local,
    ...(url.username ? { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } } : {}),
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: !local }, connectionTimeout: timeout, greetingTimeout: timeout, socketTimeout: timeout * 2,
    disableFileAccess: true, disableUrlAccess: true,
  })
  const domain = /@([\w.-]+)/.exec(options.from)?.[1] ?? 'localhost'
  return {
    async send({ id, to, subject, text, html }) {
      try {
        // `address` is not parsed as a list: a comma in it cannot add a recipient.
        await transport.sendMail({ from: options.from, to: { name: '', address: to }, subject, text, html, messageId: `<${id}@${domain}>`, headers: { 'auto-submitted': 'auto-generated' } })
      } catch (error) {
        throw classifySmtp(error)
      }
    },
  }
}
