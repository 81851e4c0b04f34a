import { describe, expect, it } from 'vitest'
import type { AccountRef, AccountState } from '#server/infrastructure/panel-ports.ts'
import { failureOf, kindOf } from './panel.bench.ts'
import type { PanelBench } from './panel.bench.ts'

const dayMilliseconds = 86_400_000
/** Days from the account's birth, which is today. */
const day = (n: number) => new Date(Date.now() + n * dayMilliseconds).toISOString().slice(0, 10)

/** Backups of accounts (`server/infrastructure/panel-backups-ports.ts`). */
export function backupCases(bench: () => PanelBench, make: () => Promise<{ ref: AccountRef, state: AccountState }>) {
  describe('backups', () => {
    /** An account with one backup of the panel's, changed since. */
    const made = async () => {
      bench().allowBackups()
      const { ref, state } = await make()
      bench().backUp('tokosari', day(2))
      await bench().driver.changePackage(ref, bench().packages[1])
      return { ref, state, point: { date: day(2), where: 'local' } }
    }
    const begin = async (ref: AccountRef, point: { date: string, where: string }) => {
      const handle = await bench().driver.prepareRestore(ref, point)
      await bench().driver.startRestore(ref, handle)
      return handle
    }

    it('the panel\'s backups of the account are told, the newest first, with where they lie', async () => {
      const { ref } = await made()
      bench().backUp('tokosari', day(3), 'remote')
      bench().backUp('lain', day(4))
      expect(await bench().driver.restorePoints(ref)).toEqual([{ date: day(3), where: bench().remote, place: 'Gudang' }, { date: day(2), where: 'local', place: null }])
    })
    it('the day of each account\'s newest backup is told for all at once; one that has none is among them, and what was there before its birth is not its own', async () => {
      const { ref } = await made()
      bench().backUp('tokosari', day(3), 'remote')
      bench().backUp('tokosari', day(-1))
      bench().addForeign('lain', 'lain.test')
      const told = await bench().driver.newestBackups()
      expect(told?.find(({ birth }) => birth === ref.birth)?.date).toBe(day(3))
      expect(told?.map(({ birth, date }) => birth === ref.birth ? 'ours' : date).sort()).toEqual(['ours', ...Array.from({ length: bench().countAccounts() - 1 }, () => null)].sort())
    })
    it('what the token may not see is unknown, not an account without backups', async () => {
      const { ref } = await make()
      expect(await bench().driver.restorePoints(ref)).toBeNull()
      expect(await bench().driver.newestBackups()).toBeNull()
      expect(await kindOf(bench().driver.prepareRestore(ref, { date: day(2), where: 'local' }))).toBe('action_required')
    })
    it('D10: a backup from before the account\'s birth is somebody else\'s, who had its name: it is neither told nor restored', async () => {
      const { ref } = await made()
      bench().backUp('tokosari', day(-1))
      bench().backUp('tokosari', day(0))
      expect((await bench().driver.restorePoints(ref))?.map(({ date }) => date)).toEqual([day(2)])
      for (const n of [-1, 0]) expect(await kindOf(bench().driver.prepareRestore(ref, { date: day(n), where: 'local' }))).toBe('permanent')
    })
    it('a restore brings the account back as it was, and it is still ours', async () => {
      const { ref, point } = await made()
      const handle = await begin(ref, point)
      expect(await bench().driver.restoreState(handle)).toEqual({ state: 'done', warning: null })
      expect(await bench().driver.find(ref)).toMatchObject({ user: 'tokosari', birth: ref.birth, package: bench().packages[0] })
    })
    it('a second restore from the same backup is told from the first', async () => {
      const { ref, point } = await made()
      await begin(ref, point)
      const again = await bench().driver.prepareRestore(ref, point)
      expect(await bench().driver.restoreState(again)).toEqual({ state: 'unknown' })
      await bench().driver.startRestore(ref, again)
      expect(await bench().driver.restoreState(again)).toMatchObject({ state: 'done' })
    })
    it('no backup of that date: nothing is queued', async () => {
      const { ref } = await made()
      const sent = bench().writes()
      expect(await kindOf(bench().driver.prepareRestore(ref, { date: day(5), where: 'local' }))).toBe('permanent')
      expect(bench().writes()).toBe(sent)
    })
    it('while a restore of the account waits or runs another one is not begun, and asking again queues nothing', async () => {
      const { ref, point } = await made()
      bench().slowRestores()
      const handle = await begin(ref, point)
      expect(await bench().driver.restoreState(handle)).toEqual({ state: 'running' })
      const asked = bench().restores()
      await bench().driver.startRestore(ref, handle)
      expect(await kindOf(bench().driver.prepareRestore(ref, point))).toBe('retryable')
      expect(bench().restores()).toBe(asked)
    })
    it('a lost answer is an unknown outcome; the queue is looked at, and no second restore is queued', async () => {
      const { ref, point } = await made()
      const handle = await bench().driver.prepareRestore(ref, point)
      bench().loseAnswer('restore')
      expect(await kindOf(bench().driver.startRestore(ref, handle))).toBe('unknown_outcome')
      expect(await bench().driver.restoreState(handle)).toEqual({ state: 'queued' })
      await bench().driver.startRestore(ref, handle)
      expect(await bench().driver.restoreState(handle)).toMatchObject({ state: 'done' })
      expect(bench().restores()).toBe(1)
    })
    it('a panel that says it queued a restore and did not is not believed', async () => {
      const { ref, point } = await made()
      bench().lieAbout('restore')
      expect(await bench().driver.restoreState(await begin(ref, point))).toEqual({ state: 'unknown' })
    })
    it('a restore that fails says why in the panel\'s words; one that warns says so', async () => {
      const { ref, point } = await made()
      bench().endRestores({ failed: 'The archive is damaged.' })
      expect(await bench().driver.restoreState(await begin(ref, point))).toMatchObject({ state: 'failed', message: expect.stringContaining('The archive is damaged.') as string })
      bench().endRestores({ warned: 'Skipped one mailbox.' })
      expect(await bench().driver.restoreState(await begin(ref, point))).toMatchObject({ state: 'done', warning: expect.stringContaining('Skipped one mailbox.') as string })
    })
    it('D10: an account that took our name is neither restored nor backed up, and none of its files is told', async () => {
      const { ref, point } = await made()
      const handle = await bench().driver.prepareRestore(ref, point)
      await bench().driver.remove(ref)
      bench().addForeign('tokosari', 'toko-sari.test')
      const before = bench().snapshot('tokosari')
      for (const act of [() => bench().driver.restorePoints(ref), () => bench().driver.prepareRestore(ref, point), () => bench().driver.startRestore(ref, handle), () => bench().driver.backUpToHome(ref), () => bench().driver.homeBackups(ref)]) expect(await kindOf(act())).toBe('not_ours')
      expect([bench().snapshot('tokosari'), bench().restores()]).toEqual([before, 0])
    })
    it('a whole backup comes to lie in the account\'s own home directory, which holds other files as well', async () => {
      const { ref } = await make()
      expect(await bench().driver.homeBackups(ref)).toEqual([])
      await bench().driver.backUpToHome(ref)
      expect(await bench().driver.homeBackups(ref)).toMatchObject([{ file: expect.stringMatching(/^backup-.*_tokosari\.tar\.gz$/) as string }])
    })
    it('a suspended account makes no backup of its own', async () => {
      const { ref } = await make()
      await bench().driver.suspend(ref, 'nonpayment')
      expect((await failureOf(bench().driver.backUpToHome(ref))).kind).toBe('permanent')
      expect(await bench().driver.homeBackups(ref)).toEqual([])
    })
  })
}
