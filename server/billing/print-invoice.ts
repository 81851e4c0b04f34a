import { AppError } from '#shared/errors/codes.ts'
import { toMoneyJson } from '#shared/money/money.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import { creditableLines } from './credit-note.ts'
import { outstandingOf } from './invoice-view.ts'
import type { CreditNotePrinter } from './invoicing-ports.ts'
import type { InvoicePrinter, InvoiceWithClient } from './ports.ts'
import { findVisible } from './show-invoice.ts'
import { isLateFee } from './late-fee.ts'
import type { ReadDeps } from './show-invoice.ts'
import { ublCreditNote, ublInvoice } from './ubl.ts'

export interface DocumentQuery { readonly invoiceId: string, /** The buyer who asks; null: staff. */ readonly clientId: string | null }
interface Document<T> { readonly name: string, readonly content: T }
type Deps = ReadDeps & { readonly percentOf: (rule: string) => bigint | null }

/** An invoice that has documents: a draft has none. @throws AppError not_found */
async function findIssued(deps: ReadDeps, query: DocumentQuery): Promise<InvoiceWithClient & { readonly number: string, readonly issuedAt: Date }> {
  const invoice = await findVisible(deps.read, query)
  const { number, issuedAt } = invoice
  if (invoice.status === 'draft' || number === null || issuedAt === null) throw new AppError('not_found')
  return { ...invoice, number, issuedAt }
}

/** A note of that invoice, and no other. @throws AppError not_found */
async function findNote(deps: ReadDeps, { noteId, ...query }: DocumentQuery & { readonly noteId: string }) {
  const invoice = await findIssued(deps, query)
  const note = await deps.read.creditNotes.find(noteId)
  if (note?.invoiceId !== invoice.id) throw new AppError('not_found')
  return { invoice, note, lines: await deps.read.creditNotes.linesOf(noteId) }
}
const ublContext = (deps: Deps, taxRule: string) => ({ isoDay: deps.rules.calendar.isoDay, percent: deps.percentOf(taxRule), ...(isLateFee({ taxRule }) ? { exemption: 'Denda keterlambatan, bukan penggantian atas penyerahan' } : {}) })

/** The invoice as PDF and the name of its file. Reads, then draws: no transaction is open. @throws AppError not_found */
export const printInvoice = (deps: ReadDeps & { readonly printer: InvoicePrinter }) => async ({ locale, ...query }: DocumentQuery & { readonly locale: Locale }): Promise<Document<Uint8Array>> => {
  const invoice = await findIssued(deps, query)
  const lines = await deps.read.invoices.shownLinesOf(invoice.id)
  const outstanding = outstandingOf(invoice, await deps.read.ledger.outstanding([invoice.id]))
  const credited = await deps.read.creditNotes.creditedOf(invoice.id)
  return { name: `${invoice.number}.pdf`, content: await deps.printer({ invoice, lines, outstanding, credited, locale, zone: deps.rules.calendar.zone }) }
}

/** The invoice as UBL 2.1, as it was issued. @throws AppError not_found */
export const writeInvoiceXml = (deps: Deps) => async (query: DocumentQuery): Promise<Document<string>> => {
  const invoice = await findIssued(deps, query)
  return { name: `${invoice.number}.xml`, content: ublInvoice(invoice, await deps.read.invoices.shownLinesOf(invoice.id), ublContext(deps, invoice.taxRule)) }
}

/** A credit note as PDF. @throws AppError not_found */
export const printCreditNote = (deps: ReadDeps & { readonly notePrinter: CreditNotePrinter }) => async ({ locale, ...query }: DocumentQuery & { readonly noteId: string, readonly locale: Locale }): Promise<Document<Uint8Array>> => {
  const found = await findNote(deps, query)
  return { name: `${found.note.number}.pdf`, content: await deps.notePrinter({ ...found, locale, zone: deps.rules.calendar.zone }) }
}

/** A credit note as UBL 2.1. @throws AppError not_found */
export const writeCreditNoteXml = (deps: Deps) => async (query: DocumentQuery & { readonly noteId: string }): Promise<Document<string>> => {
  const { invoice, note, lines } = await findNote(deps, query)
  return { name: `${note.number}.xml`, content: ublCreditNote(note, lines, invoice, ublContext(deps, invoice.taxRule)) }
}

/** What of an invoice can still be credited, by line and net of discounts. @throws AppError not_found */
export const showCreditable = (deps: ReadDeps) => async (invoiceId: string) => {
  const invoice = await findIssued(deps, { invoiceId, clientId: null })
  const lines = creditableLines(await deps.read.creditNotes.creditedLinesOf(invoice.id))
  return lines.map(({ id, description, amount, left }) => ({ id, description, amount: toMoneyJson(amount), left: toMoneyJson(left) }))
}
