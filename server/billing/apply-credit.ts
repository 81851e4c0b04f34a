import { min, money, subtract, zero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import { isDeposit } from './deposit.ts'
import { hint } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { servicesOf } from './invoice.ts'
import { creditEntry } from './ledger.ts'
import type { BillingStores, Invoice } from './ports.ts'
import { settleInvoice } from './settle-invoice.ts'

export interface CreditApplication { readonly invoiceId: string, readonly clientId: string, readonly atMost: Money | null, /** All that is owed, or nothing. */ readonly whole?: boolean, readonly causeId: string, readonly actor: Actor }

/**
 * Pays an issued invoice from its client's credit; see `ApplyCredit`. Where a part is left, live attempts, which ask for more than that now,
 * are cancelled; money that comes on them all the same becomes credit again.
 */
export const applyCredit = (deps: BillingDeps) => async (stores: BillingStores, { invoiceId, clientId, atMost, whole = false, causeId, actor }: CreditApplication): Promise<{ applied: Money, left: Money }> => {
  const invoice = await stores.invoices.lock(invoiceId)
  const none = zero(invoice?.total.currency)
  if (!invoice || invoice.clientId !== clientId || invoice.status !== 'issued' || isDeposit(invoice)) return { applied: none, left: none }
  // Services before the credit, as everywhere: a settlement locks them.
  for (const serviceId of servicesOf(await stores.invoices.linesOf(invoiceId))) await stores.subscriptions.lock(serviceId)
  await stores.ledger.lockCredit(clientId)
  const { owed, applied } = await shareOf(stores, invoice, { atMost, whole })
  if (applied.amount <= 0n) return { applied: none, left: owed }
  const context = { causeId, at: deps.clock.now(), memo: invoice.number ?? invoiceId, actor: actorLabel(actor), clientId, invoiceId }
  if (!await stores.ledger.post(creditEntry(context, applied))) return { applied: none, left: owed }
  const left = subtract(owed, applied)
  if (left.amount === 0n) await settleInvoice(deps)(stores, { invoiceId, cause: 'credit_applied', causeId, actor })
  else for (const paymentId of await stores.invoicePayments.liveOf(invoiceId)) await stores.outbox.emit('payments.cancel-due', { paymentId })
  hint(stores, 'invoice', invoiceId, clientId)
  return { applied, left }
}

/** What an invoice asks for, and how much of that its client's credit pays. */
async function shareOf(stores: BillingStores, invoice: Invoice, { atMost, whole }: { readonly atMost: Money | null, readonly whole: boolean }): Promise<{ owed: Money, applied: Money }> {
  const { currency } = invoice.total
  const owed = money((await stores.ledger.outstanding([invoice.id])).get(invoice.id) ?? 0n, currency)
  const share = min(min(owed, money(await stores.ledger.credit(invoice.clientId), currency)), atMost ?? owed)
  return { owed, applied: whole && share.amount < owed.amount ? zero(currency) : share }
}
