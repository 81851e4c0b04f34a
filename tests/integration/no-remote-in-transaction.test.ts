import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { get } from 'node:http'
import type { Socket } from 'node:net'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resources, templates } from '#db/schema/index.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import type { ProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import { databaseKinds } from '../support/app.ts'
import { until } from '../support/journey.ts'
import { startPaymentWorld } from '../support/payments.ts'
import { shopWorld } from '../support/shop.ts'
import { smtpSink } from '../support/smtp.ts'
import type { SmtpSink } from '../support/smtp.ts'

const sysadmin = { kind: 'user' as const, id: '01900000-0000-7000-8000-000000000001', name: 'Sari', role: 'sysadmin' as const }
const system = { kind: 'system' as const, name: 'test' }

/** D18: a checkout was rolled back because a remote system failed in its midst. Nothing remote may happen while a transaction is open. */
describe.each(databaseKinds())('D18: no remote call inside a transaction, on %s', (kind) => {
  const inside = new AsyncLocalStorage<true>()
  const calls: { to: string, inside: boolean }[] = []
  let w: Awaited<ReturnType<typeof startPaymentWorld>>
  let sim: ProxmoxSimulator
  let sink: SmtpSink

  // Told in the context of whoever begins the call.
  const onRequest = (message: unknown) => void calls.push({ to: (message as { request: ClientRequest }).request.getHeader('host') as string, inside: inside.getStore() === true })
  const onSocket = (message: unknown) => {
    const { socket } = message as { socket: Socket }
    const open = inside.getStore() === true
    socket.once('connect', () => socket.remotePort === sink.port && calls.push({ to: `127.0.0.1:${sink.port}`, inside: open }))
  }
  beforeAll(async () => {
    sim = await startProxmoxSimulator()
    sink = await smtpSink()
    w = await startPaymentWorld(kind, { SMTP_URL: sink.url })
    const { database } = w.test.app.core
    const { transaction } = database
    Object.assign(database, { transaction: (work: Parameters<typeof transaction>[0]) => inside.run(true, () => transaction(work)) })
    subscribe('http.client.request.start', onRequest)
    subscribe('net.client.socket', onSocket)
  })
  afterAll(async () => {
    unsubscribe('http.client.request.start', onRequest)
    unsubscribe('net.client.socket', onSocket)
    await w.close()
    await sim.close()
    await sink.close()
  })
  const to = (url: string) => calls.filter(call => call.to === new URL(url).host)

  it('the watch sees a call that is made inside', async () => {
    await w.test.app.core.transact(() => new Promise<void>((resolve, reject) => {
      get(`${w.midtrans.url}/`, reply => reply.resume().once('end', () => resolve())).once('error', reject)
    }))
    expect(calls.filter(call => call.inside)).toHaveLength(1)
    calls.length = 0
  })

  it('order, payment, webhook, build, mail, look at the hypervisors, suspension, return and end: every call to Midtrans, Proxmox and SMTP is made outside', async () => {
    const { app } = w.test
    const { infrastructure, ordering, billing } = app
    const db = app.core.database.executor
    const { id: connectionId } = await infrastructure.createConnection({ actor: sysadmin, input: { kind: 'proxmox', name: 'Jakarta', url: sim.url, tls: { mode: 'fingerprint', caPem: null, fingerprint: sim.fingerprint }, tokenId: sim.token.id, tokenSecret: sim.token.secret, maintenance: false, storage: 'local-lvm', bridge: 'vmbr0', nodes: [] } })
    await infrastructure.syncTemplates({ actor: sysadmin, id: connectionId })
    await infrastructure.createAddressPool({ actor: sysadmin, fields: { connectionId, name: 'Publik', firstAddress: '203.0.113.10', lastAddress: '203.0.113.29', prefixLength: 24, gateway: '203.0.113.1', nameservers: ['9.9.9.9'] } })
    const [template] = await db.select().from(templates).where(eq(templates.name, 'debian-12-cloudinit'))
    const templateId = template?.id ?? ''
    const shop = shopWorld(app)
    const clientId = await shop.buyer()
    const placed = await ordering.placeOrder({ clientId, items: [shop.item(await shop.product({ connectionId, templateId }), templateId)], promoCodes: [], cartToken: null })
    const [invoiceId, serviceId] = [placed.invoiceId ?? '', placed.items[0]?.serviceId ?? '']
    await app.startWorkers()
    const view = await w.start({ clientId, invoiceId }, 'bca_va')
    w.midtrans.act.pay((await w.payment(view.id)).gatewayOrderId ?? '')
    const service = () => w.world.service(serviceId)
    const machine = async () => (await db.select().from(resources).where(eq(resources.serviceId, serviceId)))[0]?.status
    await until('the service is active', service, row => row.status === 'active', 60)
    await infrastructure.collect()
    await app.core.transact(stores => billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))
    await until('the machine is off', machine, status => status === 'stopped_by_policy')
    await app.core.transact(stores => billing.resumeService(stores, { serviceId, note: 'x', actor: system }))
    await until('the service is back', service, row => row.status === 'active')
    await app.core.transact(stores => billing.endService(stores, { serviceId, reason: 'request', note: 'x', actor: system }))
    await until('the machine is gone', machine, status => status === 'destroyed')
    await w.test.idle()
    expect([to(w.midtrans.url).length > 1, to(sim.url).length > 10, to(`smtp://127.0.0.1:${sink.port}`).length > 0, sink.received.length > 2]).toEqual([true, true, true, true])
    expect(calls.filter(call => call.inside)).toEqual([])
  })
})
