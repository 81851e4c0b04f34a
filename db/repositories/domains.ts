import { asc, eq } from 'drizzle-orm'
import type { TldsOnSale } from '#server/domains/ports.ts'
import { money } from '#shared/money/money.ts'
import type { Executor } from '../client.ts'
import { tlds } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'

export function domainStores(db: Executor, _context: StoreContext) {
  const tldsOnSale: TldsOnSale = {
    async list() {
      const rows = await db.select().from(tlds).where(eq(tlds.active, true)).orderBy(asc(tlds.position), asc(tlds.suffix)).limit(100)
      return rows.map(row => ({ suffix: row.suffix, register: money(row.register), renew: money(row.renew), requirement: row.requirement }))
    },
  }
  return { tldsOnSale }
}
