import { describe, expect, it } from 'vitest'
import type { HypervisorDriver, MachineRef } from '#server/infrastructure/ports.ts'
import type { HypervisorBench } from './hypervisor.bench.ts'
import { finished, kindOf, mark, otherMark, spec } from './hypervisor.bench.ts'

const first = '01900000-0000-7000-8000-00000000b001'
const token = '01900000-0000-7000-8000-00000000c001'

interface Setting { readonly vmid: number, readonly can: boolean, readonly type: 'vm' | 'container', readonly bench: () => HypervisorBench, readonly build: () => Promise<void>, readonly machine: () => MachineRef }

/** What every driver guarantees of a new machine that is made from the backup of another one; a driver without the capability refuses it for good. */
export function rebuildCases({ vmid, can, type, bench, build, machine }: Setting): void {
  const driver = (): HypervisorDriver => bench().driver
  const free = vmid + 500
  const backup = { id: first, ownershipMark: mark, vmid }
  const input = () => ({ backup, vmid: free, node: bench().node, hostname: 'pulih.contoh.test', ownershipMark: otherMark, token })
  const made = (): MachineRef => ({ vmid: free, node: bench().node, ownershipMark: otherMark })
  const fill = async () => finished(driver(), await driver().restoreBackup(made(), backup, token, { newCards: true }))
  if (!can) {
    it('where machines are not backed up, none is made from a backup', async () => {
      expect(await kindOf(driver().readBackup(backup))).toBe('permanent')
      expect(await kindOf(driver().makeForBackup(input()))).toBe('permanent')
    })
    return
  }
  describe('a new machine from the backup of another one', () => {
    const backedUp = async () => {
      await build()
      await finished(driver(), await driver().createBackup(machine(), first))
    }
    it('the archive tells what is in it and who can read it; one that is gone or forged is not read', async () => {
      await backedUp()
      expect(await driver().readBackup(backup)).toMatchObject({ machineType: type, diskGiB: 40 })
      expect((await driver().readBackup(backup)).nodes).toContain(bench().node)
      expect(await kindOf(driver().readBackup({ ...backup, ownershipMark: otherMark }))).toBe('not_found')
      await bench().forgeBackup(first)
      expect(await kindOf(driver().readBackup(backup))).toBe('not_ours')
      expect(await kindOf(driver().makeForBackup(input()))).toBe('not_ours')
      expect(await bench().countMachines()).toBe(1)
    })
    it('D10: it carries its own mark and its own network card, is off, and the old one runs on untouched', async () => {
      await backedUp()
      const before = await bench().snapshot(vmid)
      expect(await finished(driver(), await driver().makeForBackup(input()))).toMatchObject({ state: 'done' })
      expect(await driver().findByMark(otherMark, free)).toMatchObject({ vmid: free })
      expect(await fill()).toMatchObject({ state: 'done' })
      expect(await driver().inspect(made())).toMatchObject({ vmid: free, power: 'stopped', lock: null, ownershipMark: otherMark, diskGiB: 40 })
      expect(await driver().findByMark(mark)).toMatchObject({ vmid })
      expect(await bench().snapshot(vmid)).toBe(before)
      const writes = bench().writes()
      expect(await driver().restoreBackup(made(), backup, token, { newCards: true })).toBeNull()
      expect(bench().writes()).toBe(writes)
      await finished(driver(), await driver().configure(made(), { ...spec, hostname: 'pulih.contoh.test', address: { ...spec.address, ipv4: '203.0.113.77' } }))
      expect(await driver().inspect(made())).toMatchObject({ name: 'pulih.contoh.test', ipv4: '203.0.113.77' })
      expect(await driver().inspect(machine())).toMatchObject({ ipv4: '203.0.113.10', power: 'running' })
    })
    it('asked for again, while it is made and after its answer was lost, there is one', async () => {
      await backedUp()
      bench().loseBackupAnswer()
      expect(await kindOf(driver().makeForBackup(input()))).toBe('unknown_outcome')
      await expect.poll(() => driver().findByMark(otherMark, free).catch(() => null), { timeout: 5000 }).toMatchObject({ vmid: free })
      expect(await finished(driver(), await driver().makeForBackup(input()))).toMatchObject({ state: 'done' })
      expect(await kindOf(driver().makeForBackup({ ...input(), vmid: free + 1 }))).toBe('unknown_outcome')
      expect(await fill()).toMatchObject({ state: 'done' })
      expect(await bench().countMachines()).toBe(2)
    })
    it('D10: a number that somebody else has is not taken, and nothing of his is touched', async () => {
      await backedUp()
      await bench().addForeign(free)
      const before = await bench().snapshot(free)
      expect(await kindOf(driver().makeForBackup(input()))).toBe('retryable')
      expect(await kindOf(driver().restoreBackup(made(), backup, token, { newCards: true }))).toBe('not_ours')
      expect(await bench().snapshot(free)).toBe(before)
    })
    it('left half made it is found by its own mark and destroyed; the backup stays', async () => {
      await backedUp()
      await finished(driver(), await driver().makeForBackup(input()))
      await finished(driver(), await driver().destroy(made()))
      expect(await driver().findByMark(otherMark, free)).toBeNull()
      expect((await driver().listBackups(vmid)).backups.map(row => row.id)).toEqual([first])
      expect(await bench().countMachines()).toBe(1)
    })
  })
}
