import { formatMoney } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { localizedPath } from '#shared/navigation/localized-path.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { MailTemplate } from '#shared/vocabulary/mails.ts'
import type { MailParams, MailRequest } from '../notifications/ports.ts'
import type { BillingDeps } from './deps.ts'
import type { BilledClient, BillingStores } from './ports.ts'

const languageTag = { id: 'id-ID', en: 'en-GB' } as const
/** `22 Nov 2026` in the reader's language and the business zone. */
export const formatDay = (at: Date, locale: Locale, zone: string): string => dayFormat(locale, zone).format(at)
/** Made once: to make one costs more than to write a mail. */
const dayFormats = new Map<string, Intl.DateTimeFormat>()
function dayFormat(locale: Locale, zone: string): Intl.DateTimeFormat {
  const key = `${locale} ${zone}`
  const format = dayFormats.get(key) ?? new Intl.DateTimeFormat(languageTag[locale], { day: 'numeric', month: 'short', year: 'numeric', timeZone: zone })
  dayFormats.set(key, format)
  return format
}
export const formatMoment = (at: Date, locale: Locale, zone: string): string =>
  new Intl.DateTimeFormat(languageTag[locale], { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zone, timeZoneName: 'short' }).format(at)

/** Values of a mail before they are formatted for their reader: instants become days, money becomes `Rp 1.250.000`. */
export interface BillingMail<T extends MailTemplate> {
  readonly template: T
  /** Names the cause; a second mail of the same key is dropped. */
  readonly key: string
  /** Below the reader's own language: `/portal/invoices/…`. */
  readonly path: string
  /** Of a reminder or final notice: the terms of its services say which webhook endpoints are told. */
  readonly invoiceId?: string
  /** All that the template names; `name` and `url` are filled in here. */
  readonly values: Readonly<Record<Exclude<keyof MailParams<T>, 'name' | 'url'>, string | Date | Money>>
}

type ClientMail<T extends MailTemplate> = BillingMail<T> & { readonly clientId: string }
/** Queues a mail to a client in the current transaction. */
export async function queueMail<T extends MailTemplate>(deps: BillingDeps, stores: BillingStores, mail: ClientMail<T>): Promise<void> {
  await queueMails(deps, stores, [mail])
}

/** Queues mails to clients in the current transaction, in as many statements for many as for one. Who is no client any more gets none. */
export async function queueMails<T extends MailTemplate>(deps: BillingDeps, stores: BillingStores, mails: readonly ClientMail<T>[]): Promise<void> {
  const clients = await stores.billedClients.findMany([...new Set(mails.map(mail => mail.clientId))])
  await stores.mail.queue(...mails.flatMap((mail) => {
    const client = clients.get(mail.clientId)
    return client ? [mailTo<T>(deps, client, mail)] : []
  }))
}

/** A mail in its reader's language. */
export function mailTo<T extends MailTemplate>(deps: Pick<BillingDeps, 'rules' | 'baseUrl'>, client: BilledClient, mail: BillingMail<T>): MailRequest {
  const { zone } = deps.rules.calendar
  const format = (value: string | Date | Money) => typeof value === 'string' ? value : value instanceof Date ? formatDay(value, client.locale, zone) : formatMoney(value)
  return {
    dedupeKey: mail.key, userId: client.clientId, recipient: client.email, locale: client.locale, template: mail.template, ...(mail.invoiceId ? { invoiceId: mail.invoiceId } : {}),
    params: { name: client.name, url: `${deps.baseUrl}${localizedPath(client.locale, mail.path)}`, ...Object.fromEntries(Object.entries<string | Date | Money>(mail.values).map(([name, value]) => [name, format(value)])) },
  }
}
