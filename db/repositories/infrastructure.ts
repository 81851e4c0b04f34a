import type { Executor } from '../client.ts'
import type { StoreContext } from '../store-context.ts'

export const infrastructureStores = (_db: Executor, _context: StoreContext) => ({})
