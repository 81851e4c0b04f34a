import { isZero, min, money } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import type { BillingDeps } from './deps.ts'
import { depositPaidEntry, depositTakenBackEntry } from './ledger.ts'
import type { BillingStores, Invoice } from './ports.ts'

interface Change { readonly invoice: Invoice, /** Makes this change one. */ readonly causeId: string, readonly actor: Actor }
const contextOf = (deps: BillingDeps, { invoice, causeId, actor }: Change) => ({ causeId: `${invoice.id}:${causeId}`, at: deps.clock.now(), memo: invoice.number ?? invoice.id, actor: actorLabel(actor), clientId: invoice.clientId, invoiceId: invoice.id })

/** A deposit was paid: its money becomes credit in the same transaction, and the invoices that it was made for are paid by a job right after. */
export const creditDeposit = (deps: BillingDeps) => async (stores: BillingStores, change: Change): Promise<void> => {
  const held = money(await stores.deposits.held(change.invoice.id), change.invoice.total.currency)
  if (!isZero(held)) await stores.ledger.post(depositPaidEntry(contextOf(deps, change), held))
  await stores.outbox.emit('billing.deposit-paid', { invoiceId: change.invoice.id })
}

/** A deposit's payment was taken back: so is its credit, as far as it is not spent; the rest stays owed on the deposit's invoice. The invoice is locked by the caller. */
export const takeBackDeposit = (deps: BillingDeps) => async (stores: BillingStores, { amount, ...change }: Change & { readonly amount: Money }): Promise<void> => {
  await stores.ledger.lockCredit(change.invoice.clientId)
  const left = money(await stores.ledger.credit(change.invoice.clientId), amount.currency)
  const back = min(left, amount)
  if (back.amount > 0n) await stores.ledger.post(depositTakenBackEntry(contextOf(deps, { ...change, causeId: `taken-back:${change.causeId}` }), back))
}
