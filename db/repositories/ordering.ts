import { and, asc, count, desc, eq, gt, inArray, isNotNull, lte, ne } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import type { BuyerStore, CartStore, Order, OrderStore, RedemptionStore } from '#server/ordering/ports.ts'
import type { Executor } from '../client.ts'
import { carts, clientProfiles, invoices, orders, paidPeriods, promoRedemptions, serviceDiscounts, services, users } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'
import { cartLife } from './cart-life.ts'
import { toStored } from './sold-options.ts'

async function loadOrders(db: Executor, rows: (typeof orders.$inferSelect)[]): Promise<Order[]> {
  if (rows.length === 0) return []
  const ids = rows.map(row => row.id)
  const sold = await db.select({ orderId: services.orderId, serviceId: services.id, productName: services.productName, cycle: services.cycle, hostname: services.hostname }).from(services).where(inArray(services.orderId, ids)).orderBy(asc(services.id))
  const billed = await db.select({ orderId: invoices.orderId, id: invoices.id }).from(invoices).where(inArray(invoices.orderId, ids)).orderBy(asc(invoices.createdAt), asc(invoices.id))
  return rows.map(row => ({
    id: row.id, number: row.number, clientId: row.clientId, status: row.status, placedAt: row.placedAt, total: money(row.total, row.currency), invoiceId: billed.find(invoice => invoice.orderId === row.id)?.id ?? null,
    items: sold.filter(service => service.orderId === row.id).map(({ orderId: _, ...item }) => item),
  }))
}

export const orderingStores = (db: Executor, context: StoreContext) => ({
  carts: {
    async find(idHash, at) {
      const [row] = await db.select().from(carts).where(and(eq(carts.idHash, idHash), gt(carts.updatedAt, new Date(at.getTime() - cartLife))))
      return row ? { items: row.items, promoCodes: row.promoCodes } : null
    },
    async save(idHash, { items, promoCodes }, at) {
      const kept = { items: items.map(item => ({ ...item, options: item.options?.map(wish => ({ ...wish })) })), promoCodes: [...promoCodes], updatedAt: at }
      await db.insert(carts).values({ idHash, ...kept }).onConflictDoUpdate({ target: carts.idHash, set: kept })
      await db.delete(carts).where(lte(carts.updatedAt, new Date(at.getTime() - cartLife)))
    },
    async remove(idHash) {
      await db.delete(carts).where(eq(carts.idHash, idHash))
    },
  } satisfies CartStore,
  orders: {
    async insert({ services: sold, total, promoCodes, ...order }) {
      await db.insert(orders).values({ ...order, promoCodes: [...promoCodes], status: 'placed', total: total.amount, currency: total.currency })
      await db.insert(services).values(sold.map(({ price, options, renewals: _, ...service }) => ({ ...service, options: toStored(options), orderId: order.id, clientId: order.clientId, price: price.amount, currency: price.currency, status: 'pending' as const, createdAt: order.placedAt })))
      const renewals = sold.flatMap(service => service.renewals.map(discount => ({ ...discount, serviceId: service.id, currency: service.price.currency })))
      if (renewals.length > 0) await db.insert(serviceDiscounts).values(renewals)
    },
    async hasPaid(clientId) {
      const [row] = await db.select({ id: invoices.id }).from(invoices).where(and(eq(invoices.clientId, clientId), eq(invoices.status, 'paid'), isNotNull(invoices.orderId))).limit(1)
      if (row) return true
      // A trial has no order invoice: what follows it was paid.
      const [after] = await db.select({ id: services.id }).from(services).innerJoin(paidPeriods, and(eq(paidPeriods.serviceId, services.id), isNotNull(paidPeriods.invoiceId))).where(and(eq(services.clientId, clientId), isNotNull(services.trialEndsAt))).limit(1)
      return after !== undefined
    },
    async find(id, clientId) {
      return (await loadOrders(db, await db.select().from(orders).where(and(eq(orders.id, id), eq(orders.clientId, clientId)))))[0] ?? null
    },
    async listOf(clientId, { page, pageSize }) {
      const rows = await db.select().from(orders).where(eq(orders.clientId, clientId)).orderBy(desc(orders.placedAt), desc(orders.id)).limit(pageSize).offset((page - 1) * pageSize)
      const [counted] = await db.select({ total: count() }).from(orders).where(eq(orders.clientId, clientId))
      return { items: await loadOrders(db, rows), total: counted?.total ?? 0, page, pageSize }
    },
    async hostnamesInUse(clientId, hostnames) {
      const rows = await db.select({ hostname: services.hostname }).from(services).where(and(eq(services.clientId, clientId), inArray(services.hostname, [...hostnames]), isNotNull(services.templateId), ne(services.status, 'ended')))
      return rows.map(row => row.hostname)
    },
  } satisfies OrderStore,
  buyers: {
    async lock(clientId) {
      const [user] = await db.select({ verifiedAt: users.emailVerifiedAt }).from(users).where(and(eq(users.id, clientId), eq(users.role, 'client')))
      if (!user) return null
      const [profile] = await db.select({ userId: clientProfiles.userId }).from(clientProfiles).where(eq(clientProfiles.userId, clientId)).for('update')
      return { emailVerified: user.verifiedAt !== null, profileComplete: profile !== undefined }
    },
  } satisfies BuyerStore,
  redemptions: {
    async usesOf(promoIds, clientId) {
      if (promoIds.length === 0) return []
      return db.select({ promoId: promoRedemptions.promoId, use: promoRedemptions.use }).from(promoRedemptions).where(and(inArray(promoRedemptions.promoId, [...promoIds]), eq(promoRedemptions.clientId, clientId), ne(promoRedemptions.status, 'released')))
    },
    async reserve(redemption) {
      const [row] = await db.insert(promoRedemptions).values({ id: context.newId(), ...redemption, status: 'reserved' }).onConflictDoNothing().returning({ id: promoRedemptions.id })
      return row !== undefined
    },
    async commitFor(orderId) {
      await db.update(promoRedemptions).set({ status: 'committed' }).where(and(eq(promoRedemptions.orderId, orderId), eq(promoRedemptions.status, 'reserved')))
    },
    async releaseFor(orderId) {
      await db.update(promoRedemptions).set({ status: 'released' }).where(and(eq(promoRedemptions.orderId, orderId), eq(promoRedemptions.status, 'reserved')))
    },
  } satisfies RedemptionStore,
})
