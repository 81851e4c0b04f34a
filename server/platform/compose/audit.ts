import type { Core } from '../core.ts'

export const composeAudit = ({ read }: Core) => ({ list: read.auditLog.list })
