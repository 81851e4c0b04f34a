import { afterEach, describe, expect, it } from 'vitest'
import { furtherPanelRights, neededPanelRights } from '#shared/vocabulary/panel-rights.ts'
import { createWhmDriver } from '#server/drivers/panel/whm/driver.ts'
import type { PanelAccess } from '#server/infrastructure/panel-ports.ts'
import type { ConnectionTestStep } from '#server/infrastructure/ports.ts'
import { backUp } from '../../simulators/whm/backups.ts'
import { startWhmSimulator } from '../../simulators/whm/index.ts'
import type { WhmOptions, WhmSimulator } from '../../simulators/whm/index.ts'
import { failureOf, mark } from './panel.bench.ts'
import { panelContract } from './panel.suite.ts'

const accessTo = (sim: WhmSimulator, change: Partial<PanelAccess> = {}): PanelAccess => ({ connectionId: 'test', url: sim.url, tokenId: sim.token.id, tokenSecret: sim.token.secret, tls: { mode: sim.fingerprint ? 'fingerprint' : 'system', caPem: null, fingerprint: sim.fingerprint }, ...change })
const calls = { create: 'createacct', suspend: '/suspendacct', resume: 'unsuspendacct', remove: 'removeacct', change_package: 'changepackage', password: 'passwd', hand_over: 'modifyacct', create_package: 'addpkg', restore: 'restore_queue_add_task' } as const
const acls = { create: 'create-acct', suspend: 'suspend-acct', remove: 'kill-acct' } as const

async function open(options: WhmOptions = {}) {
  const sim = await startWhmSimulator({ tls: false, ...options })
  const driver = createWhmDriver(accessTo(sim), { totalMilliseconds: 700, slowMilliseconds: 700 })
  const { state } = sim
  const ours = () => state.tokens[0] ?? { acls: [] as string[], secret: '' }
  return {
    sim, driver, packages: ['gardu_hemat', 'gardu_bisnis'] as const,
    loseAnswer: (act: keyof typeof calls) => sim.faults.set({ hangAfterAct: 1, match: `POST .*${calls[act]}$` }),
    lieAbout: (act: keyof typeof calls) => sim.faults.set({ lieAbout: `^${calls[act].replace('/', '')}$` }),
    refuseToken() {
      ours().secret = 'other'
    },
    takeRight(act: keyof typeof acls) {
      ours().acls = ours().acls.filter(acl => acl !== acls[act])
    },
    removePackage(name: string) {
      state.packages = state.packages.filter(each => each.name !== name)
    },
    fillLicence() {
      state.maxUsers = Object.keys(state.accounts).length
    },
    addForeign(user: string, domain: string, email = 'orang@lain.test') {
      // Under the same reseller as ours, so that only the mark tells them apart.
      state.accounts[user] = { user, domain, email, plan: 'gardu_hemat', owner: sim.token.id, uid: state.nextUid++, unix_startdate: Math.floor(Date.now() / 1000), suspended: false, suspendreason: 'not suspended', suspendtime: 0, locked: false, diskUsedMiB: 5, transferredBytes: 77, password: '' }
    },
    suspendByHand: (user: string, reason: string) => void Object.assign(state.accounts[user] ?? {}, { suspended: true, suspendreason: reason }),
    rename(user: string, to: string) {
      const found = state.accounts[user]
      if (found) state.accounts[to] = { ...found, user: to }
      Reflect.deleteProperty(state.accounts, user)
    },
    setContact: (user: string, email: string) => void Object.assign(state.accounts[user] ?? {}, { email }),
    certify: (user: string, domain: string, { issuer, validUntil, selfSigned }: { issuer: string, validUntil: Date, selfSigned: boolean }) => {
      const found = state.accounts[user]
      if (found) found.certificates = { ...found.certificates, [domain]: { issuer, notAfter: validUntil.getTime() / 1000, selfSigned } }
    },
    addAddon: (user: string, domain: string) => void Object.assign(state.accounts[user] ?? {}, { addons: [domain] }),
    failRenewal: (user: string, domain: string, why: string) => void Object.assign(state.accounts[user] ?? {}, { autosslProblems: { [domain]: why } }),
    setTraffic: (user: string, traffic: Record<string, number>) => void Object.assign(state.accounts[user] ?? {}, { traffic }),
    hideWeb() {
      ours().acls = ours().acls.filter(acl => acl !== 'cpanel-api' && acl !== 'ssl')
    },
    allowBackups: () => void (ours().acls = [...ours().acls, 'all']),
    backUp: (user: string, day: string, where?: 'remote') => backUp(state, user, day, where && 'GLT1vFsVO8cqk2UWWFpJ9kSQ'),
    remote: 'GLT1vFsVO8cqk2UWWFpJ9kSQ',
    slowRestores: () => void (state.restoreMilliseconds = 60_000),
    endRestores: ({ failed = '', warned = '' }: { failed?: string, warned?: string }) => void Object.assign(state, { failRestores: failed, warnRestores: warned }),
    restores: () => state.restores.asked,
    snapshot: (user: string) => state.accounts[user] ? JSON.stringify(state.accounts[user]) : null,
    passwordOf: (user: string) => state.accounts[user]?.password ?? null,
    countAccounts: () => Object.keys(state.accounts).length,
    writes: () => sim.journal.filter(line => line.startsWith('POST ')).length,
    async close() {
      driver.close()
      await sim.close()
    },
  }
}

panelContract('WHM', () => open())

describe('WHM', () => {
  const closing: (() => Promise<void> | void)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })
  const start = async (options: WhmOptions = {}) => {
    const bench = await open(options)
    closing.push(() => bench.close())
    return bench
  }
  const wish = { user: 'tokosari', domain: 'toko-sari.test', package: 'gardu_hemat', password: 'Rahasia-sekali-9182', ownershipMark: mark }
  const stepsOf = async (access: PanelAccess) => {
    const driver = createWhmDriver(access, { totalMilliseconds: 700 })
    closing.push(() => driver.close())
    const steps: ConnectionTestStep[] = []
    for await (const step of driver.test()) steps.push(step)
    return steps
  }

  it('the connection test passes step by step with a token that has the rights', async () => {
    const { sim } = await start({ tls: true })
    const steps = await stepsOf(accessTo(sim))
    expect(steps.map(({ step, ok }) => [step, ok])).toEqual(['dns', 'tcp', 'tls', 'auth', 'permissions', 'version', 'packages'].map(step => [step, true]))
    expect(steps.find(({ step }) => step === 'version')?.detail).toBe('11.138.0.4')
  })
  it('root\'s token has every right', async () => {
    const { sim } = await start()
    expect((await stepsOf(accessTo(sim, { tokenId: 'root', tokenSecret: sim.state.tokens[1]?.secret ?? '' }))).every(({ ok }) => ok)).toBe(true)
  })
  it('the connection test names each right that the token lacks, and what it may not know is no fault', async () => {
    const { sim } = await start()
    const steps = await stepsOf(accessTo(sim, { tokenId: 'lihat', tokenSecret: sim.state.tokens[2]?.secret ?? '' }))
    expect(steps.find(({ step }) => step === 'permissions')).toMatchObject({ ok: false, missingPermissions: ['create-acct', 'edit-account', 'suspend-acct', 'kill-acct', 'upgrade-account', 'passwd', 'create-user-session', 'show-bandwidth', 'basic-system-info', 'basic-whm-functions', 'cpanel-api', 'ssl', 'add-pkg', 'edit-pkg', 'all'] })
    expect(steps.find(({ step }) => step === 'version')).toMatchObject({ ok: true, detail: 'not told to this token' })
  })
  it('a right that some acts alone need is named and fails nothing', async () => {
    const { sim } = await start()
    const [token] = sim.state.tokens
    const said = async (...without: string[]) => {
      if (token) token.acls = [...neededPanelRights, ...furtherPanelRights.filter(right => !without.includes(right))]
      return (await stepsOf(accessTo(sim))).find(({ step }) => step === 'permissions')
    }
    for (const right of furtherPanelRights.filter(each => each !== 'all')) expect(await said(right, 'all')).toMatchObject({ ok: true, finding: 'limited_rights', missingPermissions: [right, 'all'] })
    const whole = await said()
    expect(whole).toMatchObject({ ok: true })
    expect(whole).not.toHaveProperty('finding')
  })
  it('a wrong token ends the test at the authentication and stands in no message', async () => {
    const { sim } = await start()
    const steps = await stepsOf(accessTo(sim, { tokenSecret: 'SALAHSALAHSALAH' }))
    expect(steps.at(-1)).toMatchObject({ step: 'auth', ok: false, detail: expect.stringContaining('Access denied') as string })
    expect(JSON.stringify(steps)).not.toContain('SALAHSALAHSALAH')
  })
  it('a server without packages fails the test: nothing could be sold from it', async () => {
    const { sim } = await start()
    sim.state.packages = []
    expect((await stepsOf(accessTo(sim))).at(-1)).toMatchObject({ step: 'packages', ok: false })
  })
  it('a certificate that changed gets no request: not the token, not an act', async () => {
    const { sim } = await start({ tls: true })
    const driver = createWhmDriver(accessTo(sim, { tls: { mode: 'fingerprint', caPem: null, fingerprint: Array.from({ length: 32 }, () => 'AA').join(':') } }))
    closing.push(() => driver.close())
    const failure = await failureOf(driver.create(wish))
    expect([failure.kind, failure.who]).toEqual(['action_required', 'sysadmin'])
    expect(sim.journal).toEqual([])
    expect((await stepsOf(accessTo(sim, { tls: { mode: 'fingerprint', caPem: null, fingerprint: Array.from({ length: 32 }, () => 'AA').join(':') } }))).at(-1)).toMatchObject({ step: 'tls', ok: false, fingerprint: sim.fingerprint })
  })
  it('status 200 with result 0 is a failure, whatever else it says', async () => {
    const { sim, driver } = await start()
    sim.faults.set({ refuseCalls: '^createacct$', refuseReason: '<b>Unable</b> to  lock <br> the quota file' })
    const failure = await failureOf(driver.create(wish))
    expect([failure.kind, failure.message]).toEqual(['retryable', 'WHM: createacct: Unable to lock the quota file'])
  })
  it.each([
    ['Sorry, a group for that username already exists.', 'retryable', undefined], ['This system already has a user named “toko”.', 'retryable', undefined], ['“mysql” is a reserved username.', 'retryable', undefined],
    ['Sorry, the domain “toko-sari.test” is already configured.', 'action_required', 'client'], ['A DNS entry for “toko-sari.test” already exists.', 'action_required', 'client'],
    ['The package “gardu_hemat” does not exist.', 'action_required', 'sysadmin'], ['You do not have permission to create accounts.', 'action_required', 'sysadmin'], ['Your license has reached its maximum number of accounts.', 'action_required', 'sysadmin'],
    ['The password is too weak: its strength is below 65.', 'permanent', undefined], ['Unable to fork.', 'retryable', undefined],
  ] as const)('refused with "%s" it is %s', async (reason, kind, who) => {
    const { sim, driver } = await start()
    sim.faults.set({ refuseCalls: '^createacct$', refuseReason: reason })
    const failure = await failureOf(driver.create(wish))
    expect([failure.kind, failure.who]).toEqual([kind, who])
  })
  it('flags as strings mean the same', async () => {
    const { sim, driver } = await start()
    sim.faults.set({ stringFlags: true })
    const { birth } = await driver.create(wish)
    const ref = { ...wish, birth }
    expect((await driver.find(ref))?.suspended).toBeNull()
    await driver.suspend(ref, 'nonpayment')
    expect((await driver.find(ref))?.suspended).toMatchObject({ byUs: true })
    expect((await stepsOf(accessTo(sim))).every(({ ok }) => ok)).toBe(true)
  })
  it('a right that is told by status 403 is told the same', async () => {
    const { sim, driver } = await start()
    sim.faults.set({ denyByStatus: true })
    if (sim.state.tokens[0]) sim.state.tokens[0].acls = ['acct-summary']
    expect((await failureOf(driver.create(wish))).kind).toBe('action_required')
  })
  it('what the token may not see of the server is left out; the rest is told', async () => {
    const { sim, driver } = await start()
    if (sim.state.tokens[0]) sim.state.tokens[0].acls = ['list-accts']
    expect(await driver.observe()).toEqual({ hostname: null, version: null, load: null, nameservers: null, disk: null, accounts: { now: 1, most: 100 } })
  })
  it('a page instead of an answer: a read is tried again later, an act has an unknown outcome', async () => {
    const { sim, driver } = await start()
    sim.faults.set({ garbleNext: 1 })
    expect((await failureOf(driver.listPackages())).kind).toBe('retryable')
    sim.faults.set({ garbleNext: 1, match: 'POST' })
    expect((await failureOf(driver.create(wish))).kind).toBe('unknown_outcome')
  })
  it('a server that is too busy was not reached by a read; an act that met it may have happened', async () => {
    const { sim, driver } = await start()
    sim.faults.set({ failNext: 1 })
    expect((await failureOf(driver.listPackages())).kind).toBe('retryable')
    sim.faults.set({ failNext: 1, match: 'POST' })
    expect((await failureOf(driver.create(wish))).kind).toBe('unknown_outcome')
  })
  it('a suspension that root locked is not lifted by a reseller\'s token: sysadmin is asked', async () => {
    const { sim, driver } = await start()
    const { birth } = await driver.create(wish)
    await driver.suspend({ ...wish, birth }, 'nonpayment')
    Object.assign(sim.state.accounts.tokosari ?? {}, { locked: true })
    expect((await failureOf(driver.resume({ ...wish, birth }))).kind).toBe('action_required')
  })
  it('an account of another reseller is neither ours nor absent', async () => {
    const { driver } = await start()
    expect((await failureOf(driver.find({ user: 'lamakita', domain: 'lama-kita.test', ownershipMark: mark, birth: null }))).kind).toBe('action_required')
  })
  it('passwords travel in bodies, never in addresses', async () => {
    const { sim, driver } = await start()
    const { birth } = await driver.create(wish)
    await driver.setPassword({ ...wish, birth }, 'Lain-sekali-7731')
    expect(sim.journal.filter(line => /createacct|passwd/.test(line))).toEqual(['POST createacct', 'POST passwd'])
  })
})
