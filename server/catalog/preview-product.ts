import type { ComputeTax } from '../billing/ports.ts'
import type { Clock } from '../kernel/ports.ts'
import { toStorefrontView } from './catalog-view.ts'
import type { StorefrontProductView } from './catalog-view.ts'
import type { OfferStore, SketchFields } from './ports.ts'

interface Deps { readonly offers: OfferStore, readonly clock: Clock, readonly computeTax: ComputeTax }

/**
 * How the storefront would show a product that is being written, now: typed fields with the prices, options and stock that it has already
 * (`productId` null: none yet). Made by what makes the storefront's own view; nothing is stored.
 */
export const previewProduct = ({ offers, clock, computeTax }: Deps) => async (input: { readonly productId: string | null, readonly fields: SketchFields }): Promise<StorefrontProductView> => {
  const at = clock.now()
  return toStorefrontView(await offers.sketch(input.productId, input.fields, at), at, computeTax)
}
