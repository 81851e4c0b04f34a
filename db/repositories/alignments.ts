import { and, desc, eq, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { AlignableRow, Alignment, AlignmentStore } from '#server/billing/alignment-ports.ts'
import type { Executor } from '../client.ts'
import { alignments, alignmentServices } from '../schema/index.ts'
import { rowsOf } from '../rows-of.ts'

export const alignmentStores = (db: Executor) => {
  const read = async (where: SQL | undefined): Promise<Alignment[]> => {
    const list = (column: SQL) => sql<string[]>`(select coalesce(json_agg(${column} order by s.id), '[]') from alignment_services a join services s on s.id = a.service_id where a.alignment_id = alignments.id)`
    const rows = await db.select({ row: alignments, serviceIds: list(sql`s.id`), hostnames: list(sql`s.hostname`) }).from(alignments).where(where).orderBy(desc(alignments.createdAt), desc(alignments.id)).limit(20)
    return rows.map(({ row: { id, clientId, day, status, invoiceId, expiresAt }, ...services }) => ({ id, clientId, day, status, invoiceId, expiresAt, ...services }))
  }
  return {
    alignments: {
      async insert({ serviceIds, ...alignment }) {
        await db.insert(alignments).values({ ...alignment, status: 'waiting' })
        await db.insert(alignmentServices).values(serviceIds.map(serviceId => ({ alignmentId: alignment.id, serviceId })))
      },
      openOf: async serviceId => (await read(and(eq(alignments.status, 'waiting'), sql`exists (select 1 from alignment_services o where o.alignment_id = alignments.id and o.service_id = ${serviceId})`)))[0] ?? null,
      openOfClient: clientId => read(and(eq(alignments.status, 'waiting'), eq(alignments.clientId, clientId))),
      byInvoice: async invoiceId => (await read(eq(alignments.invoiceId, invoiceId)))[0] ?? null,
      async close(id, { status, at }) {
        await db.update(alignments).set({ status, closedAt: at }).where(eq(alignments.id, id))
      },
      async listExpired({ now, frozenBefore, limit }) {
        return rowsOf<{ alignmentId: string, invoiceId: string }>(await db.execute(sql`
          select a.id as "alignmentId", a.invoice_id as "invoiceId" from alignments a where a.status = 'waiting' and a.expires_at <= ${now.toISOString()} and (a.expires_at <= ${frozenBefore.toISOString()}
            or not exists (select 1 from payments y left join transfers t on t.payment_id = y.id where y.invoice_id = a.invoice_id and y.status in ('created', 'pending') and (y.method <> 'transfer' or t.proof_at is not null)))
          order by a.expires_at, a.id limit ${limit}`))
      },
      async alignable(clientId) {
        return rowsOf<AlignableRow>(await db.execute(sql`
          select s.id as "serviceId", s.product_name as "productName", exists (select 1 from service_changes c where c.service_id = s.id and c.status in ('waiting', 'applied')) as "changeOpen",
            exists (select 1 from alignment_services o join alignments a on a.id = o.alignment_id and a.status = 'waiting' where o.service_id = s.id) as "alignmentOpen"
          from services s where s.client_id = ${clientId} and s.status in ('active', 'past_due', 'suspended') order by s.cycle = 'one_time', s.hostname, s.id limit 100`))
      },
    } satisfies AlignmentStore,
  }
}
