import { money, toMoneyJson } from '#shared/money/money.ts'
import type { PageRequest } from '../kernel/ports.ts'
import type { BillingStores } from './ports.ts'

/** A client's credit: what it is now, and each entry that made it (positive: it grew). */
export const showCredit = (deps: { readonly read: BillingStores }) => async ({ clientId, ...page }: PageRequest & { readonly clientId: string }) => {
  const entries = await deps.read.ledger.creditEntries(clientId, page)
  return { balance: toMoneyJson(money(await deps.read.ledger.credit(clientId))), entries: { ...entries, items: entries.items.map(entry => ({ at: entry.at.toISOString(), cause: entry.cause, invoiceId: entry.invoiceId, amount: toMoneyJson(entry.amount) })) } }
}
