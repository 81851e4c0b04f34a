import type { Content, TableCell, TDocumentDefinitions } from 'pdfmake/interfaces.js'
import en from '#i18n/en/documents.json' with { type: 'json' }
import id from '#i18n/id/documents.json' with { type: 'json' }
import { formatMoney, isZero, subtract } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { InvoiceLine, InvoicePrinter, Party } from '#server/billing/ports.ts'

const texts = { id: id.documents.invoice, en: en.documents.invoice }
const tags = { id: 'id-ID', en: 'en-GB' } as const
type Document = Parameters<InvoicePrinter>[0]

/** pdfmake with its fonts in memory: they come as a JavaScript module, so a bundled server needs no file beside it. Loaded at the first use. */
let maker: Promise<typeof import('pdfmake')> | null = null
const loadMaker = () => maker ??= load()
async function load() {
  const [{ default: pdfmake }, { default: fonts }] = await Promise.all([import('pdfmake'), import('pdfmake/build/vfs_fonts.js')])
  const { virtualfs } = pdfmake as unknown as { virtualfs: { writeFileSync(name: string, content: Buffer): void } }
  for (const [name, content] of Object.entries(fonts)) virtualfs.writeFileSync(name, Buffer.from(String(content), 'base64'))
  pdfmake.setFonts({ Roboto: { normal: 'Roboto-Regular.ttf', bold: 'Roboto-Medium.ttf', italics: 'Roboto-Italic.ttf', bolditalics: 'Roboto-MediumItalic.ttf' } })
  // An invoice is made of what it is given: nothing is fetched or read while it is drawn.
  pdfmake.setUrlAccessPolicy(() => false)
  pdfmake.setLocalAccessPolicy(() => false)
  return pdfmake
}

/** Draws an invoice as PDF (A4, Indonesian or English). It says that it is no faktur pajak: the number of one comes from Coretax, never from us. */
export const drawInvoice: InvoicePrinter = async (document) => {
  const pdfmake = await loadMaker()
  return pdfmake.createPdf(layout(document)).getBuffer()
}

const day = (at: Date | null, locale: Locale, zone: string) => at ? new Intl.DateTimeFormat(tags[locale], { day: 'numeric', month: 'short', year: 'numeric', timeZone: zone }).format(at) : '–'
const right = (text: string, bold = false): TableCell => ({ text, alignment: 'right', bold, noWrap: true })

const party = (heading: string, { name, address, email, phone, npwp, nik }: Party): Content => ({
  stack: [
    { text: heading, style: 'label' }, { text: name, bold: true }, ...[address, email, phone, npwp && `NPWP ${npwp}`, nik && `NIK ${nik}`].flatMap(line => line ? [{ text: line }] : []),
  ],
})

export function layout({ invoice, lines, outstanding, locale, zone }: Document): TDocumentDefinitions {
  const t = texts[locale]
  const facts: [string, string][] = [[t.number, invoice.number ?? '–'], [t.issued, day(invoice.issuedAt, locale, zone)], [t.due, day(invoice.dueAt, locale, zone)], [t.status, t.statuses[invoice.status]], ...(invoice.paidAt ? [[t.paidOn, day(invoice.paidAt, locale, zone)] as [string, string]] : [])]
  return {
    pageSize: 'A4', pageMargins: [48, 48, 48, 64], defaultStyle: { font: 'Roboto', fontSize: 9.5, lineHeight: 1.25 },
    styles: { title: { fontSize: 20, bold: true }, label: { fontSize: 8, color: '#64748b' }, note: { fontSize: 8.5, italics: true, color: '#475569' } },
    info: { title: `${t.title} ${invoice.number ?? ''}`, author: invoice.seller.name },
    footer: (page, pages) => ({ columns: [{ text: t.notTaxInvoice, style: 'note' }, { text: t.page.replace('{page}', String(page)).replace('{pages}', String(pages)), alignment: 'right', style: 'label' }], margin: [48, 24, 48, 0] }),
    content: [
      { columns: [[{ text: t.title, style: 'title' }, { text: t.notTaxInvoice, style: 'note' }], { width: 'auto', table: { body: facts.map(([name, value]) => [{ text: name, color: '#64748b' }, right(value, true)]) }, layout: 'noBorders' }] },
      { columns: [party(t.seller, invoice.seller), party(t.buyer, invoice.buyer)], columnGap: 24, margin: [0, 20, 0, 20] },
      { table: { headerRows: 1, widths: ['*', 'auto', 'auto'], body: [[{ text: t.description, bold: true }, { text: t.period, bold: true }, right(t.amount, true)], ...lines.map(line => row(line, locale, zone))] }, layout: 'lightHorizontalLines' },
      { columns: [{ width: '*', text: '' }, { width: 'auto', table: { body: totals({ invoice, outstanding, locale }) }, layout: 'noBorders' }], margin: [0, 16, 0, 0] },
    ],
  }
}

function row(line: InvoiceLine, locale: Locale, zone: string): TableCell[] {
  const name = line.kind === 'setup' ? texts[locale].setup.replace('{name}', line.description) : line.kind === 'discount' ? `${texts[locale].discount}: ${line.description}` : line.description
  const period = line.periodStart && line.periodEnd ? `${day(line.periodStart, locale, zone)} – ${day(line.periodEnd, locale, zone)}` : ''
  return [{ text: name }, { text: period, noWrap: true }, right(formatMoney(line.amount))]
}

const taxName = (rule: string, locale: Locale) => Object.entries(texts[locale].taxRules).find(([name]) => name === rule)?.[1] ?? `PPN (${rule})`

function totals({ invoice, outstanding, locale }: Pick<Document, 'invoice' | 'outstanding' | 'locale'>): TableCell[][] {
  const t = texts[locale]
  const line = (name: string, amount: Money, bold = false): TableCell[] => [{ text: name, bold }, right(formatMoney(amount), bold)]
  const taxed = invoice.taxRule !== 'not-pkp' && invoice.taxRule !== 'deposit'
  const paid = subtract(invoice.total, outstanding)
  return [
    line(t.subtotal, invoice.subtotal),
    ...(isZero(invoice.discount) ? [] : [line(t.discount, { ...invoice.discount, amount: -invoice.discount.amount })]),
    ...(taxed ? [line(t.taxable, invoice.taxable), ...(invoice.dpp.amount === invoice.taxable.amount ? [] : [line(t.dpp, invoice.dpp)]), line(taxName(invoice.taxRule, locale), invoice.tax)] : []),
    line(t.total, invoice.total, true),
    ...(invoice.status === 'issued' && !isZero(paid) ? [line(t.paid, paid)] : []),
    ...(invoice.status === 'issued' ? [line(t.outstanding, outstanding, true)] : []),
  ]
}
