import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Clock, NewId, Transact } from '../kernel/ports.ts'
import { toAdminProductView } from './catalog-view.ts'
import type { AdminProductView } from './catalog-view.ts'
import type { CatalogStores, CatalogueChanged } from './ports.ts'
import { currentPrices } from './product.ts'

interface Deps { readonly transact: Transact<CatalogStores>, readonly clock: Clock, readonly newId: NewId, readonly catalogueChanged: CatalogueChanged }
interface Input { readonly actor: Actor, readonly productId: string, readonly slug: string, readonly name: string }

/**
 * Makes a draft that is like another product: its texts, size, limits, connections, templates, the prices in force and the options that are
 * offered with theirs, all from now on. What belongs to the life of the first one stays there: services, orders, promo codes, announced,
 * scheduled and past prices, retired options and choices, terms and what it costs us. @throws AppError not_found, slug_taken
 */
export const cloneProduct = ({ transact, clock, newId, catalogueChanged }: Deps) => async ({ actor, productId, slug, name }: Input): Promise<AdminProductView> => {
  const view = await transact(async (stores) => {
    const at = clock.now()
    const source = await stores.products.lock(productId)
    if (!source) throw new AppError('not_found')
    const id = newId()
    const createdBy = actor.kind === 'user' ? actor.id : null
    await stores.products.insert(id, { ...source, slug, name, status: 'draft' }, at)
    await stores.products.addPrices(id, currentPrices(source.prices, at).map(({ cycle, price, setup }) => ({ id: newId(), cycle, price, setup, effectiveFrom: at, createdBy, at })))
    await stores.options.copy({ from: productId, to: id, at, createdBy })
    const product = await stores.products.find(id)
    if (!product) throw new AppError('not_found')
    const made = toAdminProductView(product, at, (await stores.options.of([id], at)).get(id))
    await stores.audit.record({ actor, action: 'product.clone', entity: 'product', entityId: id, after: { from: { id: source.id, slug: source.slug }, ...made } })
    return made
  })
  await catalogueChanged()
  return view
}
