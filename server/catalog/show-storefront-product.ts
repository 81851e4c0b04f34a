import { AppError } from '#shared/errors/codes.ts'
import { productPath } from '#shared/navigation/product-path.ts'
import type { ComputeTax } from '../billing/ports.ts'
import type { Clock } from '../kernel/ports.ts'
import { toStorefrontView } from './catalog-view.ts'
import type { StorefrontProductView } from './catalog-view.ts'
import type { OfferStore } from './ports.ts'

interface Deps { readonly offers: OfferStore, readonly clock: Clock, readonly computeTax: ComputeTax }

/** One product on sale. @throws AppError not_found (drafts too), product_gone with the name and kind of a retired one and the path of what took its place */
export const showStorefrontProduct = ({ offers, clock, computeTax }: Deps) => async (slug: string): Promise<StorefrontProductView> => {
  const at = clock.now()
  const offer = await offers.findBySlug(slug, at)
  if (offer) return toStorefrontView(offer, at, computeTax)
  const [gone] = await offers.findRetired({ slug }, at)
  if (!gone) throw new AppError('not_found')
  const { name, kind, successor } = gone
  throw new AppError('product_gone', { params: { name, kind, ...successor ? { successor: productPath(successor.kind, successor.slug) } : {} } })
}
