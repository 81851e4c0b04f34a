import type { DueDelivery } from './webhook-ports.ts'
import { isMailTemplate, writeNotice } from './write-letter.ts'

/** The text that is signed and sent: who, and what he is told, ready to pass on in his language. One delivery, one text: it is kept. */
export function webhookPayload({ createdAt, client, mail }: Pick<DueDelivery, 'createdAt' | 'client' | 'mail'>, seller: string): string {
  const { template, locale, params } = mail
  const { title, text } = isMailTemplate(template) ? writeNotice({ locale, template, params }, seller) : { title: template, text: '' }
  const url = params.url ?? null
  return JSON.stringify({
    type: template, timestamp: createdAt.toISOString(),
    data: { client: { ...client, locale }, subject: title, text: [title, text, ...(url ? [url] : [])].filter(Boolean).join('\n'), url, params },
  })
}
