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
import { until } from '../support/journey.ts'

const sysadmin = { kind: 'user' as const, id: '01900000-0000-7000-8000-000000000001', name: 'Sari', role: 'sysadmin' as const }
const steps = sagaDefinitions.provision.steps.map(step => step.name)

// The embedded database lives in one process and dies with it: a second process can only take over on PostgreSQL.
describe.runIf(databaseKinds().includes('postgres'))('kill -9 of real processes', () => {
  let test: TestApp
  let sim: ProxmoxSimulator
  let holder: Client
  let connectionId = ''
  const children: ChildProcess[] = []
  beforeAll(async () => {
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
    const child = spawn(process.execPath, ['tests/support/worker-process.ts'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: {
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
