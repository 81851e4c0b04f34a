import { AppError } from '#shared/errors/codes.ts'
import { add, subtract, sum, toMoneyJson, zero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { z } from 'zod'
import type { quoteView } from '#shared/contracts/storefront.ts'
import type { ComputeTax, TaxFigures } from '../billing/ports.ts'
import type { Offer } from '../catalog/ports.ts'
import type { CartItem, ForecastRenewal } from './ports.ts'
import type { PromoOutcome } from './promo.ts'

export type QuoteView = z.input<typeof quoteView>

/** A wish with the server's price: price, setup fee and currency come from one row of the catalogue. */
export interface PricedLine<Item extends CartItem = CartItem> { readonly item: Item, readonly offer: Offer, readonly price: Money, readonly setup: Money }

/** @throws AppError product_unavailable when the product is not on sale, not in this cycle, or cannot be built by itself */
export function priceItem<Item extends CartItem>(item: Item, offers: readonly Offer[]): PricedLine<Item> {
  const offer = offers.find(candidate => candidate.productId === item.productId)
  const price = offer?.prices.find(candidate => candidate.cycle === item.cycle)
  if (!offer || !price || offer.kind !== 'vps') throw new AppError('product_unavailable')
  return { item, offer, price: price.price, setup: price.setup }
}

export interface Figures extends TaxFigures { readonly subtotal: Money, readonly discount: Money }
/** PPN is computed once, on the sum: as the invoice does it. */
export function addUp(lines: readonly PricedLine[], discounts: readonly Money[], computeTax: ComputeTax, at: Date): Figures {
  const currency = lines[0]?.price.currency
  const subtotal = sum(lines.map(line => add(line.price, line.setup)), currency)
  const discount = sum(discounts, currency)
  return { subtotal, discount, ...computeTax(subtract(subtotal, discount), at) }
}

interface QuoteInput { readonly lines: readonly PricedLine[], readonly promoCode: string | null, readonly promo: PromoOutcome | null, readonly at: Date, readonly computeTax: ComputeTax, readonly forecastRenewal: ForecastRenewal }
/** What the buyer is shown before ordering. The next invoice carries neither setup fee nor discount. */
export function toQuoteView({ lines, promoCode, promo, at, computeTax, forecastRenewal }: QuoteInput): QuoteView {
  const figures = addUp(lines, promo?.discounts ?? [], computeTax, at)
  return {
    promoCode, promoProblem: promo?.problem ?? null, taxRule: figures.rule,
    subtotal: toMoneyJson(figures.subtotal), discount: toMoneyJson(figures.discount), taxable: toMoneyJson(figures.taxable), dpp: toMoneyJson(figures.dpp), tax: toMoneyJson(figures.tax), total: toMoneyJson(figures.total),
    lines: lines.map(({ item, offer, price, setup }, i) => ({
      productId: item.productId, slug: offer.slug, name: offer.name, cycle: item.cycle, hostname: item.hostname, templateId: item.templateId, sshKey: item.sshKey,
      price: toMoneyJson(price), setup: toMoneyJson(setup), discount: toMoneyJson(promo?.discounts[i] ?? zero(price.currency)), nextInvoiceOn: forecastRenewal(item.cycle, at), nextInvoiceTotal: toMoneyJson(computeTax(price, at).total),
    })),
  }
}
