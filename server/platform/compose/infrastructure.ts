import type { Core } from '../core.ts'

export const composeInfrastructure = (_core: Core) => ({})
