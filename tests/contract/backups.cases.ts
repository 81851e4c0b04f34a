import { describe, expect, it } from 'vitest'
import type { HypervisorDriver, MachineRef } from '#server/infrastructure/ports.ts'
import type { HypervisorBench } from './hypervisor.bench.ts'
import { finished, kindOf, mark, otherMark, spec } from './hypervisor.bench.ts'

const first = '01900000-0000-7000-8000-00000000b001'
const second = '01900000-0000-7000-8000-00000000b002'
const token = '01900000-0000-7000-8000-00000000c001'

interface Setting { readonly vmid: number, readonly can: boolean, readonly bench: () => HypervisorBench, readonly build: () => Promise<void>, readonly machine: () => MachineRef }

/** What every driver guarantees of backups; one without the capability refuses all of it for good. */
export function backupCases({ vmid, can, bench, build, machine }: Setting): void {
  const driver = (): HypervisorDriver => bench().driver
  const make = async (id = first) => finished(driver(), await driver().createBackup(machine(), id))
  const ids = async () => (await driver().listBackups(vmid)).backups.map(row => row.id)
  const ref = (id = first) => ({ id, ownershipMark: mark, vmid })
  if (!can) {
    it('where machines are not backed up, each act fails for good instead of pretending', async () => {
      await build()
      expect(await kindOf(driver().listBackups(vmid))).toBe('permanent')
      expect(await kindOf(driver().createBackup(machine(), first))).toBe('permanent')
      expect(await kindOf(driver().deleteBackup(ref()))).toBe('permanent')
      expect(await kindOf(driver().restoreBackup(machine(), ref(), token))).toBe('permanent')
    })
    return
  }
  describe('backups', () => {
    it('a running machine is backed up and goes on; the backup is told with our id, its mark, size and time', async () => {
      await build()
      expect(await make()).toMatchObject({ state: 'done' })
      const { backups, complete } = await driver().listBackups(vmid)
      expect(complete).toBe(true)
      expect(backups).toMatchObject([{ id: first, ownershipMark: mark, vmid }])
      expect(backups[0]?.sizeBytes).toBeGreaterThan(0)
      expect(Math.abs((backups[0]?.at.getTime() ?? 0) - Date.now())).toBeLessThan(60_000)
      expect(await driver().inspect(machine())).toMatchObject({ power: 'running', lock: null })
    })
    it('asked for twice, there is one', async () => {
      await build()
      await make()
      const writes = bench().writes()
      expect(await driver().createBackup(machine(), first)).toBeNull()
      expect(bench().writes()).toBe(writes)
    })
    it('the answer to a backup is lost: asked again, there is one', async () => {
      await build()
      bench().loseBackupAnswer()
      expect(await kindOf(driver().createBackup(machine(), first))).toBe('unknown_outcome')
      await expect.poll(async () => (await driver().createBackup(machine(), first).then(handle => finished(driver(), handle), () => ({ state: 'not yet' }))).state, { timeout: 5000 }).toBe('done')
      expect(await ids()).toEqual([first])
    })
    it('while one is being made, asking again answers it instead of beginning a second', async () => {
      await build()
      bench().holdTasks(true)
      const handle = await driver().createBackup(machine(), first)
      expect(await driver().createBackup(machine(), first)).toEqual(handle)
      expect(await ids()).toEqual([])
      expect((await driver().inspect(machine()))?.lock).toBe('backup')
      bench().holdTasks(false)
      await finished(driver(), handle)
      expect(await ids()).toEqual([first])
    })
    it('a backup by somebody else of our machine is neither told nor touched', async () => {
      await build()
      await bench().backUpByHand(vmid)
      expect(await ids()).toEqual([])
      expect(await driver().deleteBackup(ref())).toBeNull()
      expect(await bench().countBackups()).toBe(1)
    })
    it('D10: a foreign machine under our number is not backed up, and nothing is restored over it', async () => {
      await build()
      await make()
      await bench().addForeign(vmid)
      const before = await bench().snapshot(vmid)
      expect(await kindOf(driver().createBackup(machine(), second))).toBe('not_ours')
      expect(await kindOf(driver().restoreBackup(machine(), ref(), token))).toBe('not_ours')
      expect(await bench().snapshot(vmid)).toBe(before)
      expect(await ids()).toEqual([first])
    })
    it('D10: a backup under our number with another mark is not found, not restored and not deleted', async () => {
      await build()
      await make()
      await finished(driver(), await driver().stop(machine()))
      const other = { id: first, ownershipMark: otherMark, vmid }
      expect(await kindOf(driver().restoreBackup(machine(), other, token))).toBe('not_found')
      expect(await driver().deleteBackup(other)).toBeNull()
      expect(await ids()).toEqual([first])
    })
    it('D10: a backup whose notes say ours and whose content says otherwise is not restored', async () => {
      await build()
      await make()
      await bench().forgeBackup(first)
      await finished(driver(), await driver().stop(machine()))
      const before = await bench().snapshot(vmid)
      expect(await kindOf(driver().restoreBackup(machine(), ref(), token))).toBe('not_ours')
      expect(await bench().snapshot(vmid)).toBe(before)
    })
    it('restored, a machine is as it was, stopped and ours; asked again by the same token, nothing is done', async () => {
      await build()
      await make()
      await finished(driver(), await driver().stop(machine()))
      await finished(driver(), await driver().resize(machine(), { cpuCores: 4, ramMiB: 4096, rateMbps: 300 }))
      expect(await finished(driver(), await driver().restoreBackup(machine(), ref(), token))).toMatchObject({ state: 'done' })
      expect(await driver().inspect(machine())).toMatchObject({ power: 'stopped', lock: null, cpuCores: 2, memoryTotalMiB: 2048, diskGiB: 40, ownershipMark: mark, ipv4: '203.0.113.10' })
      const writes = bench().writes()
      expect(await driver().restoreBackup(machine(), ref(), token)).toBeNull()
      expect(bench().writes()).toBe(writes)
      expect(await bench().countMachines()).toBe(1)
    })
    it('a backup of the machine that was here before carries the mark of the one that is here now once it is restored', async () => {
      await build()
      await make()
      await finished(driver(), await driver().stop(machine()))
      await finished(driver(), await driver().destroy(machine()))
      const now = { ...machine(), ownershipMark: otherMark }
      await finished(driver(), await driver().clone({ template: bench().template, vmid, node: bench().node, hostname: 'baru.contoh.test', ownershipMark: otherMark, spec }))
      expect(await finished(driver(), await driver().restoreBackup(now, ref(), token))).toMatchObject({ state: 'done' })
      expect(await driver().inspect(now)).toMatchObject({ ownershipMark: otherMark, diskGiB: 40 })
      expect(await driver().findByMark(mark)).toBeNull()
    })
    it('the answer to a restore is lost: asked again, it is done', async () => {
      await build()
      await make()
      await finished(driver(), await driver().stop(machine()))
      bench().loseBackupAnswer()
      expect(await kindOf(driver().restoreBackup(machine(), ref(), token))).toBe('unknown_outcome')
      await expect.poll(() => driver().restoreBackup(machine(), ref(), token).catch(() => 'not yet'), { timeout: 5000 }).toBeNull()
    })
    it('a running machine is not restored over, and a backup that is gone is not_found: nothing is sent', async () => {
      await build()
      await make()
      const writes = bench().writes()
      expect(await kindOf(driver().restoreBackup(machine(), ref(), token))).toBe('retryable')
      await finished(driver(), await driver().stop(machine()))
      expect(await kindOf(driver().restoreBackup(machine(), ref(second), token))).toBe('not_found')
      expect(bench().writes()).toBe(writes + 1)
    })
    it('deleted twice, it is gone and the others stay; the answer may be lost, and the machine may be gone', async () => {
      await build()
      await make()
      await make(second)
      await finished(driver(), await driver().stop(machine()))
      await finished(driver(), await driver().destroy(machine()))
      bench().loseBackupAnswer()
      expect(await kindOf(driver().deleteBackup(ref()))).toBe('unknown_outcome')
      await expect.poll(() => driver().deleteBackup(ref()).catch(() => 'not yet'), { timeout: 5000 }).toBeNull()
      expect(await ids()).toEqual([second])
    })
    it('a full storage ends the backup with its reason, for the sysadmin; none is told', async () => {
      await build()
      bench().fillStorage()
      const ended = await make()
      expect(ended).toMatchObject({ state: 'failed', kind: 'action_required', message: expect.stringContaining('no space left') as string })
      expect(await ids()).toEqual([])
      expect(await driver().inspect(machine())).toMatchObject({ power: 'running', lock: null })
    })
    it('a backup that ends with warnings is one', async () => {
      await build()
      bench().warnTasks()
      expect(await make()).toEqual({ state: 'done', warnings: true })
      expect(await ids()).toEqual([first])
    })
    it('a locked machine is not backed up: retryable', async () => {
      await build()
      await bench().lock(vmid, 'snapshot')
      expect(await kindOf(driver().createBackup(machine(), first))).toBe('retryable')
    })
  })
}
