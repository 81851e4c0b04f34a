import { and, asc, count, desc, eq, gt, inArray, isNotNull, isNull, lt, lte, ne, sql } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import type { PriceAnnouncement, PriceChangeStore } from '#server/billing/price-ports.ts'
import type { Executor } from '../client.ts'
import { priceAnnouncements, products, servicePriceChanges, services, users } from '../schema/index.ts'

const living = ['active', 'past_due', 'suspended'] as const
const pending = () => and(isNull(servicePriceChanges.appliedAt), isNull(servicePriceChanges.withdrawnAt))

export const priceChangeStores = (db: Executor) => {
  const announcementRows = () => db.select({ row: priceAnnouncements, productName: products.name, createdByName: users.name }).from(priceAnnouncements).innerJoin(products, eq(products.id, priceAnnouncements.productId)).innerJoin(users, eq(users.id, priceAnnouncements.createdBy))
  const toAnnouncement = ({ row: { price, currency, createdBy: _, ...row }, productName, createdByName }: Awaited<ReturnType<typeof announcementRows>>[number]): PriceAnnouncement => ({ ...row, productName, createdByName, price: money(price, currency) })
  const affectedColumns = { serviceId: services.id, clientId: services.clientId, hostname: services.hostname, price: services.price, currency: services.currency, priceLockedUntil: services.priceLockedUntil }
  const toAffected = ({ price, currency, ...row }: { serviceId: string, clientId: string, hostname: string, price: bigint, currency: 'IDR', priceLockedUntil: Date | null }) => ({ ...row, price: money(price, currency) })
  return {
    priceChanges: {
      async productName(productId) {
        const [row] = await db.select({ name: products.name }).from(products).where(eq(products.id, productId))
        return row?.name ?? null
      },
      async reach({ productId, cycle, price, effectiveFrom }) {
        const changed = ne(services.price, price.amount)
        const [row] = await db.select({
          services: sql<number>`count(*) filter (where ${changed})::int`, unchanged: sql<number>`count(*) filter (where not (${changed}))::int`,
          locked: sql<number>`count(*) filter (where ${changed} and ${services.priceLockedUntil} > ${effectiveFrom.toISOString()})::int`, before: sql<string>`coalesce(sum(${services.price}), 0)::text`,
        }).from(services).where(and(eq(services.productId, productId), inArray(services.status, [...living]), eq(services.cycle, cycle)))
        const counts = { services: row?.services ?? 0, unchanged: row?.unchanged ?? 0, locked: row?.locked ?? 0 }
        return { ...counts, before: money(BigInt(row?.before ?? 0), price.currency), after: money(price.amount * BigInt(counts.services + counts.unchanged), price.currency) }
      },
      async announce({ price, at, by, ...row }) {
        await db.insert(priceAnnouncements).values({ ...row, price: price.amount, currency: price.currency, createdAt: at, createdBy: by })
      },
      async lockAnnouncement(id) {
        const [row] = await announcementRows().where(eq(priceAnnouncements.id, id)).for('update', { of: priceAnnouncements })
        return row ? toAnnouncement(row) : null
      },
      async listAnnouncements(productId, { page, pageSize }) {
        const where = eq(priceAnnouncements.productId, productId)
        const rows = await announcementRows().where(where).orderBy(desc(priceAnnouncements.createdAt), desc(priceAnnouncements.id)).limit(pageSize).offset((page - 1) * pageSize)
        const [counted] = await db.select({ total: count() }).from(priceAnnouncements).where(where)
        return { items: rows.map(toAnnouncement), total: counted?.total ?? 0, page, pageSize }
      },
      async affected({ productId, cycle, price, createdAt, cursor }, limit) {
        const rows = await db.select(affectedColumns).from(services)
          .where(and(eq(services.productId, productId), inArray(services.status, [...living]), eq(services.cycle, cycle), lte(services.createdAt, createdAt), ne(services.price, price.amount), cursor ? gt(services.id, cursor) : undefined)).orderBy(asc(services.id)).limit(limit)
        return rows.map(toAffected)
      },
      async add(changes) {
        if (changes.length === 0) return []
        const rows = await db.insert(servicePriceChanges).values(changes.map(({ oldPrice, price, at, ...change }) => ({ ...change, oldPrice: oldPrice.amount, price: price.amount, currency: price.currency, createdAt: at }))).onConflictDoNothing().returning({ serviceId: servicePriceChanges.serviceId })
        return rows.map(row => row.serviceId)
      },
      async takeBack({ id }, limit, at) {
        const rows = await db.select({ id: servicePriceChanges.id, ...affectedColumns }).from(servicePriceChanges).innerJoin(services, eq(services.id, servicePriceChanges.serviceId))
          .where(and(eq(servicePriceChanges.announcementId, id), pending(), ne(services.status, 'ended'))).orderBy(asc(servicePriceChanges.serviceId)).limit(limit)
        if (rows.length > 0) await db.update(servicePriceChanges).set({ withdrawnAt: at }).where(inArray(servicePriceChanges.id, rows.map(row => row.id)))
        return rows.map(({ id: _, ...row }) => toAffected(row))
      },
      async progress(id, to) {
        await db.update(priceAnnouncements).set(to).where(eq(priceAnnouncements.id, id))
      },
      async withdraw(id, at) {
        await db.update(priceAnnouncements).set({ withdrawnAt: at, cursor: null, finishedAt: null }).where(eq(priceAnnouncements.id, id))
      },
      async setLock(serviceId, until) {
        await db.update(services).set({ priceLockedUntil: until }).where(eq(services.id, serviceId))
      },
      async postpone(serviceId, until) {
        const stands = sql`exists (select 1 from price_announcements a where a.id = ${servicePriceChanges.announcementId} and a.withdrawn_at is null)`
        const rows = await db.update(servicePriceChanges).set({ effectiveFrom: until }).where(and(eq(servicePriceChanges.serviceId, serviceId), isNotNull(servicePriceChanges.announcementId), pending(), lt(servicePriceChanges.effectiveFrom, until), stands)).returning()
        return rows.map(({ id, price, currency }) => ({ id, price: money(price, currency) }))
      },
      async dropPending(serviceId, at) {
        await db.update(servicePriceChanges).set({ withdrawnAt: at }).where(and(eq(servicePriceChanges.serviceId, serviceId), pending()))
      },
    } satisfies PriceChangeStore,
  }
}
