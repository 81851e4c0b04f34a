import type { Core } from '../core.ts'

export const composeClients = (_core: Core) => ({})
