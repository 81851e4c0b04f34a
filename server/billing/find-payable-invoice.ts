import { money } from '#shared/money/money.ts'
import { payableLines } from './invoice.ts'
import type { BillingStores, PayableInvoice } from './ports.ts'

/** See `FindPayableInvoice`. A foreign invoice is answered like none. */
export const findPayableInvoice = async (stores: BillingStores, { invoiceId, clientId }: { readonly invoiceId: string, readonly clientId: string }): Promise<PayableInvoice | null> => {
  const invoice = await stores.invoices.lock(invoiceId)
  if (!invoice || invoice.clientId !== clientId || invoice.status !== 'issued' || invoice.number === null || invoice.dueAt === null) return null
  const owed = (await stores.ledger.outstanding([invoiceId])).get(invoiceId) ?? 0n
  if (owed <= 0n) return null
  const outstanding = money(owed, invoice.total.currency)
  return { invoiceId, number: invoice.number, clientId, outstanding, dueAt: invoice.dueAt, lines: payableLines({ ...invoice, number: invoice.number }, await stores.invoices.linesOf(invoiceId), outstanding) }
}
