import { AppError } from '#shared/errors/codes.ts'
import { compare, money } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import type { BillingDeps } from './deps.ts'
import { bankCreditEntry, bankCreditBackEntry } from './ledger.ts'
import { queueMail } from './mails.ts'
import type { BillingStores } from './ports.ts'

interface BankCredit { readonly clientId: string, readonly amount: Money, readonly causeId: string, readonly memo: string, readonly actor: Actor }
const contextOf = (deps: BillingDeps, { clientId, causeId, memo, actor }: BankCredit) => ({ causeId, at: deps.clock.now(), memo, actor: actorLabel(actor), clientId, invoiceId: null })

/** Money on the bank account that is no invoice's becomes the client's credit, with a mail; see `CreditClient`. */
export const creditClient = (deps: BillingDeps) => async (stores: BillingStores, credit: BankCredit): Promise<void> => {
  const { clientId, amount, causeId } = credit
  if (!await stores.billedClients.find(clientId)) throw new AppError('not_found')
  await stores.ledger.post(bankCreditEntry(contextOf(deps, credit), amount))
  await queueMail(deps, stores, { template: 'credit_added', key: `credit-added:${causeId}`, clientId, path: '/portal/credit', values: { amount } })
  // Pages that show credit listen to invoices and payments.
  stores.live.publish({ audience: { userId: clientId }, name: 'payment', id: causeId })
}

/** The same taken back, with a mail; see `TakeCreditBack`. */
export const takeCreditBack = (deps: BillingDeps) => async (stores: BillingStores, credit: BankCredit): Promise<void> => {
  const { clientId, amount, causeId } = credit
  await stores.ledger.lockCredit(clientId)
  if (compare(money(await stores.ledger.credit(clientId), amount.currency), amount) < 0) throw new AppError('credit_insufficient')
  await stores.ledger.post(bankCreditBackEntry(contextOf(deps, credit), amount))
  await queueMail(deps, stores, { template: 'credit_corrected', key: `credit-corrected:${causeId}`, clientId, path: '/portal/credit', values: { amount } })
  stores.live.publish({ audience: { userId: clientId }, name: 'payment', id: causeId })
}
