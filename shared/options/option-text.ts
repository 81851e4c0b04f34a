import type { Locale, OptionKind } from '../vocabulary/catalog.ts'

interface Text { readonly id: string, readonly en: string }
export interface NamedOption { readonly kind: OptionKind, readonly label: Text, readonly choiceLabel: Text | null, readonly quantity: number }

/** What was chosen of an option, in words: `Extra disk × 20`, `Bandwidth: 200 Mbps`, `Managed support`. */
export function optionText({ kind, label, choiceLabel, quantity }: NamedOption, locale: Locale): string {
  if (kind === 'number') return `${label[locale]} × ${quantity}`
  return choiceLabel ? `${label[locale]}: ${choiceLabel[locale]}` : label[locale]
}

/** In both languages, for lines whose reader is known later. `behind`: what follows the words, the same in both. */
export const optionTexts = (option: NamedOption, behind = ''): Text => ({ id: `${optionText(option, 'id')}${behind}`, en: `${optionText(option, 'en')}${behind}` })
