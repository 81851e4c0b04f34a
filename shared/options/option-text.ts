import type { Locale, OptionKind } from '../vocabulary/catalog.ts'

interface Text { readonly id: string, readonly en: string }
export interface NamedOption { readonly kind: OptionKind, readonly label: Text, readonly choiceLabel: Text | null, readonly quantity: number }

/** What was chosen of an option, in words: `Extra disk × 20`, `Bandwidth: 200 Mbps`, `Managed support`. */
export function optionText({ kind, label, choiceLabel, quantity }: NamedOption, locale: Locale): string {
  if (kind === 'number') return `${label[locale]} × ${quantity}`
  return choiceLabel ? `${label[locale]}: ${choiceLabel[locale]}` : label[locale]
}

/** As it stands on an invoice: those are written in Indonesian. */
export const optionOnInvoice = (option: NamedOption): string => optionText(option, 'id')
