import type { Core } from '../core.ts'

export const composeNotifications = (_core: Core) => ({})
