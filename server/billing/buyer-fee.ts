import { isZero, money, subtract, zero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { BillingDeps } from './deps.ts'
import { creditInvoice } from './issue-credit-note.ts'
import { issueInvoice } from './issue-invoice.ts'
import type { BillingStores, BuyerFee } from './ports.ts'

/** The greatest net amount that asks for no more than `total` with its PPN: for a total that was made from a net amount, that amount. */
export function netWithin(total: Money, withTax: (net: Money) => Money): Money {
  let [low, high] = [0n, total.amount]
  while (low < high) {
    const middle = (low + high + 1n) / 2n
    if (withTax(money(middle, total.currency)).amount <= total.amount) low = middle
    else high = middle - 1n
  }
  return money(low, total.currency)
}

/**
 * Invoices what a buyer paid on top for the method, PPN included, and takes it from the credit that the payment left for it. The payment's
 * own mail says what was paid: this invoice has none.
 */
export const chargeBuyerFee = (deps: BillingDeps) => async (stores: BillingStores, { clientId, total, method, actor }: BuyerFee): Promise<{ invoiceId: string }> => {
  const now = deps.clock.now()
  const net = netWithin(total, taxable => deps.computeTax(taxable, now).total)
  const client = await stores.billedClients.find(clientId)
  const description = deps.describeBuyerFee(client?.locale ?? 'id', method)
  return issueInvoice(deps)(stores, { clientId, orderId: null, dueAt: now, actor, quiet: true, lines: [{ kind: 'other', description, serviceId: null, periodStart: null, periodEnd: null, amount: net }] })
}

/** What of a buyer's fee has not been credited yet, PPN included: what `returnBuyerFee` would make credit again. */
export async function buyerFeeLeft(stores: BillingStores, invoiceId: string): Promise<Money> {
  const invoice = await stores.invoices.lock(invoiceId)
  if (invoice?.status !== 'paid') return zero(invoice?.total.currency)
  return subtract(invoice.total, (await stores.creditNotes.creditedOf(invoiceId)).total)
}

/** Takes the fee of a payment that goes back whole back by a credit note: it becomes credit again, for that return to take. Once. */
export const returnBuyerFee = (deps: BillingDeps) => async (stores: BillingStores, { invoiceId, reason, actor }: { readonly invoiceId: string, readonly reason: string, readonly actor: BuyerFee['actor'] }): Promise<void> => {
  if (!isZero(await buyerFeeLeft(stores, invoiceId))) await creditInvoice(deps)(stores, { invoiceId, lines: null, reason, actor })
}
