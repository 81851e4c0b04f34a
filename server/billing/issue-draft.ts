import { AppError } from '#shared/errors/codes.ts'
import type { Money } from '#shared/money/money.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { auditStaff } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { lockDraft } from './draft-invoice.ts'
import { invoiceFigures } from './invoice.ts'
import { issueInvoice } from './issue-invoice.ts'
import type { BillingStores } from './ports.ts'

export interface DraftIssue { readonly invoiceId: string, /** What the issuer saw. */ readonly expectedTotal: Money, readonly actor: Actor }

/**
 * Issues a draft as any invoice: number, snapshots, ledger entry, credit taken off, mail. The total is that of this moment, and the one
 * that the issuer saw. @throws AppError not_found, invoice_not_draft, client_profile_missing, conflict (it was changed meanwhile)
 */
export const issueDraft = (deps: BillingDeps & { readonly transact: Transact<BillingStores> }) => ({ invoiceId, expectedTotal, actor }: DraftIssue): Promise<void> => deps.transact(async (stores) => {
  const { clientId, termDays } = await lockDraft(stores, invoiceId)
  const now = deps.clock.now()
  const client = await stores.billedClients.find(clientId)
  if (!client?.party.address) throw new AppError('client_profile_missing')
  const lines = await stores.invoices.linesOf(invoiceId)
  const { total } = invoiceFigures(lines, taxable => deps.computeTax(taxable, now))
  if (total.amount !== expectedTotal.amount || total.currency !== expectedTotal.currency) throw new AppError('conflict')
  await issueInvoice(deps)(stores, { clientId, orderId: null, lines, dueAt: deps.rules.calendar.shiftDays(now, termDays ?? 0), actor, draftId: invoiceId })
  await auditStaff(stores, { actor, action: 'invoice.issue', entity: 'invoice', entityId: invoiceId, before: { status: 'draft' }, after: { status: 'issued', total: total.amount.toString() } })
})
