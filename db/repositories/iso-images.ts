import { and, asc, count, eq, sql } from 'drizzle-orm'
import type { IsoStore } from '#server/infrastructure/iso-ports.ts'
import type { Executor } from '../client.ts'
import { isoImages } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'

export const isoStores = (db: Executor, context: StoreContext) => ({
  isoImages: {
    async list({ connectionId, page, pageSize }) {
      const where = eq(isoImages.connectionId, connectionId)
      const items = await db.select().from(isoImages).where(where).orderBy(asc(isoImages.name), asc(isoImages.id)).limit(pageSize).offset((page - 1) * pageSize)
      const [counted] = await db.select({ total: count() }).from(isoImages).where(where)
      return { items, total: counted?.total ?? 0, page, pageSize }
    },
    offered: async (connectionId, node) => db.select().from(isoImages)
      .where(and(eq(isoImages.connectionId, connectionId), eq(isoImages.offered, true), eq(isoImages.present, true), node === null ? undefined : sql`${isoImages.nodes} @> ${JSON.stringify([node])}::jsonb`)).orderBy(asc(isoImages.name), asc(isoImages.id)).limit(100),
    async lock(connectionId, id) {
      const [row] = await db.select().from(isoImages).where(and(eq(isoImages.connectionId, connectionId), eq(isoImages.id, id))).for('update')
      return row ?? null
    },
    async setOffered(id, offered) {
      await db.update(isoImages).set({ offered }).where(eq(isoImages.id, id))
    },
    async record(connectionId, images, silentNodes, at) {
      if (images.length > 0) {
        await db.insert(isoImages).values(images.map(({ ref, name, bytes, nodes }) => ({ id: context.newId(), connectionId, ref, name, bytes, nodes: [...nodes], seenAt: at }))).onConflictDoUpdate({
          target: [isoImages.connectionId, isoImages.ref], set: { name: sql`excluded.name`, bytes: sql`excluded.bytes`, nodes: sql`excluded.nodes`, present: true, seenAt: at },
        })
      }
      await db.execute(sql`update iso_images set present = false where connection_id = ${connectionId} and present and not (ref in (select jsonb_array_elements_text(${JSON.stringify(images.map(({ ref }) => ref))}::jsonb))) and not exists (select 1 from jsonb_array_elements_text(nodes) n where n in (select jsonb_array_elements_text(${JSON.stringify([...silentNodes])}::jsonb)))`)
    },
  } satisfies IsoStore,
})
