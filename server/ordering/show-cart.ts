import type { CartStore } from './ports.ts'
import { quoteCart } from './quote-cart.ts'
import type { QuoteDeps } from './quote-cart.ts'
import type { QuoteView } from './quote.ts'

type Deps = QuoteDeps & { readonly carts: CartStore, readonly digest: (text: string) => string }

/** The cart behind a cookie's random id, priced now. Products that went out of sale meanwhile are left out, and the answer says which. No id, or an unknown one: empty. */
export const showCart = (deps: Deps) => async (input: { readonly token: string | null, readonly clientId: string | null }): Promise<QuoteView> => {
  const cart = input.token === null ? null : await deps.carts.find(deps.digest(input.token), deps.clock.now())
  return quoteCart(deps)({ cart: cart ?? { items: [], promoCodes: [] }, clientId: input.clientId, unknown: 'drop' })
}
