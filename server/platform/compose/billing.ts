import type { Core } from '../core.ts'

export const composeBilling = (_core: Core) => ({})
