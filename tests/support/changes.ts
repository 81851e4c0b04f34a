import { desc, eq } from 'drizzle-orm'
import { serviceChanges } from '#db/schema/index.ts'
import type { Actor } from '#server/kernel/ports.ts'
import type { BillingCycle, ChangeTiming } from '#shared/vocabulary/billing.ts'
import type { App } from '#server/platform/app.ts'
import type { TestApp } from './app.ts'
import { provisioningWorld } from './provisioning.ts'
import { shopWorld } from './shop.ts'

export const small = { cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100 }
export const large = { cpuCores: 4, ramMiB: 8192, diskGiB: 80, rateMbps: 200 }
export const clientActor = (id: string): Actor => ({ kind: 'user', id, name: 'Sari Dewi', role: 'client' })

/** A hosting company whose running machines can be changed to other products of its shop. */
export async function changesWorld(test: TestApp) {
  const world = await provisioningWorld(test)
  const room: NonNullable<Parameters<typeof shopWorld>[2]> = { check: () => Promise.resolve() }
  const shop = shopWorld(test.app, { check: async () => [] }, room)
  const place = { connectionId: world.connectionId, templateId: world.templateId }
  const db = test.app.core.database.executor
  return {
    ...world, shop, place, room,
    plan: (name: string, spec: typeof small, price: bigint, options: Parameters<typeof shop.product>[1] = {}) => shop.product(place, { name, spec, price, ...options }),
    ask: (service: { serviceId: string, clientId: string }, productId: string, more: { timing?: ChangeTiming, cycle?: BillingCycle, expectedTotal?: string, actor?: Actor } = {}) => shop.ordering.requestChange({ serviceId: service.serviceId, clientId: service.clientId, productId, cycle: 'monthly', timing: 'now', actor: clientActor(service.clientId), ...more }),
    options: (service: { serviceId: string, clientId: string }) => shop.ordering.showChangeOptions(service),
    change: async (id: string) => {
      const [row] = await db.select().from(serviceChanges).where(eq(serviceChanges.id, id))
      if (!row) throw new Error('no such change')
      return row
    },
    /** The machine follows its service. */
    async resize(serviceId: string) {
      const worker = world.worker()
      const opening = await worker.follow({ kind: 'resize', serviceId, cause: 'test' })
      await world.drain(worker)
      return opening.kind
    },
  }
}
export type ChangesWorld = Awaited<ReturnType<typeof changesWorld>>

/** A running service whose upgrade was paid: what was sold is larger than its machine. */
export async function sellLarger(app: App, serviceId: string): Promise<void> {
  await app.core.transact(async (stores) => {
    const subject = await app.billing.findChangeSubject(stores, { serviceId, clientId: null, lock: true })
    if (!subject) throw new Error('no such service')
    await app.billing.openChange(stores, { subject, to: { ...subject.terms, productName: 'VPS Pro', spec: large }, timing: 'now', quote: null, actor: { kind: 'system', name: 'test' } })
  })
}
/** The state of the newest change of a service. */
export async function changeOf(app: App, serviceId: string): Promise<string | undefined> {
  const [row] = await app.core.database.executor.select({ status: serviceChanges.status }).from(serviceChanges).where(eq(serviceChanges.serviceId, serviceId)).orderBy(desc(serviceChanges.createdAt), desc(serviceChanges.id)).limit(1)
  return row?.status
}
