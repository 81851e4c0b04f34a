import { costOf, optionsIn, pickOf, wishesOf } from '#shared/options/option-picks.ts'
import type { OptionPicks } from '#shared/options/option-picks.ts'
import type { showProduct } from '#shared/contracts/storefront.ts'
import type { BillingCycle } from '#shared/vocabulary/billing.ts'

type Product = ApiResult<typeof showProduct>

/** What is picked of a product's options in a cycle, and what that comes to beside the product. */
export function useOptionPicks(product: Ref<Product | null | undefined>, cycle: () => BillingCycle) {
  const { locale } = useI18n()
  const language = computed(() => locale.value === 'en' ? 'en' as const : 'id' as const)
  const picks = ref<OptionPicks>({})
  const offered = computed(() => optionsIn(product.value?.options ?? [], cycle()))
  /** As far as it costs something. */
  const extras = computed(() => offered.value.map(option => ({ id: option.id, label: option.label[language.value], ...costOf(option, pickOf(option, picks.value, cycle()), cycle()) })).filter(({ price, setup }) => price + setup > 0n))
  const setup = computed(() => extras.value.reduce((all, extra) => all + extra.setup, 0n))
  return { picks, offered, extras, setup, wishes: () => wishesOf(product.value?.options ?? [], picks.value, cycle()) }
}
