import type { Core } from '../core.ts'

export const composePayments = (_core: Core) => ({})
