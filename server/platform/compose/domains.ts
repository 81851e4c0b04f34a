import type { Core } from '../core.ts'

export const composeDomains = (_core: Core) => ({})
