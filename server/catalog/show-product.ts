import { AppError } from '#shared/errors/codes.ts'
import type { Clock } from '../kernel/ports.ts'
import { toAdminProductView } from './catalog-view.ts'
import type { AdminProductView } from './catalog-view.ts'
import type { OptionStore, ProductStore } from './ports.ts'

interface Deps { readonly products: ProductStore, readonly options: OptionStore, readonly clock: Clock }

/** @throws AppError not_found */
export const showProduct = ({ products, options, clock }: Deps) => async (id: string): Promise<AdminProductView> => {
  const product = await products.find(id)
  if (!product) throw new AppError('not_found')
  return toAdminProductView(product, clock.now(), (await options.of([id], clock.now())).get(id))
}
