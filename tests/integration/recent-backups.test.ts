import { and, eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { backupSchedules, connections, hostingAccounts, machineBackups, mails, products, resources, sagas, services, users } from '#db/schema/index.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { within } from '#server/platform/within.ts'
import { actOnBackup } from '#server/provisioning/backups.ts'
import { listBackupSchedules, listFailedBackups } from '#server/provisioning/list-backups.ts'
import { countUnbacked, listUnbacked } from '#server/provisioning/unbacked.ts'
import { watchAccountBackups } from '#server/provisioning/watch-account-backups.ts'
import missingRoute from '../../server/api/admin/backups/missing.get.ts'
import { backUp } from '../../simulators/whm/backups.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { hostingWorld } from '../support/hosting.ts'
import { serveRoutes } from '../support/http.ts'
import { provisioningWorld } from '../support/provisioning.ts'
import type { ProvisioningWorld } from '../support/provisioning.ts'

const day = 86_400_000
const system = { kind: 'system', name: 'test' } as const
const sysadmin = { kind: 'user' as const, id: '01900000-0000-7000-8000-0000000000aa', name: 'Rini', role: 'sysadmin' as const }

describe.each(databaseKinds())('machines and accounts without a recent backup on %s', (kind) => {
  let test: TestApp
  let world: ProvisioningWorld
  let serviceId: string
  let hostname: string
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    await db().insert(users).values({ id: sysadmin.id, email: 'rini@gardu.test', name: 'Rini', passwordHash: 'x', role: 'sysadmin', locale: 'en', emailVerifiedAt: test.clock.now(), createdAt: test.clock.now() })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    await db().delete(backupSchedules)
    world = await provisioningWorld(test)
    await connection({ backupStorage: 'nas' })
    const built = await world.build()
    serviceId = built.serviceId
    hostname = built.service.hostname
    await offer({ backupsIncluded: 2, backupSchedule: true })
  })
  const db = () => test.app.core.database.executor
  const read = () => test.app.core.read
  const deps = () => ({ read: read(), transact: test.app.core.transact, openHypervisor: async () => world.hypervisor.driver(), clock: test.clock, newId: uuidv7, zone: 'Asia/Jakarta', keptDays: 14 })
  const connection = (change: Partial<typeof connections.$inferInsert>) => db().update(connections).set(change).where(eq(connections.id, world.connectionId))
  const offer = async (terms: { backupsIncluded: number, backupSchedule: boolean }) => db().update(products).set(terms).where(eq(products.id, (await world.look(serviceId)).service.productId))
  const later = (days: number) => test.clock.advance(days * day)
  const missing = (filter: Partial<Parameters<ReturnType<typeof listUnbacked>>[0]> = {}) => listUnbacked({ backupGaps: read().backupGaps, clock: test.clock, ruleDays: async () => 7 })({ page: 1, pageSize: 50, q: hostname, ...filter })
  const told = async () => (await missing()).items[0]
  const counted = () => countUnbacked({ backupGaps: read().backupGaps, clock: test.clock })(7)
  const ask = () => actOnBackup(deps())({ id: serviceId, clientId: null, act: { action: 'create' }, actor: sysadmin })
  const drain = () => world.drain(world.worker())
  const make = async () => {
    await ask()
    await drain()
  }
  const schedule = (change: Partial<typeof backupSchedules.$inferInsert> = {}) => db().insert(backupSchedules).values({ serviceId, frequency: 'daily', weekday: null, hour: 2, nextAt: new Date(test.clock.now().getTime() + day), changedAt: test.clock.now(), ...change })
  const failed = async () => (await listFailedBackups(read())({ page: 1, pageSize: 50 })).items.filter(row => row.serviceId === serviceId)

  it('a machine without a backup is told at once, as new, and counted only when it is older than the days asked for', async () => {
    const before = (await counted()).machines
    expect(await told()).toMatchObject({ serviceId, kind: 'vps', newestAt: null, sold: true, young: true, gap: 'no_schedule', nextAt: null, refusal: null, connectionId: world.connectionId })
    later(6)
    expect([(await told())?.young, (await counted()).machines]).toEqual([true, before])
    later(2)
    expect((await told())?.young).toBe(false)
    expect((await counted()).machines).toBeGreaterThan(before)
  })
  it('a backup takes a machine off the list until it is too old; then the list says of when it is', async () => {
    await make()
    expect((await missing()).total).toBe(0)
    const madeAt = test.clock.now()
    later(6)
    expect((await missing()).total).toBe(0)
    expect((await missing({ days: 5 })).items).toMatchObject([{ serviceId, newestAt: madeAt.toISOString(), young: false }])
    const before = (await counted()).machines
    later(2)
    expect(await told()).toMatchObject({ newestAt: madeAt.toISOString(), young: false })
    expect((await counted()).machines).toBeGreaterThan(before)
    await make()
    expect((await missing()).total).toBe(0)
    expect((await counted()).machines).toBe(before)
  })
  it('a backup that failed, is gone, or lies where it cannot be restored from is none', async () => {
    await make()
    await connection({ backupStorage: 'lain' })
    expect((await missing()).total).toBe(1)
    await connection({ backupStorage: 'nas' })
    expect((await missing()).total).toBe(0)
    await db().update(machineBackups).set({ state: 'gone' }).where(eq(machineBackups.serviceId, serviceId))
    expect((await missing()).total).toBe(1)
    world.hypervisor.backupTaskFails = 'no space left'
    await make()
    expect(await told()).toMatchObject({ newestAt: null, gap: 'failed', problem: expect.stringContaining('no space left') as string })
  })
  it('why there is none is told by what stands in its way, and only what can be made is offered', async () => {
    later(8)
    const base = (await counted()).machines
    await schedule()
    expect(await told()).toMatchObject({ gap: 'waits', nextAt: new Date(test.clock.now().getTime() + day).toISOString(), refusal: null })
    await db().update(backupSchedules).set({ nextAt: new Date(test.clock.now().getTime() - 1000) })
    expect(await told()).toMatchObject({ gap: 'overdue' })
    await db().update(backupSchedules).set({ failures: 2, problem: 'no space left' })
    expect(await told()).toMatchObject({ gap: 'failed', problem: 'no space left' })
    await db().delete(backupSchedules)
    await offer({ backupsIncluded: 1, backupSchedule: false })
    expect(await told()).toMatchObject({ gap: 'by_hand', refusal: null })
    await offer({ backupsIncluded: 0, backupSchedule: false })
    expect(await told()).toMatchObject({ gap: 'not_offered', sold: false, refusal: 'backups_not_offered' })
    expect((await counted()).machines).toBe(base - 1)
    await offer({ backupsIncluded: 1, backupSchedule: true })
    await connection({ backupStorage: '' })
    expect(await told()).toMatchObject({ gap: 'no_storage', sold: true, refusal: 'backups_unsupported' })
    // Sold and not made: that is what somebody has to be told of.
    expect((await counted()).machines).toBe(base)
    await connection({ kind: 'vcenter' })
    expect(await told()).toMatchObject({ gap: 'unsupported', refusal: 'backups_unsupported' })
    await connection({ kind: 'proxmox', backupStorage: 'nas', maintenance: true })
    expect((await counted()).machines).toBe(base - 1)
    await connection({ maintenance: false })
    await ask()
    expect(await told()).toMatchObject({ openSaga: 'backup', refusal: 'action_in_progress' })
    await drain()
  })
  it('a suspended machine is told with its reason and wakes nobody; one that is gone is not told', async () => {
    later(8)
    const base = (await counted()).machines
    await test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))
    expect(await told()).toMatchObject({ gap: 'suspended', status: 'suspended', refusal: 'service_suspended' })
    expect((await counted()).machines).toBe(base - 1)
    for (const status of ['destroying', 'destroyed'] as const) await db().update(resources).set({ status }).where(eq(resources.serviceId, serviceId))
    expect((await missing()).total).toBe(0)
  })
  it('paged with those without any backup first, and filtered by name, kind and whether backups are sold', async () => {
    const [first, own] = [serviceId, hostname]
    await make()
    later(30)
    const second = await world.build()
    await db().update(services).set({ hostname: `kedua-${own}` }).where(eq(services.id, second.serviceId))
    later(8)
    const whole = await missing()
    expect(whole.items.map(row => row.serviceId)).toEqual([second.serviceId, first])
    expect(await missing({ page: 2, pageSize: 1 })).toMatchObject({ total: 2, items: [{ serviceId: first }] })
    expect((await missing({ q: `kedua-${own}` })).items.map(row => row.serviceId)).toEqual([second.serviceId])
    expect((await missing({ q: '%' })).total).toBe(0)
    expect((await missing({ kind: 'hosting' })).total).toBe(0)
    expect((await missing({ sold: false })).items.map(row => row.serviceId)).not.toContain(first)
    expect((await missing({ sold: true })).items.map(row => row.serviceId)).toContain(first)
    await offer({ backupsIncluded: 0, backupSchedule: false })
    expect((await missing({ sold: false })).items.map(row => row.serviceId)).toContain(first)
    expect((await missing({ sold: true })).items.map(row => row.serviceId)).not.toContain(first)
  })
  it('over HTTP: SysAdmin alone; the days are those of the alarm rules where nobody asks for others, and never too many', async () => {
    let role: 'sysadmin' | 'business' | 'finance' = 'sysadmin'
    const server = await serveRoutes(test.app, [['get', '/api/admin/backups/missing', missingRoute]], (event) => {
      event.context.actor = { ...sysadmin, role }
    })
    const get = (query: string) => fetch(`${server.url}/api/admin/backups/missing?${query}`)
    try {
      expect(await (await get(`q=${hostname}`)).json()).toMatchObject({ days: 7, usual: 7, total: 1, items: [{ serviceId }] })
      const rule = (await test.app.monitoring.listAlarmRules()).items.find(({ measure }) => measure === 'machines_unbacked')
      if (!rule) throw new Error('no rule')
      const { id, ...fields } = rule
      await test.app.monitoring.updateAlarmRule({ actor: sysadmin, id, fields: { ...fields, days: 3 } })
      expect(await (await get(`q=${hostname}`)).json()).toMatchObject({ days: 3, usual: 3 })
      expect(await (await get(`q=${hostname}&days=30&kind=vps&sold=true`)).json()).toMatchObject({ days: 30, usual: 3, total: 1 })
      await test.app.monitoring.updateAlarmRule({ actor: sysadmin, id, fields })
      expect(await Promise.all(['days=0', 'days=366', 'kind=work'].map(async query => (await get(query)).status))).toEqual([422, 422, 422])
      for (role of ['business', 'finance'] as const) expect((await get('')).status).toBe(403)
    } finally {
      await server.close()
    }
  })

  it('a rule calls when too many are without, in each reader\'s language, and ends with a letter when they have one; without its days it is refused', async () => {
    later(8)
    const rule = (await test.app.monitoring.listAlarmRules()).items.find(({ measure }) => measure === 'machines_unbacked')
    if (!rule) throw new Error('no rule')
    expect(rule).toMatchObject({ days: 7, threshold: 1, enabled: true })
    const { id, ...fields } = rule
    const update = (change: object) => test.app.monitoring.updateAlarmRule({ actor: sysadmin, id, fields: { ...fields, ...change } })
    await expect(update({ days: null })).rejects.toMatchObject({ fields: [{ path: 'days', code: 'required' }] })
    const most = (await counted()).machines
    await update({ threshold: most, minutes: 0 })
    const firing = async () => (await test.app.monitoring.listAlarms({ state: 'firing', page: 1, pageSize: 50 })).items.filter(({ measure }) => measure === 'machines_unbacked')
    await test.app.monitoring.evaluateAlarms()
    expect(await firing()).toMatchObject([{ severity: 'warning', value: most, threshold: most, days: 7 }])
    const letters = async () => (await db().select().from(mails).where(and(eq(mails.recipient, 'rini@gardu.test'), sql`${mails.template} like 'alarms%'`))).map(({ template, params }) => ({ template, list: (params as { list: string }).list })).filter(({ list }) => list.includes('without a recent backup'))
    expect((await letters()).map(({ list }) => list).join()).toContain(`machines without a recent backup (7 days) ${most} (limit ${most})`)
    await make()
    for (let i = 0; i < 12; i++) {
      test.clock.advance(30_000)
      await test.app.monitoring.evaluateAlarms()
    }
    expect(await firing()).toEqual([])
    expect((await letters()).map(({ template }) => template).sort()).toEqual(['alarms_fired', 'alarms_resolved'])
    await update({})
  })

  it('a failed backup of the newest task can be tried again, and is made; what can only fail says why', async () => {
    world.hypervisor.backupTaskFails = 'no space left'
    await make()
    world.hypervisor.backupTaskFails = null
    const obstacle = async () => (await failed())[0]?.obstacle
    expect(await obstacle()).toBeNull()
    await connection({ backupStorage: 'lain' })
    expect(await obstacle()).toBe('elsewhere')
    await connection({ backupStorage: 'nas' })
    await offer({ backupsIncluded: 0, backupSchedule: false })
    expect(await obstacle()).toBe('no_place')
    await offer({ backupsIncluded: 1, backupSchedule: true })
    const mark = (await world.look(serviceId)).resource?.ownershipMark ?? ''
    await db().update(resources).set({ ownershipMark: uuidv7() }).where(eq(resources.serviceId, serviceId))
    expect(await obstacle()).toBe('rebuilt')
    await db().update(resources).set({ ownershipMark: mark, status: 'error' }).where(eq(resources.serviceId, serviceId))
    expect(await obstacle()).toBe('not_running')
    await db().update(resources).set({ status: 'ready' }).where(eq(resources.serviceId, serviceId))
    await db().update(sagas).set({ reason: 'cancelled' }).where(and(eq(sagas.serviceId, serviceId), eq(sagas.kind, 'backup')))
    expect(await obstacle()).toBe('cancelled')
    await db().update(sagas).set({ reason: 'no space left' }).where(and(eq(sagas.serviceId, serviceId), eq(sagas.kind, 'backup')))
    await test.app.provisioning.actOnAdminService({ id: serviceId, act: { action: 'retry' }, actor: sysadmin })
    expect(await failed()).toEqual([])
    await drain()
    expect(await db().select({ state: machineBackups.state }).from(machineBackups).where(eq(machineBackups.serviceId, serviceId))).toEqual([{ state: 'ready' }])
  })
  it('a failure that something else came after, or that vanished later, is not offered to be tried again', async () => {
    world.hypervisor.backupTaskFails = 'no space left'
    await make()
    world.hypervisor.backupTaskFails = null
    await db().update(sagas).set({ startedAt: new Date(test.clock.now().getTime() - 60_000) }).where(and(eq(sagas.serviceId, serviceId), eq(sagas.kind, 'backup')))
    await ask()
    expect((await failed()).map(row => row.obstacle)).toEqual(['busy'])
    await drain()
    expect((await failed()).map(row => row.obstacle)).toEqual(['later_task'])
    await db().update(machineBackups).set({ state: 'gone' }).where(and(eq(machineBackups.serviceId, serviceId), eq(machineBackups.state, 'ready')))
    expect((await failed()).map(row => row.obstacle).sort()).toEqual(['gone', 'later_task'])
  })
  it('a failing schedule says whether its last attempt can be tried again; one that does not fail says nothing', async () => {
    const listed = async () => (await listBackupSchedules(read())({ page: 1, pageSize: 50, failing: false })).items.find(row => row.serviceId === serviceId)
    await schedule()
    expect(await listed()).toMatchObject({ failures: 0, obstacle: null })
    world.hypervisor.backupTaskFails = 'no space left'
    await make()
    world.hypervisor.backupTaskFails = null
    await db().update(backupSchedules).set({ failures: 1, problem: 'no space left' })
    expect(await listed()).toMatchObject({ failures: 1, obstacle: null })
    await make()
    expect(await listed()).toMatchObject({ failures: 1, obstacle: 'later_task' })
  })

  it('accounts: the panel\'s newest backup counts, what it does not tell is unknown, and what it told a day ago is not taken for today\'s', async () => {
    const hosting = await hostingWorld(test)
    const watch = watchAccountBackups({ transact: test.app.core.transact, connections: read().connections, openPanel: hosting.pool.openPanel, clock: test.clock, log: test.app.core.log, within })
    try {
      const domain = `terbaru-${kind}.contoh.id`
      const account = await hosting.build(domain)
      const seen = async () => (await missing({ q: domain })).items
      const [own] = hosting.account(domain)
      if (!own) throw new Error('no account')
      own.unix_startdate -= 40 * 86_400
      await db().update(hostingAccounts).set({ birth: `${own.uid}@${own.unix_startdate}` }).where(eq(hostingAccounts.serviceId, account.serviceId))
      test.clock.set(new Date())
      const date = (days: number) => new Date(Date.now() + days * day).toISOString().slice(0, 10)

      // The token may not see backups: nothing is known.
      await watch()
      expect(await seen()).toMatchObject([{ kind: 'hosting', newestAt: null, newestOn: null, readAt: null, sold: null, gap: 'panel_silent', refusal: null }])
      expect((await counted()).accounts).toBeNull()
      hosting.sim.state.tokens[0]?.acls.push('all')
      await watch()
      expect(await seen()).toMatchObject([{ newestOn: null, readAt: test.clock.now().toISOString(), gap: 'panel_none', young: true }])
      expect((await counted()).accounts).toBe(0)
      backUp(hosting.sim.state, own.user, date(-20))
      await watch()
      expect(await seen()).toMatchObject([{ newestOn: date(-20), gap: 'panel_old', young: false }])
      expect((await counted()).accounts).toBe(1)
      backUp(hosting.sim.state, own.user, date(-1))
      await watch()
      expect(await seen()).toEqual([])
      expect((await counted()).accounts).toBe(0)
      // Silent, it changes nothing; what it told grows old.
      hosting.sim.faults.set({ down: true })
      await watch()
      later(2)
      expect((await counted()).accounts).toBeNull()
      expect((await missing({ q: domain, days: 1 })).items).toMatchObject([{ newestOn: date(-1), gap: 'panel_silent' }])
    } finally {
      hosting.sim.faults.clear()
      await hosting.close()
    }
  })
})
