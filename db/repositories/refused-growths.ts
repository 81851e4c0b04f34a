import { eq, lt, sql } from 'drizzle-orm'
import type { RefusedGrowthStore } from '#server/infrastructure/ports.ts'
import type { Executor } from '../client.ts'
import { refusedGrowths } from '../schema/index.ts'
import { rowsOf } from '../rows-of.ts'

/** Of refusal `g`: the machine still stands there as small as it was, and nobody found another way meanwhile. */
export const stillRefused = sql`(exists (select 1 from resources gr join services gs on gs.id = gr.service_id where gr.service_id = g.service_id and gs.status <> 'ended' and gr.status not in ('none', 'destroyed', 'unlinked') and gr.connection_id = g.connection_id and gr.node = g.node)
  and not exists (select 1 from service_changes gc where gc.service_id = g.service_id and gc.created_at > g.last_at))`

interface Size { cpuCores: number, ramMiB: number, diskGiB: number }
interface Row { service_id: string, connection_id: string, connection_name: string, node: string, from_size: Size, to_size: Size, times: number, first_at: string | Date, last_at: string | Date }

export const refusedGrowthStores = (db: Executor) => ({
  refusedGrowths: {
    async record({ serviceId, connectionId, node, from, to }, at) {
      const row = { connectionId, node, fromSize: from, toSize: to, lastAt: at }
      await db.insert(refusedGrowths).values({ ...row, serviceId, firstAt: at }).onConflictDoUpdate({ target: refusedGrowths.serviceId, set: { ...row, times: sql`${refusedGrowths.times} + 1` } })
    },
    async forget(serviceId) {
      await db.delete(refusedGrowths).where(eq(refusedGrowths.serviceId, serviceId))
    },
    async forgetBefore(moment) {
      await db.delete(refusedGrowths).where(lt(refusedGrowths.lastAt, moment))
    },
    async find(serviceId) {
      const [row] = rowsOf<Row>(await db.execute(sql`select g.*, c.name as connection_name from refused_growths g join connections c on c.id = g.connection_id where g.service_id = ${serviceId} and ${stillRefused}`))
      return row ? { serviceId: row.service_id, connectionId: row.connection_id, connectionName: row.connection_name, node: row.node, from: row.from_size, to: row.to_size, times: row.times, firstAt: new Date(row.first_at), lastAt: new Date(row.last_at) } : null
    },
  } satisfies RefusedGrowthStore,
})
