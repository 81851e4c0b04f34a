import { expect } from 'vitest'
import type { HypervisorDriver, MachineRef } from '#server/infrastructure/ports.ts'
import { finished, kindOf, mark, otherMark } from './hypervisor.bench.ts'
import type { HypervisorBench } from './hypervisor.bench.ts'

interface Cases { readonly it: (name: string, run: () => Promise<void>) => void, readonly can: boolean, readonly bench: () => HypervisorBench, readonly machine: (vmid?: number) => MachineRef, readonly build: () => Promise<void> }
const foreign = 106
const address = { ipv4: '203.0.113.77', prefixLength: 24, gateway: '203.0.113.1' }

/** What every driver guarantees about machines that are taken over and let go; one without the capability refuses. */
export function adoptionCases({ it, can, bench, machine, build }: Cases) {
  const driver = (): HypervisorDriver => bench().driver
  const adopt = (change: { ownershipMark?: string, instead?: string | null, address?: typeof address | null } = {}) => driver().adoptMachine({ vmid: foreign, ownershipMark: otherMark, instead: null, address, ...change })
  if (!can) {
    it('a hypervisor that takes no machine over refuses for good, and changes none', async () => {
      await build()
      await bench().addForeign(foreign)
      const before = await bench().snapshot(foreign)
      for (const act of [driver().listMachines(), driver().readStranger(foreign), adopt(), driver().completeMark(machine()), driver().releaseMachine(machine())]) expect(await kindOf(act)).toBe('permanent')
      expect(await bench().snapshot(foreign)).toBe(before)
    })
    return
  }
  it('all machines are listed with whose they say they are; templates are none', async () => {
    await build()
    await bench().addForeign(foreign)
    const listed = await driver().listMachines()
    expect(listed).toEqual([expect.objectContaining({ vmid: machine().vmid, ownershipMark: mark }), expect.objectContaining({ vmid: foreign, name: 'milik-orang', ownershipMark: null, power: 'running', cpuCores: 4, memoryTotalMiB: 4096, node: bench().node })].sort((a, b) => (a as { vmid: number }).vmid - (b as { vmid: number }).vmid))
    expect(await driver().readStranger(foreign)).toMatchObject({ name: 'milik-orang', marks: [], template: false, lock: null, keptSnapshots: [], ipv4: null })
    expect(await driver().readStranger(machine().vmid)).toMatchObject({ marks: [mark] })
    expect(await driver().readStranger(777)).toBeNull()
  })
  it('a machine that is taken over is proven by its mark, runs on as it was and can be acted on; taken again, nothing is sent', async () => {
    await bench().addForeign(foreign)
    const { mac, diskGiB } = await bench().reads(foreign)
    await adopt()
    expect(await driver().inspect({ ownershipMark: otherMark, node: null, vmid: foreign })).toMatchObject({ vmid: foreign, power: 'running', ownershipMark: otherMark, ipv4: address.ipv4 })
    expect(await bench().reads(foreign)).toMatchObject({ running: true, mac, diskGiB })
    const before = bench().writes()
    await adopt()
    expect(bench().writes()).toBe(before)
    await finished(driver(), await driver().stop({ node: bench().node, vmid: foreign, ownershipMark: otherMark }))
    expect((await bench().reads(foreign)).running).toBe(false)
  })
  it('its answer is lost: asked again, it is taken over once', async () => {
    await bench().addForeign(foreign)
    bench().loseResizeAnswer()
    expect(await kindOf(adopt())).toBe('unknown_outcome')
    await adopt()
    expect(await driver().findByMark(otherMark)).toEqual({ node: bench().node, vmid: foreign })
  })
  it('one that carries a mark is not taken, unless that mark is the one to be replaced; one that is locked has to wait', async () => {
    await bench().addForeign(foreign)
    expect(await kindOf(driver().adoptMachine({ vmid: 777, ownershipMark: otherMark, instead: null, address }))).toBe('not_found')
    bench().lock(foreign, 'backup')
    expect(await kindOf(adopt())).toBe('retryable')
    bench().lock(foreign, null)
    await adopt()
    const before = await bench().snapshot(foreign)
    expect(await kindOf(adopt({ ownershipMark: mark }))).toBe('not_ours')
    expect(await bench().snapshot(foreign)).toBe(before)
    await adopt({ ownershipMark: mark, instead: otherMark })
    expect(await driver().readStranger(foreign)).toMatchObject({ marks: [mark] })
  })
  it('a mark that is whole is not written again', async () => {
    await build()
    const before = bench().writes()
    await driver().completeMark(machine())
    expect(bench().writes()).toBe(before)
  })
  it('one that is let go runs on without a mark and is not touched any more; let go twice, the second is refused', async () => {
    await build()
    await driver().releaseMachine(machine())
    expect(await driver().readStranger(machine().vmid)).toMatchObject({ marks: [], power: 'running' })
    expect(await driver().inspect({ ownershipMark: mark, node: null, vmid: machine().vmid })).toBeNull()
    const before = await bench().snapshot(machine().vmid)
    for (const act of [driver().stop(machine()), driver().destroy(machine()), driver().completeMark(machine()), driver().releaseMachine(machine())]) expect(await kindOf(act)).toBe('not_ours')
    expect(await bench().snapshot(machine().vmid)).toBe(before)
  })
}
