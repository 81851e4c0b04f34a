import { AppError } from '#shared/errors/codes.ts'
import type { Money } from '#shared/money/money.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import type { BillingDeps } from './deps.ts'
import { bankCreditEntry } from './ledger.ts'
import type { BillingStores } from './ports.ts'

/** Money on the bank account that is no invoice's becomes the client's credit; see `CreditClient`. */
export const creditClient = (deps: BillingDeps) => async (stores: BillingStores, { clientId, amount, causeId, memo, actor }: { readonly clientId: string, readonly amount: Money, readonly causeId: string, readonly memo: string, readonly actor: Actor }): Promise<void> => {
  if (!await stores.billedClients.find(clientId)) throw new AppError('not_found')
  await stores.ledger.post(bankCreditEntry({ causeId, at: deps.clock.now(), memo, actor: actorLabel(actor), clientId, invoiceId: null }, amount))
  // Pages that show credit listen to invoices and payments.
  stores.live.publish({ audience: { userId: clientId }, name: 'payment', id: causeId })
}
