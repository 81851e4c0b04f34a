import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { auditLog, connections, machineBackups, products, resources, services } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { actOnBackup } from '#server/provisioning/backups.ts'
import { listHeldBackups, rebuildMachine, showRebuild } from '#server/provisioning/rebuild.ts'
import { runBackups } from '#server/provisioning/run-backups.ts'
import showRoute from '../../server/api/admin/backups/[id].get.ts'
import machineRoute from '../../server/api/admin/backups/[id]/machine.post.ts'
import heldRoute from '../../server/api/admin/backups/held.get.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { serveRoutes } from '../support/http.ts'
import { Crash, killPoints, livingForever, provisioningWorld } from '../support/provisioning.ts'
import type { Points, ProvisioningWorld } from '../support/provisioning.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no failure', (error: unknown) => error instanceof AppError ? error.code : String(error))

describe.each(databaseKinds())('a machine made from a backup on %s', (kind) => {
  let test: TestApp
  let world: ProvisioningWorld
  let serviceId: string
  let backupId: string
  let staff: { kind: 'user', id: string, role: 'sysadmin', name: string }
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    world = await provisioningWorld(test)
    await db().update(connections).set({ backupStorage: 'nas' }).where(eq(connections.id, world.connectionId))
    const built = await world.build()
    serviceId = built.serviceId
    await db().update(products).set({ backupsIncluded: 2, backupSchedule: true }).where(eq(products.id, built.service.productId))
    staff = { kind: 'user', id: built.service.clientId, role: 'sysadmin', name: 'Rini' }
    await actOnBackup(deps())({ id: serviceId, clientId: null, act: { action: 'create' }, actor: staff })
    await drain()
    backupId = (await db().select().from(machineBackups).where(eq(machineBackups.serviceId, serviceId)))[0]?.id ?? ''
  })
  const db = () => test.app.core.database.executor
  const deps = () => ({ read: test.app.core.read, transact: test.app.core.transact, openHypervisor: async () => world.hypervisor.driver(), clock: test.clock, newId: uuidv7, zone: 'Asia/Jakarta', keptDays: 14, log: test.app.core.log, baseUrl: 'https://gardu.test' })
  const drain = (points: Points = livingForever()) => world.drain(world.worker(points))
  const hostnameOf = async (id: string) => (await world.look(id)).service.hostname
  const rebuild = async (id = serviceId, change: { hostname?: string, backup?: string } = {}) => rebuildMachine(deps())({ id: change.backup ?? backupId, serviceId: id, hostname: change.hostname ?? await hostnameOf(id), reason: 'node mati', actor: staff })
  const shown = (service?: string) => showRebuild(deps())({ id: backupId, service, page: 1, pageSize: 50 })
  /** Somebody removed it at the hypervisor. */
  const lose = async () => {
    for (const { vmid } of (await world.look(serviceId)).machines) world.hypervisor.machines.delete(vmid)
  }
  /** Another service of the same client, paid, whose build has failed and left something behind. */
  async function failedBuild() {
    const order = await world.paidService()
    await db().update(services).set({ clientId: staff.id }).where(eq(services.id, order.serviceId))
    world.hypervisor.hook = () => {}
    const worker = world.worker()
    world.hypervisor.hook = (act, moment) => {
      if (act === 'configure' && moment === 'before') throw new DriverError('permanent', 'x')
    }
    await worker.follow({ kind: 'provision', serviceId: order.serviceId, cause: order.invoiceId })
    await world.drain(worker)
    world.hypervisor.hook = () => {}
    expect((await world.look(order.serviceId)).resource?.status).toBe('error')
    return order.serviceId
  }
  const sold = async (id: string) => {
    const { service, address } = await world.look(id)
    return { name: service.hostname, power: 'running', cores: service.spec.cpuCores, ramMiB: service.spec.ramMiB, diskGiB: service.spec.diskGiB, networkUp: true, startsAtBoot: true, lock: null, ipv4: address?.address, filtered: [address?.address] }
  }

  it('a lost machine comes back from its own backup, with a new mark, what was sold, and one in all; turned up again, the old one is not touched; who did it and why is in the audit log', async () => {
    const before = (await world.look(serviceId)).resource?.ownershipMark ?? ''
    const [old] = (await world.look(serviceId)).machines
    await lose()
    expect((await shown()).items).toContainEqual(expect.objectContaining({ serviceId, own: true, refusal: null }))
    const order: string[] = []
    await rebuild()
    const worker = world.worker()
    world.hypervisor.hook = (act, moment) => void (moment === 'before' && order.push(act))
    await world.drain(worker)
    const found = await world.look(serviceId)
    expect(found).toMatchObject({ newest: { kind: 'rebuild', status: 'done' }, resource: { status: 'ready', username: 'debian' }, service: { status: 'active' } })
    expect(found.resource?.ownershipMark).not.toBe(before)
    expect(found.machines).toEqual([expect.objectContaining({ ...await sold(serviceId), restored: found.newest?.id, firewall: { policyIn: 'accept', rules: [], foreign: [] } })])
    expect(world.hypervisor.mine(before)).toHaveLength(0)
    if (old) world.hypervisor.machines.set(old.vmid + 700, { ...old, vmid: old.vmid + 700 })
    expect((await world.look(serviceId)).machines).toHaveLength(1)
    expect(await codeOf(rebuild())).toBe('adopt_has_machine')
    expect(order.filter(act => ['makeForBackup', 'restoreBackup', 'configure', 'filterAddresses', 'start'].includes(act))).toEqual(['makeForBackup', 'restoreBackup', 'configure', 'filterAddresses', 'start'])
    expect(await db().select().from(auditLog).where(and(eq(auditLog.entityId, serviceId), eq(auditLog.action, 'service.rebuild')))).toMatchObject([{ after: { backup: backupId, of: serviceId, reason: 'node mati' } }])
  })
  it('what is offered is what has no machine any more: one that lives says where it is, and a silent hypervisor offers nothing', async () => {
    const own = async () => (await shown()).items.find(item => item.serviceId === serviceId)
    const [machine] = (await world.look(serviceId)).machines
    expect(await own()).toMatchObject({ refusal: 'adopt_has_machine', detail: `${machine?.vmid} (jkt1)` })
    world.hypervisor.hook = (act) => {
      if (act === 'findByMark') throw new DriverError('retryable', 'no answer')
    }
    expect(await own()).toMatchObject({ refusal: 'connection_failed', detail: 'no answer' })
    world.hypervisor.hook = () => {}
    await lose()
    expect(await own()).toMatchObject({ refusal: null, detail: null })
  })
  it('over HTTP: SysAdmin alone sees what is kept and restores it into a new machine; pressed twice, it is begun once', async () => {
    await lose()
    let role: 'sysadmin' | 'finance' = 'finance'
    const provisioning = { ...test.app.provisioning, listHeldBackups: listHeldBackups(deps()), showRebuild: showRebuild(deps()), rebuildMachine: rebuildMachine(deps()) }
    const server = await serveRoutes({ ...test.app, provisioning }, [['get', '/api/admin/backups/held', heldRoute], ['get', '/api/admin/backups/{id}', showRoute], ['post', '/api/admin/backups/{id}/machine', machineRoute]], (event) => {
      event.context.actor = { ...staff, role }
    })
    const body = JSON.stringify({ serviceId, hostname: await hostnameOf(serviceId), reason: 'node mati' })
    const press = (key: string) => fetch(`${server.url}/api/admin/backups/${backupId}/machine`, { method: 'POST', headers: { 'content-type': 'application/json', 'idempotency-key': key }, body })
    const get = (path: string) => fetch(`${server.url}/api/admin/backups/${path}`)
    try {
      expect([(await get('held')).status, (await get(backupId)).status, (await press('a'.repeat(20))).status]).toEqual([403, 403, 403])
      role = 'sysadmin'
      expect(await (await get(`held?q=${await hostnameOf(serviceId)}`)).json()).toMatchObject({ total: 1, items: [{ id: backupId, serviceId, elsewhere: false, keptUntil: null }] })
      expect(await (await get(backupId)).json()).toMatchObject({ backup: { id: backupId }, content: { machineType: 'vm', nodes: ['jkt1'] }, items: [{ serviceId, own: true, refusal: null }] })
      const key = uuidv7()
      const first = await press(key)
      expect(first.status).toBe(202)
      expect(await first.json()).toMatchObject({ id: serviceId, sagas: [expect.objectContaining({ kind: 'rebuild', status: 'running' }), expect.anything(), expect.anything()] })
      expect((await press(key)).status).toBe(202)
      expect((await press(uuidv7())).status).toBe(409)
    } finally {
      await server.close()
    }
    await drain()
    expect((await world.look(serviceId)).machines).toEqual([expect.objectContaining(await sold(serviceId))])
  })
  it('a service whose build failed gets its machine from the backup of one that has ended: what the failed build left is gone, the old machine is not there again, and the backup waits for its end', async () => {
    const target = await failedBuild()
    await lose()
    await db().update(services).set({ status: 'ended', endReason: 'request', endedAt: new Date(test.clock.now().getTime() - 20 * 86_400_000) }).where(eq(services.id, serviceId))
    expect((await listHeldBackups(deps())({ page: 1, pageSize: 50 })).items.find(row => row.id === backupId)).toMatchObject({ status: 'ended', elsewhere: false, keptUntil: expect.any(String) as string })
    await rebuild(target)
    // Its days are over, but a machine is being made of it.
    await runBackups(deps())()
    world.hypervisor.settle()
    expect(world.hypervisor.backups).toHaveLength(1)
    await drain()
    const found = await world.look(target)
    expect(found).toMatchObject({ newest: { kind: 'rebuild', status: 'done' }, resource: { status: 'ready' }, service: { status: 'active' } })
    expect(found.machines).toEqual([expect.objectContaining(await sold(target))])
    expect([...world.hypervisor.machines.values()].filter(machine => machine.mark !== null)).toHaveLength(1)
  })
  it('refused with a reason, and nothing is begun: a living machine, a wrong name, suspended, another client, unpaid, a backup that is gone or elsewhere, a disk that is too large', async () => {
    expect(await codeOf(rebuild())).toBe('adopt_has_machine')
    await lose()
    expect(await codeOf(rebuild(serviceId, { hostname: 'lain' }))).toBe('invalid_input')
    const stranger = await world.paidService()
    expect(await codeOf(rebuild(stranger.serviceId))).toBe('not_found')
    await db().update(services).set({ clientId: staff.id }).where(eq(services.id, stranger.serviceId))
    expect(await codeOf(rebuild(stranger.serviceId))).toBe('no failure')
    await drain()
    const unpaid = await world.billing.order()
    await db().update(services).set({ clientId: staff.id, hostname: 'belum' }).where(eq(services.id, unpaid.serviceId))
    expect(await codeOf(rebuild(unpaid.serviceId))).toBe('service_not_ready')
    await db().update(services).set({ status: 'suspended', suspensionReason: 'other' }).where(eq(services.id, serviceId))
    expect(await codeOf(rebuild())).toBe('service_suspended')
    await db().update(services).set({ status: 'active', suspensionReason: null }).where(eq(services.id, serviceId))
    const [kept] = world.hypervisor.backups
    if (kept) kept.kept.diskGiB = 500
    const failure: unknown = await rebuild().catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'rebuild_too_large', params: { backup: 500, sold: (await world.look(serviceId)).service.spec.diskGiB } })
    expect((await shown(serviceId)).items).toMatchObject([{ serviceId, refusal: 'rebuild_too_large' }])
    await db().update(connections).set({ backupStorage: 'lain' }).where(eq(connections.id, world.connectionId))
    expect(await codeOf(rebuild())).toBe('backup_elsewhere')
    await db().update(connections).set({ backupStorage: 'nas' }).where(eq(connections.id, world.connectionId))
    world.hypervisor.backups = []
    expect(await codeOf(rebuild())).toBe('backup_gone')
    expect((await shown(serviceId))).toMatchObject({ content: null, items: [{ refusal: 'rebuild_unreadable' }] })
    expect((await world.look(serviceId)).newest?.kind).toBe('backup')
  })
  it('a backup that vanishes between the wish and the look changes nothing; one that is refused for good leaves a machine that is ours, and the retry ends it', async () => {
    await lose()
    await rebuild()
    const kept = world.hypervisor.backups
    world.hypervisor.backups = []
    await drain()
    expect(await world.look(serviceId)).toMatchObject({ newest: { status: 'failed' }, resource: { status: 'ready' }, machines: [] })
    world.hypervisor.backups = kept
    world.hypervisor.restoreRefused = 'storage says no'
    await rebuild()
    await drain()
    const failed = await world.look(serviceId)
    expect(failed).toMatchObject({ newest: { status: 'failed', reason: 'storage says no' }, resource: { status: 'error' } })
    expect(failed.machines).toMatchObject([{ power: 'stopped' }])
    world.hypervisor.restoreRefused = null
    await world.worker().retry(serviceId)
    await drain()
    expect((await world.look(serviceId)).machines).toEqual([expect.objectContaining(await sold(serviceId))])
    expect((await world.look(serviceId)).resource?.status).toBe('ready')
  })
  it('ended meanwhile, what was made is removed by its mark', async () => {
    await lose()
    await rebuild()
    const worker = world.worker()
    const inner = world.hypervisor.hook
    let ended = false
    world.hypervisor.hook = async (act, moment) => {
      await inner(act, moment)
      if (act !== 'restoreBackup' || moment !== 'after' || ended) return
      ended = true
      await test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId, reason: 'request', note: 'x', actor: { kind: 'system', name: 'test' } }))
    }
    await world.drain(worker)
    world.hypervisor.hook = inner
    world.hypervisor.settle()
    await worker.follow({ kind: 'terminate', serviceId, cause: 'x' })
    await world.drain(worker)
    expect([...world.hypervisor.machines.values()].filter(machine => machine.mark !== null)).toHaveLength(0)
    expect((await world.look(serviceId)).resource?.status).toBe('destroyed')
  })

  /** Used again and again: what it was left as is lost once more. */
  async function begin() {
    await lose()
    await db().update(resources).set({ status: 'ready', problem: null }).where(eq(resources.serviceId, serviceId))
    await rebuild()
  }
  async function judge(label: string) {
    const found = await world.look(serviceId)
    expect({ status: found.newest?.status, resource: found.resource?.status, marked: [...world.hypervisor.machines.values()].filter(machine => machine.mark !== null).length, backups: world.hypervisor.backups.length }, label).toEqual({ status: 'done', resource: 'ready', marked: 1, backups: 1 })
    expect(found.machines, label).toEqual([expect.objectContaining(await sold(serviceId))])
    expect(world.hypervisor.machines.get(999), label).toMatchObject({ name: 'milik-orang', power: 'running', cores: 7 })
  }
  const foreign = () => world.hypervisor.machines.set(999, { vmid: 999, node: 'jkt1', mark: null, name: 'milik-orang', power: 'running', lock: null, cores: 7, ramMiB: 1, diskGiB: 1, rateMbps: null, ipv4: null, startsAtBoot: false, networkUp: true, password: null, bootedAt: 0, filtered: null })
  it('killed before or after a transaction or remote call, another worker ends it: one machine, its own', async () => {
    foreign()
    await begin()
    const counting = livingForever()
    await drain(counting)
    await judge('undisturbed')
    for (const dieAt of killPoints(kind, counting.names.length, { embedded: 31, postgres: 17 })) {
      await begin()
      await drain({ ...livingForever(), dieAt }).catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error
      })
      world.afterDeath()
      await world.worker().recover()
      await drain()
      await judge(`killed at ${dieAt} (${counting.names[dieAt]})`)
    }
  }, 300_000)
  it('an answer is lost twice, before and after the call was carried out, at every call; it ends with one machine all the same', async () => {
    foreign()
    const all = ['readBackup', 'findByMark', 'nextFreeId', 'makeForBackup', 'inspect', 'task', 'restoreBackup', 'configure', 'growDisk', 'setFirewall', 'filterAddresses', 'start'] as const
    // The line is the same on both databases.
    for (const failing of kind === 'embedded' ? all.slice(3, 4) : all) {
      await begin()
      const worker = world.worker()
      const left = { before: 1, after: 1 }
      world.hypervisor.hook = (act, moment) => {
        if (moment === 'before' && act !== 'task') world.hypervisor.settle()
        if (act === failing && left[moment]-- > 0) throw new DriverError(moment === 'before' ? 'retryable' : 'unknown_outcome', 'the line broke')
      }
      await world.drain(worker)
      world.hypervisor.hook = () => {}
      await judge(failing)
    }
  })
})
