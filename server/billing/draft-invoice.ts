import { AppError, fieldError } from '#shared/errors/codes.ts'
import { isZero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { auditStaff, hint } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { invoiceFigures } from './invoice.ts'
import type { InvoiceFigures } from './invoice.ts'
import type { BillingStores, Invoice, InvoiceLine, InvoiceWithClient } from './ports.ts'

export interface DraftLineInput { readonly description: string, readonly quantity: number, readonly unitPrice: Money }
export interface DraftInput { readonly clientId: string, readonly lines: readonly DraftLineInput[], readonly termDays: number, readonly note: string | null }
type Deps = BillingDeps & { readonly transact: Transact<BillingStores> }

/** Lines as they are invoiced: quantity times unit price, whole Rupiah, bound to no service. */
export const manualLines = (lines: readonly DraftLineInput[]): InvoiceLine[] => lines.map(({ description, quantity, unitPrice }) => ({
  kind: 'other', description, serviceId: null, periodStart: null, periodEnd: null, quantity, amount: { amount: unitPrice.amount * BigInt(quantity), currency: unitPrice.currency },
}))

/** What lines would ask for if they were issued now: the same function as at the issue. */
export const previewDraft = (deps: BillingDeps) => (lines: readonly DraftLineInput[]): InvoiceFigures => invoiceFigures(manualLines(lines), taxable => deps.computeTax(taxable, deps.clock.now()))

async function toDraft(deps: BillingDeps, stores: BillingStores, id: string, { clientId, lines, termDays, note }: DraftInput) {
  const client = await stores.billedClients.find(clientId)
  if (!client) throw fieldError('clientId', 'client_unknown')
  const figures = previewDraft(deps)(lines)
  if (isZero(figures.taxable)) throw fieldError('lines.0.unitPrice', 'amount_positive')
  return { id, clientId, figures, termDays, note, buyer: client.party, seller: deps.seller }
}

/** A draft, locked. @throws AppError not_found, invoice_not_draft */
export async function lockDraft(stores: BillingStores, invoiceId: string): Promise<Invoice> {
  const invoice = await stores.invoices.lock(invoiceId)
  if (!invoice) throw new AppError('not_found')
  if (invoice.status !== 'draft') throw new AppError('invoice_not_draft')
  return invoice
}
const worded = (input: DraftInput) => ({ clientId: input.clientId, termDays: input.termDays, note: input.note, lines: input.lines.map(({ description, quantity, unitPrice }) => ({ description, quantity, unitPrice: unitPrice.amount.toString() })) })

/** Writes a draft: no number, nothing booked, nobody told. @throws AppError invalid_input (an unknown client, nothing to pay) */
export const draftInvoice = (deps: Deps) => ({ actor, ...input }: DraftInput & { readonly actor: Actor }): Promise<{ invoiceId: string }> => deps.transact(async (stores) => {
  const id = deps.newId()
  await stores.drafts.insert({ ...await toDraft(deps, stores, id, input), createdAt: deps.clock.now() }, manualLines(input.lines))
  await auditStaff(stores, { actor, action: 'invoice.draft', entity: 'invoice', entityId: id, after: worded(input) })
  hint(stores, 'invoice', id)
  return { invoiceId: id }
})

/** Replaces what a draft says. @throws AppError not_found, invoice_not_draft, invalid_input */
export const changeDraft = (deps: Deps) => ({ invoiceId, actor, ...input }: DraftInput & { readonly invoiceId: string, readonly actor: Actor }): Promise<void> => deps.transact(async (stores) => {
  await lockDraft(stores, invoiceId)
  await stores.drafts.replace(await toDraft(deps, stores, invoiceId, input), manualLines(input.lines))
  await auditStaff(stores, { actor, action: 'invoice.draft_change', entity: 'invoice', entityId: invoiceId, after: worded(input) })
  hint(stores, 'invoice', invoiceId)
})

/** Deletes a draft; it had no number, so the series keeps no gap. @throws AppError not_found, invoice_not_draft */
export const deleteDraft = (deps: Deps) => ({ invoiceId, actor }: { readonly invoiceId: string, readonly actor: Actor }): Promise<void> => deps.transact(async (stores) => {
  const draft = await lockDraft(stores, invoiceId)
  await stores.drafts.remove(invoiceId)
  await auditStaff(stores, { actor, action: 'invoice.draft_delete', entity: 'invoice', entityId: invoiceId, before: { clientId: draft.clientId, total: draft.total.amount.toString() } })
  hint(stores, 'invoice', invoiceId)
})

/** A draft as it would be issued at this moment (figures, buyer, seller); any other invoice as it stands. */
export async function asIssuedNow(deps: BillingDeps & { readonly read: BillingStores }, invoice: InvoiceWithClient): Promise<InvoiceWithClient> {
  if (invoice.status !== 'draft') return invoice
  const now = deps.clock.now()
  const { rule, ...sums } = invoiceFigures(await deps.read.invoices.linesOf(invoice.id), taxable => deps.computeTax(taxable, now))
  const client = await deps.read.billedClients.find(invoice.clientId)
  return { ...invoice, ...sums, taxRule: rule, buyer: client?.party ?? invoice.buyer, seller: deps.seller }
}
