import { clearDeliveries } from '#server/notifications/clear-deliveries.ts'
import { smtpTransport } from '#server/drivers/mail/smtp/driver.ts'
import { webhookSender } from '#server/drivers/webhook/standard/driver.ts'
import { newWebhookSecret } from '#server/drivers/webhook/standard/signature.ts'
import { countUnreadNotices, listNotices, readNotices } from '#server/notifications/portal-notices.ts'
import { sendMail } from '#server/notifications/send-mail.ts'
import { sendWebhook } from '#server/notifications/send-webhook.ts'
import { createWebhookEndpoint, deleteWebhookEndpoint, listWebhookDeliveries, listWebhookEndpoints, pauseWebhookEndpoint, replayDeadDeliveries, replayWebhookDelivery, rotateWebhookSecret, testWebhookEndpoint, updateWebhookEndpoint } from '#server/notifications/webhook-endpoints.ts'
import type { Core } from '../core.ts'

export const composeNotifications = ({ config, read, transact, clock, wallClock, newId, secrets, log }: Core) => {
  const transport = config.SMTP_URL ? smtpTransport({ url: config.SMTP_URL, from: config.MAIL_FROM, requireTls: config.GARDU_MODE === 'production' }) : null
  const send = sendMail({ mails: read.mails, transport, clock, log, seller: config.SELLER_NAME })
  const notices = { notices: read.notices, seller: config.SELLER_NAME }
  const hooks = { transact, endpoints: read.webhookEndpoints, deliveries: read.webhookDeliveries, sender: webhookSender({ allow: config.GARDU_WEBHOOK_ALLOW }), secrets, clock, wallClock, newId, newSecret: newWebhookSecret, log, seller: config.SELLER_NAME }
  const sendHook = sendWebhook(hooks)
  const clearHooks = clearDeliveries({ ...hooks, keptDays: config.GARDU_WEBHOOKS_KEPT_DAYS })
  return {
    clearDeliveries: clearHooks, requestClearing: (requestedBy: string) => read.outbox.emit('notifications.clear-due', { requestedBy }, { singletonKey: 'notifications.clear' }),
    sendMail: send, listNotices: listNotices(notices), countUnreadNotices: countUnreadNotices(notices), readNotices: readNotices(notices),
    sendWebhook: sendHook, listWebhookEndpoints: listWebhookEndpoints(hooks), createWebhookEndpoint: createWebhookEndpoint(hooks), updateWebhookEndpoint: updateWebhookEndpoint(hooks), deleteWebhookEndpoint: deleteWebhookEndpoint(hooks), pauseWebhookEndpoint: pauseWebhookEndpoint(hooks),
    rotateWebhookSecret: rotateWebhookSecret(hooks), testWebhookEndpoint: testWebhookEndpoint(hooks), listWebhookDeliveries: listWebhookDeliveries(hooks), replayWebhookDelivery: replayWebhookDelivery(hooks), replayDeadDeliveries: replayDeadDeliveries(hooks),
    handlers: { 'notifications.mail-queued': send, 'notifications.webhook-due': sendHook, 'notifications.clear-due': clearHooks },
  }
}
