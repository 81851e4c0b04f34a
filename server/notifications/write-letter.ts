import type { Locale } from '#shared/vocabulary/catalog.ts'
import { mailTemplates } from '#shared/vocabulary/mails.ts'
import type { MailTemplate } from '#shared/vocabulary/mails.ts'
import type { LetterText } from './letter-text.ts'
import type { Letter, QueuedMail } from './ports.ts'
import * as en from './templates/en.ts'
import * as id from './templates/id.ts'

const languages: Record<Locale, typeof id> = { id, en }
export const isMailTemplate = (name: string): name is MailTemplate => mailTemplates.some(template => template === name)

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, letter => `&#${letter.charCodeAt(0)};`)
const asIs = (text: string) => text
/** Fills each hole once; what a value brings is never looked at again. */
const fill = (text: string, values: Readonly<Record<string, string>>, treat: (text: string) => string) =>
  text.split(/(\{\{\w+\}\})/).map((part, i) => i % 2 === 1 ? treat(values[part.slice(2, -2)] ?? '') : treat(part)).join('')
/** One line: a value cannot add a header. */
const oneLine = (text: string) => [...text].map(letter => letter.charCodeAt(0) < 32 || letter.charCodeAt(0) === 127 ? ' ' : letter).join('').trim().slice(0, 200)
const isWebAddress = (url: string) => /^https?:\/\/[^\s"<>]+$/i.test(url)

function plainText(text: LetterText, filled: (part: string) => string, frame: typeof id.frame): string {
  const blocks = [
    filled(frame.greeting), ...text.paragraphs.map(filled),
    ...(text.code ? [`    ${filled(text.code)}`] : []),
    ...(text.details ? [text.details.map(([label, value]) => `${label}: ${filled(value)}`).join('\n')] : []),
    ...(text.action && isWebAddress(filled(text.action.url)) ? [`${text.action.label}:\n${filled(text.action.url)}`] : []),
    ...(text.closing ?? []).map(filled), filled(frame.signature),
  ]
  return `${blocks.join('\n\n')}\n`
}

function html(text: LetterText, filled: (part: string) => string, frame: typeof id.frame, locale: Locale, subject: string): string {
  const paragraph = (part: string) => `<p style="margin:0 0 16px">${filled(part).replaceAll('\n', '<br>')}</p>`
  const row = ([label, value]: readonly [string, string]) => `<tr><td style="padding:6px 16px 6px 0;color:#52606d;vertical-align:top">${escapeHtml(label)}</td><td style="padding:6px 0;font-weight:600">${filled(value)}</td></tr>`
  const url = text.action ? filled(text.action.url) : ''
  const body = [
    paragraph(frame.greeting), ...text.paragraphs.map(paragraph),
    text.code ? `<p style="margin:0 0 16px;font:700 32px/1.2 ui-monospace,Menlo,Consolas,monospace;letter-spacing:8px">${filled(text.code)}</p>` : '',
    text.details ? `<table role="presentation" style="margin:0 0 20px;border-collapse:collapse;font-size:15px">${text.details.map(row).join('')}</table>` : '',
    text.action && isWebAddress(url) ? `<p style="margin:0 0 20px"><a href="${url}" style="display:inline-block;padding:10px 18px;border-radius:8px;background:#0e6954;color:#ffffff;text-decoration:none;font-weight:600">${escapeHtml(text.action.label)}</a></p>` : '',
    ...(text.closing ?? []).map(paragraph), paragraph(frame.signature),
  ].join('')
  return `<!doctype html><html lang="${locale}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(subject)}</title></head><body style="margin:0;padding:24px 12px;background:#f4f6f8"><div style="max-width:560px;margin:0 auto;padding:28px;border-radius:12px;background:#ffffff;color:#1f2933;font:16px/1.6 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif">${body}</div><p style="max-width:560px;margin:12px auto 0;color:#52606d;font:13px/1.5 system-ui,sans-serif;text-align:center">${filled(frame.automatic)}</p></body></html>`
}

/**
 * The letter that a queued mail becomes, in its reader's language, as text and as HTML. Values are escaped in HTML, never evaluated, and
 * cannot break out of the subject's line; an address that is not http(s) gets no link.
 */
export function writeLetter(mail: Pick<QueuedMail, 'id' | 'recipient' | 'locale' | 'params'> & { readonly template: MailTemplate }, seller: string): Letter {
  const { frame } = languages[mail.locale]
  const { text, values } = textOf(mail, seller)
  const subject = oneLine(fill(text.subject, values, asIs))
  return { id: mail.id, to: mail.recipient, subject, text: plainText(text, part => fill(part, values, asIs), frame), html: html(text, part => fill(part, values, escapeHtml), frame, mail.locale, subject) }
}

type Written = Pick<QueuedMail, 'locale' | 'params'> & { readonly template: MailTemplate }

/** The same letter as the portal shows it: what it says, without greeting, button and signature. Plain text: whoever shows it escapes it. */
export function writeNotice(mail: Written, seller: string): { readonly title: string, readonly text: string } {
  const { text, values } = textOf(mail, seller)
  return { title: oneLine(fill(text.subject, values, asIs)), text: text.paragraphs.map(part => fill(part, values, asIs)).join('\n') }
}

/** The text of a mail in its reader's language, and what fills its holes. */
function textOf(mail: Written, seller: string): { readonly text: LetterText, readonly values: Readonly<Record<string, string>> } {
  const { texts, words } = languages[mail.locale]
  const whole = texts[mail.template !== 'invoice_reminder' || !mail.params.overdue ? mail.template : mail.params.overdue === 'work' ? 'work_overdue' : 'invoice_overdue']
  const { reason } = mail.params
  const values = { ...mail.params, ...(reason === undefined ? {} : { reason: words[reason] ?? reason }), seller }
  // Who owes no late fee reads nothing of one.
  const text: LetterText = whole.details ? { ...whole, details: whole.details.filter(([, value]) => value !== '{{lateFee}}' || mail.params.lateFee) } : whole
  return { text, values }
}
