import { expect, it } from 'vitest'
import type { HypervisorCapabilities } from '#shared/vocabulary/machines.ts'
import type { HypervisorDriver, MachineRef } from '#server/infrastructure/ports.ts'
import { kindOf, spec } from './hypervisor.bench.ts'
import type { HypervisorBench } from './hypervisor.bench.ts'

const key = 'ssh-ed25519 AAAAC3Nz+1= budi@contoh (rumah)'

/** Login, name and rescue of a machine that is there; every driver runs them, and what it cannot it refuses for good. */
export function accessCases(can: HypervisorCapabilities, given: { readonly listsImages: boolean, bench(): HypervisorBench, driver(): HypervisorDriver, machine(): MachineRef, build(): Promise<void>, stop(): Promise<void>, start(): Promise<void> }) {
  const { bench, driver, machine, build } = given
  const changed = async (work: () => Promise<unknown>) => {
    const before = bench().writes()
    await work()
    return bench().writes() - before
  }
  const itIf = (possible: boolean) => possible ? it : (_name: string, _run: () => Promise<void>) => {}

  itIf(can.login)('a password is set inside the running guest, and the guest that nobody answers in is told apart from one that refuses', async () => {
    await build()
    expect(await driver().setPasswordInside(machine(), { username: spec.login.username, password: 'Rahasia-456' })).toBe(true)
    expect(await bench().insideHas?.(machine().vmid, spec.login.username, 'Rahasia-456')).toBe(true)
    expect(await kindOf(driver().setPasswordInside(machine(), { username: 'tidak-ada', password: 'Rahasia-456' }))).toBe('permanent')
    await bench().silenceAgent?.(machine().vmid)
    expect(await driver().setPasswordInside(machine(), { username: spec.login.username, password: 'Rahasia-789' })).toBe(false)
    expect(await bench().insideHas?.(machine().vmid, spec.login.username, 'Rahasia-456')).toBe(true)
    await given.stop()
    expect(await driver().setPasswordInside(machine(), { username: spec.login.username, password: 'Rahasia-789' })).toBe(false)
  })
  itIf(can.login)('a password and several keys are kept for the next start, each without the other; null takes the keys away', async () => {
    await build()
    const before = await bench().passwordOf(machine().vmid)
    await driver().keepLogin(machine(), { username: spec.login.username, sshKey: `${spec.login.sshKey}\n${key}` })
    expect(await driver().readAccess(machine())).toEqual({ hostname: spec.hostname, sshKey: `${spec.login.sshKey}\n${key}`, hasPassword: true })
    expect(await bench().passwordOf(machine().vmid)).toBe(before)
    await driver().keepLogin(machine(), { username: spec.login.username, password: 'Rahasia-456' })
    expect(await driver().readAccess(machine())).toMatchObject({ sshKey: `${spec.login.sshKey}\n${key}` })
    expect(await bench().passwordOf(machine().vmid)).not.toBe(before)
    expect(await bench().passwordOf(machine().vmid)).not.toContain('Rahasia-456')
    await driver().keepLogin(machine(), { username: spec.login.username, sshKey: null })
    expect((await driver().readAccess(machine())).sshKey).toBeNull()
  })
  itIf(can.rename)('another name is told at the hypervisor and for the guest, the machine stays ours; named so again, nothing is sent', async () => {
    await build()
    await driver().rename(machine(), 'toko.contoh.test')
    expect(await driver().readAccess(machine())).toMatchObject({ hostname: 'toko.contoh.test' })
    expect(await driver().inspect(machine())).toMatchObject({ name: 'toko.contoh.test', vmid: machine().vmid, ownershipMark: machine().ownershipMark, power: 'running', ipv4: spec.address.ipv4 })
    expect(await changed(() => driver().rename(machine(), 'toko.contoh.test'))).toBe(0)
  })
  itIf(can.rescue)('rescue: the image comes before the disk, size and network stay; ended, the order is as it was, and nothing else was touched', async () => {
    await build()
    const [image] = await driver().listIsos()
    if (!image) throw new Error('no image')
    expect(image).toMatchObject({ bytes: expect.any(Number), nodes: expect.arrayContaining([bench().node]) })
    expect(await kindOf(driver().attachRescue(machine(), image.ref))).toBe('retryable')
    await given.stop()
    const before = await bench().snapshot(machine().vmid)
    const seen = await driver().inspect(machine())
    await driver().attachRescue(machine(), image.ref)
    expect(await changed(() => driver().attachRescue(machine(), image.ref))).toBe(0)
    expect(await driver().readRescue(machine())).toBe(image.ref)
    expect(await driver().inspect(machine())).toEqual(seen)
    await given.start()
    expect(await kindOf(driver().detachRescue(machine()))).toBe('retryable')
    await given.stop()
    await driver().detachRescue(machine())
    expect(await changed(() => driver().detachRescue(machine()))).toBe(0)
    expect(await driver().readRescue(machine())).toBeNull()
    expect(await bench().snapshot(machine().vmid)).toBe(before)
  })
  itIf(can.rescue)('a machine grows while it is in rescue, and stays in it', async () => {
    await build()
    await given.stop()
    const [image] = await driver().listIsos()
    await driver().attachRescue(machine(), image?.ref ?? '')
    await driver().growDisk(machine(), spec.diskGiB + 10)
    await given.start()
    expect(await driver().inspect(machine())).toMatchObject({ diskGiB: spec.diskGiB + 10, power: 'running' })
    expect(await driver().readRescue(machine())).toBe(image?.ref)
  })
  itIf(!can.login)('without rights inside the guests the login is refused for good, and nothing is sent', async () => {
    await build()
    expect(await changed(async () => {
      expect(await kindOf(driver().setPasswordInside(machine(), { username: 'x', password: 'Rahasia-456' }))).toBe('permanent')
      expect(await kindOf(driver().keepLogin(machine(), { username: 'x', sshKey: key }))).toBe('permanent')
    })).toBe(0)
  })
  itIf(!can.rescue)('without rescue it is refused for good, and nothing is sent', async () => {
    await build()
    expect(await changed(async () => {
      for (const refused of [() => driver().attachRescue(machine(), 'x'), ...given.listsImages ? [] : [() => driver().listIsos(), () => driver().detachRescue(machine()), () => driver().readRescue(machine())]]) expect(await kindOf(refused())).toBe('permanent')
      // A container is in no rescue, and whoever makes sure of it is not stopped.
      if (given.listsImages) expect([await driver().readRescue(machine()), await driver().detachRescue(machine())]).toEqual([null, undefined])
    })).toBe(0)
  })
  it('D10: the login, the name and the start of a foreign machine are never touched', async () => {
    await bench().addForeign(machine().vmid)
    const before = await bench().snapshot(machine().vmid)
    const acts = [...can.login ? [driver().setPasswordInside(machine(), { username: 'root', password: 'Rahasia-456' }), driver().keepLogin(machine(), { username: 'root', sshKey: key })] : [], driver().rename(machine(), 'toko.contoh.test'), ...can.rescue ? [driver().attachRescue(machine(), 'local:iso/x.iso'), driver().detachRescue(machine())] : []]
    for (const act of acts) expect(['not_ours', 'not_found']).toContain(await kindOf(act))
    expect(await bench().snapshot(machine().vmid)).toBe(before)
  })
}
