import type { Core } from '../core.ts'

export const composeProvisioning = (_core: Core) => ({})
