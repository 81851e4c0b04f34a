import { money } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import { hint, recordTransition } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { invoiceFigures, invoiceNumber } from './invoice.ts'
import { creditEntry, issueEntry } from './ledger.ts'
import { queueMail } from './mails.ts'
import type { BillingStores, InvoiceLine } from './ports.ts'
import { settleInvoice } from './settle-invoice.ts'

export interface InvoiceToIssue { readonly clientId: string, readonly orderId: string | null, readonly lines: readonly InvoiceLine[], readonly dueAt: Date, readonly actor: Actor, /** The draft that becomes this invoice; its lines are stored already. */ readonly draftId?: string, /** Written between the invoice and the first look at what it asks for. */ readonly claim?: (invoiceId: string) => Promise<void> }

/**
 * Issues an invoice in the open transaction: figures, gapless number, snapshots of buyer and seller, journal entry, the client's credit
 * taken off, mail. What asks for nothing is paid at once. The counter's row stays locked until the transaction ends.
 */
export const issueInvoice = (deps: BillingDeps) => async (stores: BillingStores, input: InvoiceToIssue): Promise<{ invoiceId: string, total: Money }> => {
  const now = deps.clock.now()
  const client = await stores.billedClients.find(input.clientId)
  if (!client) throw new RangeError(`no client ${input.clientId} to invoice`)
  const figures = invoiceFigures(input.lines, taxable => deps.computeTax(taxable, now))
  // Before the counter, so that two issuing transactions never wait for each other crosswise.
  await stores.ledger.lockCredit(input.clientId)
  const { policy: { series }, calendar } = deps.rules
  const { year } = calendar.dayOf(now)
  const sequence = await stores.invoices.takeSequence(series, year)
  const invoiceId = input.draftId ?? deps.newId()
  const number = invoiceNumber(series, year, sequence)
  const { rule, ...sums } = figures
  const issued = { id: invoiceId, clientId: input.clientId, orderId: input.orderId, series, year, sequence, number, ...sums, taxRule: rule, issuedAt: now, dueAt: input.dueAt, buyer: client.party, seller: deps.seller }
  await (input.draftId ? stores.invoices.issueDraft(issued) : stores.invoices.insert(issued, input.lines))
  await recordTransition(stores, { entity: 'invoice', id: invoiceId, from: 'draft', to: 'issued', cause: 'issued', actor: input.actor, at: now })
  const context = { at: now, actor: actorLabel(input.actor), clientId: input.clientId, invoiceId, memo: number, causeId: invoiceId }
  if (figures.total.amount > 0n) await stores.ledger.post(issueEntry(context, figures))
  await input.claim?.(invoiceId)
  const credit = await stores.ledger.credit(input.clientId)
  const applied = credit < figures.total.amount ? credit : figures.total.amount
  if (applied > 0n) await stores.ledger.post(creditEntry(context, money(applied, figures.total.currency)))
  const left = figures.total.amount - (applied > 0n ? applied : 0n)
  if (left === 0n) await settleInvoice(deps)(stores, { invoiceId, cause: applied > 0n ? 'credit_applied' : 'nothing_to_pay', causeId: invoiceId, actor: input.actor })
  else await queueMail(deps, stores, { template: 'invoice_issued', key: `invoice-issued:${invoiceId}`, clientId: input.clientId, path: `/portal/invoices/${invoiceId}`, values: { number, total: figures.total, amount: money(left, figures.total.currency), dueOn: input.dueAt } })
  hint(stores, 'invoice', invoiceId, input.clientId)
  return { invoiceId, total: figures.total }
}
