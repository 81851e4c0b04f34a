import type { BillingCycle } from '../vocabulary/billing.ts'
import type { OptionKind } from '../vocabulary/catalog.ts'

interface Price { readonly cycle: BillingCycle, readonly price: { readonly amount: string }, readonly setup: { readonly amount: string } }
export interface PickableOption { readonly id: string, readonly kind: OptionKind, readonly min: number, readonly prices: readonly Price[], readonly choices: readonly { readonly id: string, readonly active: boolean, readonly prices: readonly Price[] }[] }
/** By option: how many (a toggle: 0 or 1), or the id of the choice. */
export type OptionPicks = Record<string, number | string>

const priceIn = (prices: readonly Price[], cycle: BillingCycle) => prices.find(price => price.cycle === cycle)
export const choicesIn = <C extends PickableOption['choices'][number]>(option: { readonly choices: readonly C[] }, cycle: BillingCycle): C[] => option.choices.filter(choice => choice.active && priceIn(choice.prices, cycle))
/** The options that are sold in a cycle. */
export const optionsIn = <O extends PickableOption>(options: readonly O[], cycle: BillingCycle): O[] => options.filter(option => option.kind === 'choice' ? choicesIn(option, cycle).length > 0 : priceIn(option.prices, cycle))

/** What is picked of an option: as the server picks where nothing is said, unless something was that is sold in the cycle. */
export function pickOf(option: PickableOption, picks: OptionPicks, cycle: BillingCycle): number | string {
  const picked = picks[option.id]
  if (option.kind !== 'choice') return typeof picked === 'number' ? picked : option.kind === 'toggle' ? 0 : option.min
  const choices = choicesIn(option, cycle)
  return choices.some(choice => choice.id === picked) ? picked ?? '' : choices[0]?.id ?? ''
}

/** As wishes for the server. */
export const wishesOf = (options: readonly PickableOption[], picks: OptionPicks, cycle: BillingCycle): { optionId: string, quantity?: number, choiceId?: string }[] => optionsIn(options, cycle).map((option) => {
  const picked = pickOf(option, picks, cycle)
  return typeof picked === 'number' ? { optionId: option.id, quantity: picked } : { optionId: option.id, choiceId: picked }
})

/** What a pick costs in a cycle, without PPN: for showing beside it; what is charged the server says. */
export function costOf(option: PickableOption, pick: number | string, cycle: BillingCycle): { price: bigint, setup: bigint } {
  const found = priceIn(typeof pick === 'number' ? option.prices : option.choices.find(choice => choice.id === pick)?.prices ?? [], cycle)
  const times = BigInt(typeof pick === 'number' && Number.isSafeInteger(pick) ? pick : 1)
  return { price: BigInt(found?.price.amount ?? 0) * times, setup: BigInt(found?.setup.amount ?? 0) * times }
}
