import { and, eq, inArray } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { auditLog, backupSchedules, connections, machineBackups, mails, products, services, users, sagas } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { actOnBackup, setBackupSchedule, showBackups } from '#server/provisioning/backups.ts'
import { runBackups } from '#server/provisioning/run-backups.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { Crash, killPoints, livingForever, provisioningWorld } from '../support/provisioning.ts'
import type { Points, ProvisioningWorld } from '../support/provisioning.ts'

const system = { kind: 'system', name: 'test' } as const
const codeOf = (work: Promise<unknown>) => work.then(() => 'no failure', (error: unknown) => error instanceof AppError ? error.code : String(error))

describe.each(databaseKinds())('backups on %s', (kind) => {
  let test: TestApp
  let world: ProvisioningWorld
  let serviceId: string
  let clientId: string
  let client: Extract<Actor, { kind: 'user' }>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    await db().delete(backupSchedules)
    world = await provisioningWorld(test)
    await db().update(connections).set({ backupStorage: 'nas' }).where(eq(connections.id, world.connectionId))
    await reborn()
  })
  async function reborn() {
    world.hypervisor.backups = []
    const built = await world.build()
    serviceId = built.serviceId
    clientId = built.service.clientId
    client = { kind: 'user', id: clientId, role: 'client', name: 'Sari' }
    await offer({ backupsIncluded: 2, backupSchedule: true })
  }
  const db = () => test.app.core.database.executor
  const offer = async (terms: { backupsIncluded: number, backupSchedule: boolean }) => db().update(products).set(terms).where(eq(products.id, (await world.look(serviceId)).service.productId))
  const deps = () => ({ read: test.app.core.read, transact: test.app.core.transact, openHypervisor: async () => world.hypervisor.driver(), clock: test.clock, newId: uuidv7, zone: 'Asia/Jakarta', keptDays: 14, log: test.app.core.log, baseUrl: 'https://gardu.test' })
  const ask = (act: Parameters<ReturnType<typeof actOnBackup>>[0]['act'], by: string | null = clientId) => actOnBackup(deps())({ id: serviceId, clientId: by, act, actor: client })
  const shown = () => showBackups(deps())({ id: serviceId, clientId, page: 1, pageSize: 10 })
  const drain = (points: Points = livingForever()) => world.drain(world.worker(points))
  const hostname = async () => (await world.look(serviceId)).service.hostname
  const machine = async () => {
    const [found] = (await world.look(serviceId)).machines
    if (!found) throw new Error('no machine')
    return found
  }
  const rows = () => db().select().from(machineBackups).where(eq(machineBackups.serviceId, serviceId)).orderBy(machineBackups.startedAt, machineBackups.id)
  const make = async () => {
    await ask({ action: 'create' })
    await drain()
    return (await rows()).at(-1)?.id ?? ''
  }
  const restore = async (backupId: string) => ask({ action: 'restore', backupId, hostname: await hostname() })
  const suspend = () => test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))
  const tick = () => runBackups(deps())()
  const daily = { frequency: 'daily' as const, hour: 2 }
  const schedule = (wanted: Parameters<ReturnType<typeof setBackupSchedule>>[0]['schedule'] = daily) => setBackupSchedule(deps())({ id: serviceId, clientId, schedule: wanted, actor: client })
  const makeDue = () => db().update(backupSchedules).set({ nextAt: new Date(test.clock.now().getTime() - 1000) }).where(eq(backupSchedules.serviceId, serviceId))
  const mailed = async () => (await db().select().from(mails).where(inArray(mails.template, ['backup_failed', 'backup_failing']))).filter(mail => mail.dedupeKey.includes(serviceId))
  const sold = async () => {
    const { service, address } = await world.look(serviceId)
    return { power: 'running', cores: service.spec.cpuCores, ramMiB: service.spec.ramMiB, diskGiB: service.spec.diskGiB, networkUp: true, startsAtBoot: true, lock: null, filtered: [address?.address] }
  }

  it('a backup is made while the machine runs, told with its size and maker, and deleted', async () => {
    await offer({ backupsIncluded: 3, backupSchedule: false })
    const id = await make()
    expect(await shown()).toMatchObject({ included: 3, used: 1, unsupported: null, readable: true, refusal: null, mayBeScheduled: false, items: [{ id, state: 'ready', origin: 'client', sizeBytes: 2 ** 30 }] })
    expect((await machine()).power).toBe('running')
    await ask({ action: 'delete', backupId: id })
    await drain()
    expect(await shown()).toMatchObject({ used: 0, items: [] })
    expect(world.hypervisor.backups).toHaveLength(0)
  })
  it('two requests at once for the last place: one gets it', async () => {
    await make()
    const told = await Promise.all([codeOf(ask({ action: 'create' })), codeOf(ask({ action: 'create' }))])
    expect(told.filter(code => code === 'no failure')).toHaveLength(1)
    await drain()
    expect(world.hypervisor.backups).toHaveLength(2)
    expect(await codeOf(ask({ action: 'create' }))).toBe('backup_limit')
  })
  it('refused with a reason: not offered, no storage, suspended, somebody else\'s, another\'s backup, a wrong hostname', async () => {
    const id = await make()
    expect(await codeOf(ask({ action: 'restore', backupId: id, hostname: 'lain.test' }))).toBe('invalid_input')
    expect(await codeOf(restore('01900000-0000-7000-8000-0000000000fe'))).toBe('backup_gone')
    expect(await codeOf(ask({ action: 'create' }, '01900000-0000-7000-8000-0000000000ff'))).toBe('not_found')
    await offer({ backupsIncluded: 0, backupSchedule: false })
    expect(await codeOf(ask({ action: 'create' }))).toBe('backups_not_offered')
    expect(await codeOf(schedule())).toBe('backup_schedule_not_offered')
    await db().update(connections).set({ backupStorage: 'lain' }).where(eq(connections.id, world.connectionId))
    expect(await codeOf(restore(id))).toBe('backup_elsewhere')
    expect((await shown()).items).toMatchObject([{ id, state: 'ready', elsewhere: true }])
    await db().update(connections).set({ backupStorage: '' }).where(eq(connections.id, world.connectionId))
    expect(await codeOf(ask({ action: 'create' }))).toBe('backups_unsupported')
    expect((await shown()).unsupported).toBe('no_storage')
    await suspend()
    expect(await codeOf(restore(id))).toBe('service_suspended')
  })
  it('a backup that vanished from its storage is said to be gone; one that comes back is taken in; a silent storage changes nothing', async () => {
    const id = await make()
    const kept = world.hypervisor.backups
    world.hypervisor.down = true
    world.hypervisor.backups = []
    expect(await shown()).toMatchObject({ readable: false, used: 1, items: [{ id, state: 'ready' }] })
    world.hypervisor.down = false
    expect(await shown()).toMatchObject({ readable: true, used: 0, items: [{ id, state: 'gone' }] })
    expect(await codeOf(restore(id))).toBe('backup_gone')
    world.hypervisor.backups = kept
    expect(await shown()).toMatchObject({ used: 1, items: [{ id, state: 'ready' }] })
  })
  it('a backup whose task fails is said to have failed, and counts for nothing', async () => {
    world.hypervisor.backupTaskFails = 'no space left on device'
    await make()
    expect((await rows())[0]).toMatchObject({ state: 'failed', problem: 'no space left on device' })
    expect(await shown()).toMatchObject({ used: 0, items: [{ state: 'failed', problem: null }] })
    expect((await world.look(serviceId)).resource?.status).toBe('ready')
  })

  /** What a backup brings back of its time: a smaller machine, its link down, anybody's address. */
  async function outdated() {
    const id = await make()
    world.hypervisor.backups = world.hypervisor.backups.map(row => ({ ...row, kept: { ...row.kept, cores: 1, ramMiB: 512, rateMbps: 1, networkUp: false, filtered: null } }))
    return id
  }
  it('a failed backup that is tried again takes a place like a new one, and is refused where there is none; an automatic one makes room anew', async () => {
    world.hypervisor.backupTaskFails = 'x'
    await make()
    const failedId = (await rows())[0]?.id
    world.hypervisor.backupTaskFails = null
    const kept = await make()
    await offer({ backupsIncluded: 1, backupSchedule: true })
    await db().update(sagas).set({ startedAt: new Date(Date.now() + 60_000) }).where(and(eq(sagas.serviceId, serviceId), eq(sagas.status, 'failed')))
    expect(await codeOf(world.worker().retry(serviceId))).toBe('backup_limit')
    await drain()
    expect((await rows()).map(row => row.state)).toEqual(['failed', 'ready'])
    await db().update(machineBackups).set({ origin: 'schedule' }).where(eq(machineBackups.serviceId, serviceId))
    await world.worker().retry(serviceId)
    // Counted from now on, before it is there.
    expect((await rows()).find(row => row.id === failedId)?.state).toBe('running')
    await drain()
    expect((await rows()).map(row => [row.id, row.state])).toEqual([[failedId, 'ready'], [kept, 'deleted']])
  })

  it('restored, the machine is what was sold, filtered before it starts, and running as before', async () => {
    const id = await outdated()
    await restore(id)
    const worker = world.worker()
    const inner = world.hypervisor.hook
    world.hypervisor.hook = async (act, moment) => {
      await inner(act, moment)
      if (act === 'start' && moment === 'before') expect((await machine()).filtered).not.toBeNull()
    }
    await world.drain(worker)
    expect(await machine()).toMatchObject(await sold())
    expect(await world.look(serviceId)).toMatchObject({ newest: { kind: 'restore', status: 'done' }, resource: { status: 'ready' } })
    expect(world.hypervisor.count('restoreBackup')).toBe(1)
  })
  it('a backup made before a reinstall is restored under the mark that the machine has now, with the login of its time', async () => {
    const id = await outdated()
    const mark = (await world.look(serviceId)).resource?.ownershipMark
    await world.beginReinstall(serviceId)
    await drain()
    const renewed = (await world.look(serviceId)).resource?.ownershipMark
    expect(renewed).not.toBe(mark)
    await restore(id)
    await drain()
    const found = await world.look(serviceId)
    expect(found).toMatchObject({ newest: { kind: 'restore', status: 'done' }, resource: { ownershipMark: renewed, username: 'debian', initialPassword: null } })
    expect(found.machines).toHaveLength(1)
    expect(world.hypervisor.mine(mark ?? '')).toHaveLength(0)
  })
  it('where the hypervisor refuses for good, the machine runs again as it was, and the saga says why', async () => {
    const id = await outdated()
    world.hypervisor.restoreRefused = 'the node cannot read the backup'
    await restore(id)
    await drain()
    expect(await machine()).toMatchObject(await sold())
    expect(await world.look(serviceId)).toMatchObject({ newest: { status: 'failed', reason: 'the node cannot read the backup' }, resource: { status: 'ready' } })
  })
  it('a backup that vanished meanwhile stops nothing', async () => {
    const id = await make()
    await restore(id)
    world.hypervisor.backups = []
    await drain()
    expect(world.hypervisor.count('stop')).toBe(0)
    expect(await world.look(serviceId)).toMatchObject({ newest: { status: 'failed' }, resource: { status: 'ready' } })
  })
  it('suspended while it is restored: made what was sold, not started, then suspended', async () => {
    const id = await outdated()
    await restore(id)
    const worker = world.worker()
    const inner = world.hypervisor.hook
    let suspended = false
    world.hypervisor.hook = async (act, moment) => {
      await inner(act, moment)
      if (act !== 'restoreBackup' || moment !== 'after' || suspended) return
      suspended = true
      await suspend()
      expect((await worker.follow({ kind: 'suspend', serviceId, cause: 'x' })).kind).toBe('later')
    }
    await world.drain(worker)
    world.hypervisor.hook = inner
    expect(await machine()).toMatchObject({ power: 'stopped', cores: (await sold()).cores })
    await worker.recover()
    await world.drain(worker)
    expect((await world.look(serviceId)).resource?.status).toBe('stopped_by_policy')
  })

  /** The service is used again and again: what it was left as is what it begins from. */
  const begin = async (action: 'create' | 'delete' | 'restore') => {
    world.hypervisor.backups = []
    await db().delete(machineBackups).where(eq(machineBackups.serviceId, serviceId))
    if (action === 'create') return ask({ action })
    const id = await outdated()
    return action === 'restore' ? restore(id) : ask({ action, backupId: id })
  }
  async function judge(action: 'create' | 'delete' | 'restore', label: string) {
    const found = await world.look(serviceId)
    expect({ status: found.newest?.status, machines: found.machines.length, backups: world.hypervisor.backups.length, states: (await rows()).map(row => row.state) }, label).toEqual({ status: 'done', machines: 1, backups: action === 'delete' ? 0 : 1, states: [action === 'delete' ? 'deleted' : 'ready'] })
    expect(found.machines[0], label).toMatchObject(await sold())
    expect(world.hypervisor.machines.get(999), label).toMatchObject({ name: 'milik-orang', power: 'running', cores: 7 })
  }
  /** Somebody else's machine: nothing of it may change. */
  const foreign = () => world.hypervisor.machines.set(999, { vmid: 999, node: 'jkt1', mark: null, name: 'milik-orang', power: 'running', lock: null, cores: 7, ramMiB: 1, diskGiB: 1, rateMbps: null, ipv4: null, startsAtBoot: false, networkUp: true, password: null, bootedAt: 0, filtered: null })
  it.each(['create', 'delete', 'restore'] as const)('%s: killed before or after a transaction or remote call, another worker ends it, with nothing doubled', async (action) => {
    foreign()
    await begin(action)
    const counting = livingForever()
    await drain(counting)
    await judge(action, 'undisturbed')
    for (const dieAt of killPoints(kind, counting.names.length, { embedded: 7, postgres: 9 })) {
      await begin(action)
      await drain({ ...livingForever(), dieAt }).catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error
      })
      world.afterDeath()
      await world.worker().recover()
      await drain()
      await judge(action, `killed at ${dieAt} (${counting.names[dieAt]})`)
    }
  }, 300_000)
  it('restore: an answer is lost twice, before and after the call was carried out, at every call; it ends all the same', async () => {
    foreign()
    for (const failing of ['listBackups', 'inspect', 'stop', 'task', 'restoreBackup', 'setSuspended', 'resize', 'growDisk', 'filterAddresses', 'start'] as const) {
      await begin('restore')
      const worker = world.worker()
      const left = { before: 1, after: 1 }
      world.hypervisor.hook = (act, moment) => {
        // Whoever lost an answer waits no longer than the hypervisor works.
        if (moment === 'before' && act !== 'task') world.hypervisor.settle()
        if (act === failing && left[moment]-- > 0) throw new DriverError(moment === 'before' ? 'retryable' : 'unknown_outcome', 'the line broke')
      }
      await world.drain(worker)
      await judge('restore', failing)
    }
  })
  it('a schedule makes its backup once when it is due, moves on, and replaces the oldest automatic one after the new one is there', async () => {
    await schedule()
    const before = (await shown()).schedule
    expect(before).toMatchObject({ frequency: 'daily', hour: 2, failures: 0 })
    await tick()
    expect(await rows()).toHaveLength(0)
    const mine = await make()
    for (let turn = 0; turn < 3; turn++) {
      test.clock.advance(86_400_000)
      await makeDue()
      await tick()
      await tick()
      await drain()
    }
    const found = await rows()
    expect(found.filter(row => row.state === 'ready').map(row => row.origin).sort()).toEqual(['client', 'schedule'])
    expect(found.find(row => row.id === mine)?.state).toBe('ready')
    expect(found.filter(row => row.origin === 'schedule').map(row => row.state)).toEqual(['deleted', 'deleted', 'ready'])
    expect(world.hypervisor.backups).toHaveLength(2)
    const next = new Date((await shown()).schedule?.nextAt ?? 0)
    expect(next.getTime()).toBeGreaterThan(test.clock.now().getTime())
    expect(next.getUTCHours()).toBe(19)
  })
  it('a schedule that fails is told once to client and staff; a success ends the row', async () => {
    await db().insert(users).values({ id: uuidv7(), email: `${uuidv7()}@gardu.test`, name: 'Sys', passwordHash: 'x', role: 'sysadmin', locale: 'id', emailVerifiedAt: test.clock.now(), createdAt: test.clock.now() })
    await schedule()
    world.hypervisor.backupTaskFails = 'no space left on device'
    for (let turn = 0; turn < 2; turn++) {
      await makeDue()
      await tick()
      await drain()
      await tick()
    }
    expect((await shown()).schedule).toMatchObject({ failures: 2 })
    const told = await mailed()
    expect(told.filter(mail => mail.template === 'backup_failed').map(mail => mail.userId)).toEqual([clientId])
    expect(told.filter(mail => mail.template === 'backup_failing').length).toBeGreaterThan(0)
    world.hypervisor.backupTaskFails = null
    await makeDue()
    await tick()
    await drain()
    expect((await shown()).schedule).toMatchObject({ failures: 0 })
    await tick()
    expect(await mailed()).toHaveLength(told.length)
  })
  it('with all places taken by people the schedule makes none, deletes none, and says so', async () => {
    await make()
    await make()
    await schedule()
    await makeDue()
    await tick()
    expect((await shown()).schedule).toMatchObject({ failures: 1 })
    expect((await rows()).map(row => row.state)).toEqual(['ready', 'ready'])
  })
  it('a suspended service is not backed up; when it runs again its schedule catches up once', async () => {
    await schedule()
    await makeDue()
    await suspend()
    await tick()
    expect(await rows()).toHaveLength(0)
    await db().update(services).set({ status: 'active', suspensionReason: null }).where(eq(services.id, serviceId))
    await tick()
    await drain()
    await tick()
    expect(await rows()).toHaveLength(1)
  })
  it('backups of an ended service stay for their days, then they go, and the page says until when', async () => {
    await make()
    const endedAt = test.clock.now()
    await db().update(services).set({ status: 'ended', endReason: 'request', endedAt }).where(eq(services.id, serviceId))
    await tick()
    expect(world.hypervisor.backups).toHaveLength(1)
    expect((await shown()).keptUntil).toBe(new Date(endedAt.getTime() + 14 * 86_400_000).toISOString())
    test.clock.advance(15 * 86_400_000)
    await tick()
    world.hypervisor.settle()
    await tick()
    expect(world.hypervisor.backups).toHaveLength(0)
    expect((await rows()).map(row => row.state)).toEqual(['deleted'])
  })
  it('staff see what backups hold by client, the schedules and the failed ones; their acts are in the audit log', async () => {
    await ask({ action: 'create' }, null)
    await drain()
    await schedule()
    const { provisioning } = test.app
    const usage = await provisioning.listBackupUsage({ page: 1, pageSize: 50, order: 'bytes', q: (await db().select({ email: users.email }).from(users).where(eq(users.id, clientId)))[0]?.email })
    expect(usage.items.find(row => row.clientId === clientId)).toMatchObject({ backups: 1, services: 1, bytes: 2 ** 30, storage: 'nas' })
    expect((await provisioning.listBackupSchedules({ page: 1, pageSize: 50, failing: false })).items.map(row => row.serviceId)).toEqual([serviceId])
    world.hypervisor.backupTaskFails = 'x'
    await make()
    expect((await provisioning.listFailedBackups({ page: 1, pageSize: 50 })).items[0]).toMatchObject({ serviceId, state: 'failed', problem: 'x' })
    expect(await db().select().from(auditLog).where(eq(auditLog.entityId, serviceId))).toContainEqual(expect.objectContaining({ action: 'service.backup_create' }))
  })
})
