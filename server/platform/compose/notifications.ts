import { smtpTransport } from '#server/drivers/mail/smtp/driver.ts'
import { countUnreadNotices, listNotices, readNotices } from '#server/notifications/portal-notices.ts'
import { sendMail } from '#server/notifications/send-mail.ts'
import type { Core } from '../core.ts'

export const composeNotifications = ({ config, read, clock, log }: Core) => {
  const transport = config.SMTP_URL ? smtpTransport({ url: config.SMTP_URL, from: config.MAIL_FROM, requireTls: config.GARDU_MODE === 'production' }) : null
  const send = sendMail({ mails: read.mails, transport, clock, log, seller: config.SELLER_NAME })
  const notices = { notices: read.notices, seller: config.SELLER_NAME }
  return { sendMail: send, listNotices: listNotices(notices), countUnreadNotices: countUnreadNotices(notices), readNotices: readNotices(notices), handlers: { 'notifications.mail-queued': send } }
}
