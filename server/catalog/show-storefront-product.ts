import { AppError } from '#shared/errors/codes.ts'
import type { ComputeTax } from '../billing/ports.ts'
import type { Clock } from '../kernel/ports.ts'
import { toStorefrontView } from './catalog-view.ts'
import type { StorefrontProductView } from './catalog-view.ts'
import type { OfferStore } from './ports.ts'

interface Deps { readonly offers: OfferStore, readonly clock: Clock, readonly computeTax: ComputeTax }

/** One product on sale. @throws AppError not_found also for drafts and retired products */
export const showStorefrontProduct = ({ offers, clock, computeTax }: Deps) => async (slug: string): Promise<StorefrontProductView> => {
  const at = clock.now()
  const offer = await offers.findBySlug(slug, at)
  if (!offer) throw new AppError('not_found')
  return toStorefrontView(offer, at, computeTax)
}
