import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mailParams } from '#server/notifications/ports.ts'
import * as en from '#server/notifications/templates/en.ts'
import * as id from '#server/notifications/templates/id.ts'
import { writeLetter } from '#server/notifications/write-letter.ts'
import { endReasons, suspensionReasons } from '#shared/vocabulary/billing.ts'
import { mailTemplates } from '#shared/vocabulary/mails.ts'
import type { MailTemplate } from '#shared/vocabulary/mails.ts'

const locales = ['id', 'en'] as const
const letter = (template: MailTemplate, locale: 'id' | 'en', over: Record<string, string> = {}) => writeLetter({
  id: 'm1', recipient: 'budi@contoh.test', locale, template,
  params: { ...Object.fromEntries(mailParams[template].map(name => [name, /url$/i.test(name) ? `https://gardu.test/${name}` : name === 'overdue' ? '' : `<${name}>`])), ...over },
}, 'PT Gardu')
const holes = (value: unknown) => [...JSON.stringify(value).matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name)

describe('letters', () => {
  it.each(mailTemplates)('%s: both languages ask for nothing but what the template is given', (template) => {
    for (const { texts } of [id, en]) expect([...mailParams[template], 'seller']).toEqual(expect.arrayContaining(holes(texts[template])))
    expect(holes(id.texts[template]).toSorted()).toEqual(holes(en.texts[template]).toSorted())
  })

  it.each(mailTemplates.flatMap(template => locales.map(locale => [template, locale] as const)))('%s in %s is complete as text and as HTML', (template, locale) => {
    const { subject, text, html } = letter(template, locale)
    for (const part of [subject, text, html]) expect(part).not.toMatch(/\{\{|undefined|\[object/)
    expect(subject.length).toBeGreaterThan(8)
    expect(text).toContain('<name>')
    expect(html).not.toContain('<name>')
    for (const name of mailParams[template].filter(name => /url$/i.test(name))) {
      expect(text).toContain(`https://gardu.test/${name}`)
      expect(html).toContain(`href="https://gardu.test/${name}"`)
    }
  })

  it('every reason has words in both languages', () => {
    for (const { words } of [id, en]) expect(Object.keys(words)).toEqual(expect.arrayContaining([...suspensionReasons, ...endReasons]))
    expect(letter('service_suspended', 'id', { reason: 'nonpayment' }).text).toContain('tagihan yang belum dibayar')
  })

  it('an overdue invoice is called overdue, one before its date is not', () => {
    expect(letter('invoice_reminder', 'en', { overdue: 'yes' }).subject).toContain('overdue')
    expect(letter('invoice_reminder', 'en').subject).toContain('is due on')
  })

  // CVE-2026-28496: values were evaluated by the template engine.
  it.each(['{{code}}', '{{{code}}}', '{{constructor.constructor("x")()}}', '${code}', '<%= code %>', '{% raw %}', '#{7*7}', '{{#each x}}'])('attack: template injection (CVE-2026-28496) by a name stays text: %s', (name) => {
    const { text, html } = letter('verify_email', 'id', { name, code: '482910' })
    expect(text).toContain(`Halo ${name},`)
    expect(text.match(/482910/g)).toHaveLength(1)
    expect(html.match(/482910/g)).toHaveLength(2)
  })

  it('attack: no value makes an element, an attribute or a second line of the subject', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('<', '>', '"', '\'', '&', '\n', '\r', 'a', '{', '}') }), (nasty) => {
      const { subject, html } = letter('invoice_issued', 'id', { number: nasty, name: nasty })
      expect(subject).not.toMatch(/[\r\n]/)
      const elements = (document: string) => (document.match(/<[a-z!/][^>]*>/gi) ?? []).filter(element => element !== '<br>')
      expect(elements(html)).toEqual(elements(letter('invoice_issued', 'id', { number: 'a', name: 'a' }).html))
    }))
  })

  it('attack: an address that is not http(s) gets no link', () => {
    for (const url of ['javascript:alert(1)', 'https://x" onclick="y', 'data:text/html,x', '']) expect(letter('invoice_issued', 'id', { url }).html).not.toContain('<a ')
  })
})
