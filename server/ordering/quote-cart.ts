import { AppError } from '#shared/errors/codes.ts'
import type { ComputeTax, PriceRenewal } from '../billing/ports.ts'
import type { Offer, OfferStore, PromoStore, RetiredProduct } from '../catalog/ports.ts'
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
  const lost: CartItem[] = []
  const lines = cart.items.flatMap((item: CartItem) => {
    try {
      return [priceItem(item, found)]
    } catch (error) {
      if (unknown === 'refuse' || !(error instanceof AppError)) throw error
      lost.push(item)
      return []
    }
  })
  const dropped = lost.length === 0 ? [] : toDropped(lost, found, await offers.findRetired({ productIds: lost.map(item => item.productId) }, at))
  checkTrial(lines)
  const figures = { lines, promoCodes: cart.promoCodes, at, computeTax, priceRenewal, forecastRenewal, dayAfter }
  if (cart.promoCodes.length === 0 || lines.length === 0) return { ...toQuoteView({ ...figures, promos: null }), dropped }
  const given = await Promise.all(cart.promoCodes.map(async code => ({ code, promo: await promos.findByCode(code) })))
  const known = given.flatMap(({ promo }) => promo?.id ?? [])
  const uses = clientId === null ? [] : await redemptions.usesOf(known, clientId)
  const buyer = { uses: countUses(uses), hasPaidOrder: clientId !== null && given.some(({ promo }) => promo?.newClientsOnly) && await orders.hasPaid(clientId) }
  return { ...toQuoteView({ ...figures, promos: afterTrial(evaluatePromos(given, lines.map(toDiscountable), at, buyer), lines) }), dropped }
}

/** What was taken out, once each: retired, or on sale but not as it was wished. A product that is a draft again is nobody's business: it has no name. */
function toDropped(lost: readonly CartItem[], found: readonly Offer[], retired: readonly RetiredProduct[]): QuoteView['dropped'] {
  return [...new Set(lost.map(item => item.productId))].map((id) => {
    const gone = retired.find(product => product.productId === id)
    return { name: gone?.name ?? found.find(offer => offer.productId === id)?.name ?? null, retired: gone !== undefined, successor: gone?.successor ? { ...gone.successor } : null }
  })
}

/** How often each code is held. */
export const countUses = (uses: readonly { readonly promoId: string }[]): Map<string, number> => new Map([...Map.groupBy(uses, use => use.promoId)].map(([id, own]) => [id, own.length]))
/** Codes are for the period with its options, and for all its setup fees. */
export const toDiscountable = (line: PricedLine): DiscountableLine => ({ productId: line.item.productId, cycle: line.item.cycle, price: periodOf(line), setup: setupOf(line) })
