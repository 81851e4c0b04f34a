import type { Actor } from '../kernel/ports.ts'

/** A change made by staff. `before` and `after` are views without secrets. Written in the transaction of the change. */
export interface AuditRecord { actor: Actor, action: string, entity: string, entityId: string | null, before?: unknown, after?: unknown }
export interface AuditTrail { record(entry: AuditRecord): Promise<void> }
