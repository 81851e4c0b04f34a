import { smtpTransport } from '#server/drivers/mail/smtp/driver.ts'
import { sendMail } from '#server/notifications/send-mail.ts'
import type { Core } from '../core.ts'

export const composeNotifications = ({ config, read, clock, log }: Core) => {
  const transport = config.SMTP_URL ? smtpTransport({ url: config.SMTP_URL, from: config.MAIL_FROM, requireTls: config.GARDU_MODE === 'production' }) : null
  const send = sendMail({ mails: read.mails, transport, clock, log, seller: config.SELLER_NAME })
  return { sendMail: send, handlers: { 'notifications.mail-queued': send } }
}
