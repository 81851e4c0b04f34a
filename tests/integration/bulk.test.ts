import { and, eq, inArray } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { auditLog, bulkItems, bulkRequests, sagas, services, users } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { setNodeClosure } from '#server/infrastructure/close-node.ts'
import { lookAt } from '#server/infrastructure/capacity.ts'
import { planMoves } from '#server/infrastructure/plan-moves.ts'
import { roomOnNodes } from '#server/infrastructure/room-on-nodes.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { within } from '#server/platform/within.ts'
import { actOnAdminService } from '#server/provisioning/act-on-admin-service.ts'
import { askBulk, previewBulk } from '#server/provisioning/ask-bulk.ts'
import { actOnBackup } from '#server/provisioning/backups.ts'
import { perNode } from '#server/provisioning/bulk-rules.ts'
import { listBulkItems, listBulkRequests, showBulkRequest } from '#server/provisioning/bulk-view.ts'
import { decideBulk } from '#server/provisioning/decide-bulk.ts'
import { moveMachine } from '#server/provisioning/move.ts'
import { runBulk } from '#server/provisioning/run-bulk.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { Crash, livingForever, provisioningWorld } from '../support/provisioning.ts'
import type { Points, ProvisioningWorld } from '../support/provisioning.ts'

type Person = Actor & { kind: 'user' }
const codeOf = (work: Promise<unknown>) => work.then(() => 'no failure', (error: unknown) => error instanceof AppError ? error.code : String(error))
const system = { kind: 'system', name: 'test' } as const
const machines = 6

describe.each(databaseKinds())('acts on many services on %s', (kind) => {
  let test: TestApp
  let world: ProvisioningWorld
  let ids: string[] = []
  let rina: Person
  let budi: Person
  let dewi: Person
  const db = () => test.app.core.database.executor
  const person = async (name: string): Promise<Person> => {
    const id = uuidv7()
    await db().insert(users).values({ id, email: `${id}@gardu.test`, name, passwordHash: 'x', role: 'sysadmin', emailVerifiedAt: test.clock.now(), createdAt: test.clock.now() })
    return { kind: 'user', id, name, role: 'sysadmin' }
  }
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = await provisioningWorld(test)
    ids = []
    for (let n = 0; n < machines; n++) ids.push((await world.build()).serviceId)
    ;[rina, budi, dewi] = [await person('Rina'), await person('Budi'), await person('Dewi')]
  }, 60_000)
  afterAll(() => test.close())
  beforeEach(async () => {
    // What a test left open is stopped: the next begins with machines at rest.
    await world.drain(world.worker())
    await run()
  })
  /** Three nodes with room on one storage. */
  const openHypervisor = async () => ({ ...world.hypervisor.driver(), listHeadroom: async () => ['jkt1', 'jkt2', 'jkt3'].map(node => ({ node, memoryTotal: 2 ** 37, memoryFree: 2 ** 36, storageFree: 2 ** 40, cpuCores: 16, storageKey: 'shared' })) })
  const looking = () => ({ capacity: test.app.core.read.capacity, lookAt: lookAt({ transact: test.app.core.transact, clock: test.clock, openHypervisor, log: test.app.core.log, within }) })
  const asking = () => ({ read: test.app.core.read, connections: test.app.core.read.connections, transact: test.app.core.transact, openHypervisor, planMoves: planMoves(looking()), setNodeClosure: setNodeClosure({ clock: test.clock }), stockDue: async () => {}, clock: test.clock, newId: uuidv7 })
  const worker = (points: Points = livingForever()) => {
    const { transact } = world.worker(points)
    const base = { read: test.app.core.read, openHypervisor }
    return runBulk({
      read: test.app.core.read, transact, clock: test.clock, wallClock: world.wallClock, log: test.app.core.log,
      acts: {
        admin: inside => actOnAdminService({ ...test.app.billing, transact: inside, clock: test.clock, wallClock: world.wallClock }),
        backup: inside => actOnBackup({ ...base, transact: inside, clock: test.clock, newId: uuidv7, zone: 'Asia/Jakarta', keptDays: 14 }),
        move: inside => moveMachine({ ...base, transact: inside, roomOnNodes: roomOnNodes(looking()) }),
      },
    })
  }
  const run = () => worker()()
  const ask = (wish: Parameters<ReturnType<typeof askBulk>>[0]['wish'], change: { serviceIds?: string[], count?: number, empties?: { connectionId: string, node: string } } = {}) => askBulk(asking())({ wish, serviceIds: change.serviceIds ?? ids, reason: 'kernel is renewed', count: change.count, empties: change.empties ?? null, actor: rina })
  const decide = (id: string, action: 'approve' | 'withdraw' | 'pause' | 'continue' | 'stop', actor = budi, count?: number) => decideBulk(asking())({ id, decision: action === 'approve' ? { action, count } : { action }, actor })
  const show = (id: string, who = budi) => showBulkRequest({ bulk: test.app.core.read.bulk, clock: test.clock })({ id, personId: who.id })
  const items = (id: string) => db().select().from(bulkItems).where(eq(bulkItems.requestId, id)).orderBy(bulkItems.position)
  const tasks = (kindOfTask: 'power' | 'move' | 'suspend') => db().select().from(sagas).where(and(inArray(sagas.serviceId, ids), eq(sagas.kind, kindOfTask)))
  const perService = (rows: { serviceId: string }[]) => ids.map(id => rows.filter(row => row.serviceId === id).length)
  /** Turns and tasks until the request has ended. */
  const finish = async (id: string) => {
    for (let n = 0; n < 30; n++) {
      await Promise.all([run(), run()])
      await world.drain(world.worker())
      world.advance(31)
      if (['done', 'stopped'].includes((await show(id)).status)) return
    }
    throw new Error(`it does not end: ${JSON.stringify(await items(id))}`)
  }

  it('nothing is done before another person approved it; its asker cannot, neither by asking for it nor by hand in the database', async () => {
    const before = await tasks('power')
    const id = await ask({ act: 'reboot' })
    await run()
    expect(await tasks('power')).toHaveLength(before.length)
    expect(await codeOf(decide(id, 'approve', rina))).toBe('second_person_required')
    const forge = (set: object) => db().update(bulkRequests).set(set).where(eq(bulkRequests.id, id)).then(() => 'written', () => 'refused')
    expect(await forge({ status: 'running', decidedBy: rina.id, decidedAt: test.clock.now() })).toBe('refused')
    expect(await forge({ status: 'running' })).toBe('refused')
    expect(await forge({ askedBy: dewi.id })).toBe('refused')
    expect(await forge({ act: 'stop' })).toBe('refused')
    expect(await db().update(bulkItems).set({ status: 'begun' }).where(eq(bulkItems.requestId, id)).then(() => 'written', () => 'refused')).toBe('refused')
    expect(await show(id, rina)).toMatchObject({ status: 'asked', mine: true, mayDecide: false })
    expect(await show(id)).toMatchObject({ mine: false, mayDecide: true, approvers: 2, check: { services: machines, able: machines, nodes: 1, refused: [] } })
    await decide(id, 'approve')
    expect(await db().insert(bulkItems).values({ requestId: id, position: 99, serviceId: uuidv7(), status: 'waiting', hostname: 'x', wasStatus: 'active', wasResource: 'ready', wasPower: 'running' }).then(() => 'written', () => 'refused')).toBe('refused')
    await decide(id, 'stop', rina)
    expect(await show(id)).toMatchObject({ status: 'stopped', counts: { stopped: machines } })
    const [asked, approved] = await db().select().from(auditLog).where(eq(auditLog.entityId, id)).orderBy(auditLog.at, auditLog.id)
    expect([asked, approved]).toMatchObject([{ action: 'bulk.ask', actorId: rina.id }, { action: 'bulk.approve', actorId: budi.id }])
  })
  it('of two who approve at once one does; a withdrawn, refused or expired request is not approved', async () => {
    const id = await ask({ act: 'reboot' })
    const both = await Promise.all([codeOf(decide(id, 'approve', budi)), codeOf(decide(id, 'approve', dewi))])
    expect(both.sort()).toEqual(['bulk_closed', 'no failure'])
    await decide(id, 'stop')
    const withdrawn = await ask({ act: 'reboot' })
    expect(await codeOf(decide(withdrawn, 'withdraw', budi))).toBe('forbidden')
    await decide(withdrawn, 'withdraw', rina)
    expect(await codeOf(decide(withdrawn, 'approve'))).toBe('bulk_closed')
    const late = await ask({ act: 'reboot' })
    const now = test.clock.now()
    test.clock.advance(24 * 3_600_000)
    expect((await show(late)).status).toBe('expired')
    expect(await codeOf(decide(late, 'approve'))).toBe('bulk_closed')
    await run()
    test.clock.set(now)
    expect(await show(late)).toMatchObject({ status: 'expired', check: null })
  })
  it('each item is begun exactly once, by two workers at once and whenever one is killed; never more at once on a node than it may', async () => {
    const before = perService(await tasks('power'))
    const id = await ask({ act: 'reboot' })
    await decide(id, 'approve')
    const counting = livingForever()
    await worker(counting)()
    const begun = (await items(id)).filter(item => item.status === 'begun')
    expect(begun).toHaveLength(perNode('reboot'))
    expect(new Set(begun.map(item => item.sagaId)).size).toBe(perNode('reboot'))
    await finish(id)
    expect(await show(id)).toMatchObject({ status: 'done', counts: { done: machines } })
    expect(perService(await tasks('power'))).toEqual(before.map(n => n + 1))

    const second = await ask({ act: 'reboot' })
    await decide(second, 'approve')
    let deaths = 0
    for (let dieAt = 0; dieAt < counting.names.length; dieAt += 3) {
      await worker({ ...livingForever(), dieAt })().catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error
        deaths++
      })
      expect((await items(second)).filter(item => item.status === 'begun').length).toBeLessThanOrEqual(perNode('reboot'))
    }
    expect(deaths).toBeGreaterThan(1)
    await finish(second)
    expect(perService(await tasks('power'))).toEqual(before.map(n => n + 2))
    expect((await items(second)).map(item => item.status)).toEqual(ids.map(() => 'done'))
  }, 60_000)
  it('a pause lets nothing more begin, going on does, and a stop leaves what has not begun', async () => {
    const id = await ask({ act: 'reboot' })
    await decide(id, 'approve')
    await run()
    await decide(id, 'pause', dewi)
    await world.drain(world.worker())
    await run()
    expect(await show(id)).toMatchObject({ status: 'paused', counts: { done: perNode('reboot'), waiting: machines - perNode('reboot') } })
    await decide(id, 'continue')
    await finish(id)
    const stopped = await ask({ act: 'reboot' })
    await decide(stopped, 'approve')
    await run()
    await decide(stopped, 'stop')
    await world.drain(world.worker())
    await run()
    expect(await show(stopped)).toMatchObject({ status: 'stopped', counts: { done: perNode('reboot'), stopped: machines - perNode('reboot') } })
  })
  it('what changed since it was asked is left out when it is approved, and when its turn comes, with the reason', async () => {
    const [first = '', second = '', third = '', ...rest] = ids
    const id = await ask({ act: 'suspend', suspensionReason: 'abuse' }, { serviceIds: [first, second, third] })
    const set = (serviceId: string, status: 'active' | 'past_due') => db().update(services).set({ status }).where(eq(services.id, serviceId))
    await set(first, 'past_due')
    await decide(id, 'approve')
    await set(second, 'past_due')
    await run()
    const of = async () => Object.fromEntries((await items(id)).map(item => [item.serviceId, [item.status, item.reason]]))
    expect(await of()).toEqual({ [first]: ['left_out', 'bulk_changed'], [second]: ['left_out', 'bulk_changed'], [third]: ['begun', null] })
    // Told to billing, it is done only when the machine was read back so.
    expect((await world.look(third)).service).toMatchObject({ status: 'suspended', suspensionReason: 'abuse' })
    await run()
    expect((await of())[third]).toEqual(['begun', null])
    await world.worker().follow({ kind: 'suspend', serviceId: third, cause: 'test' })
    await finish(id)
    expect((await of())[third]).toEqual(['done', null])
    await test.app.core.transact(stores => test.app.billing.resumeService(stores, { serviceId: third, note: 'x', actor: system }))
    await world.worker().follow({ kind: 'resume', serviceId: third, cause: 'test' })
    await world.drain(world.worker())
    for (const each of [first, second, third]) await set(each, 'active')
    expect((await world.look(third)).service.status).toBe('active')
    expect(rest.length).toBeGreaterThan(0)
  })
  it('the end of many services is asked and approved with their number; one that is suspended or on its way is told with the reason', async () => {
    const [first = '', second = ''] = ids
    expect(await codeOf(ask({ act: 'terminate' }, { serviceIds: [first, second] }))).toBe('bulk_count_changed')
    const id = await ask({ act: 'terminate' }, { serviceIds: [first, second], count: 2 })
    expect(await codeOf(decide(id, 'approve', budi, 3))).toBe('bulk_count_changed')
    await decide(id, 'withdraw', rina)
    const [open = ''] = ids
    await test.app.core.transact(stores => actOnAdminService({ ...test.app.billing, transact: work => work(stores), clock: test.clock, wallClock: world.wallClock })({ id: open, act: { action: 'reboot' }, actor: rina }))
    const told = await previewBulk(asking())({ wish: { act: 'reboot' }, selection: { filter: { status: 'active' } }, actor: rina })
    expect(told).toMatchObject({ services: machines, able: machines - 1, refused: [{ code: 'action_in_progress', count: 1 }], approvers: 2, foreign: null })
    expect((await previewBulk(asking())({ wish: { act: 'start' }, selection: { serviceIds: ids }, actor: rina })).refused).toEqual([{ code: 'bulk_nothing_to_do', count: machines - 1 }, { code: 'action_in_progress', count: 1 }])
    expect(await codeOf(ask({ act: 'start' }))).toBe('bulk_none_able')
  })
  it('what cannot begin yet waits for its turn; what is refused for good says why, and the others go on', async () => {
    const [first = '', second = ''] = ids
    const id = await ask({ act: 'shutdown' }, { serviceIds: [first, second] })
    await decide(id, 'approve')
    await test.app.core.transact(stores => actOnAdminService({ ...test.app.billing, transact: work => work(stores), clock: test.clock, wallClock: world.wallClock })({ id: first, act: { action: 'reboot' }, actor: rina }))
    await run()
    expect((await items(id)).filter(item => item.serviceId === first)).toMatchObject([{ status: 'waiting', reason: 'action_in_progress', tries: 1 }])
    await world.drain(world.worker())
    world.advance(60)
    await finish(id)
    expect(await show(id)).toMatchObject({ status: 'done', counts: { done: 2 } })
    const on = await ask({ act: 'start' }, { serviceIds: [first, second] })
    await decide(on, 'approve')
    await finish(on)
  })
  it('emptying a node: it takes no new machine from then on, each machine of ours goes where there is room, strangers are named and stay', async () => {
    const place = { connectionId: world.connectionId, node: 'jkt1' }
    world.hypervisor.machines.set(7777, { ...[...world.hypervisor.machines.values()][0] as NonNullable<ReturnType<typeof world.hypervisor.machines.get>>, vmid: 7777, name: 'stranger', mark: null })
    const wish = { act: 'move', targetNode: null, live: true } as const
    const told = await previewBulk(asking())({ wish, selection: { onNode: place }, actor: rina })
    expect(told.items.map(({ target }) => target).sort()).not.toContain('jkt1')
    expect(told).toMatchObject({ services: machines, able: machines, foreign: [{ vmid: 7777, name: 'stranger' }] })
    const id = await ask(wish, { empties: place })
    expect((await test.app.core.read.capacity.load([world.connectionId], undefined))[0]?.closedNodes).toEqual(['jkt1'])
    await decide(id, 'approve')
    await run()
    expect((await items(id)).filter(item => item.status === 'begun')).toHaveLength(perNode('move'))
    await finish(id)
    expect((await items(id)).map(item => [item.status, item.targetNode])).toEqual(told.items.map(({ target }) => ['done', target]))
    expect([...world.hypervisor.machines.values()].filter(machine => machine.node === 'jkt1').map(machine => machine.vmid)).toEqual([7777])
    expect(perService(await tasks('move'))).toEqual(ids.map(() => 1))
    const page = await listBulkItems({ bulk: test.app.core.read.bulk })({ id, page: 1, pageSize: 3, status: 'done' })
    expect(page).toMatchObject({ total: machines, items: [{ task: { kind: 'move', status: 'done' } }, {}, {}] })
    // Nothing goes back while it is closed.
    const [back] = ids
    expect(await codeOf(moveMachine({ read: test.app.core.read, transact: test.app.core.transact, openHypervisor, roomOnNodes: roomOnNodes(looking()) })({ id: back ?? '', node: 'jkt1', live: true, reason: 'test', actor: rina }))).toBe('move_no_room')
    expect((await previewBulk(asking())({ wish: { ...wish, targetNode: 'jkt1' }, selection: { serviceIds: ids }, actor: rina })).refused).toEqual([{ code: 'move_no_room', count: machines }])
    await test.app.core.transact(stores => setNodeClosure({ clock: test.clock })(stores, { ...place, reason: null, actor: rina }))
    expect((await test.app.core.read.capacity.load([world.connectionId], undefined))[0]?.closedNodes).toEqual([])
  }, 60_000)
  it('the list names what awaits me, a page at a time', async () => {
    const id = await ask({ act: 'reboot' })
    const list = (who: Person) => listBulkRequests({ bulk: test.app.core.read.bulk, clock: test.clock })({ page: 1, pageSize: 5, personId: who.id, awaiting: true })
    expect(await list(rina)).toMatchObject({ total: 0 })
    expect(await list(budi)).toMatchObject({ total: 1, items: [{ id, mayDecide: true, counts: { waiting: machines } }] })
  })
})
