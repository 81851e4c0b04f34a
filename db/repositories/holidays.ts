import { and, asc, count, eq, gte, lt, sql } from 'drizzle-orm'
import type { HolidayStore } from '#server/billing/holiday-ports.ts'
import type { Executor } from '../client.ts'
import { holidays, settings } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'

const weekendKey = 'billing.weekends'

const store = (db: Executor, context: StoreContext): HolidayStore => {
  const weekends = async () => {
    const [row] = await db.select({ value: settings.value }).from(settings).where(eq(settings.key, weekendKey))
    return row?.value === 'free'
  }
  return {
    weekends,
    async load(from) {
      const rows = await db.select().from(holidays).where(gte(holidays.day, from)).orderBy(asc(holidays.day)).limit(2000)
      return { weekends: await weekends(), names: new Map(rows.map(({ day, name }) => [day, name])) }
    },
    ofYear: year => db.select().from(holidays).where(and(gte(holidays.day, `${year}-01-01`), lt(holidays.day, `${year + 1}-01-01`))).orderBy(asc(holidays.day)).limit(366),
    async count() {
      const [row] = await db.select({ n: count() }).from(holidays)
      return row?.n ?? 0
    },
    async save(days) {
      await db.insert(holidays).values([...days]).onConflictDoUpdate({ target: holidays.day, set: { name: sql`excluded.name` } })
    },
    async remove(day) {
      const [row] = await db.delete(holidays).where(eq(holidays.day, day)).returning({ name: holidays.name })
      return row?.name ?? null
    },
    async setWeekends(free) {
      const value = free ? 'free' : 'working'
      await db.insert(settings).values({ key: weekendKey, value, updatedAt: context.now() }).onConflictDoUpdate({ target: settings.key, set: { value, updatedAt: context.now() } })
    },
  }
}

export const holidayStores = (db: Executor, context: StoreContext) => ({ holidays: store(db, context) })
