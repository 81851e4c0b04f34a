/** Every mail that Gardu sends; its texts stand in `server/notifications/templates/`. */
export const mailTemplates = [
  'verify_email', 'account_exists', 'reset_password', 'password_changed', 'sign_in_locked',
  'invoice_issued', 'invoice_reminder', 'final_notice', 'late_fee_charged', 'invoice_paid', 'payment_to_credit', 'payment_refunded', 'payment_charged_back', 'payment_corrected', 'credit_added', 'credit_corrected', 'credit_paid_out', 'credit_note_issued', 'order_expired', 'price_change', 'price_change_withdrawn',
  'service_ready', 'work_done', 'service_suspended', 'service_resumed', 'service_ended', 'service_cancelled', 'service_kept', 'service_term', 'service_term_lifted', 'trial_began', 'discount_given', 'discount_ends',
  'backup_failed', 'traffic_near', 'traffic_reached', 'traffic_slowed',
  'offer_vanished', 'backup_failing', 'traffic_beyond',
  'alarms_fired', 'alarms_resolved',
] as const

/** Mails about an account's safety: they carry codes or warn of somebody else, and are no notices of the portal. */
const safetyMails: readonly string[] = ['verify_email', 'account_exists', 'reset_password', 'password_changed', 'sign_in_locked']
/** To those who work here. */
const staffMails: readonly string[] = ['offer_vanished', 'backup_failing', 'traffic_beyond', 'alarms_fired', 'alarms_resolved']
/** What a client also finds on the portal. */
export const noticeTemplates = mailTemplates.filter(template => !safetyMails.includes(template) && !staffMails.includes(template))
export type MailTemplate = typeof mailTemplates[number]
