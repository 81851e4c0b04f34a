import { sql } from 'drizzle-orm'
import type { ProductFootprint } from '#server/catalog/ports.ts'
import type { Executor } from '../client.ts'
import { rowsOf } from '../rows-of.ts'
import { cartLife } from './cart-life.ts'

/** So many codes and connections are told by name. */
const mostNamed = 50

/** What hangs on a product at a moment, in one statement; see `ProductFootprint`. */
export async function footprintOf(db: Executor, id: string, at: Date): Promise<ProductFootprint> {
  const [row] = rowsOf<Omit<ProductFootprint, 'promos' | 'connections'> & { promos: ProductFootprint['promos'] | null, connections: ProductFootprint['connections'] | null }>(await db.execute(sql`
    select (select count(*)::int from services s where s.product_id = ${id} and s.status not in ('ended', 'pending')) as services,
      (select count(distinct s.order_id)::int from services s join orders o on o.id = s.order_id and o.status = 'placed' where s.product_id = ${id} and s.status = 'pending') as "unpaidOrders",
      (select count(*)::int from invoices i where i.status = 'issued' and i.order_id is null and exists (select 1 from invoice_lines l join services s on s.id = l.service_id where l.invoice_id = i.id and s.product_id = ${id})) as "unpaidInvoices",
      (select count(*)::int from service_changes c where c.to_product_id = ${id} and c.from_product_id <> c.to_product_id and c.status = 'waiting') as "waitingChanges",
      (select count(*)::int from carts k where k.updated_at > ${new Date(at.getTime() - cartLife).toISOString()}::timestamptz and k.items @> ${JSON.stringify([{ productId: id }])}::jsonb) as carts,
      (select json_agg(p) from (select p.id, p.code, jsonb_array_length(p.product_ids) = 1 as only from promo_codes p where p.active and p.product_ids @> ${JSON.stringify([id])}::jsonb order by p.code limit ${mostNamed}) p) as promos,
      (select json_agg(c) from (select c.id, c.name from product_connections x join connections c on c.id = x.connection_id where x.product_id = ${id} order by c.name, c.id limit ${mostNamed}) c) as connections`))
  return { services: row?.services ?? 0, unpaidOrders: row?.unpaidOrders ?? 0, unpaidInvoices: row?.unpaidInvoices ?? 0, waitingChanges: row?.waitingChanges ?? 0, carts: row?.carts ?? 0, promos: row?.promos ?? [], connections: row?.connections ?? [] }
}
