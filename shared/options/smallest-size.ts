import type { OptionEffect, OptionKind } from '../vocabulary/catalog.ts'
import { withOptions } from './sold-options.ts'

interface Size { readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number, readonly rateMbps: number }
interface Sold { readonly prices: readonly { readonly cycle: string }[] }
interface Option extends Sold { readonly kind: OptionKind, readonly active: boolean, readonly min: number, readonly effect: OptionEffect, readonly effectAmount: number, readonly choices: readonly (Sold & { readonly active: boolean, readonly effectAmount: number })[] }

/** What an option adds at least where it is sold in a cycle: of a number its least, of a choice the smallest; a toggle may stay off. */
function leastOf({ kind, min, effectAmount, choices, prices }: Option, cycle: string): number {
  const sold = ({ prices: own }: Sold) => own.some(price => price.cycle === cycle)
  if (kind === 'toggle') return 0
  if (kind === 'number') return sold({ prices }) ? effectAmount * min : 0
  const amounts = choices.filter(choice => choice.active && sold(choice)).map(choice => choice.effectAmount)
  return amounts.length === 0 ? 0 : Math.min(...amounts)
}

/** The smallest machine that a product can be ordered as, in any of the cycles that it is sold in: no order takes less than that. */
export function smallestSize(spec: Size, options: readonly Option[], cycles: readonly string[]): Size {
  const sizes = cycles.map(cycle => withOptions(spec, options.filter(({ active }) => active).map(option => ({ effect: option.effect, effectAmount: leastOf(option, cycle) }))))
  const least = (of: (size: Size) => number) => sizes.length === 0 ? of(spec) : Math.min(...sizes.map(of))
  return { cpuCores: least(size => size.cpuCores), ramMiB: least(size => size.ramMiB), diskGiB: least(size => size.diskGiB), rateMbps: least(size => size.rateMbps) }
}
