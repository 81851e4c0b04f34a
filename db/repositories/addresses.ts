import { sql } from 'drizzle-orm'
import { AppError } from '#shared/errors/codes.ts'
import type { AddressBook } from '#server/infrastructure/ports.ts'
import type { Executor } from '../client.ts'
import type { StoreContext } from '../store-context.ts'

const quarantineDays = 7
interface Held { service_id: string, ipv4: string, prefix_length: number, gateway: string, nameservers: string[], connection_id: string }
const rows = <T>(found: unknown): T[] => (found as { rows: T[] }).rows

export const addressBook = (db: Executor, context: StoreContext): AddressBook => {
  const now = () => context.now().toISOString()
  return {
    async reserve({ serviceId, connectionIds }) {
      const held = rows(await db.execute(sql`select 1 from addresses where service_id = ${serviceId}`))
      if (held.length > 0) return
      if (connectionIds.length === 0) throw new AppError('out_of_stock', { message: 'no address: no connection' })
      // Addresses whose quarantine has passed are as good as free ones, and taken after them.
      const taken = rows(await db.execute(sql`
        update addresses set status = 'reserved', service_id = ${serviceId}, changed_at = ${now()}::timestamptz, quarantine_until = null where id = (
          select a.id from addresses a join address_pools p on p.id = a.pool_id
          where p.connection_id in ${[...connectionIds]} and (a.status = 'free' or (a.status = 'quarantine' and a.quarantine_until <= ${now()}::timestamptz))
          order by a.status, a.changed_at, a.address limit 1 for update of a skip locked) returning id`))
      if (taken.length === 0) throw new AppError('out_of_stock', { message: 'no free address left' })
    },
    async findFor(serviceId) {
      const [row] = rows<Held>(await db.execute(sql`select a.service_id, host(a.address) as ipv4, p.prefix_length, host(p.gateway) as gateway, p.nameservers, p.connection_id from addresses a join address_pools p on p.id = a.pool_id where a.service_id = ${serviceId}`))
      return row ? { ipv4: row.ipv4, prefixLength: row.prefix_length, gateway: row.gateway, nameservers: row.nameservers, connectionId: row.connection_id } : null
    },
    async findForMany(serviceIds) {
      if (serviceIds.length === 0) return new Map()
      const found = rows<Held>(await db.execute(sql`select service_id, host(address) as ipv4 from addresses where service_id in ${[...serviceIds]}`))
      return new Map(found.map(row => [row.service_id, row.ipv4]))
    },
    async markAssigned(serviceId) {
      await db.execute(sql`update addresses set status = 'assigned', changed_at = ${now()}::timestamptz where service_id = ${serviceId} and status = 'reserved'`)
    },
    async release(serviceId) {
      await db.execute(sql`update addresses set service_id = null, changed_at = ${now()}::timestamptz,
        status = case when status = 'assigned' then 'quarantine' else 'free' end, quarantine_until = case when status = 'assigned' then ${now()}::timestamptz + make_interval(days => ${quarantineDays}::int) end where service_id = ${serviceId}`)
    },
  }
}
