import { AppError } from '#shared/errors/codes.ts'
import { money } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { BillingCycle } from '#shared/vocabulary/billing.ts'
import type { SetupCharge, SoldOption } from '../billing/ports.ts'
import type { OptionPrice, OptionRecord } from '../catalog/ports.ts'

/** What somebody wishes of an option: so many (a toggle: 1 or 0), or which choice. */
export interface OptionWish { readonly optionId: string, readonly quantity?: number | undefined, readonly choiceId?: string | undefined }
export interface ChosenOption extends SoldOption { /** For all units together, once. */ readonly setup: Money }

/**
 * What a buyer gets for his wishes: each option of the product in its order, at the catalogue's price of the cycle. Where nothing is said a
 * number is its least, a toggle off, a choice the first one that is sold; an option without a price in the cycle is not sold in it.
 * @throws AppError option_unavailable (unknown, of another product, retired, not in this cycle), option_invalid (out of its bounds, no such step,
 * said twice, of another kind)
 */
export function chooseOptions(options: readonly OptionRecord[], cycle: BillingCycle, wishes: readonly OptionWish[]): ChosenOption[] {
  if (new Set(wishes.map(wish => wish.optionId)).size < wishes.length) throw new AppError('option_invalid')
  if (wishes.some(wish => !options.some(option => option.active && option.id === wish.optionId))) throw new AppError('option_unavailable')
  return options.filter(option => option.active).flatMap((option) => {
    const wish = wishes.find(candidate => candidate.optionId === option.id)
    const chosen = option.kind === 'choice' ? chooseOne(option, cycle, wish) : chooseMany(option, cycle, wish)
    return chosen ? [chosen] : []
  })
}

const priceIn = (prices: readonly OptionPrice[], cycle: BillingCycle) => prices.find(price => price.cycle === cycle)
const times = (amount: Money, n: number): Money => money(amount.amount * BigInt(n), amount.currency)
const sold = (option: OptionRecord, price: OptionPrice, quantity: number): ChosenOption => ({
  optionId: option.id, choiceId: null, key: option.key, choiceKey: null, kind: option.kind, label: option.label, choiceLabel: null, quantity, effect: option.effect, effectAmount: option.effectAmount * quantity, price: times(price.price, quantity), setup: times(price.setup, quantity),
})

function chooseMany(option: OptionRecord, cycle: BillingCycle, wish: OptionWish | undefined): ChosenOption | null {
  const { min, max, step } = option.kind === 'toggle' ? { min: 0, max: 1, step: 1 } : option
  const quantity = wish ? wish.quantity : min
  if (quantity === undefined || wish?.choiceId !== undefined || !Number.isSafeInteger(quantity) || quantity < min || quantity > max || (quantity - min) % step !== 0) throw new AppError('option_invalid')
  if (quantity === 0) return null
  const price = priceIn(option.prices, cycle)
  if (price) return sold(option, price, quantity)
  if (wish) throw new AppError('option_unavailable')
  return null
}

function chooseOne(option: OptionRecord, cycle: BillingCycle, wish: OptionWish | undefined): ChosenOption | null {
  if (wish && (wish.choiceId === undefined || wish.quantity !== undefined)) throw new AppError('option_invalid')
  const choices = option.choices.filter(choice => choice.active).flatMap((choice) => {
    const price = priceIn(choice.prices, cycle)
    return price ? [{ choice, price }] : []
  })
  const found = wish ? choices.find(({ choice }) => choice.id === wish.choiceId) : choices[0]
  if (wish && !found) throw new AppError('option_unavailable')
  return found ? { ...sold(option, found.price, 1), choiceId: found.choice.id, choiceKey: found.choice.key, choiceLabel: found.choice.label, effectAmount: found.choice.effectAmount } : null
}

/** What is copied to the service: the setup fee is asked once, with the order or the change. */
export const toSoldOption = ({ setup: _, ...option }: ChosenOption): SoldOption => option

const asBefore = (option: SoldOption, wish: OptionWish) => option.quantity === (wish.quantity ?? 1) && option.choiceId === (wish.choiceId ?? null)

/**
 * The options of a service after wishes for some of them: what is not named, or is as before, stays as it was sold, at the price it was sold
 * at, retired ones too; the rest is the catalogue's of now. @throws AppError as `chooseOptions`
 */
export function rechooseOptions(options: readonly OptionRecord[], cycle: BillingCycle, current: readonly SoldOption[], wishes: readonly OptionWish[]): SoldOption[] {
  const real = wishes.filter(wish => !current.some(option => option.optionId === wish.optionId && asBefore(option, wish)))
  const dropped = (wish: OptionWish) => wish.quantity === 0 && wish.choiceId === undefined && current.some(option => option.optionId === wish.optionId && option.kind !== 'choice') && !options.some(option => option.id === wish.optionId && option.active)
  const named = new Set(real.map(wish => wish.optionId))
  if (new Set(wishes.map(wish => wish.optionId)).size < wishes.length) throw new AppError('option_invalid')
  const changed = chooseOptions(options, cycle, real.filter(wish => !dropped(wish))).filter(option => named.has(option.optionId)).map(toSoldOption)
  const kept = current.filter(option => !named.has(option.optionId))
  const place = new Map(options.map((option, i) => [option.id, i]))
  return [...kept, ...changed].sort((a, b) => (place.get(a.optionId) ?? Infinity) - (place.get(b.optionId) ?? Infinity) || (a.key < b.key ? -1 : 1))
}

/**
 * The set-up fees of what a change adds, at the catalogue's prices of now: of a number the units that come on top, of a toggle that is turned
 * on and of another choice its own. What is kept, made less or taken away costs none.
 */
export function setupsOf(options: readonly OptionRecord[], cycle: BillingCycle, before: readonly SoldOption[], after: readonly SoldOption[]): SetupCharge[] {
  return after.flatMap((option) => {
    const old = before.find(candidate => candidate.optionId === option.optionId)
    const added = option.kind === 'choice' ? Number(old?.choiceId !== option.choiceId) : Math.max(0, option.quantity - (old?.quantity ?? 0))
    const known = options.find(candidate => candidate.id === option.optionId)
    const fee = known && priceIn(option.choiceId ? known.choices.find(choice => choice.id === option.choiceId)?.prices ?? [] : known.prices, cycle)?.setup
    return fee && added > 0 && fee.amount > 0n ? [{ optionId: option.optionId, amount: times(fee, added) }] : []
  })
}

/**
 * The options of a service on another product or in another cycle: those that the product has by the same key and can sell so, at its prices;
 * `lost` are the others.
 */
export function carryOptions(options: readonly OptionRecord[], cycle: BillingCycle, current: readonly SoldOption[]): { readonly options: SoldOption[], readonly lost: SoldOption[] } {
  const wishes = current.flatMap((option): OptionWish[] => {
    const same = options.find(candidate => candidate.active && candidate.key === option.key && candidate.kind === option.kind)
    if (!same) return []
    const wish = option.kind === 'choice' ? { optionId: same.id, choiceId: same.choices.find(choice => choice.key === option.choiceKey)?.id ?? '' } : { optionId: same.id, quantity: option.quantity }
    return canChoose(same, cycle, wish) ? [wish] : []
  })
  const carried = chooseOptions(options, cycle, wishes).map(toSoldOption)
  const kept = new Set(options.filter(option => wishes.some(wish => wish.optionId === option.id)).map(option => option.key))
  return { options: carried, lost: current.filter(option => !kept.has(option.key)) }
}

function canChoose(option: OptionRecord, cycle: BillingCycle, wish: OptionWish): boolean {
  try {
    return chooseOptions([option], cycle, [wish]).length > 0
  } catch (error) {
    if (error instanceof AppError) return false
    throw error
  }
}
