import type { InvoiceStatus } from '#shared/vocabulary/billing.ts'
import type { PageRequest } from '../kernel/ports.ts'
import { outstandingOf, toSummary } from './invoice-view.ts'
import { isLateFee } from './late-fee.ts'
import type { ReadDeps } from './show-invoice.ts'

export interface InvoiceListQuery extends PageRequest { readonly clientId?: string | undefined, readonly status?: InvoiceStatus | undefined, readonly overdue?: boolean | undefined, readonly q?: string | undefined }

/** A page of invoices, newest first, each with its client; what is owed is read for the whole page at once. A client's own list has no drafts. */
export const listInvoices = (deps: ReadDeps) => async ({ overdue, ...filter }: InvoiceListQuery) => {
  const now = deps.clock.now()
  const page = await deps.read.invoices.list({ ...filter, overdueAt: overdue ? now : undefined, issuedOnly: filter.clientId !== undefined })
  const owed = await deps.read.ledger.outstanding(page.items.map(invoice => invoice.id))
  const late = await deps.read.lateFees.numbersOf(page.items.filter(isLateFee).map(invoice => invoice.id))
  return { ...page, items: page.items.map(invoice => ({ ...toSummary(invoice, outstandingOf(invoice, owed), now, late.get(invoice.id)), clientId: invoice.clientId, clientName: invoice.clientName })) }
}
