import type { Clock } from '../kernel/ports.ts'
import { isShown } from './refresh-stock.ts'
import type { StockStore } from './ports.ts'

/** Products on sale with their places as they were last counted, for staff. `fresh` false: counted too long ago to be shown to visitors. */
export const listStock = ({ stock, clock }: { readonly stock: StockStore, readonly clock: Clock }) => async () => ({
  items: (await stock.list()).map(({ countedAt, connectionIds, ...row }) => ({ ...row, connectionIds: [...connectionIds], countedAt: countedAt.toISOString(), fresh: isShown(countedAt, clock.now()) })),
})
