import { AppError } from '#shared/errors/codes.ts'
import { toMoneyJson } from '#shared/money/money.ts'
import type { Money, MoneyJson } from '#shared/money/money.ts'
import type { Actor, Clock, NewId, Transact } from '../kernel/ports.ts'
import type { CatalogStores, CostRecord, CostStore, ProductStore } from './ports.ts'

interface Deps { readonly transact: Transact<CatalogStores>, readonly products: ProductStore, readonly costs: CostStore, readonly clock: Clock, readonly newId: NewId, readonly startOfDay: (day: string) => Date }
interface Input { readonly productId: string, readonly monthly: Money, /** In the business zone; a day that is over corrects the reports since then. */ readonly effectiveOn: string, readonly actor: Extract<Actor, { kind: 'user' }> }
export interface ProductCostView { readonly id: string, readonly monthly: MoneyJson, readonly effectiveFrom: string, readonly createdBy: string | null, readonly current: boolean }

function toViews(costs: readonly CostRecord[], now: Date): ProductCostView[] {
  const current = costs.find(cost => cost.effectiveFrom <= now)
  return costs.map(({ monthly, effectiveFrom, ...cost }) => ({ ...cost, monthly: toMoneyJson(monthly), effectiveFrom: effectiveFrom.toISOString(), current: cost.id === current?.id }))
}

/** What a product costs us, the newest first; empty: not known. @throws AppError not_found */
export const listProductCosts = ({ products, costs, clock }: Deps) => async (productId: string): Promise<{ items: ProductCostView[] }> => {
  if (!await products.find(productId)) throw new AppError('not_found')
  return { items: toViews(await costs.of(productId), clock.now()) }
}

/** Says what a product costs us a month from a day on; earlier costs stay as history, and reports take that of each invoice's day. @throws AppError not_found */
export const setProductCost = ({ transact, clock, newId, startOfDay }: Deps) => ({ productId, monthly, effectiveOn, actor }: Input): Promise<{ items: ProductCostView[] }> => transact(async (stores) => {
  if (!await stores.products.lock(productId)) throw new AppError('not_found')
  const at = clock.now()
  await stores.costs.add(productId, { id: newId(), monthly, effectiveFrom: startOfDay(effectiveOn), createdBy: actor.id, at })
  await stores.audit.record({ actor, action: 'product.set-cost', entity: 'product', entityId: productId, after: { monthly: monthly.amount.toString(), effectiveOn } })
  return { items: toViews(await stores.costs.of(productId), at) }
})
