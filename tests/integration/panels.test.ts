import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from 'drizzle-orm'
import { AppError } from '#shared/errors/codes.ts'
import createConnectionRoute from '../../server/api/admin/connections/index.post.ts'
import showConnectionRoute from '../../server/api/admin/connections/[id]/index.get.ts'
import panelServerRoute from '../../server/api/admin/connections/[id]/server.get.ts'
import syncRoute from '../../server/api/admin/connections/[id]/sync.post.ts'
import testConnectionRoute from '../../server/api/admin/connections/[id]/test.post.ts'
import listPackagesRoute from '../../server/api/admin/packages/index.get.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import type { ProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import { startWhmSimulator } from '../../simulators/whm/index.ts'
import type { WhmSimulator } from '../../simulators/whm/index.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { serveRoutes } from '../support/http.ts'

const sysadmin = { kind: 'user' as const, id: '01900000-0000-7000-8000-000000000001', name: 'Sari', role: 'sysadmin' as const }
const codeOf = async (work: Promise<unknown>) => {
  const thrown = await work.then(() => null, (error: unknown) => error)
  if (!(thrown instanceof AppError)) throw thrown ?? new Error('nothing was thrown')
  return thrown.fields[0] ? `${thrown.code} ${thrown.fields[0].path}:${thrown.fields[0].code}` : thrown.code
}

describe.each(databaseKinds())('control panels on %s', (kind) => {
  let test: TestApp
  let sim: WhmSimulator
  let hypervisor: ProxmoxSimulator
  let served: Awaited<ReturnType<typeof serveRoutes>>
  let role: 'sysadmin' | 'finance' | 'client' | null = 'sysadmin'
  let id = ''
  let machines = ''
  const infrastructure = () => test.app.infrastructure
  const input = (change: object = {}) => ({ kind: 'whm' as const, name: 'Hosting', url: sim.url, tls: { mode: 'fingerprint' as const, caPem: null, fingerprint: sim.fingerprint }, tokenId: sim.token.id, tokenSecret: sim.token.secret, maintenance: false, storage: '', bridge: '', nodes: [], ...change })
  const call = (path: string, init: RequestInit = {}) => fetch(`${served.url}${path}`, init)
  const post = (body: object) => call('/api/admin/connections', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const packages = async () => (await (await call('/api/admin/packages')).json() as { items: { name: string, present: boolean, diskMiB: number | null, bandwidthMiB: number | null }[] }).items

  beforeAll(async () => {
    sim = await startWhmSimulator()
    hypervisor = await startProxmoxSimulator()
    test = await startTestApp({ kind, workers: false })
    served = await serveRoutes(test.app, [
      ['post', '/api/admin/connections', createConnectionRoute], ['get', '/api/admin/connections/{id}', showConnectionRoute], ['post', '/api/admin/connections/{id}/test', testConnectionRoute], ['post', '/api/admin/connections/{id}/sync', syncRoute],
      ['get', '/api/admin/connections/{id}/server', panelServerRoute], ['get', '/api/admin/packages', listPackagesRoute],
    ], (event) => {
      event.context.actor = role ? { ...sysadmin, role } : null
    })
    id = (await infrastructure().createConnection({ actor: sysadmin, input: input() })).id
    machines = (await infrastructure().createConnection({ actor: sysadmin, input: input({ kind: 'proxmox', name: 'Mesin', url: hypervisor.url, tokenId: hypervisor.token.id, tokenSecret: hypervisor.token.secret, storage: 'local-lvm', bridge: 'vmbr0', tls: { mode: 'fingerprint', caPem: null, fingerprint: hypervisor.fingerprint } }) })).id
  })
  afterAll(async () => {
    test.app.infrastructure.closeHypervisors()
    await served.close()
    await test.close()
    await sim.close()
    await hypervisor.close()
  })

  it('D24: the token is in no answer and in no audit row, and sealed at rest', async () => {
    const answer = await (await call(`/api/admin/connections/${id}`)).text()
    const { rows } = await test.app.core.database.executor.execute(sql`select to_jsonb(a)::text as text from audit_log a union all select token_secret from connections`) as unknown as { rows: { text: string }[] }
    for (const text of [answer, ...rows.map(row => row.text)]) expect(text).not.toContain(sim.token.secret)
  })
  it('a panel needs neither storage nor bridge; a hypervisor still does, and a token has a shape', async () => {
    const made = await post(input({ name: 'Kedua', storage: 'sisa', bridge: 'sisa', nodes: ['sisa'] }))
    expect(made.status).toBe(201)
    const view = await made.json() as { id: string, storage: string, bridge: string, nodes: string[] }
    expect(view).toMatchObject({ storage: '', bridge: '', nodes: [] })
    await infrastructure().deleteConnection({ actor: sysadmin, id: view.id })
    const text = await (await post(input({ name: 'Ketiga', tokenId: 'Bukan Nama', tokenSecret: 'pendek' }))).text()
    expect(text).toMatch(/whm_user_shape[\s\S]*whm_token_shape/)
    expect(await (await post(input({ kind: 'vcenter', name: 'Keempat' }))).text()).toMatch(/"path":"storage"[\s\S]*"path":"bridge"/)
  })
  it('the live test sends the steps of a panel and stores its health', async () => {
    const reply = await call(`/api/admin/connections/${id}/test`, { method: 'POST', headers: { accept: 'text/event-stream' } })
    const events = [...(await reply.text()).matchAll(/event: (\w+)\ndata: (.+)\n/g)].map(found => found[1] === 'step' ? (JSON.parse(found[2] ?? '') as { step: string }).step : found[1])
    expect(events).toEqual(['dns', 'tcp', 'tls', 'auth', 'permissions', 'version', 'packages', 'done'])
    expect(await infrastructure().showConnection(id)).toMatchObject({ healthy: true, problem: null, version: sim.state.version, filtersApply: null })
  })
  it('a token without rights makes the connection unhealthy and names them', async () => {
    const [all] = sim.state.tokens
    const before = all?.acls ?? []
    if (all) all.acls = before.filter(acl => acl !== 'kill-acct')
    expect(await infrastructure().testConnection({ actor: sysadmin, id })).toMatchObject({ ok: false, steps: expect.arrayContaining([expect.objectContaining({ step: 'permissions', missingPermissions: ['kill-acct', 'all'] })]) as unknown })
    expect(await infrastructure().showConnection(id)).toMatchObject({ healthy: false, problem: 'permissions: missing: kill-acct' })
    if (all) all.acls = before
  })
  it('synchronisation tells which packages came, went and stayed; a package that went stays known', async () => {
    const sync = async () => (await call(`/api/admin/connections/${id}/sync`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ apply: true }) })).json()
    expect(await sync()).toMatchObject({ applied: true, added: ['gardu_bisnis', 'gardu_hemat', 'gardu_toko'], changed: [], vanished: [], unchanged: 0 })
    expect(await sync()).toMatchObject({ added: [], vanished: [], unchanged: 3 })
    const kept = sim.state.packages
    sim.state.packages = kept.filter(({ name }) => name !== 'gardu_toko').map(each => each.name === 'gardu_hemat' ? { ...each, QUOTA: '4096', BWLIMIT: 'unlimited' } : each)
    expect(await sync()).toMatchObject({ added: [], changed: [{ name: 'gardu_hemat', fields: [{ field: 'diskMiB', to: 4096 }, { field: 'bandwidthMiB', to: null }] }], vanished: [{ name: 'gardu_toko', products: [] }], unchanged: 1 })
    expect((await packages()).map(({ name, present, diskMiB, bandwidthMiB }) => [name, present, diskMiB, bandwidthMiB])).toEqual([['gardu_bisnis', true, 10240, null], ['gardu_hemat', true, 4096, null], ['gardu_toko', false, 25600, null]])
    expect(await infrastructure().showConnection(id)).toMatchObject({ packageCount: 2, templateCount: 0 })
    sim.state.packages = kept
    expect(await sync()).toMatchObject({ added: ['gardu_toko'], changed: [{ name: 'gardu_hemat' }], unchanged: 1 })
  })
  it('a panel that is down makes synchronisation fail with the reason, and what was known stays', async () => {
    sim.faults.set({ down: true })
    expect(await codeOf(infrastructure().syncConnection({ actor: sysadmin, id }))).toBe('connection_failed')
    sim.faults.clear()
    expect(await packages()).toHaveLength(3)
  })
  it('the minute\'s look stores load, disk and accounts of the panel beside the nodes of hypervisors; a silent panel is unhealthy and keeps nobody waiting', async () => {
    expect(await (await call(`/api/admin/connections/${machines}/server`)).json()).toMatchObject({ code: 'not_found' })
    await infrastructure().collect()
    expect(await (await call(`/api/admin/connections/${id}/server`)).json()).toMatchObject({ server: { hostname: 'web1.simulator.test', load: 0.42, disk: { mount: '/home', used: 131_072_000 * 1024, total: 524_288_000 * 1024 }, accounts: { now: 1, most: 100 } } })
    expect((await infrastructure().listNodes()).items).toHaveLength(2)
    sim.faults.set({ down: true })
    await infrastructure().collect()
    sim.faults.clear()
    expect(await infrastructure().showConnection(id)).toMatchObject({ healthy: false, problem: expect.stringContaining('WHM') })
    expect(await infrastructure().showConnection(machines)).toMatchObject({ healthy: true })
    await infrastructure().collect()
    expect(await infrastructure().showConnection(id)).toMatchObject({ healthy: true, version: sim.state.version })
  })
  it('no machine is sold from a panel: products and address pools refuse it, and it is opened as a panel alone', async () => {
    expect(await codeOf(infrastructure().createAddressPool({ actor: sysadmin, fields: { connectionId: id, name: 'Publik', firstAddress: '203.0.113.10', lastAddress: '203.0.113.29', prefixLength: 24, gateway: '203.0.113.1', nameservers: ['9.9.9.9'] } }))).toBe('invalid_input connectionId:connection_without_machines')
    const fields = { slug: 'vps-panel', kind: 'vps' as const, name: 'VPS Panel', summary: { id: 'a', en: 'a' }, description: { id: 'a', en: 'a' }, spec: { cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100 }, status: 'draft' as const, featured: false, position: 1, stockLimit: null, trialDays: null, fixedTermPeriods: null, snapshotLimit: 2, backupsIncluded: 0, backupSchedule: false, placementPolicy: 'most_free' as const, connectionIds: [id], templateIds: [] }
    expect(await codeOf(test.app.catalog.createProduct({ actor: sysadmin, fields }))).toBe('invalid_input connectionIds:connection_unknown')
    await expect(infrastructure().openHypervisor(id)).rejects.toMatchObject({ kind: 'permanent' })
    await expect(infrastructure().openPanel(machines)).rejects.toMatchObject({ kind: 'permanent' })
  })
  it.each([[null, 401, 401], ['client', 403, 403], ['finance', 403, 200]] as const)('a caller who is %s gets %i from the panel\'s server and %i from packages', async (who, server, list) => {
    role = who
    const replies = await Promise.all([call(`/api/admin/connections/${id}/server`), call('/api/admin/packages')])
    role = 'sysadmin'
    expect(replies.map(reply => reply.status)).toEqual([server, list])
  })
  it('a panel whose packages nothing refers to can be deleted, with all that was known of it', async () => {
    await infrastructure().deleteConnection({ actor: sysadmin, id })
    expect(await packages()).toEqual([])
    await expect(infrastructure().openPanel(id)).rejects.toMatchObject({ kind: 'action_required' })
  })
})
