import type { z } from 'zod'
import type { promoOfferView } from '#shared/contracts/storefront.ts'
import type { OfferStore, PromoStore } from '../catalog/ports.ts'
import type { Clock } from '../kernel/ports.ts'
import { isRunning, isUsedUp } from './promo.ts'

type PromoOffer = z.input<typeof promoOfferView>

/** What a link with a code leads to: whether the code can be used now, and the one product and cycle that it is for, where there is just one. */
export const findPromo = ({ promos, offers, clock }: { readonly promos: PromoStore, readonly offers: OfferStore, readonly clock: Clock }) => async (code: string): Promise<PromoOffer> => {
  const at = clock.now()
  const promo = await promos.findByCode(code)
  // One that has not begun is nobody's business yet.
  if (!promo || (promo.startsAt && promo.startsAt > at)) return { code, state: 'unknown', slug: null, kind: null, cycle: null }
  if (!isRunning(promo, at)) return { code, state: 'over', slug: null, kind: null, cycle: null }
  if (isUsedUp(promo)) return { code, state: 'exhausted', slug: null, kind: null, cycle: null }
  const cycle = promo.cycles.length === 1 ? promo.cycles[0] ?? null : null
  if (promo.productIds.length === 0) return { code: promo.code, state: 'open', slug: null, kind: null, cycle }
  const [only, ...more] = await offers.findMany(promo.productIds, at)
  // A code for products none of which is sold any more gives nothing.
  if (!only) return { code, state: 'over', slug: null, kind: null, cycle: null }
  const one = more.length === 0 ? only : null
  return { code: promo.code, state: 'open', slug: one?.slug ?? null, kind: one?.kind ?? null, cycle }
}
