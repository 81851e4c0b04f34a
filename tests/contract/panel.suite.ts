import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AccountRef, AccountState } from '#server/infrastructure/panel-ports.ts'
import { backupCases } from './panel-backups.cases.ts'
import { packageCases } from './panel-packages.cases.ts'
import { webCases } from './panel-web.cases.ts'
import { failureOf, kindOf, mark, otherMark, password } from './panel.bench.ts'
import type { PanelBench } from './panel.bench.ts'

/** What every control panel's driver guarantees (`server/infrastructure/panel-ports.ts`). */
export function panelContract(name: string, open: () => Promise<PanelBench>) {
  describe(`${name}: the contract of control panels`, () => {
    let bench: PanelBench
    beforeEach(async () => {
      bench = await open()
    })
    afterEach(() => bench.close())
    const wish = (change: object = {}) => ({ user: 'tokosari', domain: 'toko-sari.test', package: bench.packages[0], password, ownershipMark: mark, ...change })
    const born: AccountRef = { user: 'tokosari', domain: 'toko-sari.test', ownershipMark: mark, birth: null }
    /** As it stands in the database after it was read back. */
    const made = async (): Promise<{ ref: AccountRef, state: AccountState }> => {
      const state = await bench.driver.create(wish())
      return { ref: { ...born, birth: state.birth }, state }
    }

    describe('creating', () => {
      it('an account is there as asked for, and is ours from its first moment', async () => {
        const { state } = await made()
        expect(state).toMatchObject({ user: 'tokosari', domain: 'toko-sari.test', package: bench.packages[0], suspended: null })
        expect(await bench.driver.find(born)).toEqual(state)
        expect(bench.passwordOf('tokosari')).toBe(password)
      })
      it('D3: the same account is made once, however often it is asked for', async () => {
        const first = await bench.driver.create(wish())
        expect(await bench.driver.create(wish())).toEqual(first)
        expect(bench.countAccounts()).toBe(2)
      })
      it('D3: two who ask at once make one account', async () => {
        const both = await Promise.allSettled([bench.driver.create(wish()), bench.driver.create(wish())])
        expect(both.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(1)
        expect(bench.countAccounts()).toBe(2)
      })
      it('an answer lost after the act is an unknown outcome, found again by the mark, and repeating makes no second one', async () => {
        bench.loseAnswer('create')
        expect(await kindOf(bench.driver.create(wish()))).toBe('unknown_outcome')
        expect(await bench.driver.find(born)).toMatchObject({ user: 'tokosari' })
        expect(await bench.driver.create(wish())).toMatchObject({ user: 'tokosari' })
        expect(bench.countAccounts()).toBe(2)
      })
      it('a name that somebody took is told as such, to take another, and his account is not touched', async () => {
        bench.addForeign('tokosari', 'lain.test')
        const before = bench.snapshot('tokosari')
        const failure = await failureOf(bench.driver.create(wish()))
        expect([failure.kind, failure.message]).toEqual(['retryable', expect.stringMatching(/already exists/)])
        expect(bench.snapshot('tokosari')).toBe(before)
        expect(await bench.driver.create(wish({ user: 'sarisari' }))).toMatchObject({ user: 'sarisari', domain: 'toko-sari.test' })
      })
      it('a name like another in its first eight letters is told as taken', async () => {
        bench.addForeign('tokosariku', 'lain.test')
        expect(await kindOf(bench.driver.create(wish({ user: 'tokosarimu' })))).toBe('retryable')
      })
      it('a domain that is on the server asks its client, and nothing is made', async () => {
        bench.addForeign('orang', 'toko-sari.test')
        const failure = await failureOf(bench.driver.create(wish()))
        expect([failure.kind, failure.who]).toEqual(['action_required', 'client'])
        expect(bench.countAccounts()).toBe(2)
      })
      it('a package that is gone asks sysadmin', async () => {
        bench.removePackage(bench.packages[0])
        const failure = await failureOf(bench.driver.create(wish()))
        expect([failure.kind, failure.who]).toEqual(['action_required', 'sysadmin'])
        expect(bench.countAccounts()).toBe(1)
      })
      it('a full licence asks sysadmin', async () => {
        bench.fillLicence()
        const failure = await failureOf(bench.driver.create(wish()))
        expect([failure.kind, failure.who]).toEqual(['action_required', 'sysadmin'])
      })
      it('a panel that says it made one and made none is not believed', async () => {
        bench.lieAbout('create')
        expect(await kindOf(bench.driver.create(wish()))).toBe('retryable')
        expect(bench.countAccounts()).toBe(1)
      })
      it('a missing right asks sysadmin', async () => {
        bench.takeRight('create')
        const failure = await failureOf(bench.driver.create(wish()))
        expect([failure.kind, failure.who]).toEqual(['action_required', 'sysadmin'])
      })
      it('no message holds the password', async () => {
        bench.removePackage(bench.packages[0])
        expect((await failureOf(bench.driver.create(wish()))).message).not.toContain(password)
      })
    })

    describe('whose an account is', () => {
      it('an account that nobody made is absent, not an error', async () => {
        expect(await bench.driver.find(born)).toBeNull()
      })
      it('D10: somebody else\'s account under our name is not ours, before and after a birth was kept', async () => {
        bench.addForeign('tokosari', 'lain.test')
        expect(await kindOf(bench.driver.find(born))).toBe('not_ours')
        expect(await kindOf(bench.driver.find({ ...born, birth: '7777@1700000000' }))).toBe('not_ours')
      })
      it('D10: none of the acts touches an account that took the name of ours after ours was removed', async () => {
        const { ref } = await made()
        await bench.driver.remove(ref)
        bench.addForeign('tokosari', 'toko-sari.test')
        const before = bench.snapshot('tokosari')
        const acts = [() => bench.driver.suspend(ref, 'x'), () => bench.driver.resume(ref), () => bench.driver.remove(ref), () => bench.driver.changePackage(ref, bench.packages[1]), () => bench.driver.setPassword(ref, password), () => bench.driver.openSession(ref, 'panel'), () => bench.driver.handOver(ref, 'a@b.test'), () => bench.driver.traffic(ref, { year: 2026, month: 11 }), () => bench.driver.certificates(ref), () => bench.driver.checkCertificates(ref), () => bench.driver.trafficByMonth(ref, [{ year: 2026, month: 11 }])]
        for (const act of acts) expect(await kindOf(act())).toBe('not_ours')
        expect(bench.snapshot('tokosari')).toBe(before)
      })
      it('D10: our mark copied into somebody else\'s account proves nothing once the birth is kept', async () => {
        const { ref, state } = await made()
        await bench.driver.remove(ref)
        bench.addForeign('tokosari', 'toko-sari.test', state.contactEmail)
        expect(await kindOf(bench.driver.remove(ref))).toBe('not_ours')
        expect(bench.snapshot('tokosari')).not.toBeNull()
      })
      it('another mark is another account', async () => {
        await made()
        expect(await kindOf(bench.driver.find({ ...born, ownershipMark: otherMark }))).toBe('not_ours')
      })
      it('an account that staff renamed is still ours and is acted on under its new name', async () => {
        const { ref } = await made()
        bench.rename('tokosari', 'sarijaya')
        expect(await bench.driver.find(ref)).toMatchObject({ user: 'sarijaya' })
        await bench.driver.suspend(ref, 'nonpayment')
        expect(await bench.driver.find(ref)).toMatchObject({ user: 'sarijaya', suspended: { byUs: true } })
      })
      it('the client may change his contact address as he likes: the account stays ours', async () => {
        const { ref } = await made()
        bench.setContact('tokosari', 'sari@lain.test')
        expect(await bench.driver.find(ref)).toMatchObject({ user: 'tokosari', contactEmail: 'sari@lain.test' })
      })
      it('handing over replaces the mark by the client\'s address, once', async () => {
        const { ref } = await made()
        await bench.driver.handOver(ref, 'sari@contoh.test')
        const sent = bench.writes()
        await bench.driver.handOver(ref, 'sari@contoh.test')
        expect(bench.writes()).toBe(sent)
        expect(await bench.driver.find(ref)).toMatchObject({ contactEmail: 'sari@contoh.test' })
      })
      it('an account whose birth was not kept is not handed over: nothing would prove it any more', async () => {
        await made()
        expect(await kindOf(bench.driver.handOver(born, 'sari@contoh.test'))).toBe('permanent')
        expect(await bench.driver.find(born)).not.toBeNull()
      })
    })

    describe('suspending', () => {
      it('suspends and resumes, each once', async () => {
        const { ref } = await made()
        await bench.driver.suspend(ref, 'nonpayment')
        await bench.driver.suspend(ref, 'nonpayment')
        expect(await bench.driver.find(ref)).toMatchObject({ suspended: { byUs: true, reason: expect.stringContaining('nonpayment') as string } })
        await bench.driver.resume(ref)
        const sent = bench.writes()
        await bench.driver.resume(ref)
        expect(bench.writes()).toBe(sent)
        expect(await bench.driver.find(ref)).toMatchObject({ suspended: null })
      })
      it('D11: a suspended account opens no session', async () => {
        const { ref } = await made()
        await bench.driver.suspend(ref, 'nonpayment')
        expect(await kindOf(bench.driver.openSession(ref, 'panel'))).toBe('permanent')
        expect(await kindOf(bench.driver.openSession(ref, 'webmail'))).toBe('permanent')
      })
      it('what was suspended by hand stays suspended: a payment does not lift what staff decided', async () => {
        const { ref } = await made()
        bench.suspendByHand('tokosari', 'spam')
        await bench.driver.suspend(ref, 'nonpayment')
        const failure = await failureOf(bench.driver.resume(ref))
        expect([failure.kind, failure.who, failure.message]).toEqual(['action_required', 'sysadmin', expect.stringContaining('spam')])
        expect(await bench.driver.find(ref)).toMatchObject({ suspended: { byUs: false, reason: 'spam' } })
      })
      it.each(['suspend', 'resume'] as const)('a lost answer to %s is an unknown outcome, and repeating it finds it done', async (act) => {
        const { ref } = await made()
        if (act === 'resume') await bench.driver.suspend(ref, 'nonpayment')
        const run = () => act === 'suspend' ? bench.driver.suspend(ref, 'nonpayment') : bench.driver.resume(ref)
        bench.loseAnswer(act)
        expect(await kindOf(run())).toBe('unknown_outcome')
        await run()
        expect((await bench.driver.find(ref))?.suspended !== null).toBe(act === 'suspend')
      })
      it('a panel that says it suspended and did not is not believed', async () => {
        const { ref } = await made()
        bench.lieAbout('suspend')
        expect(await kindOf(bench.driver.suspend(ref, 'nonpayment'))).toBe('retryable')
      })
      it('a missing right to suspend asks sysadmin, and the account runs on', async () => {
        const { ref } = await made()
        bench.takeRight('suspend')
        expect(await kindOf(bench.driver.suspend(ref, 'nonpayment'))).toBe('action_required')
        expect(await bench.driver.find(ref)).toMatchObject({ suspended: null })
      })
    })

    describe('removing', () => {
      it('an account is gone, and gone again', async () => {
        const { ref } = await made()
        await bench.driver.remove(ref)
        expect(await bench.driver.find(ref)).toBeNull()
        await bench.driver.remove(ref)
        expect(bench.countAccounts()).toBe(1)
      })
      it('a lost answer is an unknown outcome, and repeating it finds it done', async () => {
        const { ref } = await made()
        bench.loseAnswer('remove')
        expect(await kindOf(bench.driver.remove(ref))).toBe('unknown_outcome')
        await bench.driver.remove(ref)
        expect(bench.countAccounts()).toBe(1)
      })
      it('a panel that says it removed and did not is not believed', async () => {
        const { ref } = await made()
        bench.lieAbout('remove')
        expect(await kindOf(bench.driver.remove(ref))).toBe('retryable')
      })
      it('a token that is refused proves no absence: nothing counts as gone', async () => {
        const { ref } = await made()
        bench.refuseToken()
        expect(await kindOf(bench.driver.remove(ref))).toBe('action_required')
        expect(await kindOf(bench.driver.find(ref))).toBe('action_required')
      })
      it('a missing right to remove asks sysadmin', async () => {
        const { ref } = await made()
        bench.takeRight('remove')
        expect(await kindOf(bench.driver.remove(ref))).toBe('action_required')
        expect(bench.countAccounts()).toBe(2)
      })
    })

    describe('changing', () => {
      it('another package, once, read back', async () => {
        const { ref } = await made()
        await bench.driver.changePackage(ref, bench.packages[1])
        const sent = bench.writes()
        await bench.driver.changePackage(ref, bench.packages[1])
        expect(bench.writes()).toBe(sent)
        expect(await bench.driver.find(ref)).toMatchObject({ package: bench.packages[1] })
      })
      it('a package that is gone asks sysadmin, and the account keeps its own', async () => {
        const { ref } = await made()
        bench.removePackage(bench.packages[1])
        expect(await kindOf(bench.driver.changePackage(ref, bench.packages[1]))).toBe('action_required')
        expect(await bench.driver.find(ref)).toMatchObject({ package: bench.packages[0] })
      })
      it('a change that is answered and not done is not believed', async () => {
        const { ref } = await made()
        bench.lieAbout('change_package')
        expect(await kindOf(bench.driver.changePackage(ref, bench.packages[1]))).toBe('retryable')
      })
      it('a lost answer to a change is an unknown outcome, and repeating it finds it done', async () => {
        const { ref } = await made()
        bench.loseAnswer('change_package')
        expect(await kindOf(bench.driver.changePackage(ref, bench.packages[1]))).toBe('unknown_outcome')
        await bench.driver.changePackage(ref, bench.packages[1])
        expect(await bench.driver.find(ref)).toMatchObject({ package: bench.packages[1] })
      })
      it('another password; one that the panel finds too weak fails for good, and no message holds it', async () => {
        const { ref } = await made()
        await bench.driver.setPassword(ref, 'Lain-sekali-7731')
        expect(bench.passwordOf('tokosari')).toBe('Lain-sekali-7731')
        const failure = await failureOf(bench.driver.setPassword(ref, 'pendek'))
        expect(failure.kind).toBe('permanent')
        expect(failure.message).not.toContain('pendek')
      })
      it('a session is an https address that ends soon', async () => {
        const { ref } = await made()
        for (const service of ['panel', 'webmail'] as const) {
          const { url, expiresAt } = await bench.driver.openSession(ref, service)
          expect(new URL(url).protocol).toBe('https:')
          expect(expiresAt.getTime() - Date.now()).toBeLessThan(3_600_000)
        }
      })
      it('the traffic of an account is its own, not that of one whose name begins alike', async () => {
        const { ref } = await made()
        expect(await bench.driver.traffic(ref, { year: 2026, month: 11 })).toBe(0)
      })
      it('an act on an account that is not there says so and does nothing', async () => {
        expect(await kindOf(bench.driver.suspend({ ...born, birth: '1@1' }, 'x'))).toBe('not_found')
        expect(bench.writes()).toBe(0)
      })
    })

    describe('making packages', () => packageCases(() => bench, failureOf))
    describe('sites', () => webCases(() => bench, made, kindOf))
    backupCases(() => bench, made)

    describe('the server', () => {
      it('its packages come with their limits, null for none', async () => {
        const found = await bench.driver.listPackages()
        expect(found.map(({ name: each }) => each)).toEqual(expect.arrayContaining([...bench.packages]))
        for (const each of found) expect(each.diskMiB === null || each.diskMiB > 0).toBe(true)
      })
      it('it tells its load, its fullest partition and its accounts', async () => {
        const seen = await bench.driver.observe()
        expect(seen.accounts?.now).toBe(bench.countAccounts())
        expect(seen.disk && seen.disk.used < seen.disk.total).toBe(true)
        expect(seen.load).toBeGreaterThanOrEqual(0)
      })
      it('its accounts are listed with their births; one that still carries our mark says which', async () => {
        const { state } = await made()
        bench.addForeign('orang', 'lain.test')
        const listed = await bench.driver.listAccounts()
        expect(listed.find(({ user }) => user === 'tokosari')).toEqual({ ...state, mark })
        expect(listed.find(({ user }) => user === 'orang')).toMatchObject({ mark: null })
      })
      it('a refused token is a fault, not a server without numbers', async () => {
        bench.refuseToken()
        expect(await kindOf(bench.driver.observe())).toBe('action_required')
        expect(await kindOf(bench.driver.listPackages())).toBe('action_required')
      })
    })
  })
}
