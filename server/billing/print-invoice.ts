import type { Locale } from '#shared/vocabulary/catalog.ts'
import { outstandingOf } from './invoice-view.ts'
import type { InvoicePrinter } from './ports.ts'
import { findVisible } from './show-invoice.ts'
import type { ReadDeps } from './show-invoice.ts'

/** The invoice as PDF and the name of its file. Reads, then draws: no transaction is open. @throws AppError not_found */
export const printInvoice = (deps: ReadDeps & { readonly printer: InvoicePrinter }) => async ({ invoiceId, clientId, locale }: { readonly invoiceId: string, readonly clientId: string | null, readonly locale: Locale }): Promise<{ name: string, content: Uint8Array }> => {
  const invoice = await findVisible(deps.read, { invoiceId, clientId })
  const lines = await deps.read.invoices.shownLinesOf(invoiceId)
  const outstanding = outstandingOf(invoice, await deps.read.ledger.outstanding([invoiceId]))
  return { name: `${invoice.number ?? invoice.id}.pdf`, content: await deps.printer({ invoice, lines, outstanding, locale, zone: deps.rules.calendar.zone }) }
}
