import { eq, sql } from 'drizzle-orm'
import { hostingAccounts, users } from '#db/schema/index.ts'
import { createWhmDriver } from '#server/drivers/panel/whm/driver.ts'
import { hypervisorPool } from '#server/infrastructure/open-hypervisor.ts'
import { findServers } from '#server/infrastructure/find-servers.ts'
import { composeOrdering } from '#server/platform/compose/ordering.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { startWhmSimulator } from '../../simulators/whm/index.ts'
import type { TestApp } from './app.ts'
import { driversOf, provisioningWorld } from './provisioning.ts'
import { shopWorld } from './shop.ts'

const sysadmin = { kind: 'user' as const, id: '01900000-0000-7000-8000-000000000001', name: 'Sari', role: 'sysadmin' as const }

/** A hosting company that sells accounts of one simulated WHM server; its driver gives up after `patience` milliseconds. */
export async function hostingWorld(test: TestApp, patience = 2_000) {
  const { core } = test.app
  const db = core.database.executor
  const sim = await startWhmSimulator()
  const connection = await test.app.infrastructure.createConnection({ actor: sysadmin, input: { kind: 'whm', name: `Web ${uuidv7()}`, url: sim.url, tls: { mode: 'fingerprint', caPem: null, fingerprint: sim.fingerprint }, tokenId: sim.token.id, tokenSecret: sim.token.secret, maintenance: false, storage: '', bridge: '', nodes: [] } })
  await test.app.infrastructure.syncConnection({ id: connection.id, actor: sysadmin })
  const pool = hypervisorPool({ connections: core.read.connections, secrets: core.secrets, drivers: driversOf('proxmox', () => {
    throw new Error('no hypervisor here')
  }), panels: { whm: access => createWhmDriver(access, { totalMilliseconds: patience, slowMilliseconds: patience }) } })
  const place = { findServers: findServers({ transact: core.transact, connections: core.read.connections, openPanel: pool.openPanel, clock: core.clock, log: core.log, within: (_, work) => work }), holdAccounts: test.app.infrastructure.holdAccounts }
  const world = await provisioningWorld(test, undefined, { openPanel: pool.openPanel, ...place })
  const ordering = composeOrdering(core, test.app.billing, place)
  const shop = shopWorld(test.app)
  await db.insert(users).values({ id: sysadmin.id, email: `${sysadmin.id}@contoh.test`, name: 'Sari', passwordHash: 'x', role: 'sysadmin', createdAt: test.clock.now() }).onConflictDoNothing()

  const hosting = {
    world, shop, ordering, sim, pool, connectionId: connection.id, sysadmin,
    async product(panelPackage = 'gardu_hemat', price = 30_000n) {
      const { catalog } = test.app
      const slug = `hosting-${uuidv7()}`
      const text = { id: 'Hosting', en: 'Hosting' }
      const fields = { slug, kind: 'hosting' as const, name: 'Hosting', summary: text, description: text, spec: { cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100, panelPackage }, featured: false, position: 1, stockLimit: null, snapshotLimit: 0, backupsIncluded: 0, backupSchedule: false, placementPolicy: 'most_free' as const, trialDays: null, fixedTermPeriods: null, connectionIds: [connection.id], templateIds: [] }
      const made = await catalog.createProduct({ actor: sysadmin, fields: { ...fields, status: 'draft' } })
      const money = (amount: bigint) => ({ amount, currency: 'IDR' as const })
      await catalog.setPrice({ actor: sysadmin, productId: made.id, cycle: 'monthly', price: money(price), setup: money(0n), effectiveFrom: undefined })
      await catalog.updateProduct({ actor: sysadmin, id: made.id, fields: { ...fields, status: 'active' } })
      return made.id
    },
    async order(domain: string, options: { productId?: string, clientId?: string } = {}) {
      const clientId = options.clientId ?? await shop.buyer()
      const productId = options.productId ?? await hosting.product()
      const order = await ordering.placeOrder({ clientId, items: [{ productId, cycle: 'monthly', hostname: domain, templateId: null, sshKey: null }], promoCodes: [], cartToken: null })
      return { clientId, productId, invoiceId: order.invoiceId ?? '', serviceId: order.items[0]?.serviceId ?? '' }
    },
    async paid(domain: string, options: { productId?: string, clientId?: string } = {}) {
      const order = await hosting.order(domain, options)
      await world.billing.pay(order.invoiceId)
      return order
    },
    async build(domain: string, options: { productId?: string, clientId?: string } = {}) {
      const order = await hosting.paid(domain, options)
      await hosting.follow('provision', order.serviceId)
      return order
    },
    async follow(kind: 'provision' | 'suspend' | 'resume' | 'terminate' | 'resize', serviceId: string) {
      const worker = world.worker()
      await worker.follow({ kind, serviceId, cause: 'test' })
      await world.drain(worker)
    },
    account: (domain: string) => Object.values(sim.state.accounts).filter(each => each.domain === domain),
    /** How often the server was asked for an account, and did not refuse to be asked. */
    creates: () => sim.journal.filter(line => line.endsWith(' createacct')).length,
    async kept(serviceId: string) {
      const [row] = await db.select().from(hostingAccounts).where(eq(hostingAccounts.serviceId, serviceId))
      return row
    },
    async memory(serviceId: string) {
      const { rows } = await db.execute(sql`select state::text as state from sagas where service_id = ${serviceId}`) as unknown as { rows: { state: string }[] }
      return rows.map(row => row.state).join()
    },
    async close() {
      pool.closeAll()
      await sim.close()
    },
  }
  return hosting
}
export type HostingWorld = Awaited<ReturnType<typeof hostingWorld>>
