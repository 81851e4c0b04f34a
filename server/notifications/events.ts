export interface NotificationEvents {
  'notifications.mail-queued': { mailId: string }
}
