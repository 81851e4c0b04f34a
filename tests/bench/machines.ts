import { eq, sql } from 'drizzle-orm'
import { connections, productConnections, resources, services, templates } from '#db/schema/index.ts'
import { createProxmoxDriver } from '#server/drivers/hypervisor/proxmox/driver.ts'
import { queueRules } from '#server/platform/jobs.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import type { ProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import { startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld } from '../support/billing.ts'
import { until } from '../support/journey.ts'
import { median } from './measure.ts'
import type { Line } from './measure.ts'

const sysadmin = { kind: 'user' as const, id: '01900000-0000-7000-8000-000000000001', name: 'Sari', role: 'sysadmin' as const }
const gibi = 1_073_741_824

/** A data centre in which nothing is scarce. */
function roomy(sim: ProxmoxSimulator) {
  for (const node of sim.state.nodes) Object.assign(node, { memory: 4096 * gibi, cores: 512 })
  for (const storage of sim.state.storages) storage.total = 500_000 * gibi
}
const connect = async (test: TestApp, sim: ProxmoxSimulator) => {
  const { id } = await test.app.infrastructure.createConnection({ actor: sysadmin, input: { kind: 'proxmox', name: 'Jakarta', url: sim.url, tls: { mode: 'fingerprint', caPem: null, fingerprint: sim.fingerprint }, tokenId: sim.token.id, tokenSecret: sim.token.secret, maintenance: false, storage: 'ceph-vm', bridge: 'vmbr0', nodes: [] } })
  await test.app.infrastructure.syncConnection({ actor: sysadmin, id })
  return id
}

/**
 * So many paid services at once, on a simulated Proxmox whose tasks take one second each, over its wire. Ideal: the seconds of all tasks, divided by
 * the sagas that are at work at a time, as if nothing else took any time.
 */
export async function benchProvisioning(count: number): Promise<Line> {
  const sim = await startProxmoxSimulator({ taskSeconds: 1 })
  roomy(sim)
  const test = await startTestApp({ kind: 'postgres', start: new Date().toISOString() })
  try {
    const db = test.app.core.database.executor
    const billing = billingWorld(test.app)
    const connectionId = await connect(test, sim)
    await test.app.infrastructure.createAddressPool({ actor: sysadmin, fields: { connectionId, name: 'Publik', firstAddress: '203.0.113.10', lastAddress: '203.0.113.250', prefixLength: 24, gateway: '203.0.113.1', nameservers: ['9.9.9.9'] } })
    const [template] = await db.select().from(templates).where(eq(templates.name, 'debian-12-cloudinit'))
    const orders = []
    for (let n = 0; n < count; n++) {
      const order = await billing.order()
      await db.update(services).set({ templateId: template?.id ?? null }).where(eq(services.id, order.serviceId))
      await db.insert(productConnections).values({ productId: (await billing.service(order.serviceId)).productId, connectionId })
      await test.app.core.transact(stores => stores.addresses.reserve({ serviceId: order.serviceId, connectionIds: [connectionId] }))
      orders.push(order)
    }
    const tasksBefore = sim.state.tasks.length
    const begun = performance.now()
    for (const order of orders) await billing.pay(order.invoiceId)
    const active = async () => (await billing.rows<{ n: number }>(sql`select count(*)::int as n from services where status = 'active'`))[0]?.n ?? 0
    await until('all machines are active', active, n => n === count, 600)
    const seconds = (performance.now() - begun) / 1000
    const tasks = sim.state.tasks.length - tasksBefore
    const atATime = queueRules['provisioning.saga-due'].concurrency
    const clones = sim.state.tasks.slice(tasksBefore).filter(task => task.type === 'qmclone').length
    return { name: `${count} machines built at once on a hypervisor whose tasks take 1 s / the tasks' own time with ${atATime} sagas at a time`, value: seconds / (tasks / atATime), unit: '×', atMost: 1.3, note: `${seconds.toFixed(1)} s, ${tasks} tasks, ${clones} clones, ${((seconds * 1000) / count).toFixed(0)} ms a machine` }
  } finally {
    await test.close()
    await sim.close()
  }
}

/** The minute's look at a hypervisor with so many machines of ours, stored, against asking for them and reading the answer alone. */
export async function benchInventory(count: number): Promise<Line> {
  const sim = await startProxmoxSimulator()
  roomy(sim)
  const test = await startTestApp({ kind: 'postgres', start: new Date().toISOString(), workers: false })
  try {
    const db = test.app.core.database.executor
    const connectionId = await connect(test, sim)
    const billing = billingWorld(test.app)
    const order = await billing.order({ prices: Array.from({ length: count }, () => 100_000n) })
    for (const [n, serviceId] of order.serviceIds.entries()) {
      const vmid = 10_000 + n
      const mark = serviceId
      await db.insert(resources).values({ serviceId, status: 'ready', connectionId, node: 'pve-jkt1', vmid, ownershipMark: mark, changedAt: test.clock.now() })
      sim.state.machines[vmid] = { vmid, node: n % 2 === 0 ? 'pve-jkt1' : 'pve-jkt2', running: true, paused: false, startedAt: Date.now(), config: { name: `vps-${n}`, cores: '1', memory: '1024', tags: `gardu-${mark}`, description: `gardu-${mark}`, scsi0: `ceph-vm:vm-${vmid}-disk-0,size=20G` }, pending: {}, snapshots: [], createdAt: Date.now() }
    }
    const [row] = await db.select().from(connections).where(eq(connections.id, connectionId))
    const driver = createProxmoxDriver({ connectionId, url: sim.url, tokenId: sim.token.id, tokenSecret: sim.token.secret, tls: { mode: 'fingerprint', caPem: null, fingerprint: sim.fingerprint }, storage: row?.storage ?? '', bridge: 'vmbr0', nodes: [] })
    const time = async (work: () => Promise<unknown>) => {
      const begun = performance.now()
      await work()
      return performance.now() - begun
    }
    const ask = () => driver.look()
    const [asked, stored]: [number[], number[]] = [[], []]
    // As autovacuum does within a minute of such a change; a bench is over before.
    await test.app.infrastructure.collect()
    await db.execute(sql`analyze`)
    // In turn, so that what slows the machine slows both.
    for (let round = 0; round < 12; round++) {
      test.clock.advance(30_000)
      const [alone, whole] = [await time(ask), await time(() => test.app.infrastructure.collect())]
      if (round < 2) continue
      asked.push(alone)
      stored.push(whole)
    }
    driver.close()
    const observed = (await billing.rows<{ n: number }>(sql`select count(*)::int as n from resources where power = 'running'`))[0]?.n
    if (observed !== count) throw new Error(`${observed} of ${count} machines were observed`)
    return { name: `the minute's look at ${count} machines, stored / asking for them alone`, value: median(stored) / median(asked), unit: '×', atMost: 2, note: `${median(stored).toFixed(0)} and ${median(asked).toFixed(0)} ms` }
  } finally {
    await test.close()
    await sim.close()
  }
}
