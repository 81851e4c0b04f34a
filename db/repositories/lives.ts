import { and, asc, count, eq, gt, inArray, isNotNull, isNull, lte, or, sql } from 'drizzle-orm'
import type { LifeStore } from '#server/billing/life-ports.ts'
import type { Executor } from '../client.ts'
import { paidPeriods, serviceDiscounts, services, trials } from '../schema/index.ts'

export const lifeStores = (db: Executor) => ({
  lives: {
    async discountsOf(serviceId) {
      const rows = await db.select().from(serviceDiscounts).where(eq(serviceDiscounts.serviceId, serviceId)).orderBy(asc(serviceDiscounts.id)).limit(50)
      return rows.map(({ id, promoId, label, kind, value, periods, endsAt }) => ({ id, promoId, label, kind, value, periods, endsAt }))
    },
    async addDiscount(discount) {
      await db.insert(serviceDiscounts).values(discount)
    },
    async endDiscount(id, at) {
      await db.update(serviceDiscounts).set({ endsAt: at }).where(eq(serviceDiscounts.id, id))
    },
    async extendDiscounts(serviceId) {
      await db.update(serviceDiscounts).set({ periods: sql`${serviceDiscounts.periods} + 1` }).where(and(eq(serviceDiscounts.serviceId, serviceId), isNotNull(serviceDiscounts.periods)))
    },
    async periodsPaid(serviceId) {
      const [row] = await db.select({ paid: count() }).from(paidPeriods).where(eq(paidPeriods.serviceId, serviceId))
      return row?.paid ?? 0
    },
    async addTrial(trial) {
      const rows = await db.insert(trials).values(trial).onConflictDoNothing().returning({ serviceId: trials.serviceId })
      return rows.length > 0
    },
    async setTrialEnd(serviceId, endsAt) {
      await db.update(services).set({ trialEndsAt: endsAt }).where(eq(services.id, serviceId))
    },
    async setTerm(serviceId, term) {
      await db.update(services).set({ ...term, endToldDays: null }).where(eq(services.id, serviceId))
    },
    async setEndTold(serviceId, days) {
      await db.update(services).set({ endToldDays: days }).where(eq(services.id, serviceId))
    },
    async listEnding({ now, steps, limit }) {
      const due = or(...steps.map(({ days, before }) => and(lte(services.endsAt, before), or(isNull(services.endToldDays), gt(services.endToldDays, days)))))
      const rows = await db.select({ id: services.id }).from(services).where(and(inArray(services.status, ['active', 'past_due', 'suspended']), gt(services.endsAt, now), eq(services.cancelAtPeriodEnd, false), or(isNull(services.holdUntil), lte(services.holdUntil, now)), due)).orderBy(asc(services.endsAt), asc(services.id)).limit(limit)
      return rows.map(row => row.id)
    },
  } satisfies LifeStore,
})
