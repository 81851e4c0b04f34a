import { and, desc, eq, ilike, or, count } from 'drizzle-orm'
import type { AuditTrail } from '#server/audit/ports.ts'
import type { PageRequest } from '#server/kernel/ports.ts'
import type { Executor } from '../client.ts'
import { containing } from '../search-pattern.ts'
import { auditLog } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'

export interface AuditFilter extends PageRequest { q?: string | undefined, entity?: string | undefined }

export const auditStores = (db: Executor, context: StoreContext) => ({
  audit: {
    async record({ actor, action, entity, entityId, before, after }) {
      await db.insert(auditLog).values({ id: context.newId(), at: context.now(), actorId: actor.kind === 'user' ? actor.id : null, actorName: actor.name, action, entity, entityId, before: before ?? null, after: after ?? null, requestId: null })
    },
  } satisfies AuditTrail,
  auditLog: {
    async list(filter: AuditFilter) {
      const like = filter.q ? containing(filter.q) : undefined
      const where = and(filter.entity ? eq(auditLog.entity, filter.entity) : undefined, like ? or(ilike(auditLog.actorName, like), ilike(auditLog.action, like), ilike(auditLog.entityId, like)) : undefined)
      const [items, [counted]] = await Promise.all([
        db.select().from(auditLog).where(where).orderBy(desc(auditLog.at), desc(auditLog.id)).limit(filter.pageSize).offset((filter.page - 1) * filter.pageSize),
        db.select({ total: count() }).from(auditLog).where(where),
      ])
      return { items, total: counted?.total ?? 0, page: filter.page, pageSize: filter.pageSize }
    },
  },
})
