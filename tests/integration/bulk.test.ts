import { and, eq, inArray } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { auditLog, bulkItems, bulkRequests, connections, machineBackups, products, sagas, services, users } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
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
import { sagaDefinitions } from '#server/provisioning/definitions.ts'
import { decideBulk } from '#server/provisioning/decide-bulk.ts'
import { moveMachine } from '#server/provisioning/move.ts'
import { runBulk } from '#server/provisioning/run-bulk.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { proxmoxGround } from '../support/grounds.ts'
import type { ProxmoxGround } from '../support/grounds.ts'
import { Crash, livingForever, provisioningWorld } from '../support/provisioning.ts'
import type { Points, ProvisioningWorld } from '../support/provisioning.ts'

type Person = Actor & { kind: 'user' }
const codeOf = (work: Promise<unknown>) => work.then(() => 'no failure', (error: unknown) => error instanceof AppError ? error.code : String(error))
const system = { kind: 'system', name: 'test' } as const
const machines = 6

type Wish = Parameters<ReturnType<typeof askBulk>>[0]['wish']
type Open = Parameters<typeof lookAt>[0]['openHypervisor']
async function person(test: TestApp, name: string): Promise<Person> {
  const id = uuidv7()
  await test.app.core.database.executor.insert(users).values({ id, email: `${id}@gardu.test`, name, passwordHash: 'x', role: 'sysadmin', emailVerifiedAt: test.clock.now(), createdAt: test.clock.now() })
  return { kind: 'user', id, name, role: 'sysadmin' }
}
/** Where requests are asked for, decided on and carried out, without their pages. */
function deskOf(test: TestApp, world: ProvisioningWorld, openHypervisor: Open) {
  const { core } = test.app
  const looking = () => ({ capacity: core.read.capacity, lookAt: lookAt({ transact: core.transact, clock: test.clock, openHypervisor, log: core.log, within }) })
  const asking = () => ({ read: core.read, connections: core.read.connections, transact: core.transact, openHypervisor, planMoves: planMoves(looking()), setNodeClosure: setNodeClosure({ clock: test.clock }), stockDue: async () => {}, clock: test.clock, newId: uuidv7 })
  const desk = {
    looking, asking,
    worker(points: Points = livingForever()) {
      const { transact } = world.worker(points)
      const base = { read: core.read, openHypervisor }
      return runBulk({
        read: core.read, transact, clock: test.clock, wallClock: world.wallClock, log: core.log,
        acts: {
          admin: inside => actOnAdminService({ ...test.app.billing, transact: inside, clock: test.clock, wallClock: world.wallClock }),
          backup: inside => actOnBackup({ ...base, transact: inside, clock: test.clock, newId: uuidv7, zone: 'Asia/Jakarta', keptDays: 14 }),
          move: inside => moveMachine({ ...base, transact: inside, roomOnNodes: roomOnNodes(looking()) }),
        },
      })
    },
    ask: (actor: Person, wish: Wish, serviceIds: string[], change: { serviceIds?: string[], count?: number, empties?: { connectionId: string, node: string } } = {}) => askBulk(asking())({ wish, serviceIds, reason: 'kernel is renewed', count: change.count, empties: change.empties ?? null, actor }),
    decide: (actor: Person, id: string, action: 'approve' | 'withdraw' | 'pause' | 'continue' | 'stop', count?: number) => decideBulk(asking())({ id, decision: action === 'approve' ? { action, count } : { action }, actor }),
    show: (id: string, who: Person) => showBulkRequest({ bulk: core.read.bulk, clock: test.clock })({ id, personId: who.id }),
    /** Turns and tasks until the request has ended; `follow`: what billing was told to do begins. */
    async finish(who: Person, id: string, follow: () => Promise<unknown> = async () => {}) {
      for (let n = 0; n < 30; n++) {
        await Promise.all([desk.worker()(), desk.worker()()])
        await follow()
        await world.drain(world.worker())
        world.advance(31)
        if (['done', 'stopped'].includes((await desk.show(id, who)).status)) return
      }
      throw new Error(`it does not end: ${JSON.stringify(await core.database.executor.select().from(bulkItems).where(eq(bulkItems.requestId, id)))}`)
    },
  }
  return desk
}

describe.each(databaseKinds())('acts on many services on %s', (kind) => {
  let test: TestApp
  let world: ProvisioningWorld
  let ids: string[] = []
  let rina: Person
  let budi: Person
  let dewi: Person
  const db = () => test.app.core.database.executor
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = await provisioningWorld(test)
    ids = []
    for (let n = 0; n < machines; n++) ids.push((await world.build()).serviceId)
    ;[rina, budi, dewi] = [await person(test, 'Rina'), await person(test, 'Budi'), await person(test, 'Dewi')]
  }, 60_000)
  afterAll(() => test.close())
  beforeEach(async () => {
    // What a test left open is stopped: the next begins with machines at rest.
    await world.drain(world.worker())
    await run()
  })
  /** Three nodes with room on one storage. */
  const openHypervisor = async () => ({ ...world.hypervisor.driver(), listHeadroom: async () => ['jkt1', 'jkt2', 'jkt3'].map(node => ({ node, memoryTotal: 2 ** 37, memoryFree: 2 ** 36, storageFree: 2 ** 40, cpuCores: 16, storageKey: 'shared' })) })
  const desk = () => deskOf(test, world, openHypervisor)
  const { looking, asking, worker, show } = { looking: () => desk().looking(), asking: () => desk().asking(), worker: (points?: Points) => desk().worker(points), show: (id: string, who = budi) => desk().show(id, who) }
  const run = () => worker()()
  const ask = (wish: Wish, change: Parameters<ReturnType<typeof deskOf>['ask']>[3] = {}) => desk().ask(rina, wish, change.serviceIds ?? ids, change)
  const decide = (id: string, action: 'approve' | 'withdraw' | 'pause' | 'continue' | 'stop', actor = budi, count?: number) => desk().decide(actor, id, action, count)
  const items = (id: string) => db().select().from(bulkItems).where(eq(bulkItems.requestId, id)).orderBy(bulkItems.position)
  const tasks = (kindOfTask: 'power' | 'move' | 'suspend') => db().select().from(sagas).where(and(inArray(sagas.serviceId, ids), eq(sagas.kind, kindOfTask)))
  const perService = (rows: { serviceId: string }[]) => ids.map(id => rows.filter(row => row.serviceId === id).length)
  const finish = (id: string) => desk().finish(budi, id)

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

describe('acts on many services, over the wire of Proxmox', () => {
  let test: TestApp
  let ground: ProxmoxGround
  let asker: Person
  let approver: Person
  let first = ''
  let second = ''
  let third = ''
  let other = ''
  beforeAll(async () => {
    test = await startTestApp({ kind: databaseKinds().at(-1) ?? 'embedded', workers: false })
    ground = await proxmoxGround(test, 'vm')
    ;[asker, approver] = [await person(test, 'Rina'), await person(test, 'Budi')]
    ;[first, second, third, other] = [await built(), await built(), await built(), await built()]
    await db().update(connections).set({ backupStorage: ground.backupStorage }).where(eq(connections.id, ground.world.connectionId))
  }, 60_000)
  afterAll(async () => {
    await ground.close()
    await test.close()
  })
  const db = () => test.app.core.database.executor
  const built = async () => (await ground.world.build()).serviceId
  const desk = () => deskOf(test, ground.world, ground.open)
  const drain = () => ground.world.drain(ground.world.worker())
  const follow = async (kind: 'suspend' | 'resume') => {
    for (const serviceId of [first, second, third]) await ground.world.worker().follow({ kind, serviceId, cause: 'test' })
  }
  /** Asked by one person, approved by another; `between`: what happens before anything runs. */
  async function approved(wish: Wish, serviceIds: string[], between: () => Promise<unknown> = async () => {}) {
    const id = await desk().ask(asker, wish, serviceIds)
    await desk().worker()()
    expect((await desk().show(id, approver)).counts).not.toHaveProperty('begun')
    await expect(desk().decide(asker, id, 'approve')).rejects.toMatchObject({ code: 'second_person_required' })
    await desk().decide(approver, id, 'approve')
    await between()
    return id
  }
  const outcomes = async (id: string) => Object.fromEntries((await db().select().from(bulkItems).where(eq(bulkItems.requestId, id))).map(item => [item.serviceId, [item.status, item.reason]]))
  const newest = async (serviceId: string) => (await ground.world.look(serviceId)).newest
  const markOf = async (serviceId: string) => (await ground.world.look(serviceId)).resource
  const sell = async (serviceId: string, included: number) => {
    const { service } = await ground.world.look(serviceId)
    await db().update(products).set({ backupsIncluded: included }).where(eq(products.id, service.productId))
  }
  const backUp = async (serviceId: string) => {
    await actOnBackup({ ...desk().asking(), zone: 'Asia/Jakarta', keptDays: 14 })({ id: serviceId, clientId: null, act: { action: 'create' }, actor: asker })
    await drain()
  }

  it('backups of many are made and read back; a plan without backups, and a place that was taken meanwhile, are told and stop nobody', async () => {
    for (const serviceId of [first, second, third]) await sell(serviceId, 1)
    const id = await approved({ act: 'backup' }, [first, second, third, other], () => backUp(third))
    await desk().finish(approver, id)
    expect(await outcomes(id)).toEqual({ [first]: ['done', null], [second]: ['done', null], [third]: ['left_out', 'backup_limit'], [other]: ['left_out', 'backups_not_offered'] })
    const driver = await ground.open(ground.world.connectionId)
    for (const [serviceId, origin] of [[first, 'staff'], [second, 'staff'], [third, 'staff']] as const) {
      const resource = await markOf(serviceId)
      const [row, ...more] = await db().select().from(machineBackups).where(eq(machineBackups.serviceId, serviceId))
      expect([row?.state, row?.origin, more]).toEqual(['ready', origin, []])
      expect((await driver.listBackups(resource?.vmid ?? 0)).backups).toMatchObject([{ id: row?.id, ownershipMark: resource?.ownershipMark }])
    }
    expect(await db().select().from(machineBackups).where(eq(machineBackups.serviceId, other))).toEqual([])
  })
  it('many are resumed and run again; one that is not suspended is left out, and one whose machine is gone fails with its reason and stops nobody', async () => {
    for (const serviceId of [first, second, third]) await test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))
    await follow('suspend')
    await drain()
    const lost = await built()
    await test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId: lost, reason: 'other', note: 'x', actor: system }))
    await ground.world.worker().follow({ kind: 'suspend', serviceId: lost, cause: 'test' })
    await drain()
    ground.lose((await markOf(lost))?.vmid ?? 0)
    const id = await approved({ act: 'resume' }, [first, second, third, other, lost])
    await desk().finish(approver, id, async () => {
      await follow('resume')
      await ground.world.worker().follow({ kind: 'resume', serviceId: lost, cause: 'test' })
    })
    expect(await outcomes(id)).toEqual({ [first]: ['done', null], [second]: ['done', null], [third]: ['done', null], [other]: ['left_out', 'bulk_nothing_to_do'], [lost]: ['failed', expect.any(String)] })
    const driver = await ground.open(ground.world.connectionId)
    for (const serviceId of [first, second, third]) {
      expect(await ground.world.look(serviceId)).toMatchObject({ service: { status: 'active' }, resource: { status: 'ready' }, newest: { kind: 'resume', status: 'done' } })
      const resource = await markOf(serviceId)
      expect(await driver.inspect({ node: resource?.node ?? '', vmid: resource?.vmid ?? 0, ownershipMark: resource?.ownershipMark ?? '' })).toMatchObject({ power: 'running', networkUp: true })
    }
    expect((await ground.world.look(lost)).service.status).toBe('suspended')
  })
  it('failed tasks of many are tried again and end; one that fails once more says why, one without a failed task is left out, and neither stops anybody', async () => {
    const [step] = sagaDefinitions.power.steps
    if (!step) throw new Error('no such step')
    const { run } = step
    let refused = [first, second, third]
    step.run = async (context) => {
      if (refused.includes(context.facts.serviceId)) throw new DriverError('permanent', 'the hypervisor refused it')
      return run(context)
    }
    try {
      for (const serviceId of refused) await actOnAdminService({ ...test.app.billing, transact: test.app.core.transact, clock: test.clock, wallClock: ground.world.wallClock })({ id: serviceId, act: { action: 'shutdown' }, actor: asker })
      await drain()
      for (const serviceId of refused) expect(await newest(serviceId)).toMatchObject({ kind: 'power', status: 'failed' })
      refused = [second]
      const before = await db().select().from(sagas).where(eq(sagas.kind, 'power'))
      const id = await approved({ act: 'retry' }, [first, second, third, other])
      await desk().finish(approver, id)
      expect(await outcomes(id)).toEqual({ [first]: ['done', null], [second]: ['failed', 'the hypervisor refused it'], [third]: ['done', null], [other]: ['left_out', 'bulk_nothing_to_do'] })
      for (const serviceId of [first, third]) expect(await ground.world.look(serviceId)).toMatchObject({ newest: { kind: 'power', action: 'shutdown', status: 'done' }, resource: { power: 'stopped' } })
      expect(await db().select().from(sagas).where(eq(sagas.kind, 'power'))).toHaveLength(before.length)
    } finally {
      step.run = run
    }
  })
})
