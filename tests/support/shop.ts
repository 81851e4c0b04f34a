import { and, eq, isNotNull } from 'drizzle-orm'
import { addresses, addressPools, clientProfiles, connections, productConnections, productPrices, products, productTemplates, promoCodes, promoRedemptions, services, templates, users } from '#db/schema/index.ts'
import type { BillingCycle } from '#shared/vocabulary/billing.ts'
import type { CapacityCheck, HoldCapacity, HoldGrowth, RoomCheck } from '#server/infrastructure/ports.ts'
import type { App } from '#server/platform/app.ts'
import { composeOrdering } from '#server/platform/compose/ordering.ts'
import { uuidv7 } from '#server/platform/ids.ts'

export interface ProductOptions { stockLimit?: number | null, price?: bigint, setup?: bigint, status?: 'draft' | 'active' | 'retired', name?: string, spec?: { cpuCores: number, ramMiB: number, diskGiB: number, rateMbps: number }, /** Of other cycles. */ more?: Partial<Record<BillingCycle, bigint>> }

/** A shop with one hypervisor: products on sale, buyers, addresses. `capacity` answers for the hypervisor; by default there is room. */
export function shopWorld(app: App, capacity: { check: CapacityCheck, hold?: HoldCapacity } = { check: async () => [] }, room: { check: RoomCheck, hold?: HoldGrowth } = { check: async () => {} }) {
  const db = app.core.database.executor
  const at = () => app.core.clock.now()
  const ordering = composeOrdering(app.core, app.billing, { checkCapacity: input => capacity.check(input), holdCapacity: (stores, input) => capacity.hold?.(stores, input) ?? Promise.resolve([]), checkRoom: input => room.check(input), holdGrowth: (stores, input) => room.hold?.(stores, input) ?? Promise.resolve() })
  const shop = {
    ordering, capacity,
    async connection(freeAddresses = 50) {
      const [connectionId, templateId, poolId, net] = [uuidv7(), uuidv7(), uuidv7(), shop.nextNet++]
      await db.insert(connections).values({ id: connectionId, kind: 'proxmox', name: connectionId, url: 'https://pve.contoh.test:8006', tlsMode: 'system', tokenId: 'gardu@pve!gardu', tokenSecret: 'sealed', storage: 'local-lvm', bridge: 'vmbr0', createdAt: at() })
      await db.insert(templates).values({ id: templateId, connectionId, node: 'pve1', ref: '9000', name: 'Debian 12', osFamily: 'debian', username: 'debian', diskGiB: 4, seenAt: at() })
      await db.insert(addressPools).values({ id: poolId, connectionId, name: poolId, firstAddress: `10.${net}.0.10`, lastAddress: `10.${net}.0.250`, prefixLength: 24, gateway: `10.${net}.0.1`, nameservers: ['1.1.1.1'], createdAt: at() })
      if (freeAddresses > 0) await db.insert(addresses).values(Array.from({ length: freeAddresses }, (_, i) => ({ id: uuidv7(), poolId, address: `10.${net}.0.${10 + i}`, changedAt: at() })))
      return { connectionId, templateId, poolId }
    },
    nextNet: 1,
    async product(place: { connectionId: string, templateId: string }, options: ProductOptions = {}) {
      const id = uuidv7()
      await db.insert(products).values({ id, slug: id, kind: 'vps', name: options.name ?? 'VPS Mini', summary: { id: 'a', en: 'a' }, description: { id: 'a', en: 'a' }, spec: options.spec ?? { cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100 }, status: options.status ?? 'active', stockLimit: options.stockLimit ?? null, createdAt: at(), updatedAt: at() })
      await db.insert(productConnections).values({ productId: id, connectionId: place.connectionId })
      await db.insert(productTemplates).values({ productId: id, templateId: place.templateId })
      await db.insert(productPrices).values({ id: uuidv7(), productId: id, cycle: 'monthly', price: options.price ?? 100_000n, setup: options.setup ?? 0n, effectiveFrom: at(), createdAt: at() })
      for (const [cycle, price] of Object.entries(options.more ?? {})) await db.insert(productPrices).values({ id: uuidv7(), productId: id, cycle: cycle as BillingCycle, price, setup: 0n, effectiveFrom: at(), createdAt: at() })
      return id
    },
    async buyer(state: { verified?: boolean, profile?: boolean } = {}) {
      const id = uuidv7()
      await db.insert(users).values({ id, email: `${id}@contoh.test`, name: 'Sari Dewi', passwordHash: 'x', emailVerifiedAt: state.verified === false ? null : at(), createdAt: at() })
      if (state.profile !== false) await db.insert(clientProfiles).values({ userId: id, kind: 'person', phone: '+628123456789', addressLine: 'Jl. Kenanga 5', city: 'Bandung', province: 'Jawa Barat', postalCode: '40111', updatedAt: at() })
      return id
    },
    async promo(change: Partial<typeof promoCodes.$inferInsert> = {}) {
      const id = uuidv7()
      const code = `P${id.replaceAll('-', '').slice(-12).toUpperCase()}`
      await db.insert(promoCodes).values({ id, code, kind: 'percent', value: 10n, createdAt: at(), ...change })
      return { id, code }
    },
    item: (productId: string, templateId: string, hostname = `${uuidv7()}.contoh.id`) => ({ productId, cycle: 'monthly' as const, hostname, templateId, sshKey: null }),
    servicesOf: (productId: string) => db.select().from(services).where(eq(services.productId, productId)),
    redemptionsOf: (promoId: string) => db.select().from(promoRedemptions).where(eq(promoRedemptions.promoId, promoId)),
    held: (poolId: string) => db.select().from(addresses).where(and(eq(addresses.poolId, poolId), isNotNull(addresses.serviceId))),
  }
  return shop
}
