import type { Clock, Page, PageRequest } from '../kernel/ports.ts'
import { toAdminProductView } from './catalog-view.ts'
import type { AdminProductView } from './catalog-view.ts'
import type { ProductStore } from './ports.ts'

interface Deps { readonly products: ProductStore, readonly clock: Clock }

/** All products, drafts and retired ones too, with their price history. */
export const listProducts = ({ products, clock }: Deps) => async (filter: PageRequest & { readonly q?: string | undefined }): Promise<Page<AdminProductView>> => {
  const page = await products.list(filter)
  return { ...page, items: page.items.map(product => toAdminProductView(product, clock.now())) }
}
