import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { auditLog, isoImages, sagas, services } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import type { AccessAct } from '#server/provisioning/access.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { Crash, killPoints, livingForever, provisioningWorld } from '../support/provisioning.ts'
import type { Points, ProvisioningWorld } from '../support/provisioning.ts'

const system = { kind: 'system', name: 'test' } as const
const codeOf = (work: Promise<unknown>) => work.then(() => 'no failure', (error: unknown) => error instanceof AppError ? error.fields[0]?.code ?? error.code : String(error))
const office = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIChG1z85QbgF13DSrZ4IKrUeEJSwJv03KCVaAtg3dE4b budi@contoh'
const image = { ref: 'local:iso/rescue.iso', name: 'rescue.iso' }
const typed = 'Rahasia-Baru-456'

describe.each(databaseKinds())('access to machines on %s', (kind) => {
  // Odd, so that both sides of the acts are met; another one on a server, so that together they meet more of them.
  let test: TestApp
  let world: ProvisioningWorld
  let serviceId: string
  let client: Extract<Actor, { kind: 'user' }>
  let imageId: string
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    world = await provisioningWorld(test)
    imageId = uuidv7()
    await db().insert(isoImages).values({ id: imageId, connectionId: world.connectionId, ...image, bytes: 1e9, nodes: ['jkt1'], offered: true, seenAt: test.clock.now() })
    await reborn()
  })
  const db = () => test.app.core.database.executor
  async function reborn() {
    const built = await world.build()
    serviceId = built.serviceId
    client = { kind: 'user', id: built.service.clientId, name: 'Sari Dewi', role: 'client' }
  }
  const ask = (act: AccessAct, by: string | null = client.id) => test.app.provisioning.actOnAccess({ id: serviceId, clientId: by, act, actor: client })
  const shown = (by: string | null = client.id) => test.app.provisioning.showAccess({ id: serviceId, clientId: by })
  const drain = (points: Points = livingForever()) => world.drain(world.worker(points))
  const look = () => world.look(serviceId)
  const machine = () => {
    const [only] = [...world.hypervisor.machines.values()].slice(-1)
    if (!only) throw new Error('no machine')
    return only
  }
  const suspend = () => test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))
  const resume = () => test.app.core.transact(stores => test.app.billing.resumeService(stores, { serviceId, note: 'x', actor: system }))
  const follow = async (what: 'suspend' | 'resume' | 'terminate') => {
    const worker = world.worker()
    await worker.follow({ kind: what, serviceId, cause: 'test' })
    await world.drain(worker)
  }
  const reveal = () => test.app.provisioning.revealCredentials({ id: serviceId, clientId: client.id })
  const rescue = async () => {
    await ask({ action: 'rescue', imageId })
    await drain()
  }

  it('a password that is made is set inside, kept for later starts, readable once, and stands nowhere else', async () => {
    await reveal()
    await ask({ action: 'password', restart: false })
    await drain()
    const { password } = await reveal()
    expect(machine()).toMatchObject({ passwordInside: password, password, power: 'running' })
    expect(await codeOf(reveal())).toBe('credentials_already_shown')
    const [saga] = await db().select().from(sagas).where(sql`service_id = ${serviceId} and kind = 'access'`)
    expect(saga).toMatchObject({ status: 'done', action: 'password' })
    expect(JSON.stringify(saga)).not.toContain(password)
    expect(world.hypervisor.count('reboot')).toBe(0)
  })
  it('a typed password where nobody answers inside counts from the next start on: at once if that was wished', async () => {
    world.hypervisor.agent = false
    await ask({ action: 'password', password: typed, restart: false })
    await drain()
    expect(machine().booted?.password).not.toBe(typed)
    expect(machine().password).toBe(typed)
    await ask({ action: 'password', password: `${typed}x`, restart: true })
    await drain()
    expect(machine().booted?.password).toBe(`${typed}x`)
    expect((await reveal()).password).toBe(`${typed}x`)
  })
  it('where the guest refuses the password nothing was changed, it is forgotten, and the task says why', async () => {
    const before = await reveal()
    world.hypervisor.agent = 'Agent error: child process has failed to set user password'
    await ask({ action: 'password', password: typed, restart: true })
    await drain()
    expect((await look()).newest).toMatchObject({ status: 'failed', reason: expect.stringContaining('child process') })
    expect(machine().password).toBe(before.password)
    const [saga] = await db().select().from(sagas).where(sql`service_id = ${serviceId} and kind = 'access'`)
    expect((saga?.state as { memory?: { password: unknown } }).memory?.password).toBeNull()
  })
  it('keys are replaced as they were given, and shown; without any, none is left', async () => {
    await ask({ action: 'keys', sshKey: office, restart: true })
    await drain()
    expect(machine().booted?.sshKey).toBe(office)
    expect((await shown()).sshKey).toBe(office)
    await ask({ action: 'keys', sshKey: null, restart: false })
    await drain()
    expect(machine().sshKey).toBeNull()
    expect((await shown()).sshKey).toBeNull()
  })
  it('another host name is at the hypervisor and in the books; one that another service of the client has is refused, also as another begins', async () => {
    await ask({ action: 'hostname', hostname: 'toko.contoh.test', restart: true })
    await drain()
    expect((await look()).service.hostname).toBe('toko.contoh.test')
    expect(machine().booted?.name).toBe('toko.contoh.test')
    expect(await codeOf(ask({ action: 'hostname', hostname: 'toko.contoh.test', restart: false }))).toBe('hostname_same')
    const first = serviceId
    await reborn()
    await db().update(services).set({ clientId: (await world.look(first)).service.clientId }).where(eq(services.id, serviceId))
    client = { ...client, id: (await world.look(first)).service.clientId }
    expect(await codeOf(ask({ action: 'hostname', hostname: 'toko.contoh.test', restart: false }))).toBe('hostname_taken')
    expect((await look()).sagas.some(saga => saga.kind === 'rename')).toBe(false)
  })
  it('rescue starts from the image, is shown, keeps password, keys and name from being changed, and ends with the machine on its disk', async () => {
    expect((await shown()).images).toEqual([{ id: imageId, name: image.name }])
    await rescue()
    expect(machine()).toMatchObject({ power: 'running', iso: image.ref, booted: { iso: image.ref } })
    expect((await shown()).rescue).toMatchObject({ image: image.name })
    for (const act of [{ action: 'password', restart: false }, { action: 'keys', sshKey: null, restart: false }, { action: 'hostname', hostname: 'lain.contoh.test', restart: false }, { action: 'rescue', imageId }] as const) expect(await codeOf(ask(act))).toBe('rescue_running')
    await ask({ action: 'end_rescue' })
    await drain()
    expect(machine()).toMatchObject({ power: 'running', iso: null, booted: { iso: null } })
    expect((await shown()).rescue).toBeNull()
    expect(await codeOf(ask({ action: 'end_rescue' }))).toBe('rescue_not_running')
  })
  it('an image that is not offered, is gone, or lies on another node begins no rescue; one that the hypervisor refuses leaves the machine running from its disk', async () => {
    for (const change of [{ offered: false }, { offered: true, present: false }, { present: true, nodes: ['jkt2'] }]) {
      await db().update(isoImages).set(change).where(eq(isoImages.id, imageId))
      expect(await codeOf(ask({ action: 'rescue', imageId }))).toBe('image_unavailable')
    }
    await db().update(isoImages).set({ nodes: ['jkt1'] }).where(eq(isoImages.id, imageId))
    world.hypervisor.isos.clear()
    await rescue()
    expect(machine()).toMatchObject({ power: 'running', booted: { iso: null } })
    expect(await look()).toMatchObject({ newest: { status: 'failed', reason: expect.stringContaining('does not exist') }, resource: { rescue: null, status: 'ready' } })
  })
  it('a password whose task a suspension pushes aside is kept nowhere', async () => {
    await ask({ action: 'password', password: 'Pilihan-Sendiri-2026', restart: false })
    expect((await look()).newest).toMatchObject({ state: { memory: { password: expect.any(String) as string } } })
    await suspend()
    await follow('suspend')
    expect((await look()).sagas.find(({ kind: what }) => what === 'access')).toMatchObject({ status: 'failed', state: { memory: { password: null } } })
  })
  it('D11: a suspended service refuses all of it and says to pay; a suspension ends a rescue, so that the machine comes back from its disk', async () => {
    await rescue()
    await suspend()
    await follow('suspend')
    expect(machine()).toMatchObject({ power: 'stopped', iso: null, networkUp: false })
    expect((await look()).resource).toMatchObject({ rescue: null, status: 'stopped_by_policy' })
    for (const act of [{ action: 'password', restart: false }, { action: 'keys', sshKey: null, restart: false }, { action: 'hostname', hostname: 'lain.contoh.test', restart: false }, { action: 'rescue', imageId }, { action: 'end_rescue' }] as const) expect(await codeOf(ask(act))).toBe('service_suspended')
    await resume()
    await follow('resume')
    expect(machine()).toMatchObject({ power: 'running', booted: { iso: null } })
  })
  it('a suspension pushes a rescue aside that was just put in', async () => {
    await ask({ action: 'rescue', imageId })
    const points = livingForever()
    world.hypervisor.hook = () => {}
    const worker = world.worker(points)
    const inner = world.hypervisor.hook
    world.hypervisor.hook = (act, moment) => {
      if (act === 'attachRescue' && moment === 'after') throw new Crash('here')
      return inner(act, moment)
    }
    await world.drain(worker).catch((error: unknown) => {
      if (!(error instanceof Crash)) throw error
    })
    expect(machine().iso).toBe(image.ref)
    world.afterDeath()
    await suspend()
    await follow('suspend')
    expect(machine()).toMatchObject({ power: 'stopped', iso: null })
    expect((await look()).resource?.rescue).toBeNull()
  })
  it('a reinstall and an end of the service leave no rescue behind', async () => {
    await rescue()
    world.hypervisor.templates.add('9000')
    await world.beginReinstall(serviceId)
    await drain()
    expect((await look()).resource).toMatchObject({ status: 'ready', rescue: null })
    await rescue()
    await test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId, reason: 'request', note: 'x', actor: system }))
    await follow('terminate')
    expect((await look()).resource).toMatchObject({ status: 'destroyed', rescue: null })
  })
  it('nobody but its owner asks for it; staff\'s acts stand in the audit log, without a password', async () => {
    expect(await codeOf(ask({ action: 'password', restart: false }, uuidv7()))).toBe('not_found')
    expect(await codeOf(shown(uuidv7()))).toBe('not_found')
    await ask({ action: 'hostname', hostname: 'staf.contoh.test', restart: false }, null)
    await drain()
    await ask({ action: 'password', restart: false }, null)
    await drain()
    const written = await db().select().from(auditLog).where(sql`entity_id = ${serviceId}`).orderBy(auditLog.at, auditLog.id)
    expect(written.map(row => row.action)).toEqual(['service.access_hostname', 'service.access_password'])
    expect(JSON.stringify(written)).not.toContain(machine().password)
    expect(await codeOf(ask({ action: 'rescue', imageId: uuidv7() }, null))).toBe('image_unavailable')
  })
  it.each(['password', 'hostname', 'rescue', 'end_rescue'] as const)('killed before or after a transaction or remote call of %s, another worker ends it, and nothing is done twice that shows', async (action) => {
    world.hypervisor.agent = false
    const begin = async () => {
      // It has run for a while: by its age a restart is told from none.
      world.advance(60)
      if (action === 'end_rescue') await rescue()
      await ask(action === 'password' ? { action, password: typed, restart: true } : action === 'hostname' ? { action, hostname: `h-${serviceId.slice(-12)}.test`, restart: true } : action === 'rescue' ? { action, imageId } : { action })
    }
    const counting = livingForever()
    await begin()
    await drain(counting)
    expect(counting.names.length).toBeGreaterThan(10)
    for (const dieAt of killPoints(kind, counting.names.length, { embedded: 9, postgres: 11 })) {
      await reborn()
      await begin()
      const reboots = world.hypervisor.count('reboot')
      await drain({ ...livingForever(), dieAt }).catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error
      })
      world.afterDeath()
      const successor = world.worker()
      await successor.recover()
      await world.drain(successor)
      const label = `killed at ${dieAt} (${counting.names[dieAt]})`
      const after = await look()
      const [only] = after.machines
      expect(after, label).toMatchObject({ newest: { status: 'done' }, resource: { status: 'ready', rescue: action === 'rescue' ? image.name : null } })
      expect(only, label).toMatchObject({ power: 'running', booted: { iso: action === 'rescue' ? image.ref : null, ...(action === 'password' ? { password: typed } : action === 'hostname' ? { name: after.service.hostname } : {}) } })
      expect(world.hypervisor.count('reboot') - reboots, label).toBe(action === 'password' || action === 'hostname' ? 1 : 0)
    }
  })
})
