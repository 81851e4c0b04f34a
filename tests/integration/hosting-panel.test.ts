import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors/codes.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { hostingWorld } from '../support/hosting.ts'
import type { HostingWorld } from '../support/hosting.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => null, (error: unknown) => error instanceof AppError ? error.code : Promise.reject(error as Error))

describe.each(databaseKinds())('what a hosting account\'s panel tells and does, over its wire, on %s', (kind) => {
  let test: TestApp
  let hosting: HostingWorld
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    hosting = await hostingWorld(test)
  })
  afterAll(async () => {
    await hosting.close()
    test.app.infrastructure.closeHypervisors()
    await test.close()
  })
  const accountOf = (domain: string) => {
    const [account] = hosting.account(domain)
    if (!account) throw new Error(`no account for ${domain}`)
    return account
  }

  it('a client sees certificates and a year of bandwidth of his own account, has them checked, and it stands in the audit log', async () => {
    const { serviceId, clientId } = await hosting.build('sertifikat.contoh.id')
    const { provisioning } = test.app
    const account = accountOf('sertifikat.contoh.id')
    const [year, month] = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Jakarta', year: 'numeric', month: '2-digit' }).format(test.app.core.wallClock.now()).split('-')
    Object.assign(account, { traffic: { [`${year}-${month}`]: 3 * 1024 ** 3 }, addons: ['lain.contoh.id'], autosslProblems: { 'lain.contoh.id': 'It does not resolve.' } })
    const before = await provisioning.showHostingWeb({ id: serviceId, clientId })
    expect(before.certificates?.domains).toMatchObject([{ domain: 'sertifikat.contoh.id', state: 'none', validUntil: null }, { domain: 'lain.contoh.id', state: 'none', problem: 'It does not resolve.' }])
    expect(before.traffic).toMatchObject({ limitMiB: 20_480 })
    expect(before.traffic?.months).toHaveLength(12)
    expect(before.traffic?.months.at(-1)).toEqual({ month: `${year}-${month}`, transferredMiB: 3072 })

    const actor = { kind: 'user' as const, id: clientId, name: 'Sari', role: 'client' as const }
    const after = await provisioning.checkHostingCertificates({ id: serviceId, clientId, actor })
    expect(after.certificates?.domains).toMatchObject([{ domain: 'sertifikat.contoh.id', issuer: 'Let’s Encrypt', problem: null }, { domain: 'lain.contoh.id', state: 'none' }])
    expect(after.certificates?.domains[0]?.validUntil).not.toBeNull()

    const other = await hosting.shop.buyer()
    expect(await codeOf(provisioning.showHostingWeb({ id: serviceId, clientId: other }))).toBe('not_found')
    expect(await codeOf(provisioning.checkHostingCertificates({ id: serviceId, clientId: other, actor }))).toBe('not_found')
  })

  it('a panel that does not answer leaves certificates and bandwidth out, and a check says that it did not happen', async () => {
    const { serviceId, clientId } = await hosting.build('diam.contoh.id')
    const [token] = hosting.sim.state.tokens
    const acls = token?.acls ?? []
    if (token) token.acls = acls.filter(acl => !['cpanel-api', 'ssl', 'show-bandwidth'].includes(acl))
    try {
      expect(await test.app.provisioning.showHostingWeb({ id: serviceId, clientId })).toEqual({ certificates: null, traffic: null })
      expect(await codeOf(test.app.provisioning.checkHostingCertificates({ id: serviceId, clientId, actor: { kind: 'user', id: clientId, name: 'Sari', role: 'client' } }))).toBe('unavailable')
    } finally {
      if (token) token.acls = acls
    }
  })

  it('a package is made on the server, read back, ours, and may be changed; one that somebody made or changed at the panel is left alone', async () => {
    const { infrastructure } = test.app
    const { connectionId, sysadmin, sim } = hosting
    const limits = { diskMiB: 5120, bandwidthMiB: null, maxAddonDomains: 1, maxMailboxes: 20, maxDatabases: 3 }
    const made = await infrastructure.createPackage({ actor: sysadmin, connectionId, name: 'baru', limits })
    expect(made).toMatchObject({ name: 'gardu_baru', ours: true, present: true, ...limits })
    expect(sim.state.packages.find(({ name }) => name === 'gardu_baru')).toMatchObject({ QUOTA: '5120', BWLIMIT: 'unlimited', MAXPOP: '20' })
    expect(await codeOf(infrastructure.createPackage({ actor: sysadmin, connectionId, name: 'baru', limits }))).toBe('package_exists')
    expect(await infrastructure.changePackage({ actor: sysadmin, id: made.id, limits: { ...limits, diskMiB: 10_240 } })).toMatchObject({ diskMiB: 10_240, ours: true })
    Object.assign(sim.state.packages.find(({ name }) => name === 'gardu_baru') ?? {}, { MAXPOP: '99' })
    expect(await codeOf(infrastructure.changePackage({ actor: sysadmin, id: made.id, limits }))).toBe('package_changed')
    const { items } = await infrastructure.listPackages({ page: 1, pageSize: 50 })
    const theirs = items.find(({ name }) => name === 'gardu_hemat')
    expect(theirs?.ours).toBe(false)
    expect(await codeOf(infrastructure.changePackage({ actor: sysadmin, id: theirs?.id ?? '', limits }))).toBe('package_not_ours')
    // Gone and made anew by somebody else, it is his.
    sim.state.packages = sim.state.packages.filter(({ name }) => name !== 'gardu_baru')
    await infrastructure.syncConnection({ id: connectionId, actor: sysadmin })
    sim.state.packages.push({ name: 'gardu_baru', QUOTA: '1024', BWLIMIT: 'unlimited', MAXADDON: '0', MAXPOP: '1', MAXSQL: '1' })
    await infrastructure.syncConnection({ id: connectionId, actor: sysadmin })
    expect(await codeOf(infrastructure.changePackage({ actor: sysadmin, id: made.id, limits }))).toBe('package_not_ours')
  })

  it('an account is compared with the books: what differs is told, repaired where that is ours to do, and over once it is as it was; looking sends nothing but questions', async () => {
    const { provisioning } = test.app
    const { serviceId } = await hosting.build('banding.contoh.id')
    const account = accountOf('banding.contoh.id')
    const sent = hosting.sim.journal.length
    const compare = async () => {
      await provisioning.checkDrift()
      return (await provisioning.listDrift({ page: 1, pageSize: 50, state: 'open' })).items.filter(each => each.connectionId === hosting.connectionId)
    }
    const repair = async (kindOfDrift: string) => {
      const [finding] = (await compare()).filter(each => each.kind === kindOfDrift)
      return provisioning.settleDrift({ id: finding?.id ?? '', act: { action: 'repair' }, actor: hosting.sysadmin })
    }
    expect(await compare()).toEqual([])
    expect(hosting.sim.journal.slice(sent).filter(line => line.startsWith('POST'))).toEqual([])

    account.plan = 'gardu_bisnis'
    expect(await compare()).toMatchObject([{ kind: 'wrong_package', serviceId, detail: { package: 'gardu_bisnis', expected: 'gardu_hemat' } }])
    await repair('wrong_package')
    await hosting.world.drain(hosting.world.worker())
    expect(accountOf('banding.contoh.id').plan).toBe('gardu_hemat')
    expect(await compare()).toEqual([])

    const { user } = account
    Reflect.deleteProperty(hosting.sim.state.accounts, user)
    hosting.sim.state.accounts.namabaru = { ...account, user: 'namabaru' }
    expect(await compare()).toMatchObject([{ kind: 'account_renamed', detail: { user: 'namabaru', expected: user } }])
    await repair('account_renamed')
    expect((await hosting.world.look(serviceId)).resource?.username).toBe('namabaru')
    expect(await compare()).toEqual([])

    const stored = accountOf('banding.contoh.id')
    stored.suspended = true
    stored.suspendreason = 'spam'
    expect(await compare()).toMatchObject([{ kind: 'account_suspended', detail: { reason: 'spam' } }])
    expect(await codeOf(repair('account_suspended'))).toBe('drift_not_repairable')
    Object.assign(stored, { suspended: false, suspendreason: 'not suspended' })

    await test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: { kind: 'system', name: 'test' } }))
    await hosting.follow('suspend', serviceId)
    Object.assign(accountOf('banding.contoh.id'), { suspended: false, suspendreason: 'not suspended' })
    expect(await compare()).toMatchObject([{ kind: 'account_runs' }])
    await repair('account_runs')
    await hosting.world.drain(hosting.world.worker())
    expect(accountOf('banding.contoh.id').suspended).toBe(true)
    expect(await compare()).toEqual([])

    // Somebody else's account in its place does not stand for it.
    const ours = structuredClone(accountOf('banding.contoh.id'))
    Object.assign(accountOf('banding.contoh.id'), { uid: 99_999 })
    expect(await compare()).toMatchObject([{ kind: 'missing_account', serviceId }])
    hosting.sim.state.accounts.namabaru = ours
    await test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId, reason: 'request', note: 'x', actor: { kind: 'system', name: 'test' } }))
    await hosting.follow('terminate', serviceId)
    hosting.sim.state.accounts.namabaru = ours
    expect(await compare()).toMatchObject([{ kind: 'orphan_account', serviceId, detail: { user: 'namabaru' } }])
    Reflect.deleteProperty(hosting.sim.state.accounts, 'namabaru')
    expect(await compare()).toEqual([])
  })
})
