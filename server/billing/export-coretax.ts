import { shiftMonth } from '#shared/calendar/month.ts'
import { AppError, fieldError } from '#shared/errors/codes.ts'
import { toMoneyJson } from '#shared/money/money.ts'
import type { CoretaxLack } from '#shared/vocabulary/invoicing.ts'
import { writeXml, xmlHead } from '#shared/text/xml.ts'
import { lacksOf, taxInvoice, tinOf } from './coretax.ts'
import type { BillingDeps } from './deps.ts'
import type { TaxedInvoice } from './invoicing-ports.ts'
import type { BillingStores } from './ports.ts'

type Deps = BillingDeps & { readonly read: BillingStores, readonly percentOf: (rule: string) => bigint | null }
const batch = 200
/** More are counted, not named: Finance mends these first. */
const shownAtMost = 200

/** The month `2026-11` in the business zone. @throws AppError invalid_input for one that has not begun */
function monthOf(deps: Deps, month: string): { from: Date, to: Date } {
  const { calendar } = deps.rules
  const from = calendar.startOfDay(`${month}-01`)
  if (from > deps.clock.now()) throw fieldError('month', 'month_in_future')
  return { from, to: calendar.startOfDay(`${shiftMonth(month, 1)}-01`) }
}

/** All invoices of a month that carry PPN, one page in memory. */
async function* taxedInvoices(deps: Deps, month: string): AsyncGenerator<TaxedInvoice> {
  const period = monthOf(deps, month)
  let after: { issuedAt: Date, id: string } | null = null
  for (;;) {
    const found: TaxedInvoice[] = await deps.read.taxDocuments.taxedInvoices({ ...period, after, limit: batch })
    yield* found
    const last = found.at(-1)?.invoice
    if (found.length < batch || !last?.issuedAt) return
    after = { issuedAt: last.issuedAt, id: last.id }
  }
}

/** What the file of a month would hold, and which invoices it must leave out, each with what it lacks. @throws AppError invalid_input */
export const checkCoretax = (deps: Deps) => async ({ month }: { readonly month: string }) => {
  let [ready, tax, lacking] = [0, 0n, 0]
  const missing: { invoiceId: string, number: string, clientName: string, lacks: CoretaxLack[] }[] = []
  for await (const taxed of taxedInvoices(deps, month)) {
    const lacks = lacksOf(taxed, deps.percentOf)
    const { invoice } = taxed
    if (lacks.length === 0) [ready, tax] = [ready + 1, tax + invoice.tax.amount]
    else if (++lacking <= shownAtMost) missing.push({ invoiceId: invoice.id, number: invoice.number ?? '', clientName: invoice.buyer.name, lacks })
  }
  return { month, sellerTin: tinOf(deps.seller.npwp), ready, tax: toMoneyJson({ amount: tax, currency: 'IDR' }), lacking, missing }
}

/**
 * The Coretax bulk file of a month, piece by piece; the month and the seller are checked before the first piece. What lacks something is left
 * out. @throws AppError seller_tax_id_missing, invalid_input
 */
export const exportCoretax = (deps: Deps) => ({ month }: { readonly month: string }): AsyncGenerator<string> => {
  const sellerTin = tinOf(deps.seller.npwp)
  if (!sellerTin) throw new AppError('seller_tax_id_missing')
  monthOf(deps, month)
  return write(deps, month, sellerTin)
}

async function* write(deps: Deps, month: string, sellerTin: string): AsyncGenerator<string> {
  const context = { isoDay: deps.rules.calendar.isoDay, sellerTin, percentOf: deps.percentOf }
  yield `${xmlHead}<TaxInvoiceBulk xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="TaxInvoice.xsd">\n${writeXml(['TIN', sellerTin], '  ')}  <ListOfTaxInvoice>\n`
  for await (const taxed of taxedInvoices(deps, month)) {
    const element = taxInvoice(taxed, context)
    if (element) yield writeXml(element, '    ')
  }
  yield '  </ListOfTaxInvoice>\n</TaxInvoiceBulk>\n'
}
