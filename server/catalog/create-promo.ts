import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Clock, NewId, Transact } from '../kernel/ports.ts'
import { toPromoView } from './catalog-view.ts'
import type { PromoView } from './catalog-view.ts'
import type { CatalogStores } from './ports.ts'
import { readPromo } from './promo-fields.ts'
import type { PromoInput } from './promo-fields.ts'

interface Deps { readonly transact: Transact<CatalogStores>, readonly clock: Clock, readonly newId: NewId }

/** @throws AppError code_taken (letters compare without case), invalid_input */
export const createPromo = ({ transact, clock, newId }: Deps) => async (input: { readonly actor: Actor, readonly fields: PromoInput }): Promise<PromoView> => transact(async (stores) => {
  const fields = readPromo(input.fields)
  const id = newId()
  await stores.promos.insert(id, fields, clock.now())
  const promo = await stores.promos.find(id)
  if (!promo) throw new AppError('not_found')
  await stores.audit.record({ actor: input.actor, action: 'promo.create', entity: 'promo', entityId: id, after: toPromoView(promo) })
  return toPromoView(promo)
})
