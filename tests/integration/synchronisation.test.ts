import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { productConnections, products, productTemplates, templates, users } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import healthRoute from '../../server/api/admin/connections/[id]/health.get.ts'
import syncRoute from '../../server/api/admin/connections/[id]/sync.post.ts'
import testSettingsRoute from '../../server/api/admin/connections/test.post.ts'
import listTemplatesRoute from '../../server/api/admin/templates.get.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import type { ProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { serveRoutes } from '../support/http.ts'

const sysadmin = { kind: 'user' as const, id: uuidv7(), name: 'Sari', role: 'sysadmin' as const }
const codeOf = async (work: Promise<unknown>) => {
  const thrown = await work.then(() => null, (error: unknown) => error)
  if (!(thrown instanceof AppError)) throw thrown ?? new Error('nothing was thrown')
  return thrown.fields[0] ? `${thrown.code} ${thrown.fields[0].path}:${thrown.fields[0].code}` : thrown.code
}

describe.each(databaseKinds())('what connections offer, on %s', (kind) => {
  let test: TestApp
  let sim: ProxmoxSimulator
  let served: Awaited<ReturnType<typeof serveRoutes>>
  let role: 'sysadmin' | 'business' = 'sysadmin'
  let id = ''
  const infrastructure = () => test.app.infrastructure
  const db = () => test.app.core.database.executor
  const query = async <T>(statement: ReturnType<typeof sql>) => ((await db().execute(statement)) as unknown as { rows: T[] }).rows
  const input = (change: object = {}) => ({ kind: 'proxmox' as const, name: 'Jakarta', url: sim.url, tls: { mode: 'fingerprint' as const, caPem: null, fingerprint: sim.fingerprint }, tokenId: sim.token.id, tokenSecret: sim.token.secret as string | undefined, maintenance: false, storage: 'local-lvm', bridge: 'vmbr0', nodes: [], ...change })
  const post = (path: string, body: object, headers: Record<string, string> = {}) => fetch(`${served.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
  const sync = async (body: object) => (await (await post(`/api/admin/connections/${id}/sync`, body)).json()) as { applied: boolean, difference: string, added: string[], changed: unknown[], vanished: { name: string, products: { name: string }[] }[], unsure: string[], unchanged: number }
  const present = async () => (await query<{ name: string }>(sql`select name from templates where present order by ref`)).map(row => row.name)
  const audits = async (action: string) => (await query<{ n: number }>(sql`select count(*)::int as n from audit_log where action = ${action}`))[0]?.n
  /** Takes a template off the hypervisor; the answer brings it back. */
  const takeAway = (vmid: number) => {
    const gone = sim.state.machines[vmid]
    Reflect.deleteProperty(sim.state.machines, vmid)
    return () => {
      if (gone) sim.state.machines[vmid] = gone
    }
  }

  beforeAll(async () => {
    sim = await startProxmoxSimulator()
    // Templates of containers are synchronised elsewhere: these stories are about machines that come and go.
    for (const storage of sim.state.storages) delete storage.osTemplates
    test = await startTestApp({ kind, workers: false })
    served = await serveRoutes(test.app, [
      ['post', '/api/admin/connections/test', testSettingsRoute], ['post', '/api/admin/connections/{id}/sync', syncRoute], ['get', '/api/admin/connections/{id}/health', healthRoute], ['get', '/api/admin/templates', listTemplatesRoute],
    ], (event) => {
      event.context.actor = { ...sysadmin, role }
    })
    await db().insert(users).values({ id: sysadmin.id, email: 'sari@contoh.test', name: 'Sari', passwordHash: 'x', role: 'sysadmin', locale: 'en', emailVerifiedAt: test.clock.now(), createdAt: test.clock.now() })
    await db().insert(users).values({ id: uuidv7(), email: 'budi@contoh.test', name: 'Budi', passwordHash: 'x', role: 'finance', emailVerifiedAt: test.clock.now(), createdAt: test.clock.now() })
    id = (await infrastructure().createConnection({ actor: sysadmin, input: input() })).id
  })
  afterAll(async () => {
    test.app.infrastructure.closeHypervisors()
    await served.close()
    await test.close()
    await sim.close()
  })

  it('a look stores nothing; what was agreed to is stored, and only while it is still what is there', async () => {
    const looked = await sync({ apply: false })
    expect(looked).toMatchObject({ applied: false, added: ['debian-12-cloudinit', 'ubuntu-2404-cloudinit', 'almalinux-9-cloudinit'], changed: [], vanished: [], unchanged: 0 })
    expect(await present()).toEqual([])
    const back = takeAway(9002)
    const moved = await sync({ apply: true, agreed: looked.difference })
    expect(moved).toMatchObject({ applied: false, added: ['debian-12-cloudinit', 'ubuntu-2404-cloudinit'] })
    expect(await present()).toEqual([])
    expect(await sync({ apply: true, agreed: moved.difference })).toMatchObject({ applied: true })
    expect(await present()).toEqual(['debian-12-cloudinit', 'ubuntu-2404-cloudinit'])
    back()
    expect(await sync({ apply: true })).toMatchObject({ applied: true, added: ['almalinux-9-cloudinit'], unchanged: 2 })
  })

  it('a template that is another one now is told field by field, and refreshed', async () => {
    const machine = sim.state.machines[9000]
    const before = machine?.config.name ?? ''
    if (machine) machine.config.name = 'debian-13-cloudinit'
    expect(await sync({ apply: false })).toMatchObject({ added: [], vanished: [], changed: [{ name: 'debian-13-cloudinit', fields: [{ field: 'name', from: before, to: 'debian-13-cloudinit' }] }], unchanged: 2 })
    await sync({ apply: true })
    expect(await present()).toContain('debian-13-cloudinit')
    if (machine) machine.config.name = before
    await sync({ apply: true })
  })

  it('a template that products are made from and that vanished stops its sale, stands as an alarm and is told to who runs machines, once', async () => {
    const [template] = await db().select().from(templates).where(eq(templates.ref, '9001'))
    const productId = uuidv7()
    const text = { id: 'a', en: 'a' }
    await db().insert(products).values({ id: productId, slug: 'vps-hilang', kind: 'vps', name: 'VPS Hilang', summary: text, description: text, spec: { cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100 }, status: 'active', createdAt: test.clock.now(), updatedAt: test.clock.now() })
    await db().insert(productConnections).values({ productId, connectionId: id })
    await db().insert(productTemplates).values({ productId, templateId: template?.id ?? '' })
    const missed = async () => (await (await fetch(`${served.url}/api/admin/templates?state=missed`)).json() as { items: { name: string, products: { name: string }[] }[] }).items.map(row => [row.name, row.products.map(product => product.name)])
    const letters = () => query<{ recipient: string, params: { offers: string } }>(sql`select recipient, params from mails where template = 'offer_vanished' order by created_at`)
    expect(await missed()).toEqual([])
    const back = takeAway(9001)
    expect(await sync({ apply: false })).toMatchObject({ vanished: [{ name: 'ubuntu-2404-cloudinit', products: [{ id: productId, name: 'VPS Hilang' }] }] })
    expect(await letters()).toEqual([])
    await infrastructure().synchronise()
    await infrastructure().synchronise()
    expect((await letters()).map(({ recipient, params }) => [recipient, params.offers])).toEqual([['sari@contoh.test', 'ubuntu-2404-cloudinit: VPS Hilang']])
    expect(await missed()).toEqual([['ubuntu-2404-cloudinit', ['VPS Hilang']]])
    expect(await test.app.provisioning.showStaffOverview()).toMatchObject({ missedTemplates: 1, missedPackages: 0 })
    back()
    await infrastructure().synchronise()
    expect(await missed()).toEqual([])
    expect(await test.app.provisioning.showStaffOverview()).toMatchObject({ missedTemplates: 0 })
    await db().update(products).set({ status: 'retired' }).where(eq(products.id, productId))
  })

  it('a template that is not told while its node is offline is not taken for gone', async () => {
    const node = sim.state.nodes.find(({ name }) => name === sim.state.machines[9001]?.node)
    if (node) node.online = false
    const back = takeAway(9001)
    const seen = await sync({ apply: true })
    // Where the others of its node lie cannot be asked either: they, too, stay as they were.
    expect(seen).toMatchObject({ applied: true, changed: [], vanished: [], unsure: ['debian-12-cloudinit', 'ubuntu-2404-cloudinit', 'almalinux-9-cloudinit'] })
    expect((await db().select({ nodes: templates.nodes }).from(templates)).map(({ nodes }) => nodes)).toEqual([[], [], []])
    expect(await present()).toContain('ubuntu-2404-cloudinit')
    back()
    if (node) node.online = true
  })

  it('the schedule asks once, however often it ticks, passes over what does not answer, and writes down only what it changed', async () => {
    await infrastructure().requestSynchronisation('a')
    await infrastructure().requestSynchronisation('b')
    expect((await query<{ n: number }>(sql`select count(*)::int as n from pgboss.job where name = 'infrastructure.sync-due' and state = 'created'`))[0]?.n).toBe(1)
    await infrastructure().synchronise()
    const written = await audits('connection.sync')
    sim.faults.set({ down: true })
    await infrastructure().synchronise()
    sim.faults.clear()
    await infrastructure().synchronise()
    expect(await audits('connection.sync')).toBe(written)
    const back = takeAway(9002)
    await infrastructure().synchronise()
    back()
    expect(await audits('connection.sync')).toBe((written ?? 0) + 1)
    await infrastructure().synchronise()
  })

  it('settings are tested as they were typed: nothing of them is stored, and a kept secret is used only where it was entered for', async () => {
    const [before] = await query(sql`select * from connections`)
    const wrong = await post('/api/admin/connections/test', { ...input({ tokenSecret: 'a-wrong-secret' }), id }, { accept: 'text/event-stream' })
    expect(wrong.headers.get('content-type')).toContain('text/event-stream')
    const events = [...(await wrong.text()).matchAll(/event: (\w+)\ndata: (.+)\n/g)].map(found => [found[1], JSON.parse(found[2] ?? '') as { step?: string, ok: boolean }] as const)
    expect(events.map(([name, data]) => name === 'step' ? `${data.step} ${data.ok}` : `${name} ${data.ok}`)).toEqual(['dns true', 'tcp true', 'tls true', 'auth false', 'done false'])
    expect(await (await post('/api/admin/connections/test', { ...input({ tokenSecret: undefined }), id })).json()).toMatchObject({ ok: true })
    expect(await (await post('/api/admin/connections/test', { ...input({ name: 'Baru' }), id: null })).json()).toMatchObject({ ok: true })
    expect(await query(sql`select * from connections`)).toEqual([before])
    expect(await audits('connection.test-settings')).toBe(3)
    expect(JSON.stringify(await query(sql`select * from audit_log`))).not.toContain('a-wrong-secret')
    const refused = [
      { ...input({ tokenSecret: undefined, url: 'https://pve.lain.test:8006' }), id }, { ...input({ tokenSecret: undefined }), id: null }, { ...input({ url: 'http://169.254.169.254/' }), id }, { ...input({ kind: 'esxi', tokenId: 'root' }), id },
    ]
    expect(await Promise.all(refused.map(async ({ id: of, ...body }) => codeOf(infrastructure().testDraft({ actor: sysadmin, id: of, input: body }))))).toEqual(['invalid_input tokenSecret:secret_required_again', 'invalid_input tokenSecret:secret_required_again', 'invalid_input url:url_refused', 'invalid_input kind:kind_fixed'])
    role = 'business'
    expect((await post('/api/admin/connections/test', { ...input(), id })).status).toBe(403)
    role = 'sysadmin'
  })

  it('when a connection became healthy and when it no longer was is kept for ninety days, however often it is looked at', async () => {
    const changes = async () => (await (await fetch(`${served.url}/api/admin/connections/${id}/health`)).json() as { items: { healthy: boolean, problem: string | null }[], total: number })
    await infrastructure().collect()
    await infrastructure().collect()
    sim.faults.set({ down: true })
    await infrastructure().collect()
    await infrastructure().collect()
    sim.faults.clear()
    expect(await changes()).toMatchObject({ total: 2, items: [{ healthy: false, problem: expect.stringContaining('Proxmox') as unknown }, { healthy: true, problem: null }] })
    test.clock.advance(91 * 86_400_000)
    await infrastructure().collect()
    expect(await changes()).toMatchObject({ total: 1, items: [{ healthy: true }] })
  })

  it('CD images are synchronised with the nodes that reach them; staff offer one, which is audited once; one that is gone is offered to nobody, and one whose node is silent stays', async () => {
    const images = async () => (await infrastructure().listIsoImages({ id, page: 1, pageSize: 20 })).items
    await infrastructure().syncConnection({ actor: sysadmin, id })
    const local = sim.state.storages.filter(storage => storage.storage === 'local')
    expect((await images()).map(({ name, nodes, offered, present }) => ({ name, nodes, offered, present }))).toEqual(['debian-13.1.0-amd64-netinst.iso', 'systemrescue-12.02-amd64.iso'].map(name => ({ name, nodes: ['pve-jkt1', 'pve-jkt2'], offered: false, present: true })))
    const rescue = (await images()).find(({ name }) => name.startsWith('systemrescue'))
    const offer = (imageId: string) => infrastructure().offerIsoImage({ id, imageId, offered: true, actor: sysadmin })
    await offer(rescue?.id ?? '')
    await offer(rescue?.id ?? '')
    expect(await audits('connection.image_offer')).toBe(1)
    expect(await codeOf(offer(uuidv7()))).toBe('not_found')
    const offered = async (node: string) => (await test.app.core.read.isoImages.offered(id, node)).map(({ name }) => name)
    const [first] = local
    if (first) first.isos = []
    await infrastructure().syncConnection({ actor: sysadmin, id })
    expect({ here: await offered('pve-jkt1'), there: await offered('pve-jkt2') }).toEqual({ here: [], there: ['systemrescue-12.02-amd64.iso'] })
    const [, second] = sim.state.nodes
    if (second) second.online = false
    await infrastructure().syncConnection({ actor: sysadmin, id })
    expect((await images()).every(({ present: there }) => there)).toBe(true)
    if (second) second.online = true
    for (const storage of local) storage.isos = []
    await infrastructure().syncConnection({ actor: sysadmin, id })
    expect((await images()).map(({ present: there }) => there)).toEqual([false, false])
    expect(await offered('pve-jkt2')).toEqual([])
  })
})
