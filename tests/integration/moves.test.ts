import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { addressPools, auditLog } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { moveMachine, showMove } from '#server/provisioning/move.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { Crash, killPoints, livingForever, provisioningWorld } from '../support/provisioning.ts'
import type { Points, ProvisioningWorld } from '../support/provisioning.ts'

const system = { kind: 'system', name: 'test' } as const
const staff: Actor = { kind: 'user', id: '01900000-0000-7000-8000-00000000aaaa', name: 'Rina', role: 'sysadmin' }
const codeOf = (work: Promise<unknown>) => work.then(() => 'no failure', (error: unknown) => error instanceof AppError ? error.code : String(error))

describe.each(databaseKinds())('moves on %s', (kind) => {
  let test: TestApp
  let world: ProvisioningWorld
  let serviceId: string
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    world = await provisioningWorld(test)
    serviceId = (await world.build()).serviceId
  })
  const deps = () => ({ read: test.app.core.read, transact: test.app.core.transact, openHypervisor: async () => world.hypervisor.driver(), roomOnNodes: world.roomOnNodes })
  const move = (change: { node?: string, live?: boolean } = {}) => moveMachine(deps())({ id: serviceId, node: 'jkt2', live: true, reason: 'node is serviced', actor: staff, ...change })
  const shown = () => showMove(deps())({ id: serviceId })
  const drain = (points: Points = livingForever()) => world.drain(world.worker(points))
  const look = () => world.look(serviceId)
  const machine = async () => {
    const { machines } = await look()
    if (machines.length !== 1 || !machines[0]) throw new Error(`${machines.length} machines`)
    return machines[0]
  }
  const suspend = () => test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))
  const follow = async (saga: 'suspend' | 'terminate') => {
    await world.worker().follow({ kind: saga, serviceId, cause: 'test' })
    await drain()
  }
  const acts = (name: 'moveMachine' | 'shutdown' | 'start') => world.hypervisor.count(name)

  it('a running machine moves while it runs; where it is now is written down, and who wanted it and why', async () => {
    expect(await shown()).toMatchObject({ supported: true, readable: true, refusal: null, node: 'jkt1', running: true, nodes: [{ node: 'jkt2', fits: true }, { node: 'jkt3', fits: true }] })
    const before = [acts('shutdown'), acts('start')]
    await move()
    await drain()
    expect(await look()).toMatchObject({ newest: { kind: 'move', status: 'done' }, resource: { status: 'ready', node: 'jkt2', power: 'running' }, service: { status: 'active' } })
    expect(await machine()).toMatchObject({ node: 'jkt2', power: 'running', lock: null })
    expect([acts('shutdown'), acts('start')]).toEqual(before)
    const [row] = await test.app.core.database.executor.select().from(auditLog).where(and(eq(auditLog.entityId, serviceId), eq(auditLog.action, 'service.move')))
    expect(row).toMatchObject({ before: { node: 'jkt1' }, after: { node: 'jkt2', live: true, reason: 'node is serviced' } })
    expect((await shown()).node).toBe('jkt2')
  })
  it('after a stop it is started again, filtered before that; one that was off stays off', async () => {
    await move({ live: false })
    await drain()
    expect(await machine()).toMatchObject({ node: 'jkt2', power: 'running', filtered: [(await look()).address?.address] })
    ;(await machine()).power = 'stopped'
    await move({ node: 'jkt3', live: false })
    await drain()
    expect(await machine()).toMatchObject({ node: 'jkt3', power: 'stopped' })
    expect((await look()).newest).toMatchObject({ status: 'done' })
  })
  it('a node that the machine\'s address does not serve is no target, also when the pool is limited after the wish', async () => {
    const db = test.app.core.database.executor
    const limitTo = async (nodes: string[]) => db.update(addressPools).set({ nodes })
    await limitTo(['jkt1', 'jkt3'])
    expect((await shown()).nodes.map(({ node }) => node)).toEqual(['jkt3'])
    expect(await codeOf(move())).toBe('move_target')
    await move({ node: 'jkt3' })
    await limitTo(['jkt1'])
    await drain()
    expect(await look()).toMatchObject({ newest: { kind: 'move', status: 'failed', reason: 'the machine\'s address is not of node jkt3' }, resource: { status: 'ready', node: 'jkt1' } })
    expect(acts('moveMachine')).toBe(0)
    await limitTo([])
  })
  it('D11: the machine of a suspended service moves and stays off and locked', async () => {
    await suspend()
    await follow('suspend')
    await move({ live: false })
    await drain()
    expect(await machine()).toMatchObject({ node: 'jkt2', power: 'stopped', networkUp: false, startsAtBoot: false })
    expect(await look()).toMatchObject({ newest: { kind: 'move', status: 'done' }, resource: { status: 'stopped_by_policy', node: 'jkt2' }, service: { status: 'suspended' } })
  })
  it('what stands against it is asked first: a full or unknown node, the node where it is, what the hypervisor says, a service that is not at rest', async () => {
    world.hypervisor.rooms = [{ node: 'jkt1' }, { node: 'jkt2', fits: false }]
    expect(await codeOf(move())).toBe('move_no_room')
    expect(await codeOf(move({ node: 'jkt9' }))).toBe('move_target')
    expect(await codeOf(move({ node: 'jkt1' }))).toBe('move_target')
    world.hypervisor.rooms = [{ node: 'jkt1' }, { node: 'jkt2' }]
    world.hypervisor.moveObstacle = 'a CD drive holds local:iso/debian.iso'
    expect(await codeOf(move())).toBe('move_refused')
    world.hypervisor.moveObstacle = null
    world.hypervisor.down = true
    expect(await codeOf(move())).toBe('machine_unreachable')
    expect(await shown()).toMatchObject({ readable: false, nodes: [] })
    world.hypervisor.down = false
    await move()
    expect(await codeOf(move())).toBe('action_in_progress')
    expect((await look()).sagas.filter(saga => saga.kind === 'move')).toHaveLength(1)
  })
  it('room that is gone by the time it begins: the machine runs on untouched, and it is said', async () => {
    await move({ live: false })
    world.hypervisor.rooms = [{ node: 'jkt1' }, { node: 'jkt2', fits: false }]
    const before = acts('shutdown')
    await drain()
    expect(await look()).toMatchObject({ newest: { status: 'failed', reason: 'node jkt2 has no room for the machine' }, resource: { status: 'ready', node: 'jkt1' } })
    expect([acts('shutdown') - before, acts('moveMachine')]).toEqual([0, 0])
  })
  it('a move that ends badly three times leaves the machine where it was, running again, and says why', async () => {
    world.hypervisor.moveTaskFails = 'migration aborted'
    await move({ live: false })
    await drain()
    expect(await machine()).toMatchObject({ node: 'jkt1', power: 'running', lock: null })
    expect(await look()).toMatchObject({ newest: { status: 'failed', reason: 'migration aborted' }, resource: { status: 'ready', problem: null } })
    expect(acts('moveMachine')).toBe(3)
  })
  it('a move that succeeded and was told as failed is believed by where the machine is', async () => {
    await move()
    world.hypervisor.moveTaskFails = 'migration problems'
    const inner = world.hypervisor.hook
    const worker = world.worker()
    world.hypervisor.hook = async (act, moment) => {
      await inner(act, moment)
      if (act === 'task' && moment === 'before') (await machine()).node = 'jkt2'
    }
    await world.drain(worker)
    expect(await look()).toMatchObject({ newest: { status: 'done' }, resource: { node: 'jkt2' } })
    expect(acts('moveMachine')).toBe(1)
  })
  it('a service that ends in the middle: the move gives way, and its machine is destroyed wherever it is', async () => {
    await move({ live: false })
    const worker = world.worker()
    const [sagaId = ''] = await test.app.core.read.sagas.listDue(world.wallClock.now(), 1)
    let died = false
    const inner = world.hypervisor.hook
    world.hypervisor.hook = async (act, moment) => {
      await inner(act, moment)
      if (act !== 'moveMachine' || moment !== 'after') return
      died = true
      throw new Crash('here')
    }
    await worker.run({ sagaId }).catch(() => {})
    expect(died).toBe(true)
    world.afterDeath()
    await test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId, reason: 'request', note: 'x', actor: system }))
    world.hypervisor.hook = () => {}
    await follow('terminate')
    expect(await look()).toMatchObject({ machines: [], resource: { status: 'destroyed' } })
  })
  it('killed before or after a transaction or remote call, another worker ends it: one machine, at its new node, moved once', async () => {
    await move({ live: false })
    const counting = livingForever()
    await drain(counting)
    let deaths = 0
    let to = 'jkt2'
    for (const dieAt of killPoints(kind, counting.names.length, { embedded: 7, postgres: 9 })) {
      to = to === 'jkt2' ? 'jkt3' : 'jkt2'
      await move({ live: false, node: to })
      const moves = acts('moveMachine')
      await drain({ ...livingForever(), dieAt }).catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error
        deaths++
      })
      world.afterDeath()
      await world.worker().recover()
      await drain()
      const label = `killed at ${dieAt} (${counting.names[dieAt]})`
      const found = await look()
      expect({ saga: found.newest?.status, service: found.service.status, resource: found.resource?.status, node: found.resource?.node, mine: found.machines.length, at: found.machines[0]?.node, power: found.machines[0]?.power, machines: world.hypervisor.machines.size }, label)
        .toEqual({ saga: 'done', service: 'active', resource: 'ready', node: to, mine: 1, at: to, power: 'running', machines: 1 })
      expect(acts('moveMachine') - moves, label).toBe(1)
    }
    expect(deaths).toBeGreaterThan(5)
  }, 120_000)
  it('each act whose answer is lost, or that fails once, ends in one machine at its new node, moved once', async () => {
    let to = 'jkt1'
    for (const act of ['inspect', 'shutdown', 'task', 'moveMachine', 'start'] as const) {
      for (const moment of ['before', 'after'] as const) {
        to = to === 'jkt2' ? 'jkt3' : 'jkt2'
        await move({ live: false, node: to })
        const moves = acts('moveMachine')
        const worker = world.worker()
        const inner = world.hypervisor.hook
        let failed = false
        world.hypervisor.hook = async (name, when) => {
          await inner(name, when)
          if (name !== act || when !== moment || failed) return
          failed = true
          // What was asked goes on without us.
          if (when === 'after') world.hypervisor.settle()
          throw new DriverError(when === 'before' ? 'retryable' : 'unknown_outcome', 'no answer')
        }
        await world.drain(worker)
        expect(failed, `${moment} ${act}`).toBe(true)
        const found = await look()
        expect({ saga: found.newest?.status, node: found.resource?.node, at: found.machines.map(each => [each.node, each.power]), moves: acts('moveMachine') - moves }, `${moment} ${act}`).toEqual({ saga: 'done', node: to, at: [[to, 'running']], moves: 1 })
      }
    }
  }, 60_000)
})
