import type { Cart, CartStore } from './ports.ts'
import { quoteCart } from './quote-cart.ts'
import type { QuoteDeps } from './quote-cart.ts'
import type { QuoteView } from './quote.ts'

type Deps = QuoteDeps & { readonly carts: CartStore, readonly digest: (text: string) => string, readonly newToken: () => string }
interface Input { readonly token: string | null, readonly cart: Cart, readonly clientId: string | null }

/**
 * Replaces the cart. Only a hash of its random id is kept, so that who reads the database reads nobody's cart id. `token` is to be set as
 * the cookie; null when there is nothing to keep. @throws AppError product_unavailable, and nothing is kept
 */
export const putCart = (deps: Deps) => async ({ token, cart, clientId }: Input): Promise<{ quote: QuoteView, token: string | null }> => {
  const quote = await quoteCart(deps)({ cart, clientId, unknown: 'refuse' })
  if (token === null && cart.items.length === 0 && cart.promoCodes.length === 0) return { quote, token }
  const kept = token ?? deps.newToken()
  await deps.carts.save(deps.digest(kept), cart, deps.clock.now())
  return { quote, token: kept }
}
