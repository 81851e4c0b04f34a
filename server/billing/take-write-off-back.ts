import { isZero, min, money, negate } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import type { BillingDeps } from './deps.ts'
import { writeOffEntry } from './ledger.ts'
import type { BillingStores, Invoice } from './ports.ts'

/**
 * The invoice is taken back, wholly or by `atMost`: what was given up on it is owed again first, so that nobody gets back what was never
 * paid. The invoice is locked; whoever takes it back settles it anew.
 */
export async function takeWriteOffBack(deps: BillingDeps, stores: BillingStores, { invoice, atMost, actor }: { readonly invoice: Invoice, readonly atMost: Money, readonly actor: Actor }): Promise<void> {
  const back = min(money(await stores.ledger.writtenOff(invoice.id), atMost.currency), atMost)
  if (isZero(back)) return
  await stores.ledger.post(writeOffEntry({ causeId: `${invoice.id}:${deps.newId()}`, at: deps.clock.now(), memo: invoice.number ?? invoice.id, actor: actorLabel(actor), clientId: invoice.clientId, invoiceId: invoice.id }, negate(back)))
}
