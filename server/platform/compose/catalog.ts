import type { Core } from '../core.ts'

export const composeCatalog = (_core: Core) => ({})
