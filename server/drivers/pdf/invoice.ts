import type { Content, TableCell, TDocumentDefinitions } from 'pdfmake/interfaces.js'
import { formatMoney, isZero, subtract } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { needsStampDuty } from '#shared/money/stamp-duty.ts'
import { isDiscount } from '#shared/vocabulary/billing.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { InvoiceLine, InvoicePrinter } from '#server/billing/ports.ts'
import { day, draw, heading, page, parties, right, sums, taxName, texts } from './document.ts'

type Document = Parameters<InvoicePrinter>[0]

/** Draws an invoice as PDF (A4, Indonesian or English). It says that it is no faktur pajak unless the number that Coretax gave is attached. */
export const drawInvoice: InvoicePrinter = async document => draw(layout(document))

export function layout({ invoice, lines, outstanding, credited, locale, zone }: Document): TDocumentDefinitions {
  const t = texts[locale].invoice
  const facts: [string, string][] = [[t.number, invoice.number ?? '–'], [t.issued, day(invoice.issuedAt, locale, zone)], [t.due, day(invoice.dueAt, locale, zone)], [t.status, t.statuses[invoice.status]], ...(invoice.paidAt ? [[t.paidOn, day(invoice.paidAt, locale, zone)] as [string, string]] : [])]
  const tax = invoice.taxInvoiceNumber ? t.taxInvoice.replace('{number}', invoice.taxInvoiceNumber) : t.notTaxInvoice
  return page({ title: `${t.title} ${invoice.number ?? ''}`, author: invoice.seller.name, foot: tax, locale }, [
    heading(t.title, tax, facts),
    parties(invoice.seller, invoice.buyer, locale),
    { table: { headerRows: 1, dontBreakRows: true, widths: ['*', 'auto', 'auto'], body: [[{ text: t.description, bold: true }, { text: t.period, bold: true }, right(t.amount, true)], ...lines.map(line => row(line, locale, zone))] }, layout: 'lightHorizontalLines' },
    sums(totals({ invoice, outstanding, credited, locale })),
    ...closing({ invoice, locale }),
  ])
}

function row(line: InvoiceLine, locale: Locale, zone: string): TableCell[] {
  const t = texts[locale].invoice
  const name = line.kind === 'setup' ? t.setup.replace('{name}', line.description) : isDiscount(line.kind) ? `${t.discount}: ${line.description}` : line.description
  const quantity = line.quantity ?? 1
  const each = quantity === 1 ? '' : `\n${quantity} × ${formatMoney({ ...line.amount, amount: line.amount.amount / BigInt(quantity) })}`
  const period = line.periodStart && line.periodEnd ? `${day(line.periodStart, locale, zone)} – ${day(line.periodEnd, locale, zone)}` : ''
  return [{ text: `${name}${each}` }, { text: period, noWrap: true }, right(formatMoney(line.amount))]
}

function totals({ invoice, outstanding, credited, locale }: Pick<Document, 'invoice' | 'outstanding' | 'credited' | 'locale'>): TableCell[][] {
  const t = texts[locale].invoice
  const line = (name: string, amount: Money, bold = false): TableCell[] => [{ text: name, bold }, right(formatMoney(amount), bold)]
  const taxed = invoice.taxRule !== 'not-pkp' && invoice.taxRule !== 'deposit' && invoice.taxRule !== 'late-fee'
  const paid = subtract(subtract(invoice.total, credited.toInvoice), outstanding)
  return [
    line(t.subtotal, invoice.subtotal),
    ...(isZero(invoice.discount) ? [] : [line(t.discount, { ...invoice.discount, amount: -invoice.discount.amount })]),
    ...(taxed ? [line(t.taxable, invoice.taxable), ...(invoice.dpp.amount === invoice.taxable.amount ? [] : [line(t.dpp, invoice.dpp)]), line(taxName(invoice.taxRule, locale), invoice.tax)] : []),
    line(t.total, invoice.total, true),
    ...(isZero(credited.total) ? [] : [line(t.credited, { ...credited.total, amount: -credited.total.amount })]),
    ...(invoice.status === 'issued' && !isZero(paid) ? [line(t.paid, paid)] : []),
    ...(invoice.status === 'issued' ? [line(t.outstanding, outstanding, true)] : []),
  ]
}

/** The seller's note, the terms, and what the law wants said of large sums. */
function closing({ invoice, locale }: Pick<Document, 'invoice' | 'locale'>): Content[] {
  const t = texts[locale].invoice
  return [
    ...(invoice.note ? [{ text: invoice.note, margin: [0, 16, 0, 0] as [number, number, number, number] }] : []),
    { text: t.terms, style: 'note', margin: [0, 16, 0, 0] },
    ...(needsStampDuty(invoice.total) ? [{ text: t.stampDuty, style: 'note', margin: [0, 4, 0, 0] as [number, number, number, number] }] : []),
  ]
}
