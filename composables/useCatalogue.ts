import type { listProducts, listTlds, showProduct } from '#shared/contracts/storefront.ts'

// The contracts' types alone: the schemas behind them would bring a validation library into every public page.
const listProductsRoute = { method: 'GET', path: '/api/storefront/products', access: 'public' } as unknown as typeof listProducts
const showProductRoute = { method: 'GET', path: '/api/storefront/products/{slug}', access: 'public' } as unknown as typeof showProduct
const listTldsRoute = { method: 'GET', path: '/api/storefront/tlds', access: 'public' } as unknown as typeof listTlds

export type StorefrontProduct = ApiResult<typeof showProduct>
export type StorefrontPrice = StorefrontProduct['prices'][number]

/** Products on sale of one kind, with their prices. */
export const useProducts = (kind: StorefrontProduct['kind']) => useApiData(listProductsRoute, { query: { kind } })
export const useProduct = (slug: string) => useApiData(showProductRoute, { params: { slug } })
/** What a retired product was, where its page is asked for. */
interface GoneProduct { readonly name: string, readonly kind: StorefrontProduct['kind'], /** The page of what took its place. */ readonly successor?: string }
const goneOf = (error: unknown): GoneProduct | null => {
  const problem = problemOf(error)
  return problem?.code === 'product_gone' ? problem.params as unknown as GoneProduct : null
}

/**
 * The product whose page this is. One that was retired leads to what took its place (301), or `gone` tells what it was and the answer is 410;
 * of one that is unknown, not on sale yet or of another kind the error page is shown.
 */
export async function useProductPage(kind: StorefrontProduct['kind']) {
  const [app, event, route, to] = [useNuxtApp(), useRequestEvent(), useRoute(), useLocalePath()]
  const { data, error } = await useProduct(String(route.params.slug))
  const gone = computed(() => goneOf(error.value))
  const retired = gone.value?.kind === kind ? gone.value : null
  if (!retired && (error.value || data.value?.kind !== kind)) throw createError({ status: gone.value ? 404 : error.value?.status ?? 404, statusText: gone.value ? '' : error.value?.data?.title ?? '', fatal: true })
  // It may be put back: no browser keeps either answer for good.
  if (retired) event?.node.res.setHeader('cache-control', 'no-cache')
  if (retired?.successor) await app.runWithContext(() => navigateTo({ path: to(retired.successor ?? '/'), query: route.query }, { redirectCode: 301, replace: true }))
  else if (retired && event) setResponseStatus(event, 410)
  return { product: computed(() => data.value), gone: retired }
}
export const useTlds = () => useApiData(listTldsRoute)

/** A template's file name as people call the system: `debian-12-cloudinit` is Debian 12, and so is a container's `debian-12-standard_12.12-1_amd64`. Names that staff wrote by hand stay as they are. */
export function systemName(template: string): string {
  const system = template.replace(/(-(standard|default))?_[\d.]+(-\d+)?_(amd64|arm64)$/, '')
  if (!/^[a-z0-9.-]+$/.test(system)) return template
  const words = system.replace(/-(cloud-?init|cloud|template|amd64|x86_64)(?=-|$)/g, '').split('-')
  return words.map(word => /^\d{4}$/.test(word) && words[0] === 'ubuntu' ? `${word.slice(0, 2)}.${word.slice(2)}` : word === 'almalinux' ? 'AlmaLinux' : word.charAt(0).toUpperCase() + word.slice(1)).join(' ')
}
