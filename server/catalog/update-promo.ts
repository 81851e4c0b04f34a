import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { toPromoView } from './catalog-view.ts'
import type { PromoView } from './catalog-view.ts'
import type { CatalogStores } from './ports.ts'
import { readPromo } from './promo-fields.ts'
import type { PromoInput } from './promo-fields.ts'

interface Deps { readonly transact: Transact<CatalogStores> }

/** Changes a promo code; orders placed with it keep their discount. @throws AppError not_found, code_taken, invalid_input */
export const updatePromo = ({ transact }: Deps) => async (input: { readonly actor: Actor, readonly id: string, readonly fields: PromoInput }): Promise<PromoView> => transact(async (stores) => {
  const fields = readPromo(input.fields)
  const before = await stores.promos.lock(input.id)
  if (!before) throw new AppError('not_found')
  await stores.promos.update(input.id, fields)
  const view = toPromoView({ ...before, ...fields })
  await stores.audit.record({ actor: input.actor, action: 'promo.update', entity: 'promo', entityId: input.id, before: toPromoView(before), after: view })
  return view
})
