import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addresses } from '#db/schema/index.ts'
import type { Stores } from '#db/stores.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import settleRoute from '../../server/api/admin/address-pools/[id]/addresses/[addressId].post.ts'
import addressesRoute from '../../server/api/admin/address-pools/[id]/addresses/index.get.ts'
import exportRoute from '../../server/api/admin/address-pools/[id]/export.get.ts'
import importRoute from '../../server/api/admin/address-pools/[id]/import/index.post.ts'
import previewRoute from '../../server/api/admin/address-pools/[id]/import/preview.post.ts'
import showRoute from '../../server/api/admin/address-pools/[id]/index.get.ts'
import updateRoute from '../../server/api/admin/address-pools/[id]/index.put.ts'
import listRoute from '../../server/api/admin/address-pools/index.get.ts'
import createRoute from '../../server/api/admin/address-pools/index.post.ts'
import { billingWorld } from '../support/billing.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { serveRoutes } from '../support/http.ts'

const sysadmin = { kind: 'user' as const, id: '01900000-0000-7000-8000-000000000001', name: 'Sari', role: 'sysadmin' as const }
const { stringify } = JSON
type Row = { id: string, address: string, status: string, reason: string | null, quarantineUntil: string | null, service: { id: string, hostname: string } | null }
type Pool = { id: string, counts: Record<string, number>, outlook: { kind: string, days: number | null, perDay: number | null }, bridge: string | null, vlanTag: number | null, history: { day: string, held: number, total: number }[] }
type Preview = { applied: boolean, difference: string, blocked: number, freed: number, unchanged: number, problems: { line: number, problem: string }[] }

describe.each(databaseKinds())('address pools in daily use, over HTTP, on %s', (kind) => {
  let test: TestApp
  let served: Awaited<ReturnType<typeof serveRoutes>>
  let role: 'sysadmin' | 'finance' | 'business' = 'sysadmin'
  const connections = { proxmox: uuidv7(), esxi: uuidv7() }
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    served = await serveRoutes(test.app, [
      ['get', '/api/admin/address-pools', listRoute], ['post', '/api/admin/address-pools', createRoute], ['get', '/api/admin/address-pools/{id}', showRoute], ['put', '/api/admin/address-pools/{id}', updateRoute], ['get', '/api/admin/address-pools/{id}/addresses', addressesRoute],
      ['post', '/api/admin/address-pools/{id}/addresses/{addressId}', settleRoute], ['get', '/api/admin/address-pools/{id}/export', exportRoute], ['post', '/api/admin/address-pools/{id}/import/preview', previewRoute], ['post', '/api/admin/address-pools/{id}/import', importRoute],
    ], (event) => {
      event.context.actor = { ...sysadmin, role }
    })
    for (const [what, id] of Object.entries(connections)) await test.app.core.database.executor.execute(sql`insert into connections (id, kind, name, url, tls_mode, token_id, token_secret, storage, bridge, created_at, maintenance) values (${id}, ${what}, ${what}, 'https://127.0.0.1:1', 'system', 'a@pve!b', 'x', 'local', 'vmbr0', now(), true)`)
  })
  afterAll(async () => {
    test.app.infrastructure.closeHypervisors()
    await served.close()
    await test.close()
  })

  let net = 0
  const fieldsOf = (third: number, change: object = {}) => ({ name: `Publik ${third}`, firstAddress: `198.18.${third}.10`, lastAddress: `198.18.${third}.19`, gateway: `198.18.${third}.1`, nameservers: ['9.9.9.9'], bridge: null, vlanTag: null, ...change })
  const send = (method: string, path: string, body?: object | string) => fetch(`${served.url}/api/admin/address-pools${path}`, { method, ...(body === undefined ? {} : { body: typeof body === 'string' ? body : stringify(body), headers: { 'content-type': typeof body === 'string' ? 'application/octet-stream' : 'application/json' } }) })
  const json = async <T>(reply: Promise<Response>) => await (await reply).json() as T
  const problem = async (reply: Promise<Response>) => {
    const { code, errors = [] } = await json<{ code: string, errors?: { path: string }[] }>(reply)
    return [code, ...errors.map(({ path }) => path)].join(' ')
  }
  async function pool(change: object = {}) {
    net++
    const made = await json<Pool>(send('POST', '', { connectionId: connections.proxmox, prefixLength: 24, ...fieldsOf(net, change) }))
    const { id } = made
    const list = async (query = '') => (await json<{ items: Row[] }>(send('GET', `/${id}/addresses?pageSize=100${query}`))).items
    const find = async (last: number) => (await list()).find(row => row.address.endsWith(`.${last}`))
    return {
      id, third: net, list, find, show: () => json<Pool>(send('GET', `/${id}`)), update: (fields: object) => send('PUT', `/${id}`, fields), act: async (last: number, body: object) => send('POST', `/${id}/addresses/${(await find(last))?.id ?? ''}`, body),
      preview: (text: string) => json<Preview>(send('POST', `/${id}/import/preview`, text)), bring: (text: string, agreed: string) => send('POST', `/${id}/import?agreed=${agreed}`, text),
      hold: (last: number, serviceId: string, status: 'reserved' | 'assigned' = 'assigned') => test.app.core.database.executor.update(addresses).set({ status, serviceId, reason: null }).where(eq(addresses.address, `198.18.${net}.${last}`)),
    }
  }
  const transact = <T>(work: (stores: Stores) => Promise<T>) => test.app.core.transact(work)
  const reserve = (serviceId: string) => transact(stores => stores.addresses.reserve({ serviceId, connectionIds: [connections.proxmox] })).then(() => true, () => false)
  const audited = async (action: string) => ((await test.app.core.database.executor.execute(sql`select before, after from audit_log where action = ${action} order by at desc, id desc limit 1`)) as unknown as { rows: { before: object | null, after: object | null }[] }).rows[0]

  it('a blocked address is never handed out, until it is unblocked; both are audited, and asking twice is as once', async () => {
    const { act, find, show } = await pool({ lastAddress: `198.18.${net + 1}.11` })
    const block = { action: 'block', reason: 'Kamera gedung' }
    expect((await act(10, block)).status).toBe(200)
    expect((await act(10, block)).status).toBe(200)
    expect(await find(10)).toMatchObject({ status: 'blocked', reason: 'Kamera gedung' })
    const first = uuidv7()
    expect([await reserve(first), await reserve(uuidv7())]).toEqual([true, false])
    expect(await problem(act(11, block))).toBe('address_changed')
    expect((await show()).counts).toMatchObject({ reserved: 1, blocked: 1, free: 0 })
    expect(await audited('address.block')).toMatchObject({ before: { status: 'free' }, after: { status: 'blocked', reason: 'Kamera gedung' } })
    expect((await act(10, { action: 'unblock' })).status).toBe(200)
    expect(await reserve(uuidv7())).toBe(true)
    expect(await problem(act(10, block))).toBe('address_changed')
  })
  it('addresses that are blocked while others are taken are the one or the other, never both', async () => {
    const { list, act, show } = await pool()
    const outcomes = await Promise.all((await list()).flatMap(({ address }) => [act(Number(address.split('.').at(-1)), { action: 'block', reason: 'Router' }).then(({ status }) => status === 200), reserve(uuidv7())]))
    const { counts } = await show()
    expect(counts).toMatchObject({ free: 10 - outcomes.filter(Boolean).length, blocked: outcomes.filter((done, i) => done && i % 2 === 0).length })
    expect((counts.reserved ?? 0) + (counts.blocked ?? 0)).toBe(outcomes.filter(Boolean).length)
  })
  it('a quarantine is ended early with a reason; an address that is held is not', async () => {
    const { act, find, hold } = await pool()
    const serviceId = uuidv7()
    await hold(10, serviceId)
    const release = { action: 'release', reason: 'Salah pesan' }
    expect(await problem(act(10, release))).toBe('address_changed')
    await transact(stores => stores.addresses.release(serviceId))
    expect(await find(10)).toMatchObject({ status: 'quarantine', quarantineUntil: expect.any(String) as string })
    expect(await problem(act(10, { action: 'release' }))).toMatch(/^invalid_input/)
    expect((await act(10, release)).status).toBe(200)
    expect(await find(10)).toMatchObject({ status: 'free', quarantineUntil: null })
    expect(await audited('address.release')).toMatchObject({ before: { status: 'quarantine' }, after: { status: 'free', reason: 'Salah pesan' } })
  })
  it('addresses are listed by state and found by address and by the host name of the service that holds them', async () => {
    const { list, hold } = await pool()
    const { serviceId } = await billingWorld(test.app).order()
    await test.app.core.database.executor.execute(sql`update services set hostname = 'toko-budi.contoh.test' where id = ${serviceId}`)
    await hold(12, serviceId)
    const service = { id: serviceId, hostname: 'toko-budi.contoh.test' }
    expect(await list('&status=assigned')).toEqual([expect.objectContaining({ service })])
    expect(await list('&q=budi')).toEqual([expect.objectContaining({ address: expect.stringMatching(/\.12$/) as string, service })])
    expect((await list('&q=.15')).map(({ address }) => address.split('.').at(-1))).toEqual(['15'])
  })
  it('a range grows at both ends and shrinks over free addresses alone; the gateway is never one that somebody holds', async () => {
    const { list, hold, update, third, show } = await pool()
    await hold(19, uuidv7())
    expect(await problem(update(fieldsOf(third, { lastAddress: `198.18.${third}.18` })))).toBe('invalid_input lastAddress')
    expect(await problem(update(fieldsOf(third, { gateway: `198.18.${third}.19` })))).toBe('invalid_input gateway')
    expect(await list()).toHaveLength(10)
    expect((await update(fieldsOf(third, { firstAddress: `198.18.${third}.12`, lastAddress: `198.18.${third}.24`, gateway: `198.18.${third}.15` }))).status).toBe(200)
    expect((await list()).map(({ address }) => Number(address.split('.').at(-1)))).toEqual([12, 13, 14, 16, 17, 18, 19, 20, 21, 22, 23, 24])
    expect((await show()).counts).toMatchObject({ free: 11, assigned: 1 })
    expect(await audited('address_pool.update')).toMatchObject({ after: { gained: 5, lost: 3 } })
    const other = await pool({ firstAddress: `198.18.${third}.30`, lastAddress: `198.18.${third}.34`, gateway: `198.18.${third}.1` })
    expect(await problem(update(fieldsOf(third, { lastAddress: `198.18.${third}.31` })))).toBe('invalid_input lastAddress')
    expect(await other.list()).toHaveLength(5)
  })
  it('bridge and VLAN reach what a machine is built from; a VLAN on VMware, and a bridge that is more than a name, are refused', async () => {
    const { id, third, update, hold } = await pool()
    expect((await update(fieldsOf(third, { bridge: 'vmbr1', vlanTag: 120 }))).status).toBe(200)
    const { serviceId } = await billingWorld(test.app).order()
    await hold(10, serviceId)
    expect((await test.app.core.read.serviceControl.facts(serviceId))?.address).toMatchObject({ bridge: 'vmbr1', vlanTag: 120 })
    expect(await problem(update(fieldsOf(third, { bridge: 'vmbr1,firewall=0' })))).toBe('invalid_input bridge')
    expect(await problem(update(fieldsOf(third, { vlanTag: 4095 })))).toBe('invalid_input vlanTag')
    const wanted = { connectionId: connections.esxi, prefixLength: 24, ...fieldsOf(200, { bridge: 'VM Network 2' }) }
    expect(await problem(send('POST', '', { ...wanted, vlanTag: 120 }))).toBe('invalid_input vlanTag')
    expect((await send('POST', '', wanted)).status).toBe(201)
    expect((await json<Pool>(send('GET', `/${id}`))).bridge).toBe('vmbr1')
  })
  it('a list changes just what its preview showed, never an address in use, and once; what was exported changes nothing', async () => {
    const { hold, preview, bring, find, third, id } = await pool()
    const at = (last: number) => `198.18.${third}.${last}`
    await hold(10, uuidv7())
    const list = `address,status,reason\n${at(10)},blocked,Milik kami\n${at(11)},blocked,=1+1\n${at(12)},blocked,Router\n${at(250)},free,\n`
    const seen = await preview(list)
    expect(seen).toMatchObject({ applied: false, blocked: 2, freed: 0, problems: [{ line: 2, problem: 'address_in_use' }, { line: 5, problem: 'address_not_in_pool' }] })
    await hold(12, uuidv7(), 'reserved')
    const stale = await json<Preview>(bring(list, seen.difference))
    expect(stale).toMatchObject({ applied: false, blocked: 1 })
    expect(await find(11)).toMatchObject({ status: 'free' })
    expect(await json(bring(list, stale.difference))).toMatchObject({ applied: true, blocked: 1 })
    expect(await json(bring(list, stale.difference))).toMatchObject({ applied: true, blocked: 0 })
    expect([(await find(10))?.status, (await find(11))?.status, (await find(12))?.status]).toEqual(['assigned', 'blocked', 'reserved'])
    expect(await audited('address_pool.import')).toMatchObject({ after: { blocked: [at(11)], freed: [] } })
    for (const locale of ['en', 'id']) {
      const file = await send('GET', `/${id}/export?locale=${locale}`)
      expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8')
      const text = await file.text()
      expect(text).toContain(`'=1+1`)
      expect(text.trim().split('\r\n')).toHaveLength(11)
      expect(await preview(text)).toMatchObject({ blocked: 0, freed: 0, unchanged: 10, problems: [] })
    }
    expect(await problem(send('POST', `/${id}/import/preview`, 'nama;umur\nSari;30'))).toBe('address_list_unknown')
  })
  it('each day is counted once, kept for two years, and tells when the pool is full', async () => {
    const { id, show, hold } = await pool({ lastAddress: `198.18.${net + 1}.49` })
    const collect = () => test.app.infrastructure.collect()
    await collect()
    await collect()
    expect(await show()).toMatchObject({ outlook: { kind: 'unknown', days: null }, history: [{ held: 0, total: 40 }] })
    for (let last = 10; last < 30; last++) await hold(last, uuidv7())
    test.clock.advance(20 * 86_400_000)
    await collect()
    expect(await show()).toMatchObject({ outlook: { kind: 'days', days: 20, perDay: 1 }, history: [{ held: 0 }, { held: 20 }] })
    test.clock.advance(711 * 86_400_000)
    await collect()
    const days = ((await test.app.core.database.executor.execute(sql`select count(*)::int as n from address_pool_days where pool_id = ${id}`)) as unknown as { rows: { n: number }[] }).rows[0]?.n
    expect(days).toBe(2)
  })
  it('pools that are nearly full are counted on the overview and listed', async () => {
    const overview = async () => (await test.app.provisioning.showStaffOverview()).lowPools
    const before = await overview()
    const { id, hold } = await pool()
    expect(await overview()).toBe(before)
    for (const last of [10, 11, 12, 13, 14, 15]) await hold(last, uuidv7())
    expect(await overview()).toBe(before + 1)
    expect((await json<{ items: Pool[], total: number }>(send('GET', '?low=true&pageSize=100')))).toMatchObject({ total: before + 1, items: expect.arrayContaining([expect.objectContaining({ id })]) as Pool[] })
  })
  it('only those who run machines reach them', async () => {
    const { id } = await pool()
    for (role of ['finance', 'business'] as const) for (const path of ['', `/${id}`, `/${id}/addresses`, `/${id}/export`]) expect((await send('GET', path)).status).toBe(403)
    expect((await send('PUT', `/${id}`, fieldsOf(1))).status).toBe(403)
    role = 'sysadmin'
  })
})
