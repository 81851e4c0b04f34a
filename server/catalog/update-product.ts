import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import { toAdminProductView } from './catalog-view.ts'
import type { AdminProductView } from './catalog-view.ts'
import type { CatalogStores, CatalogueChanged, ProductFields } from './ports.ts'
import { checkProduct, checkStatusChange } from './product.ts'

interface Deps { readonly transact: Transact<CatalogStores>, readonly clock: Clock, readonly catalogueChanged: CatalogueChanged }

/** Changes a product. What was sold before keeps what was agreed. @throws AppError not_found, invalid_input, slug_taken */
export const updateProduct = ({ transact, clock, catalogueChanged }: Deps) => async (input: { readonly actor: Actor, readonly id: string, readonly fields: ProductFields }): Promise<AdminProductView> => {
  const view = await transact(async (stores) => {
    const before = await stores.products.lock(input.id)
    if (!before) throw new AppError('not_found')
    // What was built, or done, of it stays what it is.
    if (input.fields.kind !== before.kind) throw fieldError('kind', 'kind_stays')
    checkStatusChange(before.status, input.fields.status)
    checkProduct(input.fields, await stores.products.placement(input.fields), before.prices)
    await stores.products.update(input.id, input.fields, clock.now())
    const after = await stores.products.find(input.id)
    if (!after) throw new AppError('not_found')
    const options = (await stores.options.of([input.id], clock.now())).get(input.id)
    const changed = toAdminProductView(after, clock.now(), options)
    await stores.audit.record({ actor: input.actor, action: 'product.update', entity: 'product', entityId: input.id, before: toAdminProductView(before, clock.now()), after: changed })
    return changed
  })
  await catalogueChanged()
  return view
}
