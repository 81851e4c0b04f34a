import type { Core } from '../core.ts'

export const composeOrdering = (_core: Core) => ({})
