import { eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hostingAccounts } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { backUp } from '../../simulators/whm/backups.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { hostingWorld } from '../support/hosting.ts'
import type { HostingWorld } from '../support/hosting.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', (error: unknown) => error instanceof AppError ? error.fields[0] ? `${error.code} ${error.fields[0].path}:${error.fields[0].code}` : error.code : String(error))
const client = (id: string) => ({ kind: 'user' as const, id, name: 'Sari Dewi', role: 'client' as const })
const system = { kind: 'system', name: 'test' } as const
const day = (n: number) => new Date(Date.now() + n * 86_400_000).toISOString().slice(0, 10)

describe.each(databaseKinds())('backups of hosting accounts on %s', (kind) => {
  let test: TestApp
  let hosting: HostingWorld
  let count = 0
  let domain = ''
  let service = { serviceId: '', clientId: '' }
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    hosting = await hostingWorld(test)
    hosting.sim.state.tokens[0]?.acls.push('all')
    domain = `cadang${String.fromCharCode(97 + count++)}.contoh.id`
    service = await hosting.build(domain)
    // Born three days ago, and backed up since.
    const account = own()
    account.unix_startdate -= 3 * 86_400
    await test.app.core.database.executor.update(hostingAccounts).set({ birth: `${account.uid}@${account.unix_startdate}` }).where(eq(hostingAccounts.serviceId, service.serviceId))
    backUp(hosting.sim.state, account.user, day(0))
  })
  afterEach(() => hosting.close())

  function own() {
    const [account] = hosting.account(domain)
    if (!account) throw new Error('no account')
    return account
  }
  const restore = (change: { clientId?: string, date?: string, domain?: string } = {}) => {
    const clientId = change.clientId ?? service.clientId
    return test.app.provisioning.actOnAccountBackup({ id: service.serviceId, clientId, actor: client(clientId), act: { action: 'restore', date: change.date ?? day(0), where: 'local', domain: change.domain ?? domain } })
  }
  const look = () => hosting.world.look(service.serviceId)
  const drain = () => hosting.world.drain(hosting.world.worker())
  const end = () => test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId: service.serviceId, reason: 'request', note: 'x', actor: system }))

  it('a client restores his account to a day: its data is that of then, its package what is paid for, and it is suspended no more', async () => {
    const { state } = hosting.sim
    Object.assign(own(), { diskUsedMiB: 900, plan: 'gardu_bisnis', suspended: true, suspendreason: 'Gardu: nonpayment' })
    backUp(state, own().user, day(1))
    Object.assign(own(), { diskUsedMiB: 5, plan: 'gardu_hemat', suspended: false, suspendreason: 'not suspended' })
    expect(await test.app.provisioning.showAccountBackups({ id: service.serviceId, clientId: service.clientId })).toEqual({ points: [{ date: day(1), where: 'local', place: null }, { date: day(0), where: 'local', place: null }], home: [] })
    await restore({ date: day(1) })
    expect(await codeOf(restore())).toBe('action_in_progress')
    await drain()
    expect(own()).toMatchObject({ diskUsedMiB: 900, plan: 'gardu_hemat', suspended: false })
    expect((await look()).newest).toMatchObject({ kind: 'restore', status: 'done' })
    expect(state.restores.asked).toBe(1)
  })

  it('nothing is queued without the domain typed as it is, for a backup that is not there, for a suspended service, or for somebody else', async () => {
    expect(await codeOf(restore({ domain: 'lain.test' }))).toBe('invalid_input domain:domain_mismatch')
    expect(await codeOf(restore({ date: day(9) }))).toBe('backup_gone')
    const stranger = await hosting.shop.buyer()
    expect(await codeOf(restore({ clientId: stranger }))).toBe('not_found')
    expect(await codeOf(test.app.provisioning.showAccountBackups({ id: service.serviceId, clientId: stranger }))).toBe('not_found')
    await test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId: service.serviceId, reason: 'other', note: 'x', actor: system }))
    expect(await codeOf(restore())).toBe('service_suspended')
    expect(hosting.sim.state.restores.asked).toBe(0)
  })

  it('a restore that fails says why to staff, the account runs on, and a retry queues it anew', async () => {
    hosting.sim.state.failRestores = 'The archive is damaged.'
    await restore()
    await drain()
    expect(await look()).toMatchObject({ resource: { status: 'ready' }, newest: { kind: 'restore', status: 'failed', reason: expect.stringContaining('The archive is damaged.') as string } })
    hosting.sim.state.failRestores = ''
    const worker = hosting.world.worker()
    await worker.retry(service.serviceId)
    await hosting.world.drain(worker)
    expect((await look()).newest?.status).toBe('done')
    expect(hosting.sim.state.restores.asked).toBe(2)
  })

  it('D10: an account with another birth after the restore is not taken for ours', async () => {
    await restore()
    hosting.sim.state.restoreMilliseconds = 0
    const stolen = { ...own() }
    hosting.sim.state.backups[stolen.user] = [{ when: day(0), where: 'local', account: { uid: 4711, email: 'orang@lain.test' } }]
    await drain()
    expect((await look()).newest).toMatchObject({ kind: 'restore', status: 'failed' })
    expect(own()).toMatchObject({ uid: 4711, email: 'orang@lain.test', suspended: false })
  })

  it('a service that ends while its account is restored is removed after the restore, and stays away', async () => {
    hosting.sim.state.restoreMilliseconds = 60_000_000
    await restore()
    const worker = hosting.world.worker()
    await expect(hosting.world.drain(worker, 3)).rejects.toThrow('do not come to an end')
    await end()
    await worker.follow({ kind: 'terminate', serviceId: service.serviceId, cause: 'request' })
    expect((await look()).newest).toMatchObject({ kind: 'restore', status: 'waiting' })
    for (const job of hosting.sim.state.restores.running) job.until = 0
    await hosting.world.drain(worker)
    await hosting.follow('terminate', service.serviceId)
    expect(hosting.account(domain)).toEqual([])
    expect((await look()).newest).toMatchObject({ kind: 'terminate', status: 'done' })
  })

  it('a client has a whole backup made in his account, and sees it there', async () => {
    await test.app.provisioning.actOnAccountBackup({ id: service.serviceId, clientId: service.clientId, actor: client(service.clientId), act: { action: 'home' } })
    expect(await test.app.provisioning.showAccountBackups({ id: service.serviceId, clientId: service.clientId })).toMatchObject({ home: [{ file: expect.stringMatching(/\.tar\.gz$/) as string }] })
  })

  it('a token that may not see backups leaves them out and restores nothing', async () => {
    const [token] = hosting.sim.state.tokens
    if (token) token.acls = token.acls.filter(acl => acl !== 'all')
    expect(await test.app.provisioning.showAccountBackups({ id: service.serviceId, clientId: service.clientId })).toMatchObject({ points: null, home: [] })
    expect(await codeOf(restore())).toBe('backup_gone')
  })
})
