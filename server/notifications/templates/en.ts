import type { MailTemplate } from '#shared/vocabulary/mails.ts'
import type { LetterFrame, LetterText } from '../letter-text.ts'

export const frame: LetterFrame = { greeting: 'Hello {{name}},', signature: 'Kind regards,\n{{seller}}', automatic: 'This message was sent automatically by {{seller}}.' }

/** Words of the vocabulary as a sentence says them. */
export const words: Readonly<Record<string, string>> = {
  nonpayment: 'an unpaid invoice', abuse: 'a breach of the terms of service', request: 'a request', fraud: 'suspected fraud', order_expired: 'an order that was not paid', other: 'another reason; please contact us',
}

const invoiceDetails = [['Invoice', '{{number}}'], ['Left to pay', '{{amount}}'], ['Due', '{{dueOn}}']] as const
const service = [['Service', '{{hostname}}'], ['Product', '{{product}}']] as const
const openInvoice = { label: 'See and pay the invoice', url: '{{url}}' }
const openService = { label: 'Open the service', url: '{{url}}' }

export const texts: Record<MailTemplate | 'invoice_overdue', LetterText> = {
  verify_email: { subject: 'Your verification code: {{code}}', paragraphs: ['Enter this code to verify your e-mail address. It is good for ten minutes and for one use.'], code: '{{code}}', closing: ['If you did not register, ignore this message; without the code the account stays closed.'] },
  account_exists: { subject: 'You already have an account', paragraphs: ['Somebody, perhaps you, has just registered with this e-mail address. It already has an account; nothing was changed.'], action: { label: 'Log in', url: '{{loginUrl}}' }, closing: ['Forgot the password? Choose "Forgot password" on the log-in page. If it was not you, there is nothing to do.'] },
  reset_password: { subject: 'Your password reset code: {{code}}', paragraphs: ['Enter this code to set a new password. It is good for ten minutes and for one use.'], code: '{{code}}', closing: ['If you did not ask for it, ignore this message; your password stays as it is. Give this code to nobody, not even to us.'] },
  password_changed: { subject: 'Your password was changed', paragraphs: ['The password of your account was changed on {{at}}. Sessions on other devices were ended.'], closing: ['If it was not you, reset the password at once by "Forgot password" and contact us.'] },
  sign_in_locked: { subject: 'Too many wrong log-in attempts', paragraphs: ['On {{at}} there were too many wrong attempts to log in to your account. To protect it, it is locked for about {{minutes}} minutes; then you can log in as usual.'], closing: ['If it was not you, your password is still safe. We suggest turning on two-factor authentication.'] },
  invoice_issued: { subject: 'Invoice {{number}} over {{amount}}', paragraphs: ['A new invoice has been issued for you.'], details: [['Invoice', '{{number}}'], ['Total', '{{total}}'], ['Left to pay', '{{amount}}'], ['Due', '{{dueOn}}']], action: openInvoice },
  invoice_reminder: { subject: 'Reminder: invoice {{number}} is due on {{dueOn}}', paragraphs: ['The invoice for {{hostname}} has not been paid yet. Please pay it by the due date, so that the service is not interrupted.'], details: [...invoiceDetails, ...service], action: openInvoice, closing: ['Already paid? Payments are usually booked within minutes; please ignore this reminder.'] },
  invoice_overdue: { subject: 'Invoice {{number}} is overdue', paragraphs: ['The invoice for {{hostname}} was due on {{dueOn}} and has not been paid. If it stays unpaid, the service will be suspended on {{suspendOn}}.'], details: [...invoiceDetails, ...service, ['Suspension', '{{suspendOn}}']], action: openInvoice, closing: ['Already paid? Payments are usually booked within minutes; please ignore this reminder.'] },
  final_notice: { subject: 'Final notice: {{hostname}} will be suspended on {{suspendOn}}', paragraphs: ['Invoice {{number}} is still unpaid. This is the final notice before {{hostname}} is suspended. While suspended, the server is off; your data is kept until {{terminateOn}}, when the service ends and its data is deleted.'], details: [...invoiceDetails, ...service, ['Suspension', '{{suspendOn}}'], ['Termination', '{{terminateOn}}']], action: openInvoice },
  invoice_paid: { subject: 'Payment for invoice {{number}} received', paragraphs: ['Thank you. Invoice {{number}} is paid in full.'], details: [['Invoice', '{{number}}'], ['Total', '{{total}}'], ['Paid on', '{{paidOn}}']], action: { label: 'See the invoice', url: '{{url}}' } },
  payment_to_credit: { subject: '{{amount}} was added to your credit', paragraphs: ['We received {{amount}} for invoice {{number}}, but that invoice is already paid or can no longer be paid. No money is lost: all of it is booked as your credit and will be used for your next invoice.'], action: { label: 'See the invoice', url: '{{url}}' } },
  credit_note_issued: { subject: 'Credit note {{note}} over {{total}} for invoice {{number}}', paragraphs: ['Part or all of invoice {{number}} was taken back by a credit note. What you had paid of it already was added to your credit.'], details: [['Credit note', '{{note}}'], ['Invoice', '{{number}}'], ['Amount, VAT included', '{{total}}'], ['Added to your credit', '{{credit}}'], ['Reason', '{{reason}}']], action: { label: 'See the invoice and the note', url: '{{url}}' } },
  order_expired: { subject: 'Order {{number}} has expired', paragraphs: ['Order {{number}} was not paid in time and expired on {{expiredOn}}. Invoice {{invoice}} is void; you owe nothing. You are welcome to order again at any time.'], action: { label: 'See the order', url: '{{url}}' } },
  service_ready: { subject: '{{hostname}} is ready', paragraphs: ['Your service has been built and checked. The page of the service shows its IP address, user name and initial password.'], details: service, action: openService },
  service_resumed: { subject: '{{hostname}} is active again', paragraphs: ['Your service has been re-activated and its server is running.'], details: service, action: openService },
  service_suspended: { subject: '{{hostname}} is suspended', paragraphs: ['Your service was suspended because of {{reason}}. The server is off; your data is kept.'], details: service, action: openService, closing: ['If an unpaid invoice is the cause, the service comes back by itself as soon as the invoice is paid.'] },
  service_ended: { subject: '{{hostname}} has ended', paragraphs: ['Your service has ended because of {{reason}}.'], details: service, action: openService, closing: ['Thank you for having been our client.'] },
}
