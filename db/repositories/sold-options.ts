import { money } from '#shared/money/money.ts'
import type { Currency } from '#shared/money/money.ts'
import type { SoldOption } from '#shared/options/sold-options.ts'
import type { StoredOption } from '../schema/index.ts'

/** Options as they are kept in JSON, in the currency of their row. */
export const toSold = (options: readonly StoredOption[], currency: Currency): SoldOption[] => options.map(({ price, ...option }) => ({ ...option, price: money(BigInt(price), currency) }))
export const toStored = (options: readonly SoldOption[]): StoredOption[] => options.map(({ optionId, choiceId, key, choiceKey, kind, label, choiceLabel, quantity, effect, effectAmount, price }) => ({ optionId, choiceId, key, choiceKey, kind, label: { ...label }, choiceLabel: choiceLabel && { ...choiceLabel }, quantity, effect, effectAmount, price: price.amount.toString() }))
