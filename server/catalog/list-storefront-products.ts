import type { ProductKind } from '#shared/vocabulary/catalog.ts'
import type { ComputeTax } from '../billing/ports.ts'
import type { Clock } from '../kernel/ports.ts'
import { toStorefrontView } from './catalog-view.ts'
import type { StorefrontProductView } from './catalog-view.ts'
import type { OfferStore } from './ports.ts'

interface Deps { readonly offers: OfferStore, readonly clock: Clock, readonly computeTax: ComputeTax }

/** Products on sale now, in the order of the storefront. */
export const listStorefrontProducts = ({ offers, clock, computeTax }: Deps) => async (input: { readonly kind?: ProductKind | undefined }): Promise<{ items: StorefrontProductView[] }> => {
  const at = clock.now()
  const found = await offers.list({ at, kind: input.kind })
  return { items: found.map(offer => toStorefrontView(offer, at, computeTax)) }
}
