import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { auditLog, products, productTemplates, templates } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { reinstall, showReinstall } from '#server/provisioning/reinstall.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { Crash, killPoints, livingForever, provisioningWorld } from '../support/provisioning.ts'
import type { Points, ProvisioningWorld } from '../support/provisioning.ts'

const system = { kind: 'system', name: 'test' } as const
const codeOf = (work: Promise<unknown>) => work.then(() => 'no failure', (error: unknown) => error instanceof AppError ? error.code : String(error))

describe.each(databaseKinds())('reinstall on %s', (kind) => {
  let test: TestApp
  let world: ProvisioningWorld
  let serviceId: string
  let clientId: string
  let client: Extract<Actor, { kind: 'user' }>
  let otherTemplate: string
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    world = await provisioningWorld(test)
    await reborn()
    otherTemplate = uuidv7()
    const { service } = await world.look(serviceId)
    await db().insert(templates).values({ id: otherTemplate, connectionId: world.connectionId, node: 'jkt1', ref: '9001', name: 'ubuntu-24', osFamily: 'ubuntu', username: 'ubuntu', diskGiB: 5, seenAt: test.clock.now() })
    await db().insert(productTemplates).values({ productId: service.productId, templateId: otherTemplate })
    world.hypervisor.templates.add('9001')
  })
  async function reborn() {
    const built = await world.build()
    serviceId = built.serviceId
    clientId = built.service.clientId
    client = { kind: 'user', id: clientId, name: 'Sari Dewi', role: 'client' }
  }
  const db = () => test.app.core.database.executor
  const deps = () => ({ read: test.app.core.read, transact: test.app.core.transact, openHypervisor: async () => world.hypervisor.driver(), newId: uuidv7 })
  const ask = async (change: { templateId?: string, hostname?: string, sshKey?: string, by?: string | null } = {}) => reinstall(deps())({ id: serviceId, clientId: change.by === undefined ? clientId : change.by, templateId: change.templateId ?? world.templateId, hostname: change.hostname ?? (await world.look(serviceId)).service.hostname, sshKey: change.sshKey ?? null, actor: client })
  const shown = (by: string | null = clientId) => showReinstall(deps())({ id: serviceId, clientId: by })
  const drain = (points: Points = livingForever()) => world.drain(world.worker(points))
  const look = () => world.look(serviceId)
  const suspend = () => test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))
  const resume = () => test.app.core.transact(stores => test.app.billing.resumeService(stores, { serviceId, note: 'x', actor: system }))
  const begun = async () => (await look()).sagas.filter(saga => saga.kind === 'reinstall').length
  /** Does something once, right after an act of the hypervisor. */
  function once(after: string, work: () => Promise<void>) {
    const inner = world.hypervisor.hook
    let happened = false
    world.hypervisor.hook = async (act, moment) => {
      await inner(act, moment)
      if (act !== after || moment !== 'after' || happened) return
      happened = true
      await work()
    }
  }

  it('made anew from another template: same number, address and size, a new mark and login, snapshots gone, the service active all along', async () => {
    const before = await look()
    const [old] = before.machines
    if (old) old.snapshots = [{ name: 'gardu-aaaaaaaaaaaa', title: 'x', at: null, kept: {} }]
    expect((await shown()).templates).toMatchObject([{ name: 'debian-13', current: true }, { name: 'ubuntu-24', current: false }])
    await ask({ templateId: otherTemplate, sshKey: 'ssh-ed25519 AAAA sari' })
    await drain()
    const after = await look()
    expect(after).toMatchObject({ service: { status: 'active', templateId: otherTemplate, sshKey: 'ssh-ed25519 AAAA sari' }, resource: { status: 'ready', vmid: before.resource?.vmid, username: 'ubuntu', problem: null, firstBoot: false }, newest: { kind: 'reinstall', status: 'done' }, address: { address: before.address?.address } })
    expect(after.resource?.ownershipMark).not.toBe(before.resource?.ownershipMark)
    const [made] = after.machines
    expect(made).toMatchObject({ power: 'running', cores: before.service.spec.cpuCores, ramMiB: before.service.spec.ramMiB, diskGiB: before.service.spec.diskGiB, filtered: [before.address?.address], ipv4: before.address?.address, startsAtBoot: true })
    expect(made?.snapshots).toBeUndefined()
    expect(made?.password).not.toBe(old?.password)
    expect(await test.app.provisioning.revealCredentials({ id: serviceId, clientId })).toEqual({ username: 'ubuntu', password: made?.password })
    expect(await codeOf(test.app.provisioning.revealCredentials({ id: serviceId, clientId }))).toBe('credentials_already_shown')
    expect({ machines: world.hypervisor.machines.size, clones: world.hypervisor.count('clone') }).toEqual({ machines: 1, clones: 2 })
  })
  it('it needs the hostname, a template of the product, and the service\'s owner', async () => {
    expect(await codeOf(ask({ hostname: 'lain.test' }))).toBe('invalid_input')
    expect(await codeOf(ask({ templateId: uuidv7() }))).toBe('template_unavailable')
    expect(await codeOf(ask({ by: uuidv7() }))).toBe('not_found')
    expect(await codeOf(shown(uuidv7()))).toBe('not_found')
    await db().update(templates).set({ present: false }).where(eq(templates.id, otherTemplate))
    expect(await codeOf(ask({ templateId: otherTemplate }))).toBe('template_unavailable')
    expect(await begun()).toBe(0)
  })
  it('nothing is begun while the hypervisor is silent, its storage full, or the template gone from it', async () => {
    world.hypervisor.down = true
    expect(await codeOf(ask())).toBe('machine_unreachable')
    world.hypervisor.down = false
    world.hypervisor.storageFree = 2 ** 30
    expect(await codeOf(ask())).toBe('reinstall_no_room')
    world.hypervisor.storageFree = 2 ** 40
    world.hypervisor.templates.delete('9001')
    expect(await codeOf(ask({ templateId: otherTemplate }))).toBe('template_unavailable')
    expect(await begun()).toBe(0)
  })
  it.each([['the template is gone', () => void world.hypervisor.templates.clear()], ['the storage is full', () => void (world.hypervisor.storageFree = 0)]])('%s by the time it begins: the machine runs on untouched', async (_, happen) => {
    const before = await look()
    await ask()
    happen()
    await drain()
    expect(await look()).toMatchObject({ newest: { status: 'failed', step: 0 }, resource: { status: 'ready', ownershipMark: before.resource?.ownershipMark }, machines: [{ power: 'running', password: before.machines[0]?.password }] })
    expect(world.hypervisor.count('stop') + world.hypervisor.count('destroy')).toBe(0)
  })
  it('a foreign machine under our number is neither stopped nor destroyed', async () => {
    const [machine] = (await look()).machines
    await ask()
    if (machine) machine.mark = uuidv7()
    await drain()
    expect(await look()).toMatchObject({ newest: { status: 'failed', step: 0 }, resource: { status: 'ready' } })
    expect(machine?.power).toBe('running')
    expect(world.hypervisor.count('stop') + world.hypervisor.count('destroy')).toBe(0)
  })
  it('a suspended service and one with another act under way refuse it', async () => {
    await ask()
    expect(await codeOf(ask())).toBe('action_in_progress')
    expect((await shown()).refusal).toBe('action_in_progress')
    await drain()
    await suspend()
    expect(await codeOf(ask())).toBe('service_suspended')
    expect((await shown()).refusal).toBe('service_suspended')
  })
  it('the template vanishes after the old machine is gone: it fails, staff make it anew from another one, and it is written down', async () => {
    await ask()
    const worker = world.worker()
    once('destroy', async () => void world.hypervisor.templates.delete('9000'))
    await world.drain(worker)
    expect(await look()).toMatchObject({ service: { status: 'active' }, resource: { status: 'error' }, newest: { status: 'failed' }, machines: [] })
    expect(await codeOf(ask({ templateId: otherTemplate }))).toBe('service_not_ready')
    expect((await shown(null)).refusal).toBeNull()
    await ask({ templateId: otherTemplate, by: null })
    await drain()
    expect(await look()).toMatchObject({ resource: { status: 'ready' }, newest: { status: 'done' }, machines: [{ power: 'running' }] })
    expect(await db().select({ after: auditLog.after }).from(auditLog).where(eq(auditLog.entityId, serviceId))).toContainEqual({ after: { template: 'ubuntu-24' } })
  })
  it('a clone that fails goes on under the same number until it works, and a retry by staff does', async () => {
    const before = await look()
    await ask()
    world.hypervisor.cloneTaskFails = 'no space left'
    await drain()
    expect(await look()).toMatchObject({ resource: { status: 'error' }, newest: { status: 'failed', reason: 'no space left' } })
    world.hypervisor.cloneTaskFails = null
    const worker = world.worker()
    await worker.retry(serviceId)
    expect((await look()).resource?.status).toBe('provisioning')
    await world.drain(worker)
    expect(await look()).toMatchObject({ service: { status: 'active' }, resource: { status: 'ready' }, newest: { status: 'done' }, machines: [{ power: 'running' }] })
    expect(world.hypervisor.machines.size).toBe(1)
    expect((await look()).address?.address).toBe(before.address?.address)
  })
  it('its number was taken meanwhile: after three tries it is built under another, and the foreign machine is left alone', async () => {
    const number = (await look()).resource?.vmid ?? 0
    await ask()
    const worker = world.worker()
    const foreign = { vmid: number, node: 'jkt1', mark: null, name: 'db-produksi', power: 'running' as const, lock: null, cores: 1, ramMiB: 512, diskGiB: 5, rateMbps: null, ipv4: null, startsAtBoot: false, networkUp: true, password: null, bootedAt: 0, filtered: null }
    const inner = world.hypervisor.hook
    world.hypervisor.hook = async (act, moment) => {
      await inner(act, moment)
      if (act === 'clone' && moment === 'before' && !world.hypervisor.machines.has(number)) world.hypervisor.machines.set(number, foreign)
    }
    await world.drain(worker)
    const after = await look()
    expect(after).toMatchObject({ resource: { status: 'ready' }, newest: { status: 'done' } })
    expect(after.resource?.vmid).not.toBe(number)
    expect(world.hypervisor.machines.get(number)).toEqual(foreign)
  })
  it('suspended while it is made anew: built, not started, then locked; resumed, its first boot is finished', async () => {
    await ask()
    const worker = world.worker()
    once('destroy', async () => {
      await suspend()
      expect((await worker.follow({ kind: 'suspend', serviceId, cause: 'x' })).kind).toBe('later')
    })
    const starts = world.hypervisor.count('start')
    await world.drain(worker)
    expect(await look()).toMatchObject({ newest: { kind: 'reinstall', status: 'done' }, resource: { status: 'ready', firstBoot: true }, machines: [{ power: 'stopped' }] })
    await worker.recover()
    await world.drain(worker)
    expect(await look()).toMatchObject({ service: { status: 'suspended' }, resource: { status: 'stopped_by_policy' }, machines: [{ power: 'stopped', networkUp: false }] })
    expect(world.hypervisor.count('start')).toBe(starts)
    await resume()
    await worker.follow({ kind: 'resume', serviceId, cause: 'x' })
    await world.drain(worker)
    expect(await look()).toMatchObject({ service: { status: 'active' }, resource: { status: 'ready', firstBoot: false }, machines: [{ power: 'running', networkUp: true }] })
  })
  it('the service ends while it is made anew: nothing of it stays', async () => {
    await ask()
    const worker = world.worker()
    once('destroy', async () => void await test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId, reason: 'request', note: 'x', actor: system })))
    await world.drain(worker)
    await worker.recover()
    await world.drain(worker)
    expect(await look()).toMatchObject({ service: { status: 'ended' }, resource: { status: 'destroyed' }, machines: [] })
    expect(world.hypervisor.machines.size).toBe(0)
  })
  it('a worker that hangs in the destroy until another has built the new machine cannot hurt it', async () => {
    await ask()
    const [sagaId = ''] = await test.app.core.read.sagas.listDue(world.wallClock.now(), 1)
    const slow = world.worker()
    const inner = world.hypervisor.hook
    let overtaken = false
    world.hypervisor.hook = async (act, moment) => {
      await inner(act, moment)
      if ((act !== 'stop' && act !== 'destroy') || moment !== 'before' || overtaken) return
      overtaken = true
      world.afterDeath()
      await world.drain(world.worker())
      world.hypervisor.hook = inner
    }
    await slow.run({ sagaId })
    expect(overtaken).toBe(true)
    expect(await look()).toMatchObject({ resource: { status: 'ready' }, newest: { status: 'done', fence: 2 }, machines: [{ power: 'running' }] })
    expect({ machines: world.hypervisor.machines.size, clones: world.hypervisor.count('clone') }).toEqual({ machines: 1, clones: 2 })
  })
  it('killed before or after a transaction or remote call, another worker ends it: one machine, cloned once', async () => {
    await ask()
    const counting = livingForever()
    await drain(counting)
    let deaths = 0
    for (const dieAt of killPoints(kind, counting.names.length)) {
      await reborn()
      const machines = world.hypervisor.machines.size
      const clones = world.hypervisor.count('clone')
      const { resource: { vmid = null } = {} } = await look()
      await ask()
      await drain({ ...livingForever(), dieAt }).catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error
        deaths++
      })
      world.afterDeath()
      await world.worker().recover()
      await drain()
      const label = `killed at ${dieAt} (${counting.names[dieAt]})`
      const found = await look()
      expect({ saga: found.newest?.status, service: found.service.status, resource: found.resource?.status, vmid: found.resource?.vmid, mine: found.machines.length, power: found.machines[0]?.power, filtered: found.machines[0]?.filtered, machines: world.hypervisor.machines.size, clones: world.hypervisor.count('clone') - clones }, label)
        .toEqual({ saga: 'done', service: 'active', resource: 'ready', vmid, mine: 1, power: 'running', filtered: [found.address?.address], machines, clones: 1 })
      const { password } = await test.app.provisioning.revealCredentials({ id: serviceId, clientId })
      expect(found.machines[0]?.password, label).toBe(password)
    }
    expect(deaths).toBeGreaterThan(5)
  }, 300_000)
  it('each step that runs twice, and each act that fails once, ends in one machine, cloned once', async () => {
    for (const act of ['inspect', 'listTemplates', 'listHeadroom', 'stop', 'destroy', 'findByMark', 'task', 'configure', 'growDisk', 'filterAddresses', 'start'] as const) {
      for (const moment of ['before', 'after'] as const) {
        await reborn()
        const clones = world.hypervisor.count('clone')
        await ask()
        const worker = world.worker()
        const inner = world.hypervisor.hook
        let failed = false
        world.hypervisor.hook = async (name, when) => {
          await inner(name, when)
          if (name !== act || when !== moment || failed) return
          failed = true
          throw new DriverError(when === 'before' ? 'retryable' : 'unknown_outcome', 'no answer')
        }
        await world.drain(worker)
        const found = await look()
        expect({ failed, saga: found.newest?.status, power: found.machines[0]?.power, mine: found.machines.length, clones: world.hypervisor.count('clone') - clones }, `${moment} ${act}`).toEqual({ failed: true, saga: 'done', power: 'running', mine: 1, clones: 1 })
      }
    }
  }, 120_000)
  it('a product of another kind, and one without machine, are not made anew', async () => {
    const { service } = await look()
    await db().update(products).set({ kind: 'work' }).where(eq(products.id, service.productId))
    expect(await codeOf(ask())).toBe('service_not_ready')
    await db().update(products).set({ kind: 'vps' }).where(eq(products.id, service.productId))
  })
})
