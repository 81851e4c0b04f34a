import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { users } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { cancelTask, showHistory } from '#server/provisioning/history.ts'
import { retrySaga } from '#server/provisioning/retry-saga.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { hypervisorCapabilities } from '#shared/vocabulary/machines.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { provisioningWorld } from '../support/provisioning.ts'
import type { ProvisioningWorld } from '../support/provisioning.ts'
import { machineTasks } from '../support/tasks.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no failure', (error: unknown) => error instanceof AppError ? error.code : String(error))

describe.each(databaseKinds())('the history of a service on %s', (kind) => {
  let test: TestApp
  let world: ProvisioningWorld
  let serviceId: string
  let client: Extract<Actor, { kind: 'user' }>
  let staff: Extract<Actor, { kind: 'user' }>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    world = await provisioningWorld(test)
    const built = await world.build()
    serviceId = built.serviceId
    const [row] = await test.app.core.database.executor.select().from(users).where(eq(users.id, built.service.clientId))
    client = { kind: 'user', id: built.service.clientId, name: row?.name ?? '', role: 'client' }
    const staffId = uuidv7()
    await test.app.core.database.executor.insert(users).values({ id: staffId, email: `${staffId}@staf.test`, name: 'Sari Staf', role: 'sysadmin', passwordHash: 'x', locale: 'id', createdAt: test.clock.now() })
    staff = { kind: 'user', id: staffId, name: 'Sari Staf', role: 'sysadmin' }
  })
  const show = (clientId: string | null, page = { page: 1, pageSize: 10 }, locale: 'id' | 'en' = 'en') => showHistory({ read: test.app.core.read, wallClock: world.wallClock })({ id: serviceId, clientId, locale, page })
  const cancel = (taskId: string, clientId: string | null = client.id, actor: Actor = client) => cancelTask({ transact: test.app.core.transact, wallClock: world.wallClock })({ id: serviceId, clientId, taskId, actor })
  const drain = () => world.drain(world.worker())
  const audit = (action: string) => test.app.core.transact(stores => stores.audit.record({ actor: staff, action, entity: 'service', entityId: serviceId }))

  it('tells every act with who, when and outcome; a client reads no names and nothing between staff', async () => {
    await world.worker().act({ id: serviceId, action: 'shutdown', actor: client })
    await drain()
    await audit('service.set-price')
    await audit('service.console')
    await audit('service.start')
    await test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'abuse', note: 'x', actor: staff }))
    await world.worker().follow({ kind: 'suspend', serviceId, cause: 'abuse' })
    await drain()
    const forStaff = await show(null)
    const whats = (acts: typeof forStaff) => acts.items.map(item => item.what).sort()
    expect(whats(forStaff)).toEqual(['power.shutdown', 'provision', 'service.console', 'service.set-price', 'suspend'])
    expect(forStaff.total).toBe(5)
    const of = (acts: typeof forStaff, what: string) => acts.items.find(item => item.what === what)
    expect(of(forStaff, 'power.shutdown')).toMatchObject({ source: 'task', outcome: 'done', by: { kind: 'client', role: 'client', name: client.name }, why: null, cancellable: false })
    expect(of(forStaff, 'suspend')).toMatchObject({ outcome: 'done', by: { kind: 'staff', role: 'sysadmin' }, why: 'abuse' })
    expect(of(forStaff, 'provision')).toMatchObject({ by: { kind: 'system', name: 'provisioning' } })
    expect(of(forStaff, 'service.console')).toMatchObject({ source: 'note', by: { kind: 'staff', role: 'sysadmin', name: 'Sari Staf' } })
    const mine = await show(client.id)
    expect(whats(mine)).toEqual(['power.shutdown', 'provision', 'service.console', 'suspend'])
    for (const { by, steps } of mine.items) expect([by.role, by.name, ...steps.map(step => step.detail)].every(told => told === null)).toBe(true)
    expect(JSON.stringify(mine)).not.toContain('Sari')
    expect(await codeOf(show(uuidv7()))).toBe('not_found')
  })
  it('is paged: every act stands on one page, once, the newest first', async () => {
    for (const action of ['console', 'hold', 'release_hold', 'keep']) await audit(`service.${action}`)
    const pages = await Promise.all([1, 2, 3].map(page => show(null, { page, pageSize: 2 })))
    const all = pages.flatMap(({ items }) => items)
    expect(pages.map(({ items, total }) => [items.length, total])).toEqual([[2, 5], [2, 5], [1, 5]])
    expect(new Set(all.map(({ id }) => id)).size).toBe(5)
    expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).sort().reverse())
  })
  it('a task that has sent nothing is called off by its owner or staff; nothing of it is done, and it is neither running nor failed', async () => {
    await world.worker().act({ id: serviceId, action: 'shutdown', actor: client })
    const [task] = (await show(client.id)).items
    expect(task).toMatchObject({ what: 'power.shutdown', cancellable: true })
    expect(await codeOf(cancel(task?.id ?? '', uuidv7()))).toBe('not_found')
    await cancel(task?.id ?? '')
    const mine = await show(client.id)
    expect(mine.items.find(item => item.what === 'power.shutdown')).toMatchObject({ outcome: 'cancelled', reason: null, cancellable: false })
    expect(mine.items.find(item => item.what === 'service.cancel_task')).toMatchObject({ by: { kind: 'client' } })
    expect(await codeOf(test.app.core.transact(stores => retrySaga(stores, { serviceId, actor: 'system:test', at: test.clock.now() })))).toBe('transition_refused')
    const before = world.hypervisor.count('shutdown')
    await drain()
    expect(world.hypervisor.count('shutdown')).toBe(before)
    const service = await test.app.provisioning.showService({ id: serviceId, clientId: client.id, locale: 'en' })
    expect(service).toMatchObject({ refusal: null, power: 'running' })
    expect(service.sagas.map(saga => saga.kind)).toEqual(['provision'])
    expect(await codeOf(cancel(task?.id ?? ''))).toBe('task_begun')
    expect(await codeOf(cancel(uuidv7()))).toBe('not_found')
  })
  it.each(['power.stop', 'power.reboot', 'snapshot.create', 'rollback', 'snapshot.delete', 'reinstall'])('%s, called off before anything was sent, stands in the history of both sides as called off, by whom it was, and nothing of it is done', async (what) => {
    const ground: Parameters<typeof machineTasks[number]['begin']>[0] = { world, open: async () => world.hypervisor.driver(), can: hypervisorCapabilities.proxmox, container: false, nodes: [], image: { ref: '', name: '', nodes: [] }, backupStorage: '', creates: () => 0, marked: async () => 1, lose: () => {}, stranger: async () => '', close: async () => {} }
    const subject = { serviceId, clientId: client.id, vmid: 0 }
    const task = (name: string) => machineTasks.find(each => each.what === name)?.begin(ground, subject)
    if (what === 'rollback' || what === 'snapshot.delete') {
      await task('snapshot.create')
      await drain()
    }
    await task(what)
    const of = async (asking: string | null) => (await show(asking)).items.find(item => item.what === what)
    expect([(await of(client.id))?.cancellable, (await of(null))?.cancellable]).toEqual([true, true])
    const before = world.hypervisor.journal.length
    await cancel((await of(null))?.id ?? '', null, staff)
    await drain()
    for (const asking of [client.id, null]) expect(await of(asking)).toMatchObject({ outcome: 'cancelled', reason: null, cancellable: false })
    expect((await show(null)).items.find(item => item.what === 'service.cancel_task')).toMatchObject({ by: { kind: 'staff', name: 'Sari Staf' } })
    expect((await show(client.id)).items.find(item => item.what === 'service.cancel_task')).toMatchObject({ by: { kind: 'staff', name: null } })
    expect(world.hypervisor.journal.slice(before)).toEqual([])
  })
  it('what a build undid stands beside its steps while it is undone, and its new way after it', async () => {
    const { serviceId: other, clientId } = await world.paidService()
    const seen = async () => (await showHistory({ read: test.app.core.read, wallClock: world.wallClock })({ id: other, clientId: null, locale: 'en', page: { page: 1, pageSize: 10 } })).items.find(item => item.what === 'provision')
    world.hypervisor.cloneTaskFails = 'clone failed: no space left on device'
    const worker = world.worker()
    await worker.follow({ kind: 'provision', serviceId: other, cause: 'paid' })
    const [due = ''] = await test.app.core.read.sagas.listDue(world.wallClock.now(), 1)
    await worker.run({ sagaId: due })
    expect(await seen()).toMatchObject({ outcome: 'waiting', reason: 'clone failed: no space left on device' })
    expect((await seen())?.steps.find(step => step.name === 'clone')?.detail).toBe('clone failed: no space left on device')
    const mine = await showHistory({ read: test.app.core.read, wallClock: world.wallClock })({ id: other, clientId, locale: 'en', page: { page: 1, pageSize: 10 } })
    expect(mine.items.find(item => item.what === 'provision')?.reason).not.toContain('no space')
    world.hypervisor.cloneTaskFails = null
    await world.drain(worker)
    expect(await seen()).toMatchObject({ outcome: 'done', reason: null })
    expect((await seen())?.steps.every(step => step.status === 'done')).toBe(true)
    expect(world.hypervisor.count('destroy')).toBe(1)
  })
  it('what was sent is not called off', async () => {
    await world.worker().act({ id: serviceId, action: 'shutdown', actor: client })
    world.hypervisor.looks = 1000
    const [task] = (await show(client.id)).items
    const worker = world.worker()
    world.hypervisor.hook = (act, moment) => {
      if (act === 'task' && moment === 'before') throw new Error('the worker dies')
    }
    await worker.run({ sagaId: task?.id ?? '' }).catch(() => null)
    world.hypervisor.hook = () => {}
    world.advance(600)
    expect((await show(client.id)).items[0]).toMatchObject({ what: 'power.shutdown', cancellable: false })
    expect(await codeOf(cancel(task?.id ?? ''))).toBe('task_begun')
    world.hypervisor.looks = 1
    world.hypervisor.settle()
    await drain()
    expect((await show(client.id)).items[0]).toMatchObject({ outcome: 'done' })
  })
})
