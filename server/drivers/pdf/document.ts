import type { Content, TableCell, TDocumentDefinitions } from 'pdfmake/interfaces.js'
import en from '#i18n/en/documents.json' with { type: 'json' }
import id from '#i18n/id/documents.json' with { type: 'json' }
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { Party } from '#server/billing/ports.ts'

/** What the documents that Gardu draws have in common. */
export const texts = { id: id.documents, en: en.documents }
const tags = { id: 'id-ID', en: 'en-GB' } as const

/** pdfmake with its fonts in memory: they come as a JavaScript module, so a bundled server needs no file beside it. Loaded at the first use. */
let maker: Promise<typeof import('pdfmake')> | null = null
const loadMaker = () => maker ??= load()
async function load() {
  const [{ default: pdfmake }, { default: fonts }] = await Promise.all([import('pdfmake'), import('pdfmake/build/vfs_fonts.js')])
  const { virtualfs } = pdfmake as unknown as { virtualfs: { writeFileSync(name: string, content: Buffer): void } }
  for (const [name, content] of Object.entries(fonts)) virtualfs.writeFileSync(name, Buffer.from(String(content), 'base64'))
  pdfmake.setFonts({ Roboto: { normal: 'Roboto-Regular.ttf', bold: 'Roboto-Medium.ttf', italics: 'Roboto-Italic.ttf', bolditalics: 'Roboto-MediumItalic.ttf' } })
  // A document is made of what it is given: nothing is fetched or read while it is drawn.
  pdfmake.setUrlAccessPolicy(() => false)
  pdfmake.setLocalAccessPolicy(() => false)
  return pdfmake
}
export const draw = async (definition: TDocumentDefinitions): Promise<Uint8Array> => (await loadMaker()).createPdf(definition).getBuffer()

/** Made once: an invoice has many days. */
const dayFormats = new Map<string, Intl.DateTimeFormat>()
export function day(at: Date | null, locale: Locale, zone: string): string {
  if (!at) return '–'
  const key = `${locale} ${zone}`
  const format = dayFormats.get(key) ?? new Intl.DateTimeFormat(tags[locale], { day: 'numeric', month: 'short', year: 'numeric', timeZone: zone })
  dayFormats.set(key, format)
  return format.format(at)
}
export const right = (text: string, bold = false): TableCell => ({ text, alignment: 'right', bold, noWrap: true })
export const taxName = (rule: string, locale: Locale) => Object.entries(texts[locale].invoice.taxRules).find(([name]) => name === rule)?.[1] ?? `PPN (${rule})`

const party = (heading: string, { name, address, email, phone, npwp, nik }: Party): Content => ({
  stack: [
    { text: heading, style: 'label' }, { text: name, bold: true }, ...[address, email, phone, npwp && `NPWP ${npwp}`, nik && `NIK ${nik}`].flatMap(line => line ? [{ text: line }] : []),
  ],
})
export const parties = (seller: Party, buyer: Party, locale: Locale): Content => ({ columns: [party(texts[locale].invoice.seller, seller), party(texts[locale].invoice.buyer, buyer)], columnGap: 24, margin: [0, 20, 0, 20] })

/** Title with what is said under it, and the facts beside them. */
export const heading = (title: string, below: string, facts: readonly (readonly [string, string])[]): Content => ({
  columns: [[{ text: title, style: 'title' }, { text: below, style: 'note' }], { width: 'auto', table: { body: facts.map(([name, value]) => [{ text: name, color: '#64748b' }, right(value, true)]) }, layout: 'noBorders' }],
})
export const sums = (rows: TableCell[][]): Content => ({ columns: [{ width: '*', text: '' }, { width: 'auto', table: { body: rows }, layout: 'noBorders' }], margin: [0, 16, 0, 0] })

/** Reading a font's kerning anew for each document takes more than half of drawing it, and is not seen at this size. An object takes features away, which the types do not tell. */
const unkerned = () => ({ kern: false, mark: false, mkmk: false, curs: false })

/** An A4 page with what every document of ours carries; `foot` stands at the bottom of each page. */
export const page = (frame: { readonly title: string, readonly author: string, readonly foot: string, readonly locale: Locale }, content: Content[]): TDocumentDefinitions => ({
  pageSize: 'A4', pageMargins: [48, 48, 48, 64], defaultStyle: { font: 'Roboto', fontSize: 9.5, lineHeight: 1.25, fontFeatures: unkerned() as never },
  styles: { title: { fontSize: 20, bold: true }, label: { fontSize: 8, color: '#64748b' }, note: { fontSize: 8.5, italics: true, color: '#475569' } },
  info: { title: frame.title, author: frame.author },
  footer: (number, pages) => ({ columns: [{ text: frame.foot, style: 'note' }, { text: texts[frame.locale].invoice.page.replace('{page}', String(number)).replace('{pages}', String(pages)), alignment: 'right', style: 'label' }], margin: [48, 24, 48, 0] }),
  content,
})
