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
export const useTlds = () => useApiData(listTldsRoute)
