import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { MailTemplate } from '#shared/vocabulary/mails.ts'

/**
 * Queues a mail in the current transaction; SMTP is spoken later by a job. `dedupeKey` names the cause: a second mail of the same key is
 * dropped. `params` are the template's values, already formatted for the reader.
 */
export interface MailRequest { dedupeKey: string, userId: string | null, recipient: string, locale: Locale, template: MailTemplate, params: Record<string, string> }
export interface MailOutbox { queue(mail: MailRequest): Promise<void> }
