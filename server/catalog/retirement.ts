import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { RetirementView, AdminProductView } from './catalog-view.ts'
import { toAdminProductView } from './catalog-view.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import type { CatalogStores, CatalogueChanged, OptionStore, ProductRecord, ProductStore } from './ports.ts'
import { checkProduct } from './product.ts'

interface Deps { readonly transact: Transact<CatalogStores>, readonly clock: Clock, readonly catalogueChanged: CatalogueChanged }
interface Act { readonly actor: Actor, readonly id: string, readonly reason: string }

/** What hangs on a product, told before it is retired. @throws AppError not_found */
export const showRetirement = ({ products, options, clock }: { readonly products: ProductStore, readonly options: OptionStore, readonly clock: Clock }) => async (id: string): Promise<RetirementView> => {
  const product = await products.find(id)
  if (!product) throw new AppError('not_found')
  const at = clock.now()
  const { promos, connections, ...counts } = await products.footprint(id, at)
  const offered = ((await options.of([id], at)).get(id) ?? []).filter(option => option.active)
  return { ...counts, options: offered.length, promos: promos.map(promo => ({ ...promo })), connections: connections.map(connection => ({ ...connection })) }
}

async function change({ transact, clock, catalogueChanged }: Deps, { actor, id, reason }: Act, action: 'product.retire' | 'product.put-back', decide: (stores: CatalogStores, product: ProductRecord) => Promise<{ readonly status: ProductRecord['status'], readonly successorId: string | null }>): Promise<AdminProductView> {
  const view = await transact(async (stores) => {
    const at = clock.now()
    const before = await stores.products.lock(id)
    if (!before) throw new AppError('not_found')
    await stores.products.setStatus(id, await decide(stores, before), at)
    const after = await stores.products.find(id)
    if (!after) throw new AppError('not_found')
    await stores.audit.record({ actor, action, entity: 'product', entityId: id, before: { status: before.status, successor: before.successor }, after: { status: after.status, successor: after.successor, reason } })
    return toAdminProductView(after, at, (await stores.options.of([id], at)).get(id))
  })
  await catalogueChanged()
  return view
}

/**
 * Takes a product off sale for good. Services, unpaid orders and waiting changes go on as agreed; carts lose it; its page is gone, or leads to
 * `successorId`: a product on sale of the same kind. @throws AppError not_found, product_retired, invalid_input (successorId)
 */
export const retireProduct = (deps: Deps) => async (input: Act & { readonly successorId: string | null }): Promise<AdminProductView> => change(deps, input, 'product.retire', async (stores, product) => {
  if (product.status === 'retired') throw new AppError('product_retired')
  const { successorId } = input
  if (successorId === null) return { status: 'retired', successorId }
  const successor = successorId === product.id ? null : await stores.products.find(successorId)
  // Only what is on sale follows, so that no chain of successors ever closes into a circle.
  if (successor?.status !== 'active' || successor.kind !== product.kind) throw fieldError('successorId', 'successor_not_on_sale')
  return { status: 'retired', successorId }
})

/**
 * Makes a retired product a draft again, or puts it on sale, if all that it needs is still there. @throws AppError not_found, product_not_retired,
 * invalid_input with what is missing
 */
export const putBackProduct = (deps: Deps) => async (input: Act & { readonly status: 'draft' | 'active' }): Promise<AdminProductView> => change(deps, input, 'product.put-back', async (stores, product) => {
  if (product.status !== 'retired') throw new AppError('product_not_retired')
  const fields = { ...product, status: input.status }
  checkProduct(fields, await stores.products.placement(fields), product.prices)
  return { status: input.status, successorId: null }
})
