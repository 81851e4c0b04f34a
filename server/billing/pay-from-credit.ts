import { money } from '#shared/money/money.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import type { BillingDeps } from './deps.ts'
import { creditEntry } from './ledger.ts'
import type { BillingStores } from './ports.ts'
import { settleInvoice } from './settle-invoice.ts'

/**
 * Pays an overdue invoice from the client's credit when that covers it whole: nobody is warned or suspended for money that we hold.
 * Answers whether it did. The caller has locked the invoice.
 */
export const payFromCredit = (deps: BillingDeps) => async (stores: BillingStores, { invoiceId, actor }: { readonly invoiceId: string, readonly actor: Actor }): Promise<boolean> => {
  const invoice = await stores.invoices.lock(invoiceId)
  if (!invoice || invoice.status !== 'issued') return false
  await stores.ledger.lockCredit(invoice.clientId)
  const owed = (await stores.ledger.outstanding([invoiceId])).get(invoiceId) ?? 0n
  if (owed <= 0n || await stores.ledger.credit(invoice.clientId) < owed) return false
  const at = deps.clock.now()
  const causeId = `${invoiceId}:${at.toISOString()}`
  await stores.ledger.post(creditEntry({ causeId, at, memo: invoice.number ?? invoiceId, actor: actorLabel(actor), clientId: invoice.clientId, invoiceId }, money(owed, invoice.total.currency)))
  await settleInvoice(deps)(stores, { invoiceId, cause: 'credit_applied', causeId, actor })
  return true
}
