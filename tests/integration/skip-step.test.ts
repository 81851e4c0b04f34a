import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { auditLog, sagaSteps } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { openAct } from '#server/provisioning/open-saga.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { provisioningWorld } from '../support/provisioning.ts'

const staff: Actor = { kind: 'user', id: '01900000-0000-7000-8000-00000000aaaa', name: 'Rina', role: 'sysadmin' }
const codeOf = (work: Promise<unknown>) => work.then(() => 'no failure', (error: unknown) => error instanceof AppError ? error.code : String(error))

describe.each(databaseKinds())('a step left out, on %s', (kind) => {
  let test: TestApp
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())

  it('what nothing rests on is left out for a reason: the task ends, and who and why stand beside the step; any other step stays', async () => {
    const world = await provisioningWorld(test)
    const { serviceId } = await world.build()
    const skip = (step: string) => test.app.provisioning.actOnAdminService({ id: serviceId, act: { action: 'skip', step, reason: 'klien menunggu malam' }, actor: staff })
    const shown = () => test.app.provisioning.showAdminService({ id: serviceId })
    await test.app.core.transact(stores => openAct(stores, { kind: 'rename', of: 'vps', action: null, serviceId, actor: 'test', state: { hostname: 'baru.contoh.test', restart: true } }))
    expect([await codeOf(skip('rename')), await codeOf(skip('restart'))]).toEqual(['step_not_skippable', 'step_not_skippable'])
    const worker = world.worker()
    world.hypervisor.hook = (act, moment) => {
      if (act === 'reboot' && moment === 'before') throw new DriverError('permanent', 'the guest does not answer')
    }
    await world.drain(worker)
    expect(await shown()).toMatchObject({ skippable: 'restart', sagas: [{ kind: 'rename', status: 'failed' }, {}] })
    expect(await codeOf(skip('verify'))).toBe('step_not_skippable')
    await skip('restart')
    const { newest, service, machines } = await world.look(serviceId)
    expect([newest?.status, service?.hostname, machines[0]?.power]).toEqual(['done', 'baru.contoh.test', 'running'])
    expect(await shown()).toMatchObject({ skippable: null })
    expect(await codeOf(skip('restart'))).toBe('step_not_skippable')
    const db = test.app.core.database.executor
    const [step] = await db.select().from(sagaSteps).where(and(eq(sagaSteps.sagaId, newest?.id ?? ''), eq(sagaSteps.name, 'restart')))
    expect(step).toMatchObject({ status: 'skipped', detail: 'Rina: klien menunggu malam' })
    const [row] = await db.select().from(auditLog).where(and(eq(auditLog.entityId, serviceId), eq(auditLog.action, 'service.skip')))
    expect(row).toMatchObject({ after: { task: 'rename', step: 'restart', reason: 'klien menunggu malam' } })
    world.hypervisor.hook = () => {}
    await world.drain(world.worker())
    expect(world.hypervisor.count('reboot')).toBe(0)
  })
})
