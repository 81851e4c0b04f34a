import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { auditLog } from '#db/schema/index.ts'
import type { FirewallWish } from '#shared/vocabulary/firewall.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import { AppError } from '#shared/errors/codes.ts'
import { hypervisorCapabilities } from '#shared/vocabulary/machines.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { saveFirewall, showFirewall } from '#server/provisioning/firewall.ts'
import { reinstall } from '#server/provisioning/reinstall.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { Crash, livingForever, provisioningWorld } from '../support/provisioning.ts'
import type { Points, ProvisioningWorld } from '../support/provisioning.ts'

const system = { kind: 'system', name: 'test' } as const
const staff = { kind: 'system', name: 'staff' } as const
const codeOf = (work: Promise<unknown>) => work.then(() => 'no failure', (error: unknown) => error instanceof AppError ? error.code : String(error))
const ssh = { direction: 'in', action: 'accept', protocol: 'tcp', ports: '22', peers: ['192.0.2.7'], comment: 'kantor', enabled: true } as const
const wish: FirewallWish = { policyIn: 'drop', rules: [ssh, { ...ssh, ports: '80,443', peers: [], comment: '' }] }

describe.each(databaseKinds())('firewall rules on %s', (kind) => {
  let test: TestApp
  let world: ProvisioningWorld
  let serviceId: string
  let clientId: string
  let client: Extract<Actor, { kind: 'user' }>
  let lacks = false
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    lacks = false
    world = await provisioningWorld(test)
    const built = await world.build()
    serviceId = built.serviceId
    clientId = built.service.clientId
    client = { kind: 'user', id: clientId, role: 'client' } as typeof client
  })
  const driver = () => ({ ...world.hypervisor.driver(), filtersApply: async () => true, ...(lacks ? { capabilities: hypervisorCapabilities.vcenter } : {}) })
  const deps = () => ({ read: test.app.core.read, transact: test.app.core.transact, openHypervisor: async () => driver() })
  const save = (version: number, body = wish, by: string | null = clientId, actor: Actor = client) => saveFirewall(deps())({ id: serviceId, clientId: by, body: { version, policyIn: body.policyIn, rules: body.rules.map(rule => ({ ...rule, peers: [...rule.peers] })) }, actor })
  const shown = (by: string | null = clientId) => showFirewall(deps())({ id: serviceId, clientId: by })
  const drain = (points: Points = livingForever()) => world.drain(world.worker(points))
  const drainWith = (hook: ProvisioningWorld['hypervisor']['hook']) => {
    const worker = world.worker()
    world.hypervisor.hook = hook
    return world.drain(worker)
  }
  const machine = async () => {
    const [found] = (await world.look(serviceId)).machines
    if (!found) throw new Error('no machine')
    return found
  }
  const suspend = () => test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))

  it('a list is saved, written by a task, and in force only when it was read back', async () => {
    expect(await shown()).toMatchObject({ supported: true, version: 0, policyIn: 'accept', rules: [], state: 'in_force', applies: true, changedBy: null })
    await save(0)
    expect(await shown()).toMatchObject({ version: 1, ...wish, state: 'different', refusal: 'action_in_progress', changedBy: 'client' })
    await drain()
    expect(await shown()).toMatchObject({ version: 1, ...wish, state: 'in_force', refusal: null })
    expect((await machine()).firewall).toMatchObject(wish)
    expect((await machine()).filtered).toEqual([(await machine()).ipv4])
    expect((await world.look(serviceId)).newest).toMatchObject({ kind: 'firewall', status: 'done', actor: `client:${clientId}` })
  })
  it('of two who save at once one is told that the list was changed; nothing of his is kept', async () => {
    await save(0)
    expect(await codeOf(save(1))).toBe('action_in_progress')
    await drain()
    expect(await codeOf(save(0, { policyIn: 'accept', rules: [] }))).toBe('firewall_changed')
    expect(await shown()).toMatchObject({ version: 1, state: 'in_force' })
    expect((await world.look(serviceId)).newest).toMatchObject({ status: 'done' })
    await save(1, { policyIn: 'accept', rules: [] })
    await drain()
    expect(await shown()).toMatchObject({ version: 2, policyIn: 'accept', rules: [], state: 'in_force' })
  })
  it('what the hypervisor did not do is not shown as in force: the task says why, and saved again it is written', async () => {
    await save(0)
    await drainWith((act, moment) => {
      if (act === 'setFirewall' && moment === 'before') throw new DriverError('permanent', 'Proxmox: Permission check failed')
    })
    expect((await world.look(serviceId)).newest).toMatchObject({ kind: 'firewall', status: 'failed', reason: 'Proxmox: Permission check failed' })
    expect((await world.look(serviceId)).resource?.status).toBe('ready')
    expect((await shown()).state).toBe('different')
    await save(1)
    await drain()
    expect(await shown()).toMatchObject({ version: 2, state: 'in_force' })
  })
  it('a machine that was made anew, or was suspended and resumed, has its rules before it starts', async () => {
    await save(0)
    await drain()
    const { service } = await world.look(serviceId)
    await reinstall({ ...deps(), newId: uuidv7 })({ id: serviceId, clientId, templateId: service.templateId ?? '', hostname: service.hostname, sshKey: null, actor: client })
    let atStart: unknown = 'never started'
    await drainWith((act, moment) => {
      if (act === 'start' && moment === 'before') atStart = [...world.hypervisor.machines.values()][0]?.firewall
    })
    expect(atStart).toMatchObject(wish)
    expect((await shown()).state).toBe('in_force')
    await suspend()
    expect(await codeOf(save(1))).toBe('service_suspended')
    await world.worker().follow({ kind: 'suspend', serviceId, cause: 'other' })
    await drain()
    delete (await machine()).firewall
    await test.app.core.transact(stores => test.app.billing.resumeService(stores, { serviceId, note: 'x', actor: system }))
    await world.worker().follow({ kind: 'resume', serviceId, cause: 'resumable' })
    await drain()
    expect((await machine()).firewall).toMatchObject(wish)
  })
  it('rules of others are told to staff, to clients their number alone; staff\'s saving is audited', async () => {
    ;(await machine()).firewall = { policyIn: 'accept', rules: [], foreign: ['IN DROP proto=tcp dport=3306'] }
    expect(await shown()).toMatchObject({ foreignCount: 1, foreign: [] })
    expect(await shown(null)).toMatchObject({ foreignCount: 1, foreign: ['IN DROP proto=tcp dport=3306'] })
    await save(0, wish, null, staff)
    await drain()
    expect(await shown(null)).toMatchObject({ state: 'in_force', foreignCount: 1, changedBy: 'staff' })
    const rows = await test.app.core.database.executor.select().from(auditLog).where(eq(auditLog.entityId, serviceId))
    expect(rows.filter(row => row.action === 'service.firewall')).toMatchObject([{ after: { policyIn: 'drop', rules: 2 } }])
  })
  it('somebody else\'s service has no rules; a hypervisor without them, or one that is silent, is said and nothing is kept', async () => {
    const other = '01900000-0000-7000-8000-0000000000ff'
    expect(await codeOf(shown(other))).toBe('not_found')
    expect(await codeOf(save(0, wish, other))).toBe('not_found')
    lacks = true
    expect(await shown()).toMatchObject({ supported: false })
    expect(await codeOf(save(0))).toBe('firewall_unsupported')
    lacks = false
    world.hypervisor.down = true
    expect(await shown()).toMatchObject({ supported: true, readable: false, state: 'unknown' })
    world.hypervisor.down = false
    expect(await shown()).toMatchObject({ version: 0 })
  })
  it('a worker that dies anywhere leaves a list that the next one finishes', async () => {
    for (let [at, dead] = [0, true]; dead; at += kind === 'postgres' ? 7 : 3) {
      await save((await shown()).version, { ...wish, rules: wish.rules.map(rule => ({ ...rule, comment: `run ${at}` })) })
      const points: Points = { ...livingForever(), dieAt: at }
      await drain(points).catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error
      })
      dead = points.dead
      world.afterDeath()
      await world.worker().recover()
      await drain()
      expect((await shown()).state, `killed at ${at}`).toBe('in_force')
    }
  })
})
