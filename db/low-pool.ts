import { sql } from 'drizzle-orm'
import type { SQLWrapper } from 'drizzle-orm'

/** A pool is nearly full: less than a tenth of what it may hand out, or fewer than five addresses, are free. */
export const isLowPool = (poolId: SQLWrapper) => sql<boolean>`(select count(*) filter (where a.status = 'free') < 5 or count(*) filter (where a.status = 'free') * 10 < count(*) filter (where a.status <> 'blocked') from addresses a where a.pool_id = ${poolId})`
