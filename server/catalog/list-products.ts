import type { ProductKind, ProductStatus } from '#shared/vocabulary/catalog.ts'
import type { Clock, Page, PageRequest } from '../kernel/ports.ts'
import { toAdminProductView } from './catalog-view.ts'
import type { AdminProductView } from './catalog-view.ts'
import type { OptionStore, ProductStore } from './ports.ts'

interface Deps { readonly products: ProductStore, readonly options: OptionStore, readonly clock: Clock }

/** All products, drafts and retired ones too, with their price history. */
export const listProducts = ({ products, options, clock }: Deps) => async (filter: PageRequest & { readonly q?: string | undefined, readonly status?: ProductStatus | undefined, readonly kind?: ProductKind | undefined }): Promise<Page<AdminProductView>> => {
  const page = await products.list(filter)
  const own = await options.of(page.items.map(product => product.id), clock.now())
  return { ...page, items: page.items.map(product => toAdminProductView(product, clock.now(), own.get(product.id))) }
}
