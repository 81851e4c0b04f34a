import { AppError } from '#shared/errors/codes.ts'
import type { ComputeTax, PriceRenewal } from '../billing/ports.ts'
import type { OfferStore, PromoStore } from '../catalog/ports.ts'
import type { Clock } from '../kernel/ports.ts'
import type { Cart, CartItem, DayAfter, ForecastRenewal, OrderStore, RedemptionStore } from './ports.ts'
import { afterTrial, evaluatePromos } from './promo.ts'
import type { DiscountableLine } from './promo.ts'
import { checkTrial, periodOf, priceItem, setupOf, toQuoteView } from './quote.ts'
import type { PricedLine, QuoteView } from './quote.ts'

export interface QuoteDeps { readonly offers: OfferStore, readonly promos: PromoStore, readonly redemptions: RedemptionStore, readonly orders: OrderStore, readonly clock: Clock, readonly computeTax: ComputeTax, readonly priceRenewal: PriceRenewal, readonly forecastRenewal: ForecastRenewal, readonly dayAfter: DayAfter }
interface Input { readonly cart: Cart, readonly clientId: string | null, /** A product that is no longer sold: `drop` it quietly, or `refuse` the whole. */ readonly unknown: 'drop' | 'refuse' }

/** The server's price for a cart, now. Promo codes that do not hold are told beside the price without it. @throws AppError product_unavailable */
export const quoteCart = ({ offers, promos, redemptions, orders, clock, computeTax, priceRenewal, forecastRenewal, dayAfter }: QuoteDeps) => async ({ cart, clientId, unknown }: Input): Promise<QuoteView> => {
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
  checkTrial(lines)
  const figures = { lines, promoCodes: cart.promoCodes, at, computeTax, priceRenewal, forecastRenewal, dayAfter }
  if (cart.promoCodes.length === 0 || lines.length === 0) return toQuoteView({ ...figures, promos: null })
  const given = await Promise.all(cart.promoCodes.map(async code => ({ code, promo: await promos.findByCode(code) })))
  const known = given.flatMap(({ promo }) => promo?.id ?? [])
  const uses = clientId === null ? [] : await redemptions.usesOf(known, clientId)
  const buyer = { uses: countUses(uses), hasPaidOrder: clientId !== null && given.some(({ promo }) => promo?.newClientsOnly) && await orders.hasPaid(clientId) }
  return toQuoteView({ ...figures, promos: afterTrial(evaluatePromos(given, lines.map(toDiscountable), at, buyer), lines) })
}

/** How often each code is held. */
export const countUses = (uses: readonly { readonly promoId: string }[]): Map<string, number> => new Map([...Map.groupBy(uses, use => use.promoId)].map(([id, own]) => [id, own.length]))
/** Codes are for the period with its options, and for all its setup fees. */
export const toDiscountable = (line: PricedLine): DiscountableLine => ({ productId: line.item.productId, cycle: line.item.cycle, price: periodOf(line), setup: setupOf(line) })
