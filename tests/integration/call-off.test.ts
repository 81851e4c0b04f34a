import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addresses, auditLog, machineBackups, sagaSteps } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { sagaDefinitions } from '#server/provisioning/definitions.ts'
import { cancelTask, showHistory } from '#server/provisioning/history.ts'
import type { SagaStep } from '#server/provisioning/step.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { proxmoxGround } from '../support/grounds.ts'
import type { ProxmoxGround } from '../support/grounds.ts'
import { Crash, killPoints, livingForever } from '../support/provisioning.ts'
import type { Points } from '../support/provisioning.ts'
import { expectDone, machineTasks } from '../support/tasks.ts'
import type { Subject } from '../support/tasks.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no failure', (error: unknown) => error instanceof AppError ? error.code : String(error))
const staff: Actor & { kind: 'user' } = { kind: 'user', id: '01900000-0000-7000-8000-00000000aaaa', name: 'Rina', role: 'sysadmin' }
const all = sagaDefinitions.rebuild.steps
const limit = all.findIndex(({ name }) => name === sagaDefinitions.rebuild.callOffBefore)
const every = process.env.GARDU_TEST_EVERY_POINT === '1'
const kinds = databaseKinds()
const peers = [['vm', kinds.at(-1) ?? 'embedded'], ['container', kinds[0] ?? 'embedded']] as const

describe.each(peers)('a machine that is made from a backup is called off: %s on Proxmox, on %s', (type, database) => {
  let test: TestApp
  let ground: ProxmoxGround
  let subject: Subject
  let backups = ''
  beforeAll(async () => {
    test = await startTestApp({ kind: database, workers: false })
    ground = await proxmoxGround(test, type)
    subject = { serviceId: '', clientId: '', vmid: 0 }
    for (const what of ['provision', 'backup.create']) {
      await machineTasks.find(task => task.what === what)?.begin(ground, subject)
      await drain()
    }
    backups = await held()
  })
  afterAll(async () => {
    await ground.close()
    await test.close()
  })
  const db = () => test.app.core.database.executor
  const drain = (points: Points = livingForever()) => ground.world.drain(ground.world.worker(points))
  const look = () => ground.world.look(subject.serviceId)
  const held = async () => JSON.stringify(await db().select().from(machineBackups).where(eq(machineBackups.serviceId, subject.serviceId)))
  const rebuild = () => machineTasks.find(({ kind }) => kind === 'rebuild')
  const begin = () => rebuild()?.begin(ground, subject)
  const newest = async (clientId: string | null = null) => (await showHistory({ read: test.app.core.read, wallClock: ground.world.wallClock })({ id: subject.serviceId, clientId, locale: 'en', page: { page: 1, pageSize: 50 } })).items.find(({ source }) => source === 'task')
  const cancel = async (clientId: string | null = null) => cancelTask({ transact: test.app.core.transact, wallClock: ground.world.wallClock })({ id: subject.serviceId, clientId, taskId: (await newest())?.id ?? '', actor: staff })
  const retriable = async () => (await test.app.provisioning.showAdminService({ id: subject.serviceId })).retriable
  /** What the books say of the machine, and what of it is the hypervisor's. */
  async function standing() {
    const { resource, service } = await look()
    // How it was used when it was last looked at is nothing that anybody rests on.
    const { changedAt: _, observedAt: __, cpu: ___, memoryUsedMiB: ____, memoryTotalMiB: _____, uptimeSeconds: ______, ...books } = resource ?? ({} as Partial<NonNullable<typeof resource>>)
    const kept = await db().select({ address: addresses.address, status: addresses.status }).from(addresses).where(eq(addresses.serviceId, subject.serviceId))
    return { books, service: service.status, kept, marked: await ground.marked(), stranger: await ground.stranger() }
  }
  /** Somebody calls it off while a worker is at this step for the first time; `then`: what befalls the step afterwards. */
  async function calledOffAt(step: SagaStep, work: () => Promise<void>, then: () => void = () => {}) {
    const { run } = step
    let asked = false
    step.run = async (context) => {
      if (asked) return run(context)
      asked = true
      await cancel()
      const outcome = await run(context)
      then()
      return outcome
    }
    try {
      await work()
    } finally {
      step.run = run
    }
    expect(asked, step.name).toBe(true)
  }
  async function expectTakenBack(before: Awaited<ReturnType<typeof standing>>, label: string) {
    const told = await newest()
    expect({ what: told?.what, outcome: told?.outcome, reason: told?.reason, callingOff: told?.callingOff, cancellable: told?.cancellable, left: told?.steps.filter(({ status }) => status !== 'undone' && status !== 'pending') }, label).toEqual({ what: 'rebuild', outcome: 'cancelled', reason: null, callingOff: false, cancellable: false, left: [] })
    expect(await standing(), label).toEqual(before)
    expect(await held(), label).toBe(backups)
  }

  it('at any of its steps: what it made is removed by its mark and nothing else, the books say what they said before, and the timeline tells each step that was taken back', async () => {
    ground.lose((await look()).resource?.vmid ?? 0)
    const before = await standing()
    let tried = 0
    // A container differs where it is made, filled and run.
    for (const step of all.slice(0, limit).filter(({ name }) => every || type === 'vm' || ['make', 'restore_backup', 'start'].includes(name))) {
      tried++
      await begin()
      await calledOffAt(step, drain)
      await expectTakenBack(before, step.name)
      const undone = (await db().select().from(sagaSteps).where(eq(sagaSteps.sagaId, (await newest())?.id ?? ''))).filter(({ status }) => status === 'undone').map(({ position }) => position)
      expect(Math.max(...undone), step.name).toBeGreaterThanOrEqual(all.indexOf(step))
      expect(new Set(undone).size, step.name).toBe(Math.max(...undone) + 1)
    }
    const noted = await db().select().from(auditLog).where(and(eq(auditLog.entityId, subject.serviceId), eq(auditLog.action, 'service.cancel_task')))
    expect(noted).toHaveLength(tried)
  }, 120_000)

  it('killed before or after a transaction or remote call while it is taken back, another worker ends that', async () => {
    const before = await standing()
    const step = all.find(({ name }) => name === 'start') ?? all[0]
    if (!step) throw new Error('no such step')
    const counting = livingForever()
    let from = 0
    await begin()
    await calledOffAt(step, () => drain(counting), () => void (from = counting.names.length))
    await expectTakenBack(before, 'never killed')
    let deaths = 0
    for (const dieAt of killPoints(database, counting.names.length - from, { embedded: 17, postgres: 9 }).map(point => point + from)) {
      await begin()
      await calledOffAt(step, async () => {
        await drain({ ...livingForever(), dieAt }).catch((error: unknown) => {
          if (!(error instanceof Crash)) throw error
          deaths++
        })
        ground.world.afterDeath()
        await ground.world.worker().recover()
        await drain()
      })
      await expectTakenBack(before, `killed at ${dieAt} (${counting.names[dieAt]})`)
    }
    expect(deaths).toBeGreaterThan(1)
  }, 120_000)

  it('what failed for good is taken back just the same, and made anew it ends with one machine; handed over, it is not called off any more', async () => {
    const before = await standing()
    const step = all.find(({ name }) => name === 'configure')
    if (!step) throw new Error('no such step')
    const { run } = step
    step.run = async () => {
      throw new DriverError('permanent', 'refused for good')
    }
    try {
      await begin()
      await drain()
    } finally {
      step.run = run
    }
    expect(await look()).toMatchObject({ newest: { status: 'failed', reason: 'refused for good' }, resource: { status: 'error' } })
    expect(await newest()).toMatchObject({ outcome: 'failed', cancellable: true, undoes: true })
    expect(await retriable()).toBe(true)
    expect(await ground.marked()).toBe(1)
    await cancel()
    expect(await newest()).toMatchObject({ callingOff: true, cancellable: false })
    expect(await codeOf(cancel())).toBe('task_begun')
    await drain()
    await expectTakenBack(before, 'after its failure')
    // What was called off is wished anew: no button offers what would be refused.
    expect(await retriable()).toBe(false)

    const [creates, task] = [ground.creates(), rebuild()]
    await begin()
    const last = all[limit]
    if (!last || !task) throw new Error('no such step')
    const over: string[] = []
    const { run: hand } = last
    last.run = async (context) => {
      over.push(await codeOf(cancel()))
      return hand(context)
    }
    try {
      await drain()
    } finally {
      last.run = hand
    }
    expect(over).toEqual(['task_begun'])
    await expectDone(ground, subject, task, creates)
    expect(await codeOf(cancel())).toBe('task_begun')
  })

  it('only staff call it off: its client reads that it runs, and is not offered to', async () => {
    ground.lose((await look()).resource?.vmid ?? 0)
    await begin()
    expect(await newest(subject.clientId)).toMatchObject({ what: 'rebuild', cancellable: false, undoes: false })
    expect(await codeOf(cancel(subject.clientId))).toBe('task_begun')
    expect(await newest()).toMatchObject({ cancellable: true, undoes: false })
    await cancel()
    expect(await newest()).toMatchObject({ outcome: 'cancelled' })
  })
})
