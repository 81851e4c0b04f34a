import type { ComputeTax } from '#server/billing/ports.ts'
import { cloneProduct } from '#server/catalog/clone-product.ts'
import { createProduct } from '#server/catalog/create-product.ts'
import { createPromo } from '#server/catalog/create-promo.ts'
import { deleteProduct } from '#server/catalog/delete-product.ts'
import { deletePromo } from '#server/catalog/delete-promo.ts'
import { listProducts } from '#server/catalog/list-products.ts'
import { listPromos } from '#server/catalog/list-promos.ts'
import { listStorefrontProducts } from '#server/catalog/list-storefront-products.ts'
import { listTlds } from '#server/catalog/list-tlds.ts'
import { listProductCosts, setProductCost } from '#server/catalog/product-cost.ts'
import { previewProduct } from '#server/catalog/preview-product.ts'
import { putBackProduct, retireProduct, showRetirement } from '#server/catalog/retirement.ts'
import { saveOption, setOptionPrice } from '#server/catalog/save-option.ts'
import { setPrice } from '#server/catalog/set-price.ts'
import { showProduct } from '#server/catalog/show-product.ts'
import { showPromo } from '#server/catalog/show-promo.ts'
import { showStorefrontProduct } from '#server/catalog/show-storefront-product.ts'
import { updateProduct } from '#server/catalog/update-product.ts'
import { updatePromo } from '#server/catalog/update-promo.ts'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import type { Core } from '../core.ts'
import { invalidatePages } from '../page-cache.ts'

export const composeCatalog = ({ config, read, transact, clock, newId, log }: Core, { computeTax }: { readonly computeTax: ComputeTax }) => {
  // The change is committed already: a cache that cannot be reached must not undo it.
  const catalogueChanged = () => invalidatePages().catch((error: unknown) => log.error({ err: error }, 'cached pages could not be thrown away'))
  const { products, options, costs, promos, offers, tlds } = read
  const deps = { transact, clock, newId, catalogueChanged, startOfDay: businessCalendar(config.GARDU_TIME_ZONE).startOfDay, products, options, costs, promos, offers, tlds, computeTax }
  return {
    listStorefrontProducts: listStorefrontProducts(deps), showStorefrontProduct: showStorefrontProduct(deps), listTlds: listTlds(deps),
    listProducts: listProducts(deps), showProduct: showProduct(deps), previewProduct: previewProduct(deps), createProduct: createProduct(deps), cloneProduct: cloneProduct(deps), updateProduct: updateProduct(deps), deleteProduct: deleteProduct(deps), showRetirement: showRetirement(deps), retireProduct: retireProduct(deps), putBackProduct: putBackProduct(deps), setPrice: setPrice(deps), saveOption: saveOption(deps), setOptionPrice: setOptionPrice(deps), listProductCosts: listProductCosts(deps), setProductCost: setProductCost(deps),
    listPromos: listPromos(deps), showPromo: showPromo(deps), createPromo: createPromo(deps), updatePromo: updatePromo(deps), deletePromo: deletePromo(deps),
  }
}
