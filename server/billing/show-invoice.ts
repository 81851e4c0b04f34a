import { AppError } from '#shared/errors/codes.ts'
import { money, subtract, toMoneyJson } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { needsStampDuty } from '#shared/money/stamp-duty.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { BillingDeps } from './deps.ts'
import { asIssuedNow } from './draft-invoice.ts'
import { isLive, outstandingOf, railOf, railText, toLineView, toNoteView, toPaymentView, toSummary } from './invoice-view.ts'
import type { RailWords } from './invoice-view.ts'
import { firstFee, isLateFee } from './late-fee.ts'
import type { FeeSide } from './late-fee-ports.ts'
import type { BillingStores, InvoiceLine, InvoiceWithClient } from './ports.ts'
import { rulesFor, strictest } from './terms.ts'

export interface ReadDeps extends BillingDeps, RailWords { readonly read: BillingStores }
export interface InvoiceQuery { readonly invoiceId: string, /** The buyer who asks; null: staff. */ readonly clientId: string | null, readonly locale: Locale }

/** An invoice that the asker may see. @throws AppError not_found: a foreign one, and a draft for its client, are answered exactly like one that does not exist. */
export async function findVisible(read: BillingStores, { invoiceId, clientId }: Pick<InvoiceQuery, 'invoiceId' | 'clientId'>): Promise<InvoiceWithClient> {
  const invoice = await read.invoices.find(invoiceId)
  if (!invoice || (clientId !== null && (invoice.clientId !== clientId || invoice.status === 'draft'))) throw new AppError('not_found')
  return invoice
}

/** An order's invoice that was paid once and is owed again (a charge-back) is dunned like a renewal. */
async function lapses(read: BillingStores, invoice: InvoiceWithClient, lines: readonly InvoiceLine[]): Promise<boolean> {
  const serviceId = lines.find(line => line.serviceId)?.serviceId
  return invoice.orderId !== null && !(serviceId && await read.subscriptions.hasPeriodOf(serviceId, invoice.id))
}

/** Whether an upgrade or an alignment waits for this invoice: nobody owes it, it lapses. */
async function waits(read: BillingStores, invoiceId: string): Promise<boolean> {
  const change = await read.changes.byInvoice(invoiceId)
  return (change?.timing === 'now' && change.status === 'waiting') || (await read.alignments.byInvoice(invoiceId))?.status === 'waiting'
}

const side = (found: FeeSide | null) => found && { invoiceId: found.invoiceId, number: found.number, status: found.status, total: toMoneyJson(found.total) }

/** The terms of what stands on an invoice, its late fee by them, and of a fee the invoice that is late. */
async function feeFacts({ read, rules }: ReadDeps, { invoice, bound, outstanding }: { readonly invoice: InvoiceWithClient, readonly bound: boolean, readonly outstanding: Money }) {
  const terms = bound ? await read.terms.ofInvoice(invoice.id) : []
  const charged = bound ? await read.lateFees.feeOf(invoice.id) : null
  const late = isLateFee(invoice) ? await read.lateFees.lateInvoiceOf(invoice.id) : null
  return { terms, late, lateFee: { charged, terms: firstFee(terms.map(own => rulesFor(own, rules).policy.lateFee), outstanding), outstanding } }
}

/** One invoice with its lines, payments and the rail of what happened and comes next. */
export const showInvoice = (deps: ReadDeps) => async (query: InvoiceQuery) => {
  const invoice = await asIssuedNow(deps, await findVisible(deps.read, query))
  const now = deps.clock.now()
  const lines = await deps.read.invoices.shownLinesOf(invoice.id)
  const outstanding = outstandingOf(invoice, await deps.read.ledger.outstanding([invoice.id]))
  const paymentRows = await deps.read.invoicePayments.listOf(invoice.id)
  const hooks = deps.hooks()
  const payments = [...await hooks.viewPayments?.(paymentRows) ?? paymentRows.map(toPaymentView)]
  const notices = await deps.read.billingNotices.listFor(invoice.id)
  const upgrade = await waits(deps.read, invoice.id)
  const bound = !upgrade && lines.some(line => line.serviceId !== null && (line.kind !== 'change' || invoice.status === 'issued'))
  const notes = await deps.read.creditNotes.listOf(invoice.id)
  const credited = await deps.read.creditNotes.creditedOf(invoice.id)
  const { terms, lateFee, late } = await feeFacts(deps, { invoice, bound, outstanding })
  const rail = railOf(invoice, { notices, upgrade, bound, lateFee, lapses: await lapses(deps.read, invoice, lines) }, strictest(terms, deps.rules), now)
  const payable = invoice.status === 'issued' && outstanding.amount > 0n
  const writtenOff = money(await deps.read.ledger.writtenOff(invoice.id), invoice.total.currency)
  return {
    ...toSummary(invoice, outstanding, now, late?.number), lateFee: side(lateFee.charged), lateInvoice: side(late), lines: lines.map(toLineView), subtotal: toMoneyJson(invoice.subtotal), discount: toMoneyJson(invoice.discount), taxable: toMoneyJson(invoice.taxable), dpp: toMoneyJson(invoice.dpp), tax: toMoneyJson(invoice.tax), taxRule: invoice.taxRule,
    paid: toMoneyJson(invoice.status === 'issued' || invoice.status === 'paid' ? subtract(subtract(subtract(invoice.total, credited.toInvoice), writtenOff), outstanding) : { amount: 0n, currency: invoice.total.currency }),
    writtenOff: toMoneyJson(writtenOff), note: invoice.note, taxInvoiceNumber: invoice.taxInvoiceNumber, stampDuty: needsStampDuty(invoice.total), credited: toMoneyJson(credited.total), creditNotes: notes.map(toNoteView),
    buyer: invoice.buyer, seller: invoice.seller, payments, activePayment: payments.find(payment => isLive(payment.status)) ?? null, methods: payable ? [...await hooks.paymentMethods?.(outstanding) ?? []].map(({ method, fee }) => ({ method, fee: toMoneyJson(fee) })) : [],
    rail: rail.map(step => ({ kind: step.kind, at: step.at.toISOString(), done: step.done, reason: railText(step, deps, query.locale) })),
  }
}

/** The same for staff, with the client and the journal. */
export const showAdminInvoice = (deps: ReadDeps) => async (query: Omit<InvoiceQuery, 'clientId'>) => {
  const view = await showInvoice(deps)({ ...query, clientId: null })
  const invoice = await findVisible(deps.read, { invoiceId: query.invoiceId, clientId: null })
  const journal = await deps.read.ledger.journalOf(invoice.id)
  return { ...view, clientId: invoice.clientId, clientName: invoice.clientName, clientEmail: invoice.clientEmail, termDays: invoice.termDays, journal: journal.map(line => ({ at: line.at.toISOString(), cause: line.cause, account: line.account, amount: toMoneyJson(line.amount) })) }
}
