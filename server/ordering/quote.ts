import { AppError } from '#shared/errors/codes.ts'
import { add, money, subtract, sum, toMoneyJson, zero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { isRecurring } from '#shared/vocabulary/billing.ts'
import type { z } from 'zod'
import type { quoteView } from '#shared/contracts/storefront.ts'
import { optionTexts } from '#shared/options/option-text.ts'
import type { ComputeTax, PriceRenewal, TaxFigures } from '../billing/ports.ts'
import { withOptions } from '#shared/options/sold-options.ts'
import { chooseOptions } from './choose-options.ts'
import type { ChosenOption } from './choose-options.ts'
import type { MachineSize, Offer } from '../catalog/ports.ts'
import type { CartItem, DayAfter, ForecastRenewal } from './ports.ts'
import { discountOfLine } from './promo.ts'
import type { PromoOutcome } from './promo.ts'

export type QuoteView = z.input<typeof quoteView>

/** A wish with the server's price: price, setup fee and currency come from one row of the catalogue. */
export interface PricedLine<Item extends CartItem = CartItem> { readonly item: Item, readonly offer: Offer, /** Of the product alone. */ readonly price: Money, readonly setup: Money, readonly options: readonly ChosenOption[], /** What is to be built. */ readonly spec: MachineSize, /** Free days, after which the price is asked; null: it is asked now. */ readonly trialDays: number | null }
/** A period, and the setup fees, of a line with its options: what codes take something off. */
export const periodOf = ({ price, options }: Pick<PricedLine, 'price' | 'options'>): Money => sum([price, ...options.map(option => option.price)], price.currency)
export const setupOf = ({ setup, options }: Pick<PricedLine, 'setup' | 'options'>): Money => sum([setup, ...options.map(option => option.setup)], setup.currency)

/** @throws AppError product_unavailable when the product is not on sale, not in this cycle, or cannot be built by itself; trial_unavailable, option_unavailable, option_invalid */
export function priceItem<Item extends CartItem>(item: Item, offers: readonly Offer[]): PricedLine<Item> {
  const offer = offers.find(candidate => candidate.productId === item.productId)
  const price = offer?.prices.find(candidate => candidate.cycle === item.cycle)
  if (!offer || !price) throw new AppError('product_unavailable')
  const options = chooseOptions(offer.options, item.cycle, item.options ?? [])
  const spec = withOptions(offer.spec, options)
  if (!item.trial) return { item, offer, price: price.price, setup: price.setup, options, spec, trialDays: null }
  if (offer.trialDays === null || !isRecurring(item.cycle)) throw new AppError('trial_unavailable')
  // A trial is given without set-up fees.
  return { item, offer, price: price.price, setup: zero(price.setup.currency), options: options.map(option => ({ ...option, setup: zero(option.setup.currency) })), spec, trialDays: offer.trialDays }
}

/** @throws AppError trial_alone when a trial is not the only line */
export function checkTrial(lines: readonly PricedLine[]): void {
  if (lines.length > 1 && lines.some(line => line.trialDays !== null)) throw new AppError('trial_alone')
}
/** What a line asks now: a trial nothing. */
export const askedNow = (line: PricedLine): Money => line.trialDays === null ? add(periodOf(line), setupOf(line)) : zero(line.price.currency)

export interface Figures extends TaxFigures { readonly subtotal: Money, readonly discount: Money }
/** PPN is computed once, on the sum: as the invoice does it. */
export function addUp(lines: readonly PricedLine[], discounts: readonly Money[], computeTax: ComputeTax, at: Date): Figures {
  const currency = lines[0]?.price.currency
  const subtotal = sum(lines.map(askedNow), currency)
  const discount = sum(discounts, currency)
  return { subtotal, discount, ...computeTax(subtract(subtotal, discount), at) }
}

/** What addUp needs of promo codes: the discount of each line. */
export const discountsOf = (lines: readonly PricedLine[], promos: PromoOutcome | null): Money[] => lines.map((line, i) => discountOfLine(promos, i, line.price.currency))

/** What is not known yet is not said to refuse them. */
export const takesKeys = (offer: Pick<PricedLine['offer'], 'templates'>, templateId: string | null): boolean => offer.templates.find(({ id }) => id === templateId)?.takesKeys ?? true
interface QuoteInput { readonly lines: readonly PricedLine[], readonly promoCodes: readonly string[], readonly promos: PromoOutcome | null, readonly at: Date, readonly computeTax: ComputeTax, readonly priceRenewal: PriceRenewal, readonly forecastRenewal: ForecastRenewal, readonly dayAfter: DayAfter }
/** What the buyer is shown before ordering. The next invoice carries no setup fee; what codes go on to take off it is told by the renewal's own function. */
export function toQuoteView({ lines, promoCodes, promos, at, computeTax, priceRenewal, forecastRenewal, dayAfter }: QuoteInput): QuoteView {
  const discounts = discountsOf(lines, promos)
  const figures = addUp(lines, discounts, computeTax, at)
  const codes = promos?.codes ?? promoCodes.map(code => ({ code, promo: null, problem: null, discount: zero() }))
  return {
    dropped: [],
    promos: codes.map(({ code, promo, problem, discount }) => ({ code, problem, discount: toMoneyJson(discount), combinable: promo?.combinable ?? false, periods: promo ? promo.periods : 1, minimum: promo?.minimumOrder ? toMoneyJson(money(promo.minimumOrder)) : null })), taxRule: figures.rule,
    subtotal: toMoneyJson(figures.subtotal), discount: toMoneyJson(figures.discount), taxable: toMoneyJson(figures.taxable), dpp: toMoneyJson(figures.dpp), tax: toMoneyJson(figures.tax), total: toMoneyJson(figures.total),
    lines: lines.map(({ item, offer, price, setup, options, trialDays }, i) => ({
      productId: item.productId, slug: offer.slug, kind: offer.kind, name: offer.name, cycle: item.cycle, hostname: item.hostname, templateId: item.templateId, sshKey: item.sshKey, takesKeys: takesKeys(offer, item.templateId),
      options: options.map(option => ({ optionId: option.optionId, choiceId: option.choiceId, kind: option.kind, quantity: option.quantity, label: { ...option.label }, choiceLabel: option.choiceLabel && { ...option.choiceLabel }, price: toMoneyJson(option.price), setup: toMoneyJson(option.setup) })),
      price: toMoneyJson(price), setup: toMoneyJson(setup), discount: toMoneyJson(discounts[i] ?? zero(price.currency)), nextInvoiceOn: trialDays !== null ? dayAfter(at, trialDays) : isRecurring(item.cycle) ? forecastRenewal(item.cycle, at) : null,
      trial: trialDays === null ? null : { days: trialDays, endsOn: dayAfter(at, trialDays) }, fixedTermPeriods: isRecurring(item.cycle) ? offer.fixedTermPeriods : null,
      nextInvoiceTotal: !isRecurring(item.cycle) ? null : toMoneyJson(computeTax(priceRenewal({ price, options: options.map(option => ({ text: optionTexts(option), price: option.price })), discounts: promos?.lines[i]?.renewals ?? [], priceChanges: [], periodsPaid: 1 }, at).net, at).total),
    })),
  }
}
