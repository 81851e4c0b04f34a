import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Clock, NewId, Transact } from '../kernel/ports.ts'
import { toAdminProductView } from './catalog-view.ts'
import type { AdminProductView } from './catalog-view.ts'
import type { CatalogStores, CatalogueChanged, ProductFields } from './ports.ts'
import { checkProduct, checkStatusChange } from './product.ts'

interface Deps { readonly transact: Transact<CatalogStores>, readonly clock: Clock, readonly newId: NewId, readonly catalogueChanged: CatalogueChanged }

/** Adds a product. It has no price yet, so it cannot be on sale at once. @throws AppError invalid_input, slug_taken */
export const createProduct = ({ transact, clock, newId, catalogueChanged }: Deps) => async (input: { readonly actor: Actor, readonly fields: ProductFields }): Promise<AdminProductView> => {
  const view = await transact(async (stores) => {
    checkStatusChange('draft', input.fields.status)
    checkProduct(input.fields, await stores.products.placement(input.fields), [])
    const id = newId()
    await stores.products.insert(id, input.fields, clock.now())
    const product = await stores.products.find(id)
    if (!product) throw new AppError('not_found')
    const made = toAdminProductView(product, clock.now())
    await stores.audit.record({ actor: input.actor, action: 'product.create', entity: 'product', entityId: id, after: made })
    return made
  })
  await catalogueChanged()
  return view
}
