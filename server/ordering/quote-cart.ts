import { AppError } from '#shared/errors/codes.ts'
import type { ComputeTax } from '../billing/ports.ts'
import type { OfferStore, PromoStore } from '../catalog/ports.ts'
import type { Clock } from '../kernel/ports.ts'
import type { Cart, CartItem, ForecastRenewal, RedemptionStore } from './ports.ts'
import { evaluatePromo } from './promo.ts'
import { priceItem, toQuoteView } from './quote.ts'
import type { QuoteView } from './quote.ts'

export interface QuoteDeps { readonly offers: OfferStore, readonly promos: PromoStore, readonly redemptions: RedemptionStore, readonly clock: Clock, readonly computeTax: ComputeTax, readonly forecastRenewal: ForecastRenewal }
interface Input { readonly cart: Cart, readonly clientId: string | null, /** A product that is no longer sold: `drop` it quietly, or `refuse` the whole. */ readonly unknown: 'drop' | 'refuse' }

/** The server's price for a cart, now. A promo code that does not hold is told beside the price without it. @throws AppError product_unavailable */
export const quoteCart = ({ offers, promos, redemptions, clock, computeTax, forecastRenewal }: QuoteDeps) => async ({ cart, clientId, unknown }: Input): Promise<QuoteView> => {
  const at = clock.now()
  const found = await offers.findMany([...new Set(cart.items.map(item => item.productId))], at)
  const lines = cart.items.flatMap((item: CartItem) => {
    try {
      return [priceItem(item, found)]
    } catch (error) {
      if (unknown === 'drop' && error instanceof AppError) return []
      throw error
    }
  })
  if (cart.promoCode === null || lines.length === 0) return toQuoteView({ lines, promoCode: cart.promoCode, promo: null, at, computeTax, forecastRenewal })
  const promo = await promos.findByCode(cart.promoCode)
  const used = promo !== null && clientId !== null && await redemptions.usedBy(promo.id, clientId)
  const outcome = evaluatePromo(promo, lines.map(line => ({ productId: line.item.productId, cycle: line.item.cycle, price: line.price })), at, used)
  return toQuoteView({ lines, promoCode: cart.promoCode, promo: outcome, at, computeTax, forecastRenewal })
}
