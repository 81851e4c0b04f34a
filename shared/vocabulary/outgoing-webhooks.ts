import { noticeTemplates } from './mails.ts'
import type { MailTemplate } from './mails.ts'

/** What a webhook endpoint can be told of. */
export const noticeGroups = ['money', 'services', 'dunning'] as const
export type NoticeGroup = typeof noticeGroups[number]
/** Of whose reminders and final notices an endpoint is told: nobody's, those of services whose terms name it, or everybody's. */
export const dunningReaches = ['none', 'named', 'all'] as const
export type DunningReach = typeof dunningReaches[number]
/** Who paused an endpoint: staff, or it itself by answering that it is gone. */
export const pausers = ['staff', 'endpoint'] as const
export type PausedBy = typeof pausers[number]
export const deliveryStatuses = ['waiting', 'delivered', 'dead'] as const
export type DeliveryStatus = typeof deliveryStatuses[number]
/** Why an attempt failed: `refused` is any answer that is neither 2xx, a redirect nor 410. */
export const deliveryErrors = ['address_refused', 'address_unknown', 'no_connection', 'certificate', 'no_answer', 'redirected', 'gone', 'refused', 'paused', 'secret_lost'] as const
export type DeliveryError = typeof deliveryErrors[number]

const dunning: readonly MailTemplate[] = ['invoice_reminder', 'final_notice']
const money: readonly MailTemplate[] = ['invoice_issued', 'late_fee_charged', 'invoice_paid', 'payment_to_credit', 'payment_refunded', 'payment_charged_back', 'payment_corrected', 'credit_added', 'credit_corrected', 'credit_paid_out', 'credit_note_issued', 'order_expired']

/** The group of a notice; null for what is never told: codes and warnings of an account's safety. */
export const noticeGroupOf = (template: MailTemplate): NoticeGroup | null =>
  !noticeTemplates.includes(template) ? null : dunning.includes(template) ? 'dunning' : money.includes(template) ? 'money' : 'services'
