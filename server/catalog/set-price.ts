import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { Money } from '#shared/money/money.ts'
import type { BillingCycle } from '#shared/vocabulary/billing.ts'
import type { Actor, Clock, NewId, Transact } from '../kernel/ports.ts'
import { toAdminProductView } from './catalog-view.ts'
import type { AdminProductView } from './catalog-view.ts'
import { checkPrice } from './product.ts'
import type { CatalogStores, CatalogueChanged } from './ports.ts'

interface Deps { readonly transact: Transact<CatalogStores>, readonly clock: Clock, readonly newId: NewId, readonly catalogueChanged: CatalogueChanged }
interface Input { readonly actor: Actor, readonly productId: string, readonly cycle: BillingCycle, readonly price: Money, readonly setup: Money, readonly effectiveFrom?: Date | undefined }

/**
 * Sets the price of a cycle from a moment on; earlier prices stay as history. A moment in the past counts from now: what was quoted is
 * not rewritten. @throws AppError not_found, invalid_input when price and setup are of two currencies, or the
 * product is not sold so (`checkPrice`)
 */
export const setPrice = ({ transact, clock, newId, catalogueChanged }: Deps) => async (input: Input): Promise<AdminProductView> => {
  if (input.price.currency !== input.setup.currency) throw fieldError('setup.currency', 'currency_differs')
  const now = clock.now()
  const effectiveFrom = input.effectiveFrom && input.effectiveFrom > now ? input.effectiveFrom : now
  const view = await transact(async (stores) => {
    const sold = await stores.products.lock(input.productId)
    if (!sold) throw new AppError('not_found')
    checkPrice(sold, input)
    await stores.products.addPrices(input.productId, [{ id: newId(), cycle: input.cycle, price: input.price, setup: input.setup, effectiveFrom, createdBy: input.actor.kind === 'user' ? input.actor.id : null, at: now }])
    const product = await stores.products.find(input.productId)
    if (!product) throw new AppError('not_found')
    await stores.audit.record({ actor: input.actor, action: 'product.set-price', entity: 'product', entityId: input.productId, after: { cycle: input.cycle, price: input.price.amount.toString(), setup: input.setup.amount.toString(), currency: input.price.currency, effectiveFrom: effectiveFrom.toISOString() } })
    return toAdminProductView(product, now, (await stores.options.of([input.productId], now)).get(input.productId))
  })
  await catalogueChanged()
  return view
}
