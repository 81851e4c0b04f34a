import type { TableCell, TDocumentDefinitions } from 'pdfmake/interfaces.js'
import { formatMoney, isZero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { CreditNotePrinter } from '#server/billing/invoicing-ports.ts'
import { day, draw, heading, page, parties, right, sums, taxName, texts } from './document.ts'

type Document = Parameters<CreditNotePrinter>[0]

/** Draws a credit note as PDF, with the invoice that it takes back and what became of the money. */
export const drawCreditNote: CreditNotePrinter = async document => draw(noteLayout(document))

export function noteLayout({ note, lines, invoice, locale, zone }: Document): TDocumentDefinitions {
  const t = texts[locale].creditNote
  const words = texts[locale].invoice
  const line = (name: string, amount: Money, bold = false): TableCell[] => [{ text: name, bold }, right(formatMoney(amount), bold)]
  const below = t.ofInvoice.replace('{number}', invoice.number ?? '').replace('{day}', day(invoice.issuedAt, locale, zone))
  return page({ title: `${t.title} ${note.number}`, author: invoice.seller.name, foot: t.notTaxNote, locale }, [
    heading(t.title, below, [[words.number, note.number], [words.issued, day(note.issuedAt, locale, zone)]]),
    parties(invoice.seller, invoice.buyer, locale),
    { text: [{ text: `${t.reason}: `, bold: true }, note.reason], margin: [0, 0, 0, 12] },
    { table: { headerRows: 1, dontBreakRows: true, widths: ['*', 'auto'], body: [[{ text: words.description, bold: true }, right(words.amount, true)], ...lines.map(item => [{ text: item.description }, right(formatMoney(item.amount))])] }, layout: 'lightHorizontalLines' },
    sums([
      line(words.taxable, note.taxable), ...(isZero(note.tax) ? [] : [...(note.dpp.amount === note.taxable.amount ? [] : [line(words.dpp, note.dpp)]), line(taxName(invoice.taxRule, locale), note.tax)]), line(words.total, note.total, true),
      ...(isZero(note.toInvoice) ? [] : [line(t.toInvoice, note.toInvoice)]), ...(isZero(note.toCredit) ? [] : [line(t.toCredit, note.toCredit)]),
    ]),
  ])
}
