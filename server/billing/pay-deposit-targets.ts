import type { Transact } from '../kernel/ports.ts'
import { applyCredit } from './apply-credit.ts'
import { systemActor } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import type { BillingStores } from './ports.ts'

/**
 * Pays the invoices that a paid deposit was made for, each in a transaction of its own and once, in their order and by no more than they
 * asked for then. What one of them does not take any more (paid otherwise, void) stays the client's credit. May run twice.
 */
export const payDepositTargets = (deps: BillingDeps & { readonly transact: Transact<BillingStores>, readonly read: BillingStores }) => async ({ invoiceId }: { readonly invoiceId: string }): Promise<void> => {
  const deposit = await deps.read.invoices.find(invoiceId)
  if (deposit?.status !== 'paid') return
  for (const target of await deps.read.deposits.targetsOf(invoiceId)) {
    await deps.transact(stores => applyCredit(deps)(stores, { invoiceId: target.invoiceId, clientId: deposit.clientId, atMost: target.amount, causeId: `${invoiceId}:${target.invoiceId}`, actor: systemActor('billing.deposit') }))
  }
}
