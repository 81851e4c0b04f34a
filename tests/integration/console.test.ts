import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { eq, sql } from 'drizzle-orm'
import { WebSocketServer } from 'ws'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sessions, users } from '#db/schema/index.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { connectConsole } from '#server/drivers/console/connect.ts'
import { createProxmoxDriver } from '#server/drivers/hypervisor/proxmox/driver.ts'
import { hypervisorPool } from '#server/infrastructure/open-hypervisor.ts'
import type { ClosableDriver } from '#server/infrastructure/open-hypervisor.ts'
import { consoleRelay } from '#server/platform/console-relay.ts'
import type { ConsoleLimits, ConsoleRelay, ConsoleRelayDeps } from '#server/platform/console-relay.ts'
import type { UserActor } from '#server/platform/http.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import openForStaff from '../../server/api/admin/services/[id]/console.post.ts'
import openForOwner from '../../server/api/portal/services/[id]/console.post.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import type { ProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { serveRoutes } from '../support/http.ts'
import { driversOf, provisioningWorld } from '../support/provisioning.ts'
import type { ProvisioningWorld } from '../support/provisioning.ts'
import { openViewer } from '../support/viewer.ts'
import type { Knock, Viewer } from '../support/viewer.ts'

const system: Actor = { kind: 'system', name: 'test' }
const redis = process.env.GARDU_TEST_REDIS_URL

describe.each(databaseKinds())('consoles, relayed to Proxmox over its wire, on %s', (kind) => {
  let test: TestApp
  let simulator: ProxmoxSimulator
  let world: ProvisioningWorld
  let drivers: ReturnType<typeof hypervisorPool>
  let http: Awaited<ReturnType<typeof serveRoutes>>
  let caller: { actor: UserActor, sessionId: string } | null = null
  const relays: { relay: ConsoleRelay, server: Server }[] = []
  const viewers: Viewer[] = []
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false, ...(kind === 'postgres' && redis ? { env: { REDIS_URL: redis } } : {}) })
    http = await serveRoutes(test.app, [['post', '/api/portal/services/{id}/console', openForOwner], ['post', '/api/admin/services/{id}/console', openForStaff]], (event) => {
      event.context.actor = caller?.actor ?? null
      if (caller) event.context.sessionId = caller.sessionId
      event.context.clientAddress = uuidv7()
    })
  })
  afterAll(async () => {
    await http.close()
    await test.close()
  })
  beforeEach(async () => {
    simulator = await startProxmoxSimulator()
    const { core } = test.app
    drivers = hypervisorPool({ connections: core.read.connections, secrets: core.secrets, drivers: driversOf('proxmox', (access): ClosableDriver => createProxmoxDriver(access, { totalMilliseconds: 2000 })) })
    world = await provisioningWorld(test, { url: simulator.url, fingerprint: simulator.fingerprint, token: simulator.token, node: 'pve-jkt1', storage: 'ceph-vm', open: drivers.open, capacity: test.app.infrastructure.checkCapacity })
    const { connectionId } = world
    world.setCapacity(input => test.app.infrastructure.checkCapacity({ ...input, connectionIds: input.connectionIds.filter(id => id === connectionId) }))
  })
  afterEach(async () => {
    viewers.splice(0).forEach(viewer => viewer.close())
    for (const { relay, server } of relays.splice(0)) {
      relay.close()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
    drivers.closeAll()
    test.app.infrastructure.closeHypervisors()
    await simulator.close()
    await test.app.core.database.executor.execute(sql`delete from idempotency_keys`)
  })

  /** A relay in a process of its own: nothing is shared with the application's but the stores. */
  async function startRelay(limits: Partial<ConsoleLimits> = {}, change: Partial<ConsoleRelayDeps> = {}) {
    const { core, provisioning, identity } = test.app
    const relay = consoleRelay({ baseUrl: core.config.GARDU_BASE_URL, kv: core.kv, live: core.live, log: core.log, takeTicket: provisioning.takeConsoleTicket, open: provisioning.openConsole, standings: core.read.serviceControl.standings, sessionHolder: identity.sessionHolder, ...change }, limits)
    const server = createServer()
    server.on('upgrade', relay.upgrade)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    relays.push({ relay, server })
    return { relay, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/api/console` }
  }
  const signedIn = async (userId: string, role: UserActor['role'] = 'client') => {
    const sessionId = uuidv7()
    const now = new Date()
    await test.app.core.database.executor.update(users).set({ emailVerifiedAt: now, role }).where(eq(users.id, userId))
    await test.app.core.database.executor.insert(sessions).values({ id: sessionId, userId, createdAt: now, lastUsedAt: now, expiresAt: new Date(now.getTime() + 3_600_000) })
    return caller = { actor: { kind: 'user', id: userId, name: 'Sari Dewi', role }, sessionId }
  }
  const build = async () => {
    const { serviceId, service } = await world.build()
    await signedIn(service.clientId)
    return { serviceId, clientId: service.clientId }
  }
  const askFor = (serviceId: string, area: 'portal' | 'admin' = 'portal') => fetch(`${http.url}/api/${area}/services/${serviceId}/console`, { method: 'POST', headers: { 'content-type': 'application/json' } })
  const ticketFor = async (serviceId: string, area: 'portal' | 'admin' = 'portal') => {
    const answer = await askFor(serviceId, area)
    expect(answer.status).toBe(201)
    return (await answer.json() as { ticket: string }).ticket
  }
  const view = async (url: string, ticket: string, knock: Knock = {}) => {
    const opened = await openViewer(url, ticket, knock)
    if ('refused' in opened) throw new Error(`refused: ${opened.refused}`)
    viewers.push(opened)
    return opened
  }
  const refusal = async (url: string, ticket: string, knock: Knock = {}) => {
    const opened = await openViewer(url, ticket, knock)
    return 'refused' in opened ? opened.refused : 'opened'
  }
  /** Looked at until the screen stands. */
  const seen = async (viewer: Viewer) => {
    await expect.poll(() => viewer.pixels, { timeout: 10_000 }).toBeGreaterThan(24)
    viewer.ask()
    await expect.poll(() => viewer.pixels, { timeout: 10_000 }).toBeGreaterThan(1_000_000)
  }
  const open = async (limits: Partial<ConsoleLimits> = {}, change: Partial<ConsoleRelayDeps> = {}) => {
    const built = await build()
    const { relay, url } = await startRelay(limits, change)
    const viewer = await view(url, await ticketFor(built.serviceId))
    await seen(viewer)
    return { ...built, relay, url, viewer }
  }
  const audited = async (serviceId: string) => ((await test.app.core.database.executor.execute(sql`select actor_id, after from audit_log where action = 'service.console' and entity_id = ${serviceId}`)) as unknown as { rows: { actor_id: string, after: object }[] }).rows

  it('the owner sees the screen of his machine, types, and sees what he typed; it is audited', async () => {
    const { serviceId, clientId, viewer } = await open()
    const before = viewer.pixels
    viewer.type('akar\nhostname\n')
    viewer.ask()
    await expect.poll(() => viewer.pixels, { timeout: 10_000 }).toBeGreaterThan(before)
    const vmid = (await world.look(serviceId)).resource?.vmid ?? 0
    await expect.poll(() => simulator.consoles.screenOf(vmid)?.rows().join('\n')).toContain('login: akar')
    expect(await audited(serviceId)).toEqual([{ actor_id: clientId, after: { as: 'owner' } }])
  })

  it('attack: nothing of the hypervisor is in what the browser is told: no address, token, ticket, password or certificate', async () => {
    const { serviceId, url } = await open()
    const answer = await (await askFor(serviceId)).text()
    const viewer = await view(url, (JSON.parse(answer) as { ticket: string }).ticket)
    await seen(viewer)
    const told = answer + viewer.received.toString('latin1')
    const { host, port } = new URL(simulator.url)
    for (const secret of [simulator.token.secret, simulator.token.id, host, `:${port}`, 'PVEVNC', 'PVEAPIToken', simulator.fingerprint ?? '?']) expect(told).not.toContain(secret)
    // Security type None: no password is asked of the browser.
    expect([...viewer.received.subarray(12, 18)]).toEqual([1, 1, 0, 0, 0, 0])
  })

  it('attack: a ticket opens one console: used, unknown, missing, or lapsed it opens none', async () => {
    const { serviceId, url } = await open()
    const ticket = await ticketFor(serviceId)
    const both = await Promise.all([openViewer(url, ticket), openViewer(url, ticket)])
    expect(both.filter(each => 'refused' in each)).toEqual([{ refused: 401 }])
    viewers.push(...both.filter(each => !('refused' in each)) as Viewer[])
    expect(await refusal(url, ticket)).toBe(401)
    expect(await refusal(url, 'A'.repeat(43))).toBe(401)
    expect(await refusal(url, '', { protocols: ['binary'] })).toBe(401)
    const lapsed = await ticketFor(serviceId)
    expect(await test.app.core.kv.secondsLeft(`console:ticket:${await sha256(lapsed)}`)).toBeLessThanOrEqual(30)
    await test.app.core.kv.delete(`console:ticket:${await sha256(lapsed)}`)
    expect(await refusal(url, lapsed)).toBe(401)
  })
  const sha256 = async (text: string) => Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(text))).toString('hex')

  it('attack: another site\'s page opens no console, nor does who names none, and the ticket is not spent by it', async () => {
    const { serviceId, url } = await open()
    const ticket = await ticketFor(serviceId)
    expect(await refusal(url, ticket, { origin: 'https://jahat.test' })).toBe(403)
    expect(await refusal(url, ticket, { origin: null })).toBe(403)
    expect(await refusal(url, ticket, { origin: 'null' })).toBe(403)
    expect(await refusal(url, ticket)).toBe('opened')
  })

  it('attack: another client\'s service is answered like one that does not exist, and staff\'s door is shut to clients', async () => {
    const { serviceId } = await build()
    await signedIn((await world.build()).service.clientId)
    const [foreign, unknown] = [await askFor(serviceId), await askFor(uuidv7())]
    expect([foreign.status, unknown.status]).toEqual([404, 404])
    expect((await askFor(serviceId, 'admin')).status).toBe(403)
    caller = null
    expect((await askFor(serviceId)).status).toBe(401)
  })

  it('a SysAdmin opens it as staff, and the audit log says so; another role does not', async () => {
    const { serviceId } = await build()
    const userId = uuidv7()
    await test.app.core.database.executor.insert(users).values({ id: userId, name: 'Wayan', email: `${userId}@gardu.test`, role: 'sysadmin', passwordHash: 'x', createdAt: new Date(), emailVerifiedAt: new Date() })
    await signedIn(userId, 'finance')
    expect((await askFor(serviceId, 'admin')).status).toBe(403)
    await signedIn(userId, 'sysadmin')
    const { url } = await startRelay()
    await seen(await view(url, await ticketFor(serviceId, 'admin')))
    expect(await audited(serviceId)).toEqual([{ actor_id: userId, after: { as: 'staff' } }])
  })

  it('a suspended service, one that ended, one without a machine and one that is stopped get no ticket, each with its reason', async () => {
    const { serviceId } = await build()
    const codeOf = async () => (await (await askFor(serviceId)).json() as { code: string }).code
    const vmid = (await world.look(serviceId)).resource?.vmid ?? 0
    await test.app.core.database.executor.execute(sql`update resources set power = 'stopped' where service_id = ${serviceId}`)
    expect(await codeOf()).toBe('machine_not_running')
    await test.app.core.database.executor.execute(sql`update connections set kind = 'vcenter' where id = ${world.connectionId}`)
    expect(await codeOf()).toBe('console_unsupported')
    // Its connection says that consoles are shown: then the machine has to run, as everywhere.
    await test.app.core.database.executor.execute(sql`update connections set console = true where id = ${world.connectionId}`)
    expect(await codeOf()).toBe('machine_not_running')
    await test.app.core.database.executor.execute(sql`update connections set console = false where id = ${world.connectionId}`)
    await suspend(serviceId)
    expect(await codeOf()).toBe('service_suspended')
    await test.app.core.database.executor.execute(sql`update connections set kind = 'proxmox' where id = ${world.connectionId}`)
    expect(simulator.state.machines[vmid]?.running).toBe(true)
    expect(simulator.journal.some(line => line.includes('vncproxy'))).toBe(false)
    expect((await askFor((await world.paidService()).serviceId)).status).toBe(404)
  })
  const suspend = (serviceId: string) => test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))

  it('suspended while it is open, it is closed at once, with the reason', async () => {
    const { serviceId, viewer, relay } = await open({ lookSeconds: 600 })
    await suspend(serviceId)
    expect(await viewer.closed).toEqual({ code: 4000, reason: 'suspended' })
    await expect.poll(() => [relay.count(), simulator.consoles.count()]).toEqual([0, 0])
  })

  it('suspended or ended by another process whose hint was lost, it is closed at the next look', async () => {
    const { serviceId, viewer } = await open({ lookSeconds: 0.1 }, { live: { publish: () => {}, subscribe: () => () => {}, close: async () => {} } })
    await suspend(serviceId)
    expect((await viewer.closed).reason).toBe('suspended')
  })

  it('suspended between ticket and console, nothing is shown', async () => {
    const { serviceId } = await build()
    const { url } = await startRelay()
    const ticket = await ticketFor(serviceId)
    await suspend(serviceId)
    const viewer = await view(url, ticket)
    expect((await viewer.closed).reason).toBe('suspended')
    expect(viewer.received).toHaveLength(0)
  })

  it('its session ended, wherever that was done, the console is closed', async () => {
    const { viewer, relay } = await open({ lookSeconds: 0.1 })
    await test.app.core.database.executor.update(sessions).set({ endedAt: new Date(), endedBecause: 'logout' }).where(eq(sessions.id, caller?.sessionId ?? ''))
    expect((await viewer.closed).reason).toBe('session_ended')
    await expect.poll(() => relay.count()).toBe(0)
  })

  it('nobody can be asked whether it may stay open: after the bound it is closed', async () => {
    const { core } = test.app
    let away = false
    const { viewer } = await open({ lookSeconds: 0.05, unprovenSeconds: 0.3 }, { standings: async ids => away ? Promise.reject(new Error('away')) : core.read.serviceControl.standings(ids) })
    away = true
    expect((await viewer.closed).reason).toBe('unavailable')
  })

  it('without a key or a movement of the pointer it is closed, however busy the screen is; typing keeps it open', async () => {
    const { viewer } = await open({ idleSeconds: 3, lookSeconds: 0.05 })
    const typing = setInterval(() => viewer.type('a'), 50)
    const asking = setInterval(() => viewer.ask(), 50)
    expect(await Promise.race([viewer.closed, new Promise(resolve => setTimeout(() => resolve('open'), 4000))])).toBe('open')
    clearInterval(typing)
    expect((await viewer.closed).reason).toBe('idle')
    clearInterval(asking)
  })

  it('the hypervisor cuts the line, or the machine stops: the browser is told', async () => {
    const { viewer, serviceId, url } = await open()
    simulator.consoles.cut()
    expect((await viewer.closed).reason).toBe('line_closed')
    const next = await view(url, await ticketFor(serviceId))
    await seen(next)
    const machine = simulator.state.machines[(await world.look(serviceId)).resource?.vmid ?? 0]
    if (machine) machine.running = false
    expect((await next.closed).reason).toBe('line_closed')
    expect((await (await view(url, await ticketFor(serviceId))).closed).reason).toBe('not_running')
  })

  it('the browser goes: the line to the hypervisor is closed and its place is free', async () => {
    const { viewer, relay, serviceId, url } = await open({ perService: 1 })
    expect((await (await view(url, await ticketFor(serviceId))).closed).reason).toBe('busy')
    viewer.close()
    await expect.poll(() => [relay.count(), simulator.consoles.count()]).toEqual([0, 0])
    await seen(await view(url, await ticketFor(serviceId)))
  })

  it('a machine that is not ours (any more) is not shown', async () => {
    const { serviceId } = await build()
    const machine = simulator.state.machines[(await world.look(serviceId)).resource?.vmid ?? 0]
    if (machine) machine.config = { ...machine.config, description: '', tags: '' }
    const { url } = await startRelay()
    const viewer = await view(url, await ticketFor(serviceId))
    expect((await viewer.closed).reason).toBe('refused')
    expect(await audited(serviceId)).toEqual([])
  })

  it('the pinned certificate changed between ticket and line: nothing is sent, nothing is shown', async () => {
    const { serviceId } = await build()
    await expect(connectConsole({ label: 'Proxmox', url: simulator.url.replace('https', 'wss'), headers: { authorization: 'geheim' }, protocols: ['binary'], tls: { mode: 'fingerprint', caPem: null, fingerprint: Array.from({ length: 32 }, () => 'AA').join(':') }, password: 'x' })).rejects.toMatchObject({ kind: 'action_required' })
    await test.app.core.database.executor.execute(sql`update connections set tls_fingerprint = ${Array.from({ length: 32 }, () => 'AA').join(':')} where id = ${world.connectionId}`)
    const { url } = await startRelay()
    expect((await (await view(url, await ticketFor(serviceId))).closed).reason).toBe('refused')
  })

  it('a browser that does not read makes the hypervisor wait: nothing piles up here', async () => {
    const flood = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    let sent = 0
    let stopped = false
    flood.on('connection', (socket) => {
      // Security type None, then pictures without end, as fast as they are taken.
      socket.send(Buffer.from('RFB 003.008\n'))
      let step = 0
      const more = () => {
        if (stopped) return
        sent += 65_536
        socket.send(Buffer.alloc(65_536), more)
      }
      socket.on('message', () => {
        step++
        if (step === 1) socket.send(Buffer.from([1, 1]))
        if (step === 2) socket.send(Buffer.alloc(4))
        if (step === 3) more()
      })
    })
    await new Promise(resolve => flood.once('listening', resolve))
    const { serviceId } = await build()
    const line = await connectConsole({ label: 'Banjir', url: `ws://127.0.0.1:${(flood.address() as AddressInfo).port}`, headers: {}, protocols: [], tls: { mode: 'system', caPem: null, fingerprint: null }, password: '' })
    const { url } = await startRelay({ waiting: 262_144 }, { open: async () => ({ line }) })
    const viewer = await view(url, await ticketFor(serviceId))
    await expect.poll(() => viewer.pixels, { timeout: 10_000 }).toBeGreaterThan(65_536)
    viewer.pause()
    // What the operating system buffers for both sockets is full at some point; then it stands still.
    let before = -1
    await expect.poll(() => {
      const still = sent === before
      before = sent
      return still
    }, { timeout: 20_000, interval: 400 }).toBe(true)
    const stoodAt = sent
    viewer.resume()
    await expect.poll(() => sent, { timeout: 10_000 }).toBeGreaterThan(stoodAt + 1_048_576)
    stopped = true
    line.close()
    flood.close()
  })
})
