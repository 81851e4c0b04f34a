export interface NotificationEvents {
  'notifications.mail-queued': { mailId: string }
  'notifications.clear-due': { requestedBy: string }
  /** `attempts`: how many there were before this one; a job that comes late or twice has another number and does nothing. */
  'notifications.webhook-due': { deliveryId: string, attempts: number }
}
