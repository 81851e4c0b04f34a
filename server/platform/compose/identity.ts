import type { Core } from '../core.ts'

export const composeIdentity = (_core: Core) => ({})
