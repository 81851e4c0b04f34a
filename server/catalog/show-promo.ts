import { AppError } from '#shared/errors/codes.ts'
import { toPromoView } from './catalog-view.ts'
import type { PromoView } from './catalog-view.ts'
import type { PromoStore } from './ports.ts'

/** @throws AppError not_found */
export const showPromo = ({ promos }: { readonly promos: PromoStore }) => async (id: string): Promise<PromoView> => {
  const promo = await promos.find(id)
  if (!promo) throw new AppError('not_found')
  return toPromoView(promo)
}
