import { money, subtract } from '#shared/money/money.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import { followClosing } from './follow-closing.ts'
import { hint, recordTransition } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { isDeposit } from './deposit.ts'
import { incomeOf } from './late-fee.ts'
import { depositClosedEntry, uncollectibleEntry, voidEntry } from './ledger.ts'
import type { BillingStores, Invoice } from './ports.ts'
import { takeWriteOffBack } from './take-write-off-back.ts'

export interface Closing { readonly invoice: Invoice, readonly as: 'void' | 'uncollectible', readonly reason: string, readonly actor: Actor }

/**
 * Closes an issued, locked invoice for good. Void: as if never issued, PPN taken back, what was paid on it becomes credit. Uncollectible:
 * the rest is a loss, its PPN taken back. The number stays. Live payment attempts are cancelled at their gateway; money that comes all the
 * same becomes credit.
 */
export const closeInvoice = (deps: BillingDeps) => async (stores: BillingStores, { invoice, as, reason, actor }: Closing): Promise<void> => {
  const now = deps.clock.now()
  if (as === 'void') await takeWriteOffBack(deps, stores, { invoice, atMost: invoice.total, actor })
  const outstanding = money((await stores.ledger.outstanding([invoice.id])).get(invoice.id) ?? 0n, invoice.total.currency)
  const context = { causeId: invoice.id, at: now, memo: `${invoice.number ?? invoice.id}: ${reason}`, actor: actorLabel(actor), clientId: invoice.clientId, invoiceId: invoice.id }
  if (isDeposit(invoice)) await stores.ledger.post(depositClosedEntry(context, as, { outstanding, held: money(await stores.deposits.held(invoice.id), outstanding.currency) }))
  else {
    const credited = await stores.creditNotes.creditedOf(invoice.id)
    const left = { taxable: subtract(invoice.taxable, credited.taxable), tax: subtract(invoice.tax, credited.tax), total: subtract(invoice.total, credited.total), outstanding }
    await stores.ledger.post(as === 'void' ? voidEntry(context, left, incomeOf(invoice)) : uncollectibleEntry(context, left))
  }
  await markClosed(deps, stores, { invoice, as, reason, actor })
}

/** The state of a closed invoice and what follows from it, once the ledger says that nothing is owed any more. */
export async function markClosed(deps: BillingDeps, stores: BillingStores, { invoice, as, reason, actor }: Closing): Promise<void> {
  const now = deps.clock.now()
  await stores.invoices.setClosed(invoice.id, as, now, reason)
  await recordTransition(stores, { entity: 'invoice', id: invoice.id, from: 'issued', to: as, cause: reason, actor, at: now })
  if (as === 'void') await stores.invoices.releaseRenewal(invoice.id)
  await followClosing(deps, stores, { invoiceId: invoice.id, reason, actor })
  for (const paymentId of await stores.invoicePayments.liveOf(invoice.id)) await stores.outbox.emit('payments.cancel-due', { paymentId })
  await closeFeeOf(deps, stores, { lateInvoiceId: invoice.id, as, actor })
  hint(stores, 'invoice', invoice.id, invoice.clientId)
}

/** Nobody was late with what is not owed: the unpaid fee goes the way of its invoice. Whoever can come here locked it with that invoice. */
export async function closeFeeOf(deps: BillingDeps, stores: BillingStores, { lateInvoiceId, as, actor }: { readonly lateInvoiceId: string, readonly as: Closing['as'], readonly actor: Actor }): Promise<void> {
  const fee = await stores.lateFees.lockUnpaidOf(lateInvoiceId)
  if (fee) await closeInvoice(deps)(stores, { invoice: fee, as, reason: 'late_invoice_closed', actor })
}
