import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { MailTemplate } from '#shared/vocabulary/mails.ts'

/**
 * Queues a mail in the current transaction; SMTP is spoken later by a job. `dedupeKey` names the cause: a second mail of the same key is
 * dropped. `params` are the template's values, already formatted for the reader.
 */
export interface MailRequest { dedupeKey: string, userId: string | null, recipient: string, locale: Locale, template: MailTemplate, params: Record<string, string> }
export interface MailOutbox { queue(mail: MailRequest): Promise<void> }

/**
 * What each mail needs to be written. Every value is already formatted for the reader (`Rp 1.250.000`, `22 Nov 2026`, `22 Nov 2026 14.00 WIB`);
 * addresses (`…Url`) are absolute. `name` is the reader's name.
 */
export const mailParams = {
  verify_email: ['name', 'code'],
  account_exists: ['name', 'loginUrl'],
  reset_password: ['name', 'code'],
  /** `at`: when it happened. */
  password_changed: ['name', 'at'],
  /** `at`: when it was locked; `minutes`: for how long. */
  sign_in_locked: ['name', 'at', 'minutes'],
  invoice_issued: ['name', 'number', 'total', 'dueOn', 'invoiceUrl'],
  invoice_reminder: ['name', 'number', 'total', 'dueOn', 'invoiceUrl', 'suspendOn'],
  final_notice: ['name', 'number', 'total', 'dueOn', 'invoiceUrl', 'suspendAt'],
  invoice_paid: ['name', 'number', 'total'],
  /** `reason`: a sentence in the reader's language. */
  payment_to_credit: ['name', 'amount', 'reason'],
  order_expired: ['name', 'orderNumber'],
  service_ready: ['name', 'hostname', 'ip', 'username', 'serviceUrl'],
  /** `reason`: a sentence or word in the reader's language; `invoiceUrl`: empty when no invoice is the cause. */
  service_suspended: ['name', 'hostname', 'reason', 'invoiceUrl'],
  service_resumed: ['name', 'hostname'],
  service_ended: ['name', 'hostname', 'reason'],
} as const satisfies Record<MailTemplate, readonly string[]>

export type MailParams<T extends MailTemplate> = Readonly<Record<typeof mailParams[T][number], string>>

/**
 * A mail to queue with `stores.mail.queue(...)`, its values checked by the compiler against its template.
 * `dedupeKey` names the cause, e.g. `invoice_reminder:<invoice id>:-3`.
 */
export const mailRequest = <T extends MailTemplate>(to: { readonly userId: string | null, readonly recipient: string, readonly locale: Locale }, template: T, dedupeKey: string, params: MailParams<T>): MailRequest =>
  ({ userId: to.userId, recipient: to.recipient, locale: to.locale, template, dedupeKey, params: { ...params } })
