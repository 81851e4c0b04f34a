import { expect } from 'vitest'
import type { HypervisorDriver, MachineRef } from '#server/infrastructure/ports.ts'
import { finished, kindOf, mark } from './hypervisor.bench.ts'
import type { HypervisorBench } from './hypervisor.bench.ts'

interface Cases { readonly it: (name: string, run: () => Promise<void>) => void, readonly can: boolean, readonly locksAreTold: boolean, readonly bench: () => HypervisorBench, readonly machine: (vmid?: number) => MachineRef, readonly build: () => Promise<void> }

/** What every driver guarantees about moves to another node; one without the capability refuses. */
export function moveCases({ it, can, locksAreTold, bench, machine, build }: Cases) {
  const driver = (): HypervisorDriver => bench().driver
  const inspect = () => driver().inspect({ ownershipMark: mark, node: null, vmid: machine().vmid })
  if (!can) {
    it('a hypervisor that is its only node refuses a move for good', async () => {
      await build()
      expect(await kindOf(driver().moveObstacle(machine(), { node: bench().otherNode, live: true }))).toBe('permanent')
      expect(await kindOf(driver().moveMachine(machine(), { node: bench().otherNode, live: true }))).toBe('permanent')
    })
    return
  }
  it('a running machine moves while it runs: number, mark, address and MAC go with it, and there is one', async () => {
    await build()
    const { mac } = await bench().reads(machine().vmid)
    expect(await driver().moveObstacle(machine(), { node: bench().otherNode, live: true })).toBeNull()
    expect(await finished(driver(), await driver().moveMachine(machine(), { node: bench().otherNode, live: true }))).toEqual({ state: 'done', warnings: false })
    expect(await inspect()).toMatchObject({ node: bench().otherNode, power: 'running', lock: null, networkUp: true, ownershipMark: mark, ipv4: '203.0.113.10' })
    expect((await bench().reads(machine().vmid)).mac).toBe(mac)
    expect(await bench().countMachines()).toBe(1)
  })
  it('a stopped machine moves and stays off', async () => {
    await build()
    await finished(driver(), await driver().stop(machine()))
    await finished(driver(), await driver().moveMachine(machine(), { node: bench().otherNode, live: false }))
    expect(await inspect()).toMatchObject({ node: bench().otherNode, power: 'stopped' })
  })
  it('is it there already, nothing is sent', async () => {
    await build()
    const before = bench().writes()
    expect(await driver().moveMachine(machine(), { node: bench().node, live: true })).toBeNull()
    expect(await driver().moveObstacle(machine(), { node: bench().node, live: true })).toBeNull()
    expect(bench().writes()).toBe(before)
  })
  it('a running machine is not moved as if it were stopped: retryable, nothing sent', async () => {
    await build()
    const before = bench().writes()
    expect(await kindOf(driver().moveMachine(machine(), { node: bench().otherNode, live: false }))).toBe('retryable')
    expect(bench().writes()).toBe(before)
  })
  it('D10: somebody else\'s machine is not moved', async () => {
    await bench().addForeign(machine().vmid)
    const before = await bench().snapshot(machine().vmid)
    expect(await kindOf(driver().moveMachine(machine(), { node: bench().otherNode, live: true }))).toBe('not_ours')
    expect(await bench().snapshot(machine().vmid)).toBe(before)
  })
  it('the answer to a move is lost: asked again, it is there or under way, and moved once', async () => {
    await build()
    bench().loseMoveAnswer()
    expect(await kindOf(driver().moveMachine(machine(), { node: bench().otherNode, live: true }))).toBe('unknown_outcome')
    expect(await driver().moveMachine(machine(), { node: bench().otherNode, live: true })).toBeNull()
    expect(await inspect()).toMatchObject({ node: bench().otherNode, power: 'running' })
  })
  if (!locksAreTold) return
  it('while it moves the machine is held, and a second move is retryable', async () => {
    await build()
    bench().holdTasks(true)
    const handle = await driver().moveMachine(machine(), { node: bench().otherNode, live: true })
    expect(await inspect()).toMatchObject({ lock: expect.any(String) as unknown, node: bench().node })
    expect(await kindOf(driver().moveMachine(machine(), { node: bench().otherNode, live: true }))).toBe('retryable')
    bench().holdTasks(false)
    await finished(driver(), handle)
    expect(await inspect()).toMatchObject({ lock: null, node: bench().otherNode })
  })
}
