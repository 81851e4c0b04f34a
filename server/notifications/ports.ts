import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { Page, PageRequest } from '../kernel/ports.ts'
import type { MailTemplate } from '#shared/vocabulary/mails.ts'

/**
 * Queues a mail in the current transaction; SMTP is spoken later by a job. `dedupeKey` names the cause: a second mail of the same key is
 * dropped. `params` are the template's values, already formatted for the reader.
 */
export interface MailRequest { dedupeKey: string, userId: string | null, recipient: string, locale: Locale, template: MailTemplate, params: Record<string, string>, /** Of a reminder or final notice: the terms of its services say which webhook endpoints are told. */ invoiceId?: string }
export interface MailOutbox { queue(...mails: readonly MailRequest[]): Promise<void> }

/**
 * What each mail needs to be written. Every value is already formatted for the reader (`Rp 1.250.000`, `22 Nov 2026`); `url` is absolute and
 * leads to the page that the mail is about; `name` is the reader's name. Words of our vocabulary (`reason`) are translated by the template.
 */
export const mailParams = {
  verify_email: ['name', 'code'],
  account_exists: ['name', 'loginUrl'],
  reset_password: ['name', 'code'],
  /** `at`: when it happened. */
  password_changed: ['name', 'at'],
  /** `at`: when it was locked; `minutes`: for how long. */
  sign_in_locked: ['name', 'at', 'minutes'],
  /** `total`: of the invoice; `amount`: what is left to pay. */
  invoice_issued: ['name', 'url', 'number', 'total', 'amount', 'dueOn'],
  /** `overdue`: `yes`, or empty before the due date; `work`: nothing of it can be suspended; `lateFee`: what is owed besides for being late and its invoice, or empty. */
  invoice_reminder: ['name', 'url', 'number', 'amount', 'dueOn', 'suspendOn', 'terminateOn', 'hostname', 'product', 'overdue', 'lateFee'],
  final_notice: ['name', 'url', 'number', 'amount', 'dueOn', 'suspendOn', 'terminateOn', 'hostname', 'product', 'overdue', 'lateFee'],
  /** `late`: the number of the invoice that is late. */
  late_fee_charged: ['name', 'url', 'number', 'late', 'amount', 'dueOn'],
  invoice_paid: ['name', 'url', 'number', 'total', 'amount', 'paidOn'],
  /** `number`: of the invoice that the money was sent for. */
  payment_to_credit: ['name', 'url', 'number', 'amount'],
  /** `note`: number of the note, `number`: of its invoice; `credit`: what became the client's credit; `reason`: as staff wrote it. */
  credit_note_issued: ['name', 'url', 'note', 'number', 'total', 'credit', 'reason'],
  /** `number`: of the invoice that the money was paid for. */
  payment_refunded: ['name', 'url', 'number', 'amount'],
  payment_charged_back: ['name', 'url', 'number', 'amount'],
  payment_corrected: ['name', 'url', 'number', 'amount'],
  credit_added: ['name', 'url', 'amount'],
  credit_corrected: ['name', 'url', 'amount'],
  /** `reference`: of the transfer. */
  credit_paid_out: ['name', 'url', 'amount', 'reference'],
  /** `number`: of the order; `invoice`: of its invoice. */
  order_expired: ['name', 'url', 'number', 'invoice', 'amount', 'expiredOn'],
  /** `effectiveOn`: periods that begin then or later. Prices are without PPN. */
  price_change: ['name', 'url', 'hostname', 'product', 'oldPrice', 'newPrice', 'effectiveOn'],
  price_change_withdrawn: ['name', 'url', 'hostname', 'product', 'price'],
  service_ready: ['name', 'url', 'hostname', 'product'],
  /** People did it; `hostname`: what it was for. */
  work_done: ['name', 'url', 'hostname', 'product'],
  service_resumed: ['name', 'url', 'hostname', 'product'],
  /** `reason`: a word of `suspensionReasons`, or of `endReasons`. */
  service_suspended: ['name', 'url', 'hostname', 'product', 'reason'],
  service_ended: ['name', 'url', 'hostname', 'product', 'reason'],
  /** A cancellation at the end of what is paid, and its taking back; `endsOn`: until when it is paid. */
  service_cancelled: ['name', 'url', 'hostname', 'product', 'endsOn'],
  service_kept: ['name', 'url', 'hostname', 'product', 'endsOn'],
  /** It ends by itself then: agreed now, or soon. */
  service_term: ['name', 'url', 'hostname', 'product', 'endsOn'],
  service_term_lifted: ['name', 'url', 'hostname', 'product'],
  /** `price`: of each period after the trial, without PPN. */
  trial_began: ['name', 'url', 'hostname', 'product', 'endsOn', 'price'],
  /** `discount`: percent or money. */
  discount_given: ['name', 'url', 'hostname', 'product', 'label', 'discount'],
  discount_ends: ['name', 'url', 'hostname', 'product', 'label', 'discount', 'endsOn'],
  backup_failed: ['name', 'url', 'hostname', 'product'],
  /** `used`, `limit`: amounts as `80 GiB`; `resetsOn`: from when on it is counted anew. */
  traffic_near: ['name', 'url', 'hostname', 'product', 'used', 'limit', 'resetsOn'],
  traffic_reached: ['name', 'url', 'hostname', 'product', 'used', 'limit', 'resetsOn'],
  /** `rate`: as `10 Mbit/s`. */
  traffic_slowed: ['name', 'url', 'hostname', 'product', 'used', 'limit', 'resetsOn', 'rate'],
  /** To staff. `reason`: as the hypervisor says it. */
  backup_failing: ['name', 'url', 'hostname', 'client', 'reason'],
  /** To staff, where the hypervisor limits no rate. */
  traffic_beyond: ['name', 'url', 'hostname', 'client', 'product', 'used', 'limit', 'resetsOn'],
  /** To staff. `connection`: its name; `offers`: one line each, with the products that are made from it. */
  offer_vanished: ['name', 'url', 'connection', 'offers'],
  /** `count`: how many; `list`: one line for each. To sysadmins. */
  alarms_fired: ['name', 'count', 'list', 'url'],
  alarms_resolved: ['name', 'count', 'list', 'url'],
} as const satisfies Record<MailTemplate, readonly string[]>

export type MailParams<T extends MailTemplate> = Readonly<Record<typeof mailParams[T][number], string>>

/**
 * A mail to queue with `stores.mail.queue(...)`, its values checked by the compiler against its template.
 * `dedupeKey` names the cause, e.g. `invoice_reminder:<invoice id>:-3`.
 */
export const mailRequest = <T extends MailTemplate>(to: { readonly userId: string | null, readonly recipient: string, readonly locale: Locale }, template: T, dedupeKey: string, params: MailParams<T>): MailRequest =>
  ({ userId: to.userId, recipient: to.recipient, locale: to.locale, template, dedupeKey, params: { ...params } })

/** A mail as SMTP carries it: text and HTML say the same. */
export interface Letter { readonly id: string, readonly to: string, readonly subject: string, readonly text: string, readonly html: string }

/**
 * Hands a letter to the mail server. @throws DriverError: `retryable` (no line, a 4xx answer), `permanent` (a 5xx answer), or
 * `action_required` (the server refuses our credentials). The letter's id becomes its Message-ID, so that a repetition can be recognised.
 */
export interface MailTransport { send(letter: Letter): Promise<void> }

export interface QueuedMail { readonly id: string, readonly recipient: string, readonly locale: Locale, readonly template: string, readonly params: Readonly<Record<string, string>>, readonly status: 'queued' | 'sent' | 'failed', readonly createdAt: Date }
export interface Mails {
  find(id: string): Promise<QueuedMail | null>
  /** Sent; `forget`: what the mail carried is emptied. */
  markSent(id: string, outcome: { readonly forget: boolean }): Promise<void>
  /** A letter of this kind waits for the mail server. */
  anyWaits(template: MailTemplate): Promise<boolean>
  /** `failed` is for good; what the mail carried is emptied then too when `forget` says so. */
  markAttempt(id: string, error: string, outcome: { readonly failed: boolean, readonly forget: boolean }): Promise<void>
}

export type Notice = Pick<QueuedMail, 'id' | 'locale' | 'template' | 'params' | 'createdAt'> & { readonly readAt: Date | null }
/** Mails to a client as notices of the portal: those of `noticeTemplates` that still have what they said. */
export interface Notices {
  /** Newest first. */
  list(query: PageRequest & { readonly userId: string, readonly unread: boolean }): Promise<Page<Notice>>
  /** At most `atMost`. */
  countUnread(userId: string, atMost: number): Promise<number>
  /** One of the user's own, or with null all of them; what was read before keeps its moment. */
  markRead(userId: string, id: string | null): Promise<void>
}
