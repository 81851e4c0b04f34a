import { eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hostingAccounts } from '#db/schema/index.ts'
import { accountSagaDefinitions } from '#server/provisioning/definitions.ts'
import { openAct } from '#server/provisioning/open-saga.ts'
import { backUp } from '../../simulators/whm/backups.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { changeOf } from '../support/changes.ts'
import { hostingWorld } from '../support/hosting.ts'
import type { HostingWorld } from '../support/hosting.ts'
import { Crash, killPoints, livingForever } from '../support/provisioning.ts'
import type { Points } from '../support/provisioning.ts'
import { plantTroubles, stepsOf, trials } from '../support/troubles.ts'
import { bundled, deathsOf, drawnSeed, workerProcesses } from '../support/worker-processes.ts'

const actor = { kind: 'system', name: 'test' } as const
const kinds = ['provision', 'suspend', 'resume', 'resize', 'power', 'restore', 'terminate'] as const
type Kind = typeof kinds[number]
const isLifecycle = (task: Kind): task is Exclude<Kind, 'power' | 'restore'> => task !== 'power' && task !== 'restore'
const password = 'Kata-Sandi-2026'
/** By processes, at every point instead of three. */
const every = process.env.GARDU_TEST_EVERY_POINT === '1'

describe.each(databaseKinds())('tasks of hosting accounts, over the wire of WHM, on %s', (kind) => {
  let test: TestApp
  let hosting: HostingWorld
  let count = 0
  let products: Record<string, string> = {}
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    hosting = await hostingWorld(test)
    // Every point of every task takes an account of its own: more than a server takes by itself.
    Object.assign(hosting.sim.state, { maxUsers: 10_000 }).tokens[0]?.acls.push('all')
    products = { gardu_hemat: await hosting.product('gardu_hemat') }
  })
  afterEach(() => hosting.close())

  const transact: TestApp['app']['core']['transact'] = work => test.app.core.transact(work)
  /** A service that stands just before the task of this kind, and its domain. */
  async function readyFor(task: Kind): Promise<{ serviceId: string, domain: string }> {
    const domain = `situs${[...(count++).toString(26)].map(digit => 'abcdefghijklmnopqrstuvwxyz'[Number.parseInt(digit, 26)]).join('')}.contoh.id`
    const options = { productId: products.gardu_hemat ?? '' }
    if (task === 'provision') return { serviceId: (await hosting.paid(domain, options)).serviceId, domain }
    const { serviceId, clientId } = await hosting.build(domain, options)
    if (task === 'resize') {
      await transact(async (stores) => {
        const subject = await test.app.billing.findChangeSubject(stores, { serviceId, clientId: null, lock: true })
        if (!subject) throw new Error('no such service')
        await test.app.billing.openChange(stores, { subject, to: { ...subject.terms, productName: 'Hosting Bisnis', spec: { ...subject.terms.spec, panelPackage: 'gardu_bisnis' } }, timing: 'now', quote: null, actor })
      })
    } else if (task === 'power') {
      await test.app.provisioning.changeHostingPassword({ id: serviceId, password, actor: { kind: 'user', id: clientId, name: 'Sari Dewi', role: 'client' } })
    } else if (task === 'restore') {
      const [account] = hosting.account(domain)
      Object.assign(account ?? {}, { unix_startdate: (account?.unix_startdate ?? 0) - 3 * 86_400 })
      await test.app.core.database.executor.update(hostingAccounts).set({ birth: `${account?.uid}@${account?.unix_startdate}` }).where(eq(hostingAccounts.serviceId, serviceId))
      const when = new Date().toISOString().slice(0, 10)
      backUp(hosting.sim.state, account?.user ?? '', when)
      Object.assign(account ?? {}, { plan: 'gardu_bisnis', diskUsedMiB: 77 })
      await transact(stores => openAct(stores, { kind: 'restore', of: 'hosting', action: 'restore', serviceId, actor: 'test', state: { accountRestore: { date: when, where: 'local' } } }))
    } else if (task === 'terminate') {
      await transact(stores => test.app.billing.endService(stores, { serviceId, reason: 'request', note: 'x', actor }))
    } else {
      await transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor }))
      if (task === 'resume') {
        await hosting.follow('suspend', serviceId)
        await transact(stores => test.app.billing.resumeService(stores, { serviceId, note: 'x', actor }))
      }
    }
    return { serviceId, domain }
  }
  async function work(task: Kind, serviceId: string, points: Points): Promise<boolean> {
    const worker = hosting.world.worker(points)
    try {
      // What a client asks for has its task already.
      if (isLifecycle(task)) await worker.follow({ kind: task, serviceId, cause: 'test' })
      await hosting.world.drain(worker)
      return true
    } catch (error) {
      if (error instanceof Crash) return false
      throw error
    }
  }
  /** What has to be so once the task is done, however often somebody died over it. */
  async function expectDone(task: Kind, { serviceId, domain }: { serviceId: string, domain: string }, label: string) {
    const found = await hosting.world.look(serviceId)
    const accounts = hosting.account(domain)
    expect({ saga: found.newest?.kind, status: found.newest?.status, service: found.service.status, resource: found.resource?.status, accounts: accounts.length }, label).toEqual({
      saga: task, status: 'done', service: task === 'suspend' ? 'suspended' : task === 'terminate' ? 'ended' : 'active', resource: task === 'suspend' ? 'stopped_by_policy' : task === 'terminate' ? 'destroyed' : 'ready', accounts: task === 'terminate' ? 0 : 1,
    })
    expect(found.sagas.filter(saga => saga.kind === task), label).toHaveLength(1)
    if (task !== 'terminate') expect(accounts[0], label).toMatchObject({ suspended: task === 'suspend', plan: task === 'resize' ? 'gardu_bisnis' : 'gardu_hemat' })
    if (task === 'resize') expect(await changeOf(test.app, serviceId), label).toBe('done')
    if (task === 'restore') expect([accounts[0]?.diskUsedMiB, hosting.sim.state.restores.completed.filter(job => job.user === accounts[0]?.user).length], label).toEqual([1, 1])
    if (task === 'power') expect([accounts[0]?.password, (await hosting.memory(serviceId)).includes(password)], label).toEqual([password, false])
  }

  it.each(kinds)('%s: killed before or after any transaction or remote call, another worker ends it, with one account in all and no stranger touched', async (task) => {
    const strangers = Object.keys(hosting.sim.state.accounts).map(user => structuredClone(hosting.sim.state.accounts[user]))
    const counting = livingForever()
    const first = await readyFor(task)
    expect(await work(task, first.serviceId, counting)).toBe(true)
    await expectDone(task, first, 'never killed')
    expect(counting.names.filter(name => name.startsWith('after ')).length).toBeGreaterThan(3)
    let [deaths, tried] = [0, 0]
    for (const dieAt of killPoints(kind, counting.names.length)) {
      tried++
      const subject = await readyFor(task)
      const creates = hosting.creates()
      if (!await work(task, subject.serviceId, { ...livingForever(), dieAt })) deaths++
      hosting.world.afterDeath()
      const successor = hosting.world.worker()
      if (isLifecycle(task)) await successor.follow({ kind: task, serviceId: subject.serviceId, cause: 'again' })
      await successor.recover()
      await hosting.world.drain(successor)
      const label = `killed at ${dieAt} (${counting.names[dieAt]})`
      await expectDone(task, subject, label)
      expect(hosting.creates() - creates, label).toBe(task === 'provision' ? 1 : 0)
      if (task === 'terminate') expect((await hosting.kept(subject.serviceId))?.released, label).toBe(true)
    }
    expect(deaths).toBeGreaterThan(tried / 2)
    expect(strangers.map(stranger => hosting.sim.state.accounts[stranger?.user ?? ''])).toEqual(strangers)
  }, 300_000)

  it.each(trials)('%s of every task of an account: each ends as if nothing had happened, with one account that was asked for once, and the history tells it', async (trial) => {
    const hits = new Set<string>()
    for (const task of kinds) {
      const subject = await readyFor(task)
      const creates = hosting.creates()
      if (isLifecycle(task)) await hosting.world.worker().follow({ kind: task, serviceId: subject.serviceId, cause: 'test' })
      const troubles = plantTroubles(trial)
      try {
        await troubles.carryOut(hosting.world, subject.serviceId, async () => {
          // What failed for good has changed no state that it did not prove.
          const failed = await hosting.world.look(subject.serviceId)
          expect(failed.resource?.status, task).not.toBe(task === 'suspend' ? 'stopped_by_policy' : task === 'terminate' ? 'destroyed' : task === 'resume' || task === 'provision' ? 'ready' : 'none')
          if (task === 'provision') expect(failed.service.status).toBe('pending')
          await hosting.world.worker().retry(subject.serviceId)
        })
      } finally {
        troubles.stop()
      }
      troubles.hits.forEach(step => hits.add(step))
      await expectDone(task, subject, task)
      expect(hosting.creates() - creates, task).toBe(task === 'provision' ? 1 : 0)
      const { items: [told] } = await test.app.provisioning.showHistory({ id: subject.serviceId, clientId: null, locale: 'en', page: { page: 1, pageSize: 1 } })
      expect({ outcome: told?.outcome, steps: told?.steps.map(({ status }) => status).filter(status => status !== 'done' && status !== 'skipped') }, task).toEqual({ outcome: 'done', steps: [] })
    }
    expect([...hits].sort()).toEqual(stepsOf('hosting').sort())
  }, 120_000)

  // The embedded database lives in one process and dies with it.
  if (kind === 'postgres') it('kill -9 of real processes at their first point, at one that is drawn, and at their last: the next process ends the task, with one account that was asked for once', async () => {
    const seed = drawnSeed()
    const workers = workerProcesses(test, bundled('tests/support/engine-process.ts'))
    const now = () => hosting.world.wallClock.now().getTime()
    const itIs = (wall: number) => hosting.world.advance((wall - now()) / 1000)
    try {
      let worker = workers.next()
      for (const task of kinds) {
        let died = true
        for (let life = 0; died; life++) {
          died = false
          const subject = await readyFor(task)
          const creates = hosting.creates()
          if (isLifecycle(task)) await hosting.world.worker().follow({ kind: task, serviceId: subject.serviceId, cause: 'test' })
          const label = `${task}, life ${life}, with the seed ${seed}`
          for (const at of every ? [life] : deathsOf(accountSagaDefinitions[task], seed)) {
            const { end, wall } = await workers.work(worker, now(), ({ count, over }) => (at === 'last' ? over : count === at) ? 'die' : 'go')
            itIs(end === 'dead' ? workers.lapsed(wall) : wall)
            if (!every) expect(end, `${label}, at ${at}`).toBe('dead')
            if (end !== 'dead') break
            died = every
            worker = workers.next()
          }
          if (died) itIs((await workers.work(worker, now(), () => 'go')).wall)
          await expectDone(task, subject, label)
          expect(hosting.creates() - creates, label).toBe(task === 'provision' ? 1 : 0)
        }
      }
    } finally {
      await workers.close()
    }
  }, 600_000)

  it('a worker that lost its lease while the server was making the account writes nothing more', async () => {
    const { serviceId, domain } = await readyFor('provision')
    const slow = hosting.world.worker()
    await slow.follow({ kind: 'provision', serviceId, cause: 'test' })
    const definition = accountSagaDefinitions.provision.steps
    const step = definition.find(candidate => candidate.name === 'create')
    if (!step) throw new Error('no such step')
    const { run } = step
    let overtaken = false
    step.run = async (context) => {
      const outcome = await run(context)
      if (overtaken) return outcome
      overtaken = true
      hosting.world.afterDeath()
      await hosting.world.drain(hosting.world.worker())
      return outcome
    }
    try {
      await hosting.world.drain(slow)
    } finally {
      step.run = run
    }
    expect(overtaken).toBe(true)
    expect((await hosting.world.look(serviceId)).newest).toMatchObject({ status: 'done', fence: 2 })
    expect(hosting.account(domain)).toHaveLength(1)
    expect(hosting.creates()).toBe(1)
  })
})
