import { noticeTemplates } from '#shared/vocabulary/mails.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { Clock, Log } from '../kernel/ports.ts'
import type { Mails, MailTransport, QueuedMail } from './ports.ts'
import { isMailTemplate, writeLetter } from './write-letter.ts'

export interface SendMailDeps {
  readonly mails: Mails
  /** Null when no mail server is configured (embedded mode only): mails then stay queued. */
  readonly transport: MailTransport | null
  readonly clock: Clock
  readonly log: Log
  readonly seller: string
}

/** How long a mailed code is good (`limits.codeLifetime` of identity); a later letter would only mislead. */
const codeLifetimeMilliseconds = 10 * 60_000
const carriesCode = (mail: QueuedMail) => mail.template === 'verify_email' || mail.template === 'reset_password'

/**
 * Sends one queued mail. May run twice for one mail: what is sent is not sent again unless the process died between the server's "250" and
 * our note of it (the repeated letter has the same Message-ID).
 * @throws DriverError retryable or action_required, so that the job tries again later; what the server refuses for good is noted and ends
 */
export const sendMail = ({ mails, transport, clock, log, seller }: SendMailDeps) => async ({ mailId }: { readonly mailId: string }): Promise<void> => {
  const mail = await mails.find(mailId)
  if (!mail || mail.status !== 'queued') return
  if (!isMailTemplate(mail.template)) return mails.markAttempt(mailId, `unknown template ${mail.template}`, { failed: true, forget: false })
  if (carriesCode(mail) && clock.now().getTime() - mail.createdAt.getTime() > codeLifetimeMilliseconds) return mails.markAttempt(mailId, 'the code lapsed before the mail could be sent', { failed: true, forget: true })
  if (!transport) return log.warn({ mailId, template: mail.template }, 'no mail server is configured: the mail stays queued')
  try {
    await transport.send(writeLetter({ ...mail, template: mail.template }, seller))
  } catch (error) {
    const permanent = error instanceof DriverError && error.kind === 'permanent'
    await mails.markAttempt(mailId, error instanceof Error ? error.message : String(error), { failed: permanent, forget: permanent && carriesCode(mail) })
    if (permanent) return log.warn({ mailId, template: mail.template }, 'the mail server refused the mail for good')
    throw error
  }
  await mails.markSent(mailId, { forget: !noticeTemplates.some(template => template === mail.template) })
}
