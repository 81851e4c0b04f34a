import type { Money } from '#shared/money/money.ts'
import { isDeposit } from './deposit.ts'
import { outstandingOf } from './invoice-view.ts'
import type { BillingStores } from './ports.ts'

export interface DepositState { readonly payable: boolean, readonly outstanding: Money, readonly deposit: boolean, /** An unpaid deposit whose credit was never given: its owner may give it up. */ readonly canCancel: boolean }

/** What a client can do with an own invoice beside paying it at a gateway; null for one that is not theirs. */
export const depositState = (deps: { readonly read: BillingStores }) => async ({ invoiceId, clientId }: { readonly invoiceId: string, readonly clientId: string }): Promise<DepositState | null> => {
  const invoice = await deps.read.invoices.find(invoiceId)
  if (invoice?.clientId !== clientId) return null
  const outstanding = outstandingOf(invoice, await deps.read.ledger.outstanding([invoiceId]))
  const deposit = isDeposit(invoice)
  const open = invoice.status === 'issued'
  return { payable: open && outstanding.amount > 0n, outstanding, deposit, canCancel: open && deposit && await deps.read.deposits.held(invoiceId) === invoice.total.amount }
}
