import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors/codes.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { startNameServer } from '../support/powerdns.ts'
import type { NameServer } from '../support/powerdns.ts'
import { provisioningWorld } from '../support/provisioning.ts'
import type { ProvisioningWorld } from '../support/provisioning.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no failure', (error: unknown) => error instanceof AppError ? error.fields[0]?.code ?? error.code : String(error))
const staff: Actor = { kind: 'user', id: '01900000-0000-7000-8000-00000000aaaa', name: 'Sari', role: 'sysadmin' }
const system: Actor = { kind: 'system', name: 'test' }

describe.each(databaseKinds())('reverse DNS on %s', (kind) => {
  let test: TestApp
  let world: ProvisioningWorld
  let server: NameServer
  beforeAll(async () => {
    server = await startNameServer(process.env.GARDU_TEST_PDNS ?? null)
    await server.addZone('10.in-addr.arpa.')
    test = await startTestApp({ kind, workers: false })
    world = await provisioningWorld(test)
  })
  afterAll(async () => {
    await test?.close()
    await server?.stop()
  })
  const input = () => ({ url: server.url, tls: { mode: 'system' as const, caPem: null, fingerprint: null }, serverId: 'localhost', apiKey: server.apiKey, template: '{address-dashed}.contoh.id', ttl: 3600 })
  const save = (change: Partial<ReturnType<typeof input>> = {}) => test.app.infrastructure.saveReverseDnsSettings({ actor: staff, input: { ...input(), ...change } })
  const rows = async (query: ReturnType<typeof sql>) => (await test.app.core.database.executor.execute(query) as unknown as { rows: Record<string, unknown>[] }).rows
  const queued = () => rows(sql`select data->>'address' as address from pgboss.job where name = 'infrastructure.ptr-due' and state = 'created'`)
  /** Does what is queued, once each, as the workers would; answers what went wrong. */
  async function work(): Promise<string[]> {
    const taken = await rows(sql`delete from pgboss.job where name = 'infrastructure.ptr-due' and state = 'created' returning data->>'address' as address`)
    const problems: string[] = []
    for (const { address } of taken) await test.app.infrastructure.handlers['infrastructure.ptr-due']({ address: String(address) }).catch((error: unknown) => problems.push(String(error)))
    return problems
  }
  async function built() {
    const { serviceId, service } = await world.build()
    const client: Actor = { kind: 'user', id: service.clientId, name: 'Budi', role: 'client' }
    const shown = async (by: string | null = service.clientId) => test.app.provisioning.showReverseDns({ id: serviceId, clientId: by })
    const one = async (by: string | null = service.clientId) => {
      const [item] = (await shown(by)).items
      if (!item) throw new Error('the service shows no address')
      return item
    }
    const set = async (name: string, change: { address?: string, clientId?: string | null } = {}) => test.app.provisioning.setReverseDns({ id: serviceId, clientId: service.clientId, address: (await rows(sql`select host(address) as a from addresses where service_id = ${serviceId}`))[0]?.a as string, name, actor: client, ...change })
    return { serviceId, shown, one, set }
  }
  beforeEach(async () => {
    server.fail(null)
    await save()
    await work()
  })

  it('without a name server nothing is queued, offered or set', async () => {
    await test.app.infrastructure.removeReverseDnsSettings({ actor: staff })
    const { shown, set } = await built()
    expect(await shown()).toMatchObject({ offered: false, items: [] })
    expect(await codeOf(set('a.contoh.id'))).toBe('not_found')
    expect(await queued()).toEqual([])
  })
  it('a machine\'s address gets the name of the template, shown as active only after it was read back', async () => {
    const { one } = await built()
    const { address, name, state } = await one()
    expect({ name, state }).toEqual({ name: `${address.replaceAll('.', '-')}.contoh.id`, state: 'pending' })
    expect(await server.names(address)).toEqual([])
    expect(await work()).toEqual([])
    expect(await one()).toMatchObject({ name, state: 'active' })
    expect(await server.names(address)).toEqual([name])
  })
  it('a client\'s own name reaches the name server and the audit log; the same again is no second job', async () => {
    const { serviceId, one, set } = await built()
    await work()
    await set('mail.budi.id')
    await set('mail.budi.id')
    expect(await queued()).toHaveLength(1)
    expect(await work()).toEqual([])
    const { address, state } = await one()
    expect([state, await server.names(address)]).toEqual(['active', ['mail.budi.id']])
    await set('mail.budi.id')
    expect(await queued()).toEqual([])
    expect(await rows(sql`select after->>'name' as name from audit_log where action = 'service.reverse-dns' and entity_id = ${serviceId}`)).toContainEqual({ name: 'mail.budi.id' })
  })
  it('machines built before there was a name server get names at staff\'s wish, in parts; what has a name keeps it, and what was given back gets none', async () => {
    const named = await built()
    await named.set('kantor.contoh.id')
    await test.app.infrastructure.removeReverseDnsSettings({ actor: staff })
    const [early, gone] = [await built(), await built()]
    expect(await codeOf(test.app.infrastructure.requestDefaultNames({ actor: staff }))).toBe('not_found')
    await save()
    // More than one part holds.
    const [pool] = await rows(sql`select pool_id from addresses where service_id = ${early.serviceId}`)
    await rows(sql`insert into addresses (id, pool_id, address, status, service_id, ordinal, changed_at) select gen_random_uuid(), ${String(pool?.pool_id)}::uuid, '10.200.0.0'::inet + n, 'assigned', ${early.serviceId}::uuid, n, now() from generate_series(1, 450) n`)
    const { unnamed } = await test.app.infrastructure.showReverseDnsSettings()
    expect(unnamed).toBeGreaterThanOrEqual(452)
    await test.app.core.transact(stores => stores.addresses.release(gone.serviceId))
    await test.app.infrastructure.requestDefaultNames({ actor: staff })
    await test.app.infrastructure.requestDefaultNames({ actor: staff })
    let parts = 0
    for (;;) {
      const jobs = await rows(sql`delete from pgboss.job where name = 'infrastructure.names-due' and state = 'created' returning data`)
      if (jobs.length === 0) break
      parts += jobs.length
      for (const { data } of jobs) await test.app.infrastructure.handlers['infrastructure.names-due'](data as { after: string | null, by: string })
    }
    expect(parts).toBe(3)
    expect((await test.app.infrastructure.showReverseDnsSettings()).unnamed).toBe(0)
    const [first] = (await early.shown()).items
    expect(first).toMatchObject({ name: first?.defaultName, state: 'pending' })
    expect(await named.one()).toMatchObject({ name: 'kantor.contoh.id' })
    expect((await rows(sql`select 1 from ptr_records where service_id = ${gone.serviceId}`))).toEqual([])
    // Only the machine's own is written here: the others would take the test's time.
    await rows(sql`delete from pgboss.job where name = 'infrastructure.ptr-due' and data->>'address' like '10.200.%'`)
    await rows(sql`delete from ptr_records where address <<= '10.200.0.0/16'`)
    await rows(sql`delete from addresses where address <<= '10.200.0.0/16'`)
    expect(await work()).toEqual([])
    expect(await early.one()).toMatchObject({ state: 'active' })
  })
  it('somebody else\'s service and somebody else\'s address are not found', async () => {
    const [mine, other] = [await built(), await built()]
    expect(await codeOf(mine.set('a.contoh.id', { clientId: staff.kind === 'user' ? staff.id : '' }))).toBe('not_found')
    expect(await codeOf(mine.set('a.contoh.id', { address: (await other.one()).address }))).toBe('not_found')
    expect(await codeOf(mine.shown('01900000-0000-7000-8000-0000000000ff'))).toBe('not_found')
  })
  it('a suspended service refuses, for staff too', async () => {
    const { serviceId, set, shown } = await built()
    await test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))
    expect(await codeOf(set('a.contoh.id'))).toBe('service_suspended')
    expect(await codeOf(set('a.contoh.id', { clientId: null }))).toBe('service_suspended')
    expect((await shown()).refusal).toBe('service_suspended')
  })
  it('a name server that is down or whose answer is lost is asked again, and the name is pending until it is there', async () => {
    const { one, set } = await built()
    server.fail('down')
    expect(await work()).toHaveLength(1)
    expect(await one(null)).toMatchObject({ state: 'pending', problem: expect.stringContaining('PowerDNS') as string })
    expect((await one()).problem).toBeNull()
    server.fail('lost')
    await set('hilang.contoh.id')
    expect(await work()).toEqual([])
    expect(await one(null)).toMatchObject({ state: 'active', problem: null })
    expect(await server.names((await one()).address)).toEqual(['hilang.contoh.id'])
  })
  it('a wrong key and a missing zone are kept as failed with their reason, and saving right settings sets them right', async () => {
    await save({ apiKey: 'kunci-yang-salah' })
    const { one } = await built()
    expect(await work()).toEqual([])
    const failed = await one(null)
    expect(failed).toMatchObject({ state: 'failed', problem: expect.stringContaining('key') as string })
    expect(failed.problem).not.toContain('kunci-yang-salah')
    await save()
    await work()
    expect(await one()).toMatchObject({ state: 'active' })
    await test.app.core.transact(stores => stores.reverseDns.want({ address: '192.0.2.77', serviceId: staff.kind === 'user' ? staff.id : '', name: 'x.contoh.id', by: 'test' }))
    expect(await work()).toEqual([])
    expect(await test.app.core.read.reverseDns.find('192.0.2.77')).toMatchObject({ state: 'failed', problem: expect.stringContaining('no zone') as string })
    await rows(sql`delete from ptr_records where address = '192.0.2.77'`)
  })
  it('a newer wish wins over a job that came late', async () => {
    const { one, set } = await built()
    const { address } = await one()
    const late = await test.app.core.read.reverseDns.find(address)
    await set('baru.contoh.id')
    await work()
    if (!late) throw new Error('no record')
    // The late job wrote its older name after the newer one was there, and comes to tell so.
    expect(await test.app.core.transact(stores => stores.reverseDns.settle(late, { state: 'active', problem: null }))).toBe(false)
    expect(await one()).toMatchObject({ name: 'baru.contoh.id', state: 'pending' })
    await work()
    expect(await server.names(address)).toEqual(['baru.contoh.id'])
  })
  it('an address that is given back loses its name at the name server, and nothing of it is kept', async () => {
    const { serviceId, one } = await built()
    await work()
    const { address } = await one()
    await test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId, reason: 'request', note: 'x', actor: system }))
    const worker = world.worker()
    await worker.follow({ kind: 'terminate', serviceId, cause: 'request' })
    await world.drain(worker)
    expect(await server.names(address)).toHaveLength(1)
    expect(await work()).toEqual([])
    expect(await server.names(address)).toEqual([])
    expect(await test.app.core.read.reverseDns.find(address)).toBeNull()
  })
  it('the key is in no answer and no audit row, and goes only where it was entered for', async () => {
    const { apiKey: _, ...kept } = input()
    const again = await test.app.infrastructure.saveReverseDnsSettings({ actor: staff, input: kept })
    expect(JSON.stringify(again)).not.toContain(server.apiKey)
    expect(await codeOf(test.app.infrastructure.saveReverseDnsSettings({ actor: staff, input: { ...kept, url: 'http://127.0.0.1:1' } }))).toBe('api_key_again')
    expect(await codeOf(test.app.infrastructure.testReverseDns({ actor: staff, input: { ...kept, url: 'http://127.0.0.1:1' } }))).toBe('api_key_again')
    expect(await codeOf(save({ template: 'tetap.contoh.id' }))).toBe('reverse_template')
    expect(await test.app.infrastructure.testReverseDns({ actor: staff, input: kept })).toMatchObject({ ok: true })
    expect(JSON.stringify(await rows(sql`select * from audit_log where entity = 'reverse-dns'`))).not.toContain(server.apiKey)
    expect(JSON.stringify(await rows(sql`select * from reverse_dns_settings`))).not.toContain(server.apiKey)
  })
})
