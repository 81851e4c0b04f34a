import type { CartItem } from '~/composables/useCart.ts'

/** Puts a product into the cart from its page and goes there; what is wrong with the wish stands at its field. */
export function useAddToCart() {
  const app = useNuxtApp()
  const { t } = useI18n()
  const to = useLocalePath()
  const busy = ref(false)
  const problem = ref<string | null>(null)
  const fields = ref<Record<string, string>>({})
  async function add(item: CartItem) {
    if (busy.value) return
    busy.value = true
    problem.value = null
    fields.value = {}
    // Loaded with the first purchase, not with the page.
    const { useCart } = await import('~/composables/useCart.ts')
    try {
      await app.runWithContext(() => useCart().add(item))
      window.location.assign(to('/cart'))
    } catch (caught) {
      const found = problemOf(caught)
      problem.value = found?.title ?? t('errors.internal')
      fields.value = Object.fromEntries((found?.fields ?? []).map(field => [field.path.split('.').at(-1) ?? '', field.message]))
      busy.value = false
    }
  }
  return { busy, problem, fields, add }
}
