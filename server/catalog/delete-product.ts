import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import { toAdminProductView } from './catalog-view.ts'
import type { CatalogStores, CatalogueChanged } from './ports.ts'

interface Deps { readonly transact: Transact<CatalogStores>, readonly clock: Clock, readonly catalogueChanged: CatalogueChanged }

/** Removes a product that was never sold; one that was sold is only ever retired, for its services still name it. @throws AppError not_found, product_sold */
export const deleteProduct = ({ transact, clock, catalogueChanged }: Deps) => async (input: { readonly actor: Actor, readonly id: string }): Promise<void> => {
  await transact(async (stores) => {
    const product = await stores.products.lock(input.id)
    if (!product) throw new AppError('not_found')
    if (product.sold) throw new AppError('product_sold')
    await stores.products.remove(input.id)
    await stores.audit.record({ actor: input.actor, action: 'product.delete', entity: 'product', entityId: input.id, before: toAdminProductView(product, clock.now()) })
  })
  await catalogueChanged()
}
