import type { Executor } from '../client.ts'
import type { StoreContext } from '../store-context.ts'

export const domainStores = (_db: Executor, _context: StoreContext) => ({})
