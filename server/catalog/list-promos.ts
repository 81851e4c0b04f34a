import type { Page, PageRequest } from '../kernel/ports.ts'
import { toPromoView } from './catalog-view.ts'
import type { PromoView } from './catalog-view.ts'
import type { PromoStore } from './ports.ts'

/** Promo codes, newest first, with how often each is reserved and used. */
export const listPromos = ({ promos }: { readonly promos: PromoStore }) => async (filter: PageRequest & { readonly q?: string | undefined }): Promise<Page<PromoView>> => {
  const page = await promos.list(filter)
  return { ...page, items: page.items.map(toPromoView) }
}
