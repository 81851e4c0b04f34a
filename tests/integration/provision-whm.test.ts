import { eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { packages } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { accountSagaDefinitions } from '#server/provisioning/definitions.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { changeOf } from '../support/changes.ts'
import { hostingWorld } from '../support/hosting.ts'
import type { HostingWorld } from '../support/hosting.ts'

const system: Actor = { kind: 'system', name: 'test' }
const codeOf = async (work: Promise<unknown>) => {
  const thrown = await work.then(() => null, (error: unknown) => error)
  if (!(thrown instanceof AppError)) throw thrown ?? new Error('nothing was thrown')
  return thrown.fields[0] ? `${thrown.code} ${thrown.fields[0].path}:${thrown.fields[0].code}` : thrown.code
}

describe.each(databaseKinds())('hosting accounts sold on WHM, over its wire, on %s', (kind) => {
  let test: TestApp
  let hosting: HostingWorld
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  let count = 0
  let domain = ''
  beforeEach(async () => {
    hosting = await hostingWorld(test)
    domain = `toko${String.fromCharCode(97 + count % 26)}${Math.floor(count / 26)}.contoh.id`
    count++
  })
  afterEach(() => hosting.close())

  const suspend = (serviceId: string) => test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))
  const resume = (serviceId: string) => test.app.core.transact(stores => test.app.billing.resumeService(stores, { serviceId, note: 'x', actor: system }))
  const end = (serviceId: string) => test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId, reason: 'request', note: 'x', actor: system }))
  const look = (serviceId: string) => hosting.world.look(serviceId)
  async function sell(serviceId: string, panelPackage: string) {
    await test.app.core.transact(async (stores) => {
      const subject = await test.app.billing.findChangeSubject(stores, { serviceId, clientId: null, lock: true })
      if (!subject) throw new Error('no such service')
      await test.app.billing.openChange(stores, { subject, to: { ...subject.terms, productName: 'Hosting Bisnis', spec: { ...subject.terms.spec, panelPackage } }, timing: 'now', quote: null, actor: system })
    })
  }

  it('a paid order becomes an account as sold, is suspended, resumed, put on another package, and gone when it ends', async () => {
    const { serviceId, clientId } = await hosting.build(domain)
    expect(await look(serviceId)).toMatchObject({ service: { status: 'active' }, resource: { status: 'ready', problem: null, connectionId: hosting.connectionId, node: 'web1.simulator.test' } })
    const [account] = hosting.account(domain)
    expect(account).toMatchObject({ plan: 'gardu_hemat', suspended: false, email: `${clientId}@contoh.test` })
    expect(await hosting.kept(serviceId)).toMatchObject({ birth: `${account?.uid}@${account?.unix_startdate}`, ip: '192.0.2.10', released: false })
    expect(hosting.creates()).toBe(1)

    await suspend(serviceId)
    await hosting.follow('suspend', serviceId)
    expect((await look(serviceId)).resource?.status).toBe('stopped_by_policy')
    expect(hosting.account(domain)[0]?.suspended).toBe(true)

    await resume(serviceId)
    await hosting.follow('resume', serviceId)
    expect(await look(serviceId)).toMatchObject({ service: { status: 'active' }, resource: { status: 'ready' } })
    expect(hosting.account(domain)[0]?.suspended).toBe(false)

    await sell(serviceId, 'gardu_bisnis')
    await hosting.follow('resize', serviceId)
    expect(hosting.account(domain)[0]?.plan).toBe('gardu_bisnis')
    expect(await changeOf(test.app, serviceId)).toBe('done')

    await end(serviceId)
    await hosting.follow('terminate', serviceId)
    expect(hosting.account(domain)).toEqual([])
    expect(await look(serviceId)).toMatchObject({ service: { status: 'ended' }, resource: { status: 'destroyed', initialPassword: null } })
    // The domain may be ordered anew.
    await hosting.order(domain)
  })

  it.each([
    ['the answer of createacct is cut off after the act', 'createacct', { cutAfterAct: 1 }, 1],
    ['createacct is never answered, though it was done', 'createacct', { hangAfterAct: 1 }, 1],
    ['createacct is refused once before anything is done', 'createacct', { failNext: 1 }, 1],
    ['the first read-back is cut off', 'accountsummary', { cutAfterAct: 2 }, 1],
    ['the hand-over is cut off after the act', 'modifyacct', { cutAfterAct: 1 }, 1],
    ['the answer is garbled', 'createacct', { garbleNext: 1 }, 1],
  ] as const)('%s: exactly one account, and it is active', async (_, call, faults, creates) => {
    const order = await hosting.paid(domain)
    hosting.sim.faults.set({ ...faults, match: call })
    await hosting.follow('provision', order.serviceId)
    expect(await look(order.serviceId)).toMatchObject({ service: { status: 'active' }, resource: { status: 'ready' } })
    expect(hosting.account(domain)).toHaveLength(1)
    expect(hosting.creates()).toBe(creates)
  })

  it.each(['createacct', 'modifyacct'])('a panel that says it did %s and did not is not believed: not active until it is seen', async (call) => {
    const order = await hosting.paid(domain)
    hosting.sim.faults.set({ lieAbout: `^${call}$` })
    await hosting.follow('provision', order.serviceId)
    expect(await look(order.serviceId)).toMatchObject({ service: { status: 'pending' }, resource: { status: 'error' }, newest: { status: 'failed' } })
    hosting.sim.faults.clear()
    const worker = hosting.world.worker()
    await worker.retry(order.serviceId)
    await hosting.world.drain(worker)
    expect((await look(order.serviceId)).service.status).toBe('active')
    expect(hosting.account(domain)).toHaveLength(1)
  })

  it.each(accountSagaDefinitions.provision.steps.map(step => step.name))('a build that fails for good at %s says why, and a retry ends with one active account', async (name) => {
    const step = accountSagaDefinitions.provision.steps.find(candidate => candidate.name === name)
    if (!step) throw new Error('no such step')
    const { run } = step
    step.run = () => Promise.reject(new DriverError('permanent', `broken at ${name}`))
    const order = await hosting.paid(domain)
    try {
      await hosting.follow('provision', order.serviceId)
    } finally {
      step.run = run
    }
    expect(await look(order.serviceId)).toMatchObject({ service: { status: 'pending' }, resource: { status: 'error', problem: `broken at ${name}` } })
    const worker = hosting.world.worker()
    await worker.retry(order.serviceId)
    await hosting.world.drain(worker)
    expect((await look(order.serviceId)).service.status).toBe('active')
    expect(hosting.account(domain)).toHaveLength(1)
    expect(hosting.creates()).toBe(1)
  })

  it('a server that is down is waited for: nothing is active, then one account is', async () => {
    const order = await hosting.paid(domain)
    hosting.sim.faults.set({ down: true })
    const worker = hosting.world.worker()
    await worker.follow({ kind: 'provision', serviceId: order.serviceId, cause: 'paid' })
    await expect(hosting.world.drain(worker, 6)).rejects.toThrow('do not come to an end')
    expect(await look(order.serviceId)).toMatchObject({ service: { status: 'pending' }, newest: { status: 'waiting' } })
    hosting.sim.faults.clear()
    await hosting.world.drain(worker)
    expect((await look(order.serviceId)).service.status).toBe('active')
    expect(hosting.account(domain)).toHaveLength(1)
  })

  it.each([['our own reseller', 'gardu'], ['another one, whose accounts we may not see', 'root']])('a name that is taken by an account of %s is left alone: ours gets the next one', async (_, owner) => {
    const name = domain.split('.')[0] ?? ''
    const foreign = { ...structuredClone(Object.values(hosting.sim.state.accounts)[0]), user: name, domain: 'orang-lain.test', owner } as HostingWorld['sim']['state']['accounts'][string]
    hosting.sim.state.accounts[name] = foreign
    const before = structuredClone(foreign)
    const { serviceId } = await hosting.build(domain)
    expect((await look(serviceId)).resource?.username).toBe(`${name.slice(0, 7)}2`)
    expect((await look(serviceId)).service.status).toBe('active')
    expect(hosting.account(domain)).toHaveLength(1)
    expect(hosting.sim.state.accounts[name]).toEqual(before)
  })

  it('D10: an account that took our name is neither suspended nor removed', async () => {
    const { serviceId } = await hosting.build(domain)
    const [ours] = hosting.account(domain)
    if (!ours) throw new Error('no account')
    Object.assign(ours, { uid: 99_999, domain: 'orang-lain.test' })
    await suspend(serviceId)
    await hosting.follow('suspend', serviceId)
    expect((await look(serviceId)).newest).toMatchObject({ kind: 'suspend', status: 'failed' })
    await end(serviceId)
    await hosting.follow('terminate', serviceId)
    expect((await look(serviceId)).newest).toMatchObject({ kind: 'terminate', status: 'failed' })
    expect(hosting.sim.state.accounts[ours.user]).toMatchObject({ suspended: false, uid: 99_999 })
  })

  it('a suspension that was made at the panel is not lifted: staff are told', async () => {
    const { serviceId } = await hosting.build(domain)
    await suspend(serviceId)
    const [account] = hosting.account(domain)
    Object.assign(account ?? {}, { suspended: true, suspendreason: 'spam' })
    await hosting.follow('suspend', serviceId)
    await resume(serviceId)
    await hosting.follow('resume', serviceId)
    expect(await look(serviceId)).toMatchObject({ service: { status: 'suspended' }, newest: { kind: 'resume', status: 'failed' } })
    expect((await look(serviceId)).newest?.reason).toContain('spam')
  })

  it('a full server takes no order, and an order that was taken before waits for room', async () => {
    const productId = await hosting.product()
    const order = await hosting.paid(domain, { productId })
    hosting.sim.state.maxUsers = 1
    expect(await codeOf(hosting.order(`lain-${domain}`, { productId }))).toBe('out_of_stock')
    const worker = hosting.world.worker()
    await worker.follow({ kind: 'provision', serviceId: order.serviceId, cause: 'paid' })
    await expect(hosting.world.drain(worker, 4)).rejects.toThrow('do not come to an end')
    hosting.sim.state.maxUsers = 10
    await hosting.world.drain(worker)
    expect((await look(order.serviceId)).service.status).toBe('active')
  })

  it('a server that does not answer is not sold on a guess', async () => {
    const productId = await hosting.product()
    hosting.sim.faults.set({ down: true })
    expect(await codeOf(hosting.order(domain, { productId }))).toBe('capacity_unknown')
  })

  it('a package that vanished stops the sale', async () => {
    const productId = await hosting.product()
    await test.app.core.database.executor.update(packages).set({ present: false }).where(eq(packages.connectionId, hosting.connectionId))
    expect(await codeOf(hosting.order(domain, { productId }))).toBe('package_unavailable')
  })

  it('one living service per domain, whoever orders it, and no name that a server could not answer for', async () => {
    const productId = await hosting.product()
    await hosting.order(domain, { productId })
    expect(await codeOf(hosting.order(domain, { productId }))).toBe('invalid_input items.0.hostname:domain_taken')
    expect(await codeOf(hosting.order('10.0.0.1', { productId }))).toBe('invalid_input items.0.hostname:site_domain')
    expect(await codeOf(hosting.order(`www.${domain}`, { productId }))).toBe('invalid_input items.0.hostname:site_domain')
  })

  it('two who order one domain at once: one of them gets it', async () => {
    const productId = await hosting.product()
    const other = await hosting.product()
    const buyers = await Promise.all([hosting.shop.buyer(), hosting.shop.buyer()])
    const results = await Promise.allSettled([hosting.order(domain, { productId, clientId: buyers[0] }), hosting.order(domain, { productId: other, clientId: buyers[1] })])
    expect(results.map(result => result.status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  it('an account that holds more than a smaller package is not put on it: the change stays open and says why', async () => {
    const { serviceId } = await hosting.build(domain, { productId: await hosting.product('gardu_bisnis') })
    Object.assign(hosting.account(domain)[0] ?? {}, { diskUsedMiB: 5000 })
    await sell(serviceId, 'gardu_hemat')
    await hosting.follow('resize', serviceId)
    expect(hosting.account(domain)[0]?.plan).toBe('gardu_bisnis')
    expect((await look(serviceId)).newest).toMatchObject({ kind: 'resize', status: 'failed' })
  })

  describe('in the hands of its client', () => {
    const actor = (id: string) => ({ kind: 'user' as const, id, name: 'Sari Dewi', role: 'client' as const })
    it('the account is shown with what it uses; a panel that is silent leaves the rest standing, and nobody else sees it', async () => {
      const { serviceId, clientId } = await hosting.build(domain)
      Object.assign(hosting.account(domain)[0] ?? {}, { diskUsedMiB: 512, transferredBytes: 3 * 1024 ** 3 })
      await test.app.infrastructure.collect()
      expect(await test.app.provisioning.showHosting({ id: serviceId, clientId })).toMatchObject({
        domain, username: domain.split('.')[0], packageName: 'gardu_hemat', server: 'web1.simulator.test', nameservers: ['ns1.web1.simulator.test', 'ns2.web1.simulator.test'], ip: '192.0.2.10', suspendedAtPanel: false,
        usage: { diskUsedMiB: 512, diskLimitMiB: 2048, transferredMiB: 3072, transferLimitMiB: 20480 },
      })
      const asked = hosting.sim.journal.length
      await test.app.provisioning.showHosting({ id: serviceId, clientId })
      expect(hosting.sim.journal).toHaveLength(asked)
      expect(await codeOf(test.app.provisioning.showHosting({ id: serviceId, clientId: await hosting.shop.buyer() }))).toBe('not_found')
    })
    it('cPanel and webmail are opened by an address of one use; suspended, they are refused and nothing is asked of the panel', async () => {
      const { serviceId, clientId } = await hosting.build(domain)
      for (const [service, port] of [['panel', 2083], ['webmail', 2096]] as const) expect((await test.app.provisioning.openHostingSession({ id: serviceId, service, actor: actor(clientId) })).url).toContain(`:${port}/`)
      await suspend(serviceId)
      const asked = hosting.sim.journal.length
      expect(await codeOf(test.app.provisioning.openHostingSession({ id: serviceId, service: 'panel', actor: actor(clientId) }))).toBe('service_suspended')
      expect(await codeOf(test.app.provisioning.changeHostingPassword({ id: serviceId, password: 'Kata-Sandi-2026', actor: actor(clientId) }))).toBe('service_suspended')
      expect(hosting.sim.journal).toHaveLength(asked)
      expect(await codeOf(test.app.provisioning.openHostingSession({ id: serviceId, service: 'panel', actor: actor(await hosting.shop.buyer()) }))).toBe('not_found')
    })
    it.each([['at once', {}], ['though the first answer is lost', { cutAfterAct: 1, match: 'passwd' }]])('a new password is set by a task %s, and is kept nowhere afterwards', async (_, faults) => {
      const { serviceId, clientId } = await hosting.build(domain)
      hosting.sim.faults.set(faults)
      await test.app.provisioning.changeHostingPassword({ id: serviceId, password: 'Kata-Sandi-2026', actor: actor(clientId) })
      expect(await hosting.memory(serviceId)).not.toContain('Kata-Sandi-2026')
      expect(await codeOf(test.app.provisioning.changeHostingPassword({ id: serviceId, password: 'Kata-Sandi-2027', actor: actor(clientId) }))).toBe('action_in_progress')
      await hosting.world.drain(hosting.world.worker())
      expect(hosting.account(domain)[0]?.password).toBe('Kata-Sandi-2026')
      expect(await hosting.memory(serviceId)).not.toMatch(/"password": "/)
      expect((await look(serviceId)).resource?.initialPassword).toBeNull()
    })
    it('power is refused: there is no machine', async () => {
      const { serviceId, clientId } = await hosting.build(domain)
      expect(await codeOf(hosting.world.worker().act({ id: serviceId, action: 'stop', actor: actor(clientId) }))).toBe('service_not_ready')
    })
  })

  it('a service that ended before its account was asked for leaves nothing at the server', async () => {
    const order = await hosting.paid(domain)
    await end(order.serviceId)
    await hosting.follow('terminate', order.serviceId)
    expect(hosting.creates()).toBe(0)
    expect((await hosting.kept(order.serviceId))?.released).toBe(true)
  })
})
