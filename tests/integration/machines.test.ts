import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { productConnections, resources, services, templates } from '#db/schema/index.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import type { ProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld } from '../support/billing.ts'

const sysadmin = { kind: 'user' as const, id: '01900000-0000-7000-8000-000000000001', name: 'Sari', role: 'sysadmin' as const }

describe.each(databaseKinds())('a paid service on real wires, on %s', (kind) => {
  let test: TestApp
  let sim: ProxmoxSimulator
  let connectionId = ''
  beforeAll(async () => {
    sim = await startProxmoxSimulator()
    test = await startTestApp({ kind })
    const { infrastructure } = test.app
    connectionId = (await infrastructure.createConnection({ actor: sysadmin, input: { kind: 'proxmox', name: 'Jakarta', url: sim.url, tls: { mode: 'fingerprint', caPem: null, fingerprint: sim.fingerprint }, tokenId: sim.token.id, tokenSecret: sim.token.secret, maintenance: false, storage: 'local-lvm', bridge: 'vmbr0', nodes: [] } })).id
    await infrastructure.syncTemplates({ actor: sysadmin, id: connectionId })
    await infrastructure.createAddressPool({ actor: sysadmin, fields: { connectionId, name: 'Publik', firstAddress: '203.0.113.10', lastAddress: '203.0.113.29', prefixLength: 24, gateway: '203.0.113.1', nameservers: ['9.9.9.9'] } })
  })
  afterAll(async () => {
    await test.close()
    await sim.close()
  })

  it('is built, read back, marked and observed', async () => {
    const db = test.app.core.database.executor
    const billing = billingWorld(test.app)
    const order = await billing.order()
    const [template] = await db.select().from(templates).where(eq(templates.name, 'debian-12-cloudinit'))
    await db.update(services).set({ templateId: template?.id ?? null, hostname: 'toko.contoh.test' }).where(eq(services.id, order.serviceId))
    const [service] = await db.select().from(services).where(eq(services.id, order.serviceId))
    await db.insert(productConnections).values({ productId: service?.productId ?? '', connectionId }).onConflictDoNothing()
    await test.app.core.transact(stores => stores.addresses.reserve({ serviceId: order.serviceId, connectionIds: [connectionId] }))
    await billing.pay(order.invoiceId)
    const look = async () => (await db.select().from(resources).where(eq(resources.serviceId, order.serviceId)))[0]
    await expect.poll(async () => (await look())?.status, { timeout: 30_000, interval: 50 }).toBe('ready')
    await test.idle()
    const built = await look()
    const machine = sim.state.machines[built?.vmid ?? 0]
    expect(machine).toMatchObject({ running: true, config: { name: 'toko.contoh.test', tags: expect.stringContaining(`gardu-${built?.ownershipMark}`), description: expect.stringContaining(`gardu-${built?.ownershipMark}`), ipconfig0: 'ip=203.0.113.10/24,gw=203.0.113.1' } })
    expect(Object.values(sim.state.machines).filter(entry => !entry.config.template)).toHaveLength(1)

    if (machine) machine.running = false
    test.clock.advance(60_000)
    await test.app.infrastructure.collect()
    expect(await look()).toMatchObject({ status: 'ready', power: 'stopped', observedAt: test.clock.now() })
  })
})
