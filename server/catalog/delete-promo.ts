import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { toPromoView } from './catalog-view.ts'
import type { CatalogStores } from './ports.ts'

interface Deps { readonly transact: Transact<CatalogStores> }

/** Removes a promo code that was never used; a used one is switched off, for its redemptions still name it. @throws AppError not_found */
export const deletePromo = ({ transact }: Deps) => async (input: { readonly actor: Actor, readonly id: string }): Promise<void> => transact(async (stores) => {
  const promo = await stores.promos.lock(input.id)
  if (!promo) throw new AppError('not_found')
  const used = await stores.promos.wasUsed(input.id)
  if (used) await stores.promos.update(input.id, { ...promo, active: false })
  else await stores.promos.remove(input.id)
  await stores.audit.record({ actor: input.actor, action: used ? 'promo.switch-off' : 'promo.delete', entity: 'promo', entityId: input.id, before: toPromoView(promo) })
})
