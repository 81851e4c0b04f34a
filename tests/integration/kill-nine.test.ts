import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq, sql } from 'drizzle-orm'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addresses, productConnections, resources, services, templates } from '#db/schema/index.ts'
import { sagaDefinitions } from '#server/provisioning/definitions.ts'
import { leaseSeconds } from '#server/provisioning/run-saga.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import type { ProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld } from '../support/billing.ts'
import { proxmoxGround } from '../support/grounds.ts'
import type { ProxmoxGround } from '../support/grounds.ts'
import { until } from '../support/journey.ts'
import { livingForever } from '../support/provisioning.ts'
import { expectDone, machineTasks } from '../support/tasks.ts'
import type { Subject } from '../support/tasks.ts'
import { bundled, deathsOf, drawnSeed, workerProcesses } from '../support/worker-processes.ts'

const sysadmin = { kind: 'user' as const, id: '01900000-0000-7000-8000-000000000001', name: 'Sari', role: 'sysadmin' as const }
const steps = sagaDefinitions.provision.steps.map(step => step.name)

// The embedded database lives in one process and dies with it: a second process can only take over on PostgreSQL.
if (databaseKinds().includes('postgres')) describe('kill -9 of real processes', () => {
  let test: TestApp
  let sim: ProxmoxSimulator
  let holder: Client
  let connectionId = ''
  let worker = ''
  const children: ChildProcess[] = []
  beforeAll(async () => {
    worker = bundled('tests/support/worker-process.ts')
    sim = await startProxmoxSimulator()
    test = await startTestApp({ kind: 'postgres', workers: false, start: new Date().toISOString() })
    const { infrastructure } = test.app
    connectionId = (await infrastructure.createConnection({ actor: sysadmin, input: { kind: 'proxmox', name: 'Jakarta', url: sim.url, tls: { mode: 'fingerprint', caPem: null, fingerprint: sim.fingerprint }, tokenId: sim.token.id, tokenSecret: sim.token.secret, maintenance: false, storage: 'local-lvm', bridge: 'vmbr0', nodes: [] } })).id
    await infrastructure.syncTemplates({ actor: sysadmin, id: connectionId })
    await infrastructure.createAddressPool({ actor: sysadmin, fields: { connectionId, name: 'Publik', firstAddress: '203.0.113.10', lastAddress: '203.0.113.29', prefixLength: 24, gateway: '203.0.113.1', nameservers: ['9.9.9.9'] } })
    holder = new Client({ connectionString: test.app.core.database.url ?? '' })
    await holder.connect()
    // A process that is about to commit "this step is done" is held there, its effect made and its record not: the worst moment to die.
    await holder.query(`create table deaths (position integer);
      create function wait_for_death() returns trigger language plpgsql as $$ begin
        if exists (select 1 from deaths where position = new.position) then perform pg_advisory_xact_lock(9); end if;
        return new;
      end $$;
      create trigger wait_for_death before update on saga_steps for each row when (new.status = 'done' and old.status <> 'done') execute function wait_for_death()`)
  })
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL')
    await holder.end()
    await test.close()
    await sim.close()
  })

  /** Loaded, and waiting to be told to begin. */
  function prepare() {
    const { config } = test.app.core
    const child = spawn(process.execPath, [worker], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: {
      PATH: process.env.PATH, NODE_COMPILE_CACHE: join(tmpdir(), 'gardu-compile-cache'), GARDU_MODE: 'embedded', GARDU_BASE_URL: config.GARDU_BASE_URL, GARDU_LOG_LEVEL: 'silent', DATABASE_URL: test.app.core.database.url ?? '', JWT_SECRET: config.JWT_SECRET, NUXT_SESSION_PASSWORD: config.NUXT_SESSION_PASSWORD,
      ENCRYPTION_KEY: config.ENCRYPTION_KEY.map(key => key.toString('base64')).join(','),
    } })
    children.push(child)
    return child
  }
  const kill = (child: ChildProcess) => new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.kill('SIGKILL')
  })
  const held = async () => Number((await holder.query<{ n: string }>('select count(*) as n from pg_locks where locktype = \'advisory\' and not granted and database = (select oid from pg_database where datname = current_database())')).rows[0]?.n)

  it(`the process dies at each of ${steps.length} steps of a build, each time after the effect and before its record: one machine, service active, no effect twice`, { timeout: 180_000 }, async () => {
    const db = test.app.core.database.executor
    const billing = billingWorld(test.app)
    const order = await billing.order()
    const [template] = await db.select().from(templates).where(eq(templates.name, 'debian-12-cloudinit'))
    await db.update(services).set({ templateId: template?.id ?? null, hostname: 'toko.contoh.test' }).where(eq(services.id, order.serviceId))
    const { productId } = await billing.service(order.serviceId)
    await db.insert(productConnections).values({ productId, connectionId })
    await test.app.core.transact(stores => stores.addresses.reserve({ serviceId: order.serviceId, connectionIds: [connectionId] }))
    await billing.pay(order.invoiceId)

    // Loading takes longer than dying: some are loaded ahead.
    const prepared = [prepare(), prepare()]
    const begin = (generation: number) => {
      const child = prepared.shift() ?? prepare()
      child.send({ secondsAhead: generation * (leaseSeconds + 20) })
      if (generation + prepared.length < steps.length) prepared.push(prepare())
      return child
    }
    for (const [position, name] of steps.entries()) {
      await holder.query('select pg_advisory_lock(9)')
      await holder.query('insert into deaths values ($1)', [position])
      const child = begin(position)
      await until(`a process is held at the end of ${name}`, held, n => n > 0, 60)
      await kill(child)
      await holder.query('delete from deaths')
      await holder.query('select pg_advisory_unlock(9)')
      // Only the last step activates, and it does so for a machine that was read back.
      expect((await billing.service(order.serviceId)).status, name).toBe(name === 'activate' ? 'active' : 'pending')
    }
    begin(steps.length)
    const done = await until('the saga is done', () => billing.rows<{ status: string, fence: number }>(sql`select status, fence from sagas where service_id = ${order.serviceId}`), rows => rows[0]?.status === 'done')
    expect(done).toEqual([{ status: 'done', fence: steps.length + 1 }])
    expect((await billing.service(order.serviceId)).status).toBe('active')

    const [resource] = await db.select().from(resources).where(eq(resources.serviceId, order.serviceId))
    const machines = Object.values(sim.state.machines).filter(machine => machine.config.template !== '1')
    expect(machines).toMatchObject([{ vmid: resource?.vmid, running: true, config: { name: 'toko.contoh.test', tags: expect.stringContaining(`gardu-${resource?.ownershipMark}`) as string } }])
    const acts = (pattern: RegExp) => sim.journal.filter(line => pattern.test(line)).length
    expect({ cloned: acts(/^POST .*\/clone$/), started: acts(/^POST .*\/status\/start$/), resized: acts(/^PUT .*\/resize$/), destroyed: acts(/^DELETE /) }).toEqual({ cloned: 1, started: 1, resized: 1, destroyed: 0 })
    expect(await billing.rows(sql`select "to" as to_status from transitions where entity = 'service' and entity_id = ${order.serviceId}`)).toEqual([{ to_status: 'active' }])
    expect(await db.select().from(addresses).where(eq(addresses.serviceId, order.serviceId))).toMatchObject([{ status: 'assigned' }])
    expect(await billing.periods(order.serviceId)).toHaveLength(1)
    expect(await billing.mails('service_ready', order.clientId)).toHaveLength(1)
  })
})

const every = process.env.GARDU_TEST_EVERY_POINT === '1'
/** Carried out by processes; what comes before them in a life is done here. */
const byProcesses = ['restore', 'move', 'resize', 'reinstall', 'suspend', 'resume', 'terminate']
const before = ['provision', 'backup.create']

if (databaseKinds().includes('postgres')) describe('kill -9 of real processes at any task of a machine', () => {
  let test: TestApp
  let ground: ProxmoxGround
  let workers: ReturnType<typeof workerProcesses>
  beforeAll(async () => {
    test = await startTestApp({ kind: 'postgres', workers: false })
    ground = await proxmoxGround(test, 'vm', every)
    workers = workerProcesses(test, bundled('tests/support/engine-process.ts'))
  })
  afterAll(async () => {
    await workers.close()
    await ground.close()
    await test.close()
  })
  const now = () => ground.world.wallClock.now().getTime()
  const itIs = (wall: number) => ground.world.advance((wall - now()) / 1000)
  const drain = () => ground.world.drain(ground.world.worker())
  const fresh = (): Subject => ({ serviceId: '', clientId: '', vmid: 0 })
  async function here(subject: Subject, what: string) {
    await machineTasks.find(task => task.what === what)?.begin(ground, subject)
    await drain()
  }

  it('dying at its first point, at one that is drawn, and at its last: the next process ends it; one machine, asked for once, nobody else\'s touched, and the history tells it', { timeout: every ? 1_800_000 : 600_000 }, async () => {
    const seed = drawnSeed()
    const stranger = await ground.stranger()
    let finisher = workers.next()
    for (let life = 0, deaths = 1; deaths > 0; life++) {
      deaths = 0
      const subject = fresh()
      for (const task of machineTasks.filter(({ what }) => before.includes(what) || byProcesses.includes(what))) {
        if (before.includes(task.what)) {
          await here(subject, task.what)
          continue
        }
        const creates = ground.creates()
        await task.begin(ground, subject)
        for (const at of every ? [life] : deathsOf(sagaDefinitions[task.kind], seed)) {
          const { end, wall } = await workers.work(finisher, now(), ({ count, over }) => (at === 'last' ? over : count === at) ? 'die' : 'go')
          itIs(end === 'dead' ? workers.lapsed(wall) : wall)
          if (end !== 'dead') continue
          deaths++
          finisher = workers.next()
        }
        if (every) itIs((await workers.work(finisher, now(), () => 'go')).wall)
        else expect(deaths % 3, `${task.what} with the seed ${seed}`).toBe(0)
        await expectDone(ground, subject, task, creates)
      }
      if (!every) break
    }
    expect(await ground.stranger()).toBe(stranger)
  })

  it.each([['resize', /^before shutdown$/], ['reinstall', /^before (stop|destroy)$/]])('a process that was stopped in the midst of a %s, until another has ended it, sends nothing more and writes nothing more', async (what, act) => {
    const task = machineTasks.find(each => each.what === what)
    if (!task) throw new Error('no such task')
    // What it would do next is known from one that nobody stops.
    const [twin, subject] = [fresh(), fresh()]
    const points = livingForever()
    await here(twin, 'provision')
    await task.begin(ground, twin)
    await ground.world.drain(ground.world.worker(points))
    const stopAt = points.names.findIndex(name => act.test(name)) - 1
    expect(points.names[stopAt]).toMatch(/^after /)

    await here(subject, 'provision')
    await task.begin(ground, subject)
    const [old, young] = [workers.next(), workers.next()]
    const stopped = await workers.work(old, now(), ({ count }) => count === stopAt ? 'hang' : 'go')
    expect(stopped.end).toBe('hanging')
    const ended = await workers.work(young, workers.lapsed(stopped.wall), () => 'go')
    itIs(ended.wall)
    const [state, acts] = [ground.machines(), ground.acts()]
    workers.wake(old)
    expect((await workers.work(old, ended.wall, () => 'go')).end).toBe('idle')
    expect(ground.acts().slice(acts.length)).toEqual([])
    expect(ground.machines()).toEqual(state)
    expect((await ground.world.look(subject.serviceId)).newest).toMatchObject({ kind: what, status: 'done', fence: 2 })
  })
})
