import { add, subtract, sum } from '../money/money.ts'
import type { Money } from '../money/money.ts'
import type { OptionEffect, OptionKind } from '../vocabulary/catalog.ts'

interface Text { readonly id: string, readonly en: string }
/** What was sold of an option of a product, copied when it was sold. */
export interface SoldOption {
  readonly optionId: string, readonly choiceId: string | null, readonly key: string, readonly choiceKey: string | null, readonly kind: OptionKind, readonly label: Text, readonly choiceLabel: Text | null, readonly quantity: number
  readonly effect: OptionEffect, /** Of all units together. */ readonly effectAmount: number
  /** Of a whole period, for all units together. */
  readonly price: Money
}

interface Size { readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number, readonly rateMbps: number, /** Left out: none. */ readonly extraIpv4?: number | undefined }
interface Terms { readonly productId: string, readonly cycle: string, readonly price: Money, readonly options: readonly SoldOption[] }
const fieldOf: Record<Exclude<OptionEffect, 'none'>, keyof Size> = { cpu_cores: 'cpuCores', ram_mib: 'ramMiB', disk_gib: 'diskGiB', rate_mbps: 'rateMbps', extra_ipv4: 'extraIpv4' }
const changed = (spec: Size, options: readonly Pick<SoldOption, 'effect' | 'effectAmount'>[], sign: 1 | -1): Size => options.reduce((size, { effect, effectAmount }) => effect === 'none' ? size : { ...size, [fieldOf[effect]]: (size[fieldOf[effect]] ?? 0) + sign * effectAmount }, spec)

/** A machine with what options add to it. */
export const withOptions = (spec: Size, options: readonly Pick<SoldOption, 'effect' | 'effectAmount'>[]): Size => changed(spec, options, 1)
/** The other way round: the machine as its product alone. */
export const withoutOptions = (spec: Size, options: readonly Pick<SoldOption, 'effect' | 'effectAmount'>[]): Size => changed(spec, options, -1)

export const priceOfOptions = (options: readonly Pick<SoldOption, 'price'>[], currency?: Money['currency']): Money => sum(options.map(option => option.price), currency)
/** What a period costs at these terms: the product and everything chosen with it. */
export const totalOfTerms = ({ price, options }: Pick<Terms, 'price' | 'options'>): Money => add(price, priceOfOptions(options, price.currency))

/** Whether only options change: the product goes on at the price that it was sold at, announced prices included. */
export const changesOptionsAlone = ({ from, to }: { readonly from: Terms, readonly to: Terms }): boolean => from.productId === to.productId && from.cycle === to.cycle

/**
 * What a period costs as a whole after a change, when it costs `price` before it. Where only options change, the difference of the options
 * is added to what the period costs already, so that a discount on it stays; else it is the new product's price and that of its options.
 */
export const periodPriceAfter = (change: { readonly from: Terms, readonly to: Terms }, price: Money): Money => changesOptionsAlone(change)
  ? add(price, subtract(priceOfOptions(change.to.options, price.currency), priceOfOptions(change.from.options, price.currency)))
  : totalOfTerms(change.to)
