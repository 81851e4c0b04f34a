import { toMoneyJson } from '../money/money.ts'
import type { Money } from '../money/money.ts'
import type { BillingCycle } from '../vocabulary/billing.ts'
import type { OptionEffect, OptionKind } from '../vocabulary/catalog.ts'
import type { SoldOption } from './sold-options.ts'

/** What was sold of an option, for people. */
export const toSoldOptionView = ({ effect: _, effectAmount: __, price, label, choiceLabel, ...option }: SoldOption) => ({ ...option, label: { ...label }, choiceLabel: choiceLabel && { ...choiceLabel }, price: toMoneyJson(price) })

interface Offered { readonly id: string, readonly key: string, readonly label: { readonly id: string, readonly en: string }, readonly effectAmount: number, readonly position: number, readonly active: boolean, readonly prices: readonly { readonly cycle: BillingCycle, readonly price: Money, readonly setup: Money }[] }
interface OfferedOption extends Offered { readonly kind: OptionKind, readonly min: number, readonly max: number, readonly step: number, readonly effect: OptionEffect, readonly choices: readonly Offered[] }
const toOffered = ({ id, key, label, effectAmount, position, active, prices }: Offered) => ({ id, key, label: { ...label }, effectAmount, position, active, prices: prices.map(({ cycle, price, setup }) => ({ cycle, price: toMoneyJson(price), setup: toMoneyJson(setup) })) })
/** An option of a product with its prices, for people. */
export const toOptionView = ({ kind, min, max, step, effect, choices, ...option }: OfferedOption) => ({ ...toOffered(option), kind, min, max, step, effect, choices: choices.map(toOffered) })
