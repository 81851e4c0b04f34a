import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectConsole } from '#server/drivers/console/connect.ts'
import { hypervisorCapabilities, machineCapabilities, metricRanges } from '#shared/vocabulary/machines.ts'
import type { HypervisorKind, MachineType } from '#shared/vocabulary/machines.ts'
import type { ConsoleLine, HypervisorDriver, MachineRef } from '#server/infrastructure/ports.ts'
import { accessCases } from './access.cases.ts'
import { adoptionCases } from './adoption.cases.ts'
import { backupCases } from './backups.cases.ts'
import { cardAddressCases } from './card-address.cases.ts'
import { rebuildCases } from './rebuild.cases.ts'
import { trafficCases } from './traffic.cases.ts'
import { firewallCases } from './firewall.cases.ts'
import { finished, kindOf, mark, otherMark, spec } from './hypervisor.bench.ts'
import type { HypervisorBench } from './hypervisor.bench.ts'
import { ipv6Cases } from './ipv6.cases.ts'
import { severalAddressesCases } from './several-addresses.cases.ts'
import { moveCases } from './moves.cases.ts'
import { networkCases } from './networks.cases.ts'

/** What a bench cannot bring about, or a hypervisor does not have: cases that stand on it are left out, and the suite's name says so. */
export type Lacking = 'task warnings' | 'clones that do not show whose they are' | 'locks that are told' | 'migration' | 'sizes that wait for the next start' | 'machines made by one call' | 'traffic counters' | 'snapshots that keep the configuration'

/** What every hypervisor driver guarantees, whatever it speaks. A case that needs a capability is held to it wherever it is there. */
export function hypervisorContract(name: string, kind: HypervisorKind, lacking: readonly Lacking[], open: () => Promise<HypervisorBench>, type: MachineType = 'vm') {
  const can = machineCapabilities(kind, type) ?? hypervisorCapabilities[kind]
  const unable = Object.entries(can).filter(([, able]) => !able).map(([capability]) => capability)
  const without = [...unable, ...lacking]
  const itIf = (possible: boolean) => possible ? it : (_name: string, _run: () => Promise<void>) => {}
  const itWith = (what: Lacking) => itIf(!lacking.includes(what))
  const itFilters = itIf(can.addressFilter)
  describe(`hypervisor contract: ${name}${without.length > 0 ? ` (without: ${without.join(', ')})` : ''}`, () => {
    let bench: HypervisorBench
    let driver: HypervisorDriver
    const vmid = 105
    const first = { name: 'gardu-0123456789ab', title: 'Sebelum <pembaruan> & "uji" é' }
    const second = { name: 'gardu-0123456789ac', title: 'Sesudah' }
    const machine = (): MachineRef => ({ node: bench.node, vmid, ownershipMark: mark })
    const clone = (id = vmid) => driver.clone({ template: bench.template, vmid: id, node: bench.node, hostname: spec.hostname, ownershipMark: mark, spec })
    const build = async () => {
      await finished(driver, await clone())
      await finished(driver, await driver.configure(machine(), spec))
      await finished(driver, await driver.growDisk(machine(), spec.diskGiB))
      if (can.addressFilter) await driver.filterAddresses(machine(), [spec.address.ipv4])
      await finished(driver, await driver.start(machine()))
    }
    beforeEach(async () => {
      bench = await open()
      driver = bench.driver
    })
    afterEach(() => bench.close())
    backupCases({ vmid, can: can.backups, bench: () => bench, build, machine })
    rebuildCases({ vmid, can: can.backups, type, bench: () => bench, build, machine })

    networkCases({ bench: () => bench })

    trafficCases(can, { counts: !lacking.includes('traffic counters'), bench: () => bench, build, machine })

    const stop = async () => void await finished(driver, await driver.stop(machine()))
    const start = async () => void await finished(driver, await driver.start(machine()))
    accessCases(can, { listsImages: hypervisorCapabilities[kind].rescue, bench: () => bench, driver: () => driver, machine, build, stop, start })

    it('what was sold is what is read back', async () => {
      await build()
      expect(await driver.inspect({ ownershipMark: mark, node: null, vmid })).toMatchObject({ vmid, name: spec.hostname, power: 'running', cpuCores: 2, memoryTotalMiB: 2048, diskGiB: 40, ownershipMark: mark, ipv4: '203.0.113.10', rateMbps: can.rateLimit ? 100 : null, startsAtBoot: can.startAtBoot ? true : null, networkUp: true, lock: null, filteredAddresses: can.addressFilter ? ['203.0.113.10'] : null })
    })
    it('the mark stands in description and tag', async () => {
      await build()
      expect(await bench.reads(vmid)).toMatchObject({ tags: expect.stringContaining(`gardu-${mark}`), description: expect.stringContaining(`gardu-${mark}`) })
    })
    it('created twice under one key, there is one machine', async () => {
      await finished(driver, await clone())
      expect(await finished(driver, await clone())).toEqual({ state: 'done', warnings: false })
      expect(await bench.countMachines()).toBe(1)
    })
    it('created again under another number, there is one machine and the caller is told to look', async () => {
      await finished(driver, await clone())
      expect(await kindOf(clone(106))).toBe('unknown_outcome')
      expect(await bench.countMachines()).toBe(1)
    })
    const itShows = itIf(can.console)
    const openScreen = async () => {
      const target = await driver.openConsole(machine())
      if (!target) throw new Error('no console')
      return target
    }
    const firstBytes = (line: ConsoleLine) => new Promise<Buffer>((resolve, reject) => {
      line.onData(data => resolve(Buffer.from(data)))
      line.onClose(() => reject(new Error('the line was closed')))
      line.send(Buffer.from([1]))
    })
    itShows('the screen of a running machine is reached with what the hypervisor told, and proves us by itself', async () => {
      await build()
      const line = await connectConsole(await openScreen())
      // ServerInit: a screen that is not empty.
      const screen = await firstBytes(line)
      expect([screen.readUInt16BE(0), screen.readUInt16BE(2)].every(side => side > 0)).toBe(true)
      line.close()
    })
    itShows('a console opens once: who comes a second time with the same is refused', async () => {
      await build()
      const target = await openScreen()
      const line = await connectConsole(target)
      expect(await kindOf(connectConsole(target))).toBe('action_required')
      line.close()
    })
    itShows('a wrong password shows no screen', async () => {
      await build()
      expect(await kindOf(connectConsole({ ...await openScreen(), password: 'salah' }))).toBe('action_required')
    })
    itShows('a machine that does not run has no screen, and a running one loses it when it stops', async () => {
      await build()
      const line = await connectConsole(await openScreen())
      const closed = new Promise<string>(resolve => line.onClose(() => resolve('closed')))
      await finished(driver, await driver.stop(machine()))
      expect(await closed).toBe('closed')
      expect(await driver.openConsole(machine())).toBeNull()
    })
    it('D10: the screen of a foreign machine under our number is not asked for', async () => {
      await bench.addForeign(vmid)
      const writes = bench.writes()
      expect(await kindOf(driver.openConsole(machine()))).toBe('not_ours')
      expect(bench.writes()).toBe(writes)
    })
    if (!can.console) it('without consoles, nobody is given one', async () => {
      await build()
      expect(await kindOf(driver.openConsole(machine()))).toBe('permanent')
    })
    it('capabilities are those of the kind', () => {
      expect(driver.capabilities).toEqual(hypervisorCapabilities[kind])
    })
    itWith('machines made by one call')('an answer lost after the act is an unknown outcome, and the mark finds the machine', async () => {
      bench.loseCloneAnswer()
      expect(await kindOf(clone())).toBe('unknown_outcome')
      expect(await driver.findByMark(mark)).toEqual({ node: bench.node, vmid })
      expect((await finished(driver, await clone())).state).toBe('done')
      expect(await bench.countMachines()).toBe(1)
    })
    itWith('clones that do not show whose they are')('while a lost clone does not show yet whose it is, nobody is told that it does not exist', async () => {
      bench.holdTasks(true)
      bench.loseCloneAnswer()
      expect(await kindOf(clone())).toBe('unknown_outcome')
      expect(await kindOf(driver.findByMark(mark))).toBe('retryable')
      bench.holdTasks(false)
      await expect.poll(() => driver.findByMark(mark).catch(() => null), { timeout: 5000 }).toEqual({ node: bench.node, vmid })
    })
    itWith('clones that do not show whose they are')('somebody else\'s clone under way keeps nobody waiting: ours is begun beside it', async () => {
      bench.holdTasks(true)
      await driver.clone({ template: bench.template, vmid: vmid + 7, node: bench.node, hostname: 'orang-lain', ownershipMark: otherMark, spec })
      expect(await driver.findByMark(mark, vmid)).toBeNull()
      await clone()
      expect(await bench.countMachines()).toBe(2)
      bench.holdTasks(false)
      await expect.poll(() => driver.findByMark(mark, vmid).catch(() => null), { timeout: 5000 }).toEqual({ node: bench.node, vmid })
      expect(await driver.findByMark(otherMark, vmid + 7)).toEqual({ node: bench.node, vmid: vmid + 7 })
    })
    it('D10: a number taken between asking and using it is given up, and its machine is untouched', async () => {
      await bench.addForeign(vmid)
      const before = await bench.snapshot(vmid)
      expect(await kindOf(clone())).toBe('retryable')
      expect(await bench.snapshot(vmid)).toBe(before)
    })
    it('a free number is a number that no machine has', async () => {
      const first = await driver.nextFreeId()
      await bench.addForeign(first)
      expect(await driver.nextFreeId()).not.toBe(first)
    })
    it('D10: a foreign machine under our number is never touched by any act', async () => {
      await bench.addForeign(vmid)
      const before = await bench.snapshot(vmid)
      const writes = bench.writes()
      const acts = [() => driver.start(machine()), () => driver.stop(machine()), () => driver.shutdown(machine(), { timeoutSeconds: 5, force: true }), () => driver.reboot(machine()), () => driver.configure(machine(), spec), () => driver.growDisk(machine(), 99), () => driver.resize(machine(), { cpuCores: 8, ramMiB: 512, rateMbps: 1 }), () => driver.filterAddresses(machine(), ['203.0.113.10']), () => driver.setSuspended(machine(), true), () => driver.listSnapshots(machine()), () => driver.createSnapshot(machine(), first), () => driver.rollbackSnapshot(machine(), first.name), () => driver.deleteSnapshot(machine(), first.name), () => driver.destroy(machine())]
      for (const act of acts) expect(await kindOf(act())).toBe('not_ours')
      expect(await bench.snapshot(vmid)).toBe(before)
      expect(bench.writes()).toBe(writes)
    })
    it('D10: the machine of another service under our number is never touched', async () => {
      await build()
      const before = await bench.snapshot(vmid)
      expect(await kindOf(driver.destroy({ ...machine(), ownershipMark: otherMark }))).toBe('not_ours')
      expect(await bench.snapshot(vmid)).toBe(before)
    })
    it('a foreign machine under our number is not what inspection answers', async () => {
      await bench.addForeign(vmid)
      expect(await driver.inspect({ ownershipMark: mark, node: bench.node, vmid })).toBeNull()
    })
    it('a copy that carries the same mark stops the search: which one is ours must be said', async () => {
      await build()
      await bench.copyMachine(vmid, 200)
      expect(await kindOf(driver.findByMark(mark))).toBe('action_required')
    })
    it('a locked machine is retryable', async () => {
      await build()
      await bench.lock(vmid, 'backup')
      expect(await kindOf(driver.stop(machine()))).toBe('retryable')
    })
    itWith('locks that are told')('a lock is told', async () => {
      await build()
      await bench.lock(vmid, 'backup')
      expect((await driver.inspect({ ownershipMark: mark, node: null, vmid }))?.lock).toBe('backup')
    })
    itWith('task warnings')('a task that ends with warnings is done', async () => {
      bench.warnTasks()
      expect(await finished(driver, await clone())).toEqual({ state: 'done', warnings: true })
    })
    it('a task that dies is failed, with its reason, and leaves no machine', async () => {
      bench.failTasks('clone')
      expect(await finished(driver, await clone())).toMatchObject({ state: 'failed', message: expect.stringMatching(/./) })
      expect(await driver.findByMark(mark)).toBeNull()
    })
    it('a slow task is running until it is done', async () => {
      bench.holdTasks(true)
      const handle = await clone()
      expect(await driver.task(handle)).toEqual({ state: 'running' })
      bench.holdTasks(false)
      expect((await finished(driver, handle)).state).toBe('done')
    })
    it('a template that vanished is permanent', async () => {
      await bench.removeTemplate()
      expect(await kindOf(clone())).toBe('permanent')
    })
    it('a full storage asks for the sysadmin', async () => {
      bench.fillStorage()
      expect(await finished(driver, await clone())).toMatchObject({ state: 'failed', kind: 'action_required' })
    })
    it('a disk never shrinks: larger already is done', async () => {
      await build()
      const writes = bench.writes()
      expect(await driver.growDisk(machine(), 10)).toBeNull()
      expect((await bench.reads(vmid)).diskGiB).toBe(40)
      expect(bench.writes()).toBe(writes)
    })
    const larger = { cpuCores: 4, ramMiB: 8192, rateMbps: 250 }
    const stopped = async () => {
      await build()
      await finished(driver, await driver.stop(machine()))
    }
    it('a machine gets another size and keeps everything else: card, address, login, mark', async () => {
      await stopped()
      const before = await bench.reads(vmid)
      expect(await finished(driver, await driver.resize(machine(), larger))).toMatchObject({ state: 'done' })
      expect(await driver.inspect({ ownershipMark: mark, node: null, vmid })).toMatchObject({ cpuCores: 4, memoryTotalMiB: 8192, networkUp: true, ownershipMark: mark, ...(can.knowsAddress ? { ipv4: '203.0.113.10' } : {}), ...(can.rateLimit ? { rateMbps: 250 } : {}), ...(can.startAtBoot ? { startsAtBoot: true } : {}), ...(can.addressFilter ? { filteredAddresses: ['203.0.113.10'] } : {}) })
      expect(await bench.reads(vmid)).toEqual({ ...before, ...(can.rateLimit ? { rate: expect.stringMatching(/./) as string } : {}) })
      expect(await bench.passwordOf(vmid)).not.toBeNull()
    })
    it('resized again, nothing is written', async () => {
      await stopped()
      await finished(driver, await driver.resize(machine(), larger))
      const [writes, password] = [bench.writes(), await bench.passwordOf(vmid)]
      expect(await driver.resize(machine(), larger)).toBeNull()
      expect(bench.writes()).toBe(writes)
      expect(await bench.passwordOf(vmid)).toBe(password)
    })
    it('a login that its owner changed is not touched by a resize', async () => {
      await stopped()
      const password = await bench.passwordOf(vmid)
      await finished(driver, await driver.resize(machine(), larger))
      expect(await bench.passwordOf(vmid)).toBe(password)
    })
    itIf(lacking.includes('sizes that wait for the next start'))('a running machine gets no other size: retryable, nothing changed', async () => {
      await build()
      const before = await bench.snapshot(vmid)
      expect(await kindOf(driver.resize(machine(), larger))).toBe('retryable')
      expect(await bench.snapshot(vmid)).toBe(before)
    })
    itIf(type === 'container')('a running container takes on another size at once, and goes on running', async () => {
      await build()
      await finished(driver, await driver.resize(machine(), larger))
      expect(await driver.inspect({ ownershipMark: mark, node: null, vmid })).toMatchObject({ power: 'running', cpuCores: 4, memoryTotalMiB: 8192 })
    })
    itIf(type === 'vm' && !lacking.includes('sizes that wait for the next start'))('resized while it runs, a machine is told to have its old CPU and memory until it starts anew', async () => {
      await build()
      await finished(driver, await driver.resize(machine(), larger))
      expect(await driver.inspect({ ownershipMark: mark, node: null, vmid })).toMatchObject({ cpuCores: 2, memoryTotalMiB: 2048 })
      await finished(driver, await driver.stop(machine()))
      await finished(driver, await driver.start(machine()))
      expect(await driver.inspect({ ownershipMark: mark, node: null, vmid })).toMatchObject({ power: 'running', cpuCores: 4, memoryTotalMiB: 8192 })
    })
    it('a disk grows while the machine runs, and is told as large as it became', async () => {
      await build()
      await finished(driver, await driver.growDisk(machine(), 80))
      expect(await driver.inspect({ ownershipMark: mark, node: null, vmid })).toMatchObject({ power: 'running', diskGiB: 80 })
    })
    it('a locked machine is neither resized nor grown, and both are retryable', async () => {
      await stopped()
      await bench.lock(vmid, 'backup')
      const before = await bench.snapshot(vmid)
      expect(await kindOf(driver.resize(machine(), larger))).toBe('retryable')
      expect(await kindOf(driver.growDisk(machine(), 80))).toBe('retryable')
      expect(await bench.snapshot(vmid)).toBe(before)
    })
    it('a disk does not grow on a full storage: the sysadmin is asked for, the disk is as it was', async () => {
      await build()
      bench.fillStorage()
      expect(await finished(driver, await driver.growDisk(machine(), 80))).toMatchObject({ state: 'failed', kind: 'action_required' })
      expect(await driver.inspect({ ownershipMark: mark, node: null, vmid })).toMatchObject({ power: 'running', diskGiB: 40 })
    })
    it('the answer to a resize is lost after the act: repeated, it is so already', async () => {
      await stopped()
      bench.loseResizeAnswer()
      expect(await kindOf(driver.resize(machine(), larger))).toBe('unknown_outcome')
      expect(await driver.resize(machine(), larger)).toBeNull()
      bench.loseResizeAnswer()
      expect(await kindOf(driver.growDisk(machine(), 80))).toBe('unknown_outcome')
      expect(await driver.growDisk(machine(), 80)).toBeNull()
      expect(await driver.inspect({ ownershipMark: mark, node: null, vmid })).toMatchObject({ cpuCores: 4, memoryTotalMiB: 8192, diskGiB: 80 })
    })
    it('a node that is offline is retryable and proves nothing about its machines', async () => {
      await build()
      bench.nodeOffline(bench.node)
      expect(await kindOf(driver.stop(machine()))).toBe('retryable')
      expect(await kindOf(driver.inspect({ ownershipMark: mark, node: bench.node, vmid }))).toBe('retryable')
      expect(await kindOf(driver.destroy(machine()))).toBe('retryable')
    })
    itWith('migration')('a machine that moved is found where it is', async () => {
      await build()
      await bench.migrate(vmid, bench.otherNode)
      await finished(driver, await driver.stop(machine()))
      expect(await driver.inspect({ ownershipMark: mark, node: bench.node, vmid })).toMatchObject({ node: bench.otherNode, power: 'stopped' })
    })
    moveCases({ it, can: can.move, locksAreTold: !lacking.includes('locks that are told'), bench: () => bench, machine, build })
    if (can.adoption || !hypervisorCapabilities[kind].adoption) adoptionCases({ it, can: can.adoption, bench: () => bench, machine, build })
    else {
      it('one of a kind that is not taken over is no stranger either, and is not touched', async () => {
        await build()
        const before = await bench.snapshot(vmid)
        expect(await driver.readStranger(vmid)).toBeNull()
        expect(await driver.listMachines()).toEqual([])
        expect(await kindOf(driver.adoptMachine({ vmid, ownershipMark: mark, instead: null, address: null }))).toBe('not_found')
        expect(await bench.snapshot(vmid)).toBe(before)
      })
    }
    it('the network device keeps its MAC through every change', async () => {
      await finished(driver, await clone())
      const { mac } = await bench.reads(vmid)
      await finished(driver, await driver.configure(machine(), spec))
      await finished(driver, await driver.configure(machine(), { ...spec, rateMbps: 250 }))
      if (can.addressFilter) await driver.filterAddresses(machine(), ['203.0.113.10'])
      await driver.setSuspended(machine(), true)
      await driver.setSuspended(machine(), false)
      expect(mac).toMatch(/^([0-9A-F]{2}:){5}[0-9A-F]{2}$/)
      expect((await bench.reads(vmid)).mac).toBe(mac)
      if (can.addressFilter) expect(await bench.passes(vmid)).toEqual(['203.0.113.10'])
    })
    const filtered = async () => (await driver.inspect({ ownershipMark: mark, node: null, vmid }))?.filteredAddresses
    itFilters('a machine may send from any address until it is filtered, then from its own alone, and inspection tells both', async () => {
      await finished(driver, await clone())
      expect(await bench.passes(vmid)).toBeNull()
      expect(await filtered()).toBeNull()
      await driver.filterAddresses(machine(), ['203.0.113.10'])
      expect(await bench.passes(vmid)).toEqual(['203.0.113.10'])
      expect(await filtered()).toEqual(['203.0.113.10'])
    })
    itFilters('filtered again, nothing is written and exactly the address is let pass', async () => {
      await build()
      const writes = bench.writes()
      await driver.filterAddresses(machine(), ['203.0.113.10'])
      expect(bench.writes()).toBe(writes)
      expect(await bench.passes(vmid)).toEqual(['203.0.113.10'])
    })
    itFilters('an address that somebody added is told, and taken out again', async () => {
      await build()
      await bench.letPass(vmid, '203.0.113.99')
      await bench.letPass(vmid, '198.51.100.0/24')
      expect(await filtered()).toHaveLength(3)
      await driver.filterAddresses(machine(), ['203.0.113.10'])
      expect(await bench.passes(vmid)).toEqual(['203.0.113.10'])
      expect(await filtered()).toEqual(['203.0.113.10'])
    })
    itFilters('another address takes the place of the former one', async () => {
      await build()
      // A container's own address passes its filter whatever else is said, so it is changed first.
      await finished(driver, await driver.configure(machine(), { ...spec, address: { ...spec.address, ipv4: '203.0.113.11' } }))
      await driver.filterAddresses(machine(), ['203.0.113.11'])
      expect(await bench.passes(vmid)).toEqual(['203.0.113.11'])
    })
    itFilters('a filter that was switched off is told, and switched on again while the machine runs', async () => {
      await build()
      await bench.switchFilterOff(vmid)
      expect(await filtered()).toBeNull()
      await driver.filterAddresses(machine(), ['203.0.113.10'])
      expect(await filtered()).toEqual(['203.0.113.10'])
      expect((await bench.reads(vmid)).running).toBe(true)
    })
    itFilters('the answer to the filter is lost: repeated, exactly the address is let pass', async () => {
      await finished(driver, await clone())
      // Each of its calls in turn, until one goes through to the end.
      for (let lost = 0; ; lost++) {
        const before = bench.writes()
        bench.loseFilterAnswer()
        const failure = await driver.filterAddresses(machine(), ['203.0.113.10']).then(() => null, (error: unknown) => error)
        if (!failure && bench.writes() === before) {
          expect(lost).toBeGreaterThan(1)
          break
        }
        expect(failure).toMatchObject({ kind: 'unknown_outcome' })
      }
      expect(await bench.passes(vmid)).toEqual(['203.0.113.10'])
      expect(await filtered()).toEqual(['203.0.113.10'])
    })
    itFilters('the filter goes with the machine: its number\'s next owner does not inherit it', async () => {
      await build()
      await finished(driver, await driver.stop(machine()))
      await finished(driver, await driver.destroy(machine()))
      await finished(driver, await clone())
      expect(await filtered()).toBeNull()
    })
    itIf(!can.addressFilter)('where nothing can be filtered, nobody is told that it is: the act fails for good and inspection says so', async () => {
      await build()
      expect(await kindOf(driver.filterAddresses(machine(), ['203.0.113.10']))).toBe('permanent')
      expect(await filtered()).toBeNull()
    })
    ipv6Cases({ bench: () => bench, machine, spec, clone, finished, addressFilter: can.addressFilter, laterIpv6: can.laterIpv6 })
    severalAddressesCases({ bench: () => bench, machine, spec, clone, finished, addressFilter: can.addressFilter })
    cardAddressCases({ bench: () => bench, machine, spec, clone, finished, cardAddress: can.cardAddress })
    itIf(can.rateLimit)('the rate limit arrives in the hypervisor\'s own unit', async () => {
      await build()
      expect((await bench.reads(vmid)).rate).toBe('11.92')
    })
    it('an SSH key arrives letter for letter', async () => {
      await build()
      expect(decodeURIComponent((await bench.reads(vmid)).sshKeys ?? '')).toBe(spec.login.sshKey)
    })
    it('D11: suspended, a machine does not start at boot and its link is down; resumed, both are back', async () => {
      await build()
      await driver.setSuspended(machine(), true)
      expect(await bench.reads(vmid)).toMatchObject({ ...(can.startAtBoot ? { onboot: false } : {}), linkDown: true })
      await driver.setSuspended(machine(), true)
      expect(await driver.inspect({ ownershipMark: mark, node: null, vmid })).toMatchObject({ startsAtBoot: can.startAtBoot ? false : null, networkUp: false })
      await driver.setSuspended(machine(), false)
      expect(await bench.reads(vmid)).toMatchObject({ ...(can.startAtBoot ? { onboot: true } : {}), linkDown: false })
    })
    it('D11: the network stays off when somebody starts a suspended machine past us', async () => {
      await stopped()
      await driver.setSuspended(machine(), true)
      await finished(driver, await driver.start(machine()))
      expect(await driver.inspect({ ownershipMark: mark, node: null, vmid })).toMatchObject({ power: 'running', networkUp: false })
    })
    it('after the first boot nothing of the login is left that the hypervisor would show, and said again nothing is written', async () => {
      await build()
      await driver.forgetFirstBoot(machine())
      if (!can.knowsAddress) expect(await bench.passwordOf(vmid)).toBeNull()
      const writes = bench.writes()
      await driver.forgetFirstBoot(machine())
      expect(bench.writes()).toBe(writes)
    })
    it('an act whose effect is there already does nothing', async () => {
      await build()
      const writes = bench.writes()
      expect(await driver.start(machine())).toBeNull()
      expect(bench.writes()).toBe(writes)
      await finished(driver, await driver.stop(machine()))
      expect(await driver.stop(machine())).toBeNull()
      expect(await driver.shutdown(machine(), { timeoutSeconds: 5, force: true })).toBeNull()
    })
    it('a machine is shut down, started and rebooted', async () => {
      await build()
      await finished(driver, await driver.shutdown(machine(), { timeoutSeconds: 5, force: true }))
      expect((await bench.reads(vmid)).running).toBe(false)
      await finished(driver, await driver.reboot(machine()))
      expect((await bench.reads(vmid)).running).toBe(true)
      await finished(driver, await driver.reboot(machine()))
      expect((await bench.reads(vmid)).running).toBe(true)
    })
    const take = async (snapshot = first) => finished(driver, await driver.createSnapshot(machine(), snapshot))
    const listed = async () => (await driver.listSnapshots(machine())).map(({ name }) => name)
    it('a machine that has no snapshot tells none', async () => {
      await build()
      expect(await driver.listSnapshots(machine())).toEqual([])
    })
    it('a snapshot is taken while the machine runs, and told with its title and time', async () => {
      await build()
      expect(await take()).toMatchObject({ state: 'done' })
      expect(await driver.listSnapshots(machine())).toEqual([{ ...first, at: expect.any(Date) as Date }])
      expect(await driver.inspect({ ownershipMark: mark, node: null, vmid })).toMatchObject({ power: 'running', lock: null, ownershipMark: mark })
    })
    it('taken again under the same name, nothing is sent and there is one', async () => {
      await build()
      await take()
      const writes = bench.writes()
      expect(await driver.createSnapshot(machine(), first)).toBeNull()
      expect(bench.writes()).toBe(writes)
      expect(await listed()).toEqual([first.name])
    })
    it('the answer to a snapshot is lost: asked again, there is one', async () => {
      await build()
      bench.loseSnapshotAnswer()
      expect(await kindOf(driver.createSnapshot(machine(), first))).toBe('unknown_outcome')
      await expect.poll(() => driver.createSnapshot(machine(), first).catch(() => 'not yet'), { timeout: 5000 }).toBeNull()
      expect(await listed()).toEqual([first.name])
    })
    it('snapshots are told oldest first, those made by hand among them', async () => {
      await build()
      await take()
      await take(second)
      await bench.takeByHand(vmid, 'sebelum-migrasi')
      const all = await driver.listSnapshots(machine())
      expect(all.map(({ name }) => name).sort()).toEqual([first.name, second.name, 'sebelum-migrasi'])
      expect(all.map(({ at }) => at?.getTime() ?? 0)).toEqual(all.map(({ at }) => at?.getTime() ?? 0).sort((a, b) => a - b))
    })
    it('a running machine does not go back to a snapshot: retryable, nothing sent', async () => {
      await build()
      await take()
      const writes = bench.writes()
      expect(await kindOf(driver.rollbackSnapshot(machine(), first.name))).toBe('retryable')
      expect(bench.writes()).toBe(writes)
    })
    it('a stopped machine goes back to a snapshot, is ours and stopped afterwards, and keeps the snapshot; gone back again, it is the same', async () => {
      await build()
      await take()
      await finished(driver, await driver.stop(machine()))
      for (let time = 0; time < 2; time++) {
        expect(await finished(driver, await driver.rollbackSnapshot(machine(), first.name))).toMatchObject({ state: 'done' })
        expect(await driver.inspect({ ownershipMark: mark, node: null, vmid })).toMatchObject({ power: 'stopped', ownershipMark: mark, lock: null })
        expect(await listed()).toEqual([first.name])
      }
    })
    itWith('snapshots that keep the configuration')('a snapshot brings back the size that the machine had, and what was sold can be given again', async () => {
      await build()
      await take()
      await finished(driver, await driver.stop(machine()))
      await finished(driver, await driver.resize(machine(), larger))
      await finished(driver, await driver.growDisk(machine(), 80))
      const { mac } = await bench.reads(vmid)
      await finished(driver, await driver.rollbackSnapshot(machine(), first.name))
      expect(await driver.inspect({ ownershipMark: mark, node: null, vmid })).toMatchObject({ cpuCores: 2, memoryTotalMiB: 2048, diskGiB: 40, rateMbps: 100 })
      await finished(driver, await driver.resize(machine(), larger))
      await finished(driver, await driver.growDisk(machine(), 80))
      expect(await driver.inspect({ ownershipMark: mark, node: null, vmid })).toMatchObject({ cpuCores: 4, memoryTotalMiB: 8192, diskGiB: 80, rateMbps: 250 })
      expect((await bench.reads(vmid)).mac).toBe(mac)
    })
    itFilters('a snapshot brings no address filter of its time back', async () => {
      await build()
      await take()
      await driver.filterAddresses(machine(), ['203.0.113.10', '203.0.113.77'])
      await finished(driver, await driver.stop(machine()))
      await finished(driver, await driver.rollbackSnapshot(machine(), first.name))
      expect(await filtered()).toEqual(['203.0.113.10', '203.0.113.77'])
    })
    it('a snapshot that is gone is not_found, and the machine is as it was', async () => {
      await build()
      await finished(driver, await driver.stop(machine()))
      const before = await bench.snapshot(vmid)
      expect(await kindOf(driver.rollbackSnapshot(machine(), first.name))).toBe('not_found')
      expect(await bench.snapshot(vmid)).toBe(before)
    })
    it('the answer to going back is lost: asked again, it is done', async () => {
      await build()
      await take()
      await finished(driver, await driver.stop(machine()))
      bench.loseSnapshotAnswer()
      expect(await kindOf(driver.rollbackSnapshot(machine(), first.name))).toBe('unknown_outcome')
      await expect.poll(async () => (await finished(driver, await driver.rollbackSnapshot(machine(), first.name))).state, { timeout: 5000 }).toBe('done')
    })
    it('deleted twice, it is gone and the others stay', async () => {
      await build()
      await take()
      await take(second)
      expect(await finished(driver, await driver.deleteSnapshot(machine(), first.name))).toMatchObject({ state: 'done' })
      const writes = bench.writes()
      expect(await driver.deleteSnapshot(machine(), first.name)).toBeNull()
      expect(bench.writes()).toBe(writes)
      expect(await listed()).toEqual([second.name])
    })
    it('the answer to a deletion is lost: asked again, it is gone', async () => {
      await build()
      await take()
      bench.loseSnapshotAnswer()
      expect(await kindOf(driver.deleteSnapshot(machine(), first.name))).toBe('unknown_outcome')
      await expect.poll(() => driver.deleteSnapshot(machine(), first.name).catch(() => 'not yet'), { timeout: 5000 }).toBeNull()
      expect(await listed()).toEqual([])
    })
    it('a locked machine takes no snapshot: retryable', async () => {
      await build()
      await bench.lock(vmid, 'backup')
      expect(await kindOf(driver.createSnapshot(machine(), first))).toBe('retryable')
    })
    it('a machine with snapshots is destroyed with them', async () => {
      await build()
      await take()
      await finished(driver, await driver.stop(machine()))
      await finished(driver, await driver.destroy(machine()))
      expect(await bench.countMachines()).toBe(0)
      expect(await kindOf(driver.listSnapshots(machine()))).toBe('not_found')
    })
    firewallCases(can.firewall, { bench: () => bench, machine, build })
    itIf(can.metrics)('what a machine used is told for every range, oldest first, within what it has', async () => {
      await build()
      for (const range of metricRanges) {
        const points = await driver.metrics(machine(), range)
        expect(points.length).toBeGreaterThan(20)
        expect(points.map(({ at }) => at.getTime())).toEqual(points.map(({ at }) => at.getTime()).sort((a, b) => a - b))
        for (const { cpu, memoryUsed, memoryTotal } of points) {
          if (cpu !== null) expect(cpu).toBeGreaterThanOrEqual(0)
          if (memoryUsed !== null && memoryTotal !== null) expect(memoryUsed).toBeLessThanOrEqual(memoryTotal)
        }
      }
    })
    itIf(can.metrics)('D10: what a foreign machine under our number used is not told', async () => {
      await bench.addForeign(vmid)
      expect(await kindOf(driver.metrics(machine(), 'hour'))).toBe('not_ours')
    })
    itIf(!can.metrics)('where it is not known what a machine used, the act fails for good instead of telling nothing', async () => {
      await build()
      expect(await kindOf(driver.metrics(machine(), 'hour'))).toBe('permanent')
    })
    it('a running machine is not destroyed', async () => {
      await build()
      expect(await kindOf(driver.destroy(machine()))).toBe('retryable')
      expect(await bench.countMachines()).toBe(1)
    })
    it('destroyed twice, it is gone and nothing else is', async () => {
      await build()
      await bench.addForeign(106)
      await finished(driver, await driver.stop(machine()))
      await finished(driver, await driver.destroy(machine()))
      expect(await driver.destroy(machine())).toBeNull()
      expect(await driver.inspect({ ownershipMark: mark, node: bench.node, vmid })).toBeNull()
      expect(await bench.countMachines()).toBe(1)
    })
    it('acting on a machine that does not exist is not_found', async () => {
      expect(await kindOf(driver.start(machine()))).toBe('not_found')
    })
    it('templates, nodes, headroom and marked machines are told', async () => {
      await build()
      await bench.addForeign(106)
      expect(await driver.listTemplates()).toContainEqual(expect.objectContaining({ ref: bench.template.ref, osFamily: 'debian', username: type === 'container' ? 'root' : 'debian', machineType: type }))
      expect(await driver.listNodes()).toContainEqual(expect.objectContaining({ node: bench.node, online: true }))
      expect(await driver.listHeadroom()).toContainEqual(expect.objectContaining({ node: bench.node }))
      expect(await driver.listMarkedMachines()).toEqual([expect.objectContaining({ vmid, ownershipMark: mark, power: 'running' })])
    })
    it('one look tells what the single questions tell', async () => {
      await build()
      await bench.addForeign(106)
      const look = await driver.look()
      expect(look.machines.map(({ node, vmid: number, ownershipMark, power }) => ({ node, number, ownershipMark, power }))).toEqual([{ node: bench.node, number: vmid, ownershipMark: mark, power: 'running' }])
      expect(look.headroom).toEqual(await driver.listHeadroom())
      expect(look.nodes.map(({ node, online, memoryTotal }) => ({ node, online, memoryTotal }))).toEqual((await driver.listNodes()).map(({ node, online, memoryTotal }) => ({ node, online, memoryTotal })))
      expect(look.filtersApply).toBe(await driver.filtersApply())
    })
    it('nodes tell how hard they work, storages how full they are; what is not known is null, never a made-up number', async () => {
      const { nodes, storages } = await driver.look()
      for (const { strain } of nodes) {
        for (const rate of [strain.netIn, strain.netOut]) if (rate !== null) expect(rate).toBeGreaterThanOrEqual(0)
        for (const share of [strain.ioWait, strain.pressureCpu, strain.pressureMemory, strain.pressureIo]) if (share !== null) expect(share >= 0 && share <= 1).toBe(true)
      }
      expect(storages.length).toBeGreaterThan(0)
      expect(new Set(storages.map(storage => storage.key)).size).toBe(storages.length)
      for (const { active, used, total, shared, node } of storages) {
        if (active && used !== null && total !== null) expect(used).toBeLessThanOrEqual(total)
        if (!active) expect([used, total]).toEqual([null, null])
        if (shared) expect(node).toBeNull()
      }
      expect((await driver.look()).storages).toEqual(storages)
    })
    it('the connection test tells what there is to choose from', async () => {
      const steps = []
      for await (const step of driver.test()) steps.push(step)
      const { nodes, storages } = await driver.look()
      const choices = steps.find(({ step }) => step === 'nodes')?.choices
      expect(choices?.nodes).toEqual(nodes.map(({ node }) => node).sort())
      expect(choices?.storages.length).toBeGreaterThan(0)
      expect(storages.map(({ name }) => name)).toEqual(expect.arrayContaining(choices?.storages ?? []))
      expect(choices?.networks.length).toBeGreaterThan(0)
    })
    it('what a machine was given is not offered again, running or not', async () => {
      const free = async () => (await driver.listHeadroom()).find(entry => entry.node === bench.node)?.memoryFree ?? 0
      const before = await free()
      await build()
      expect(before - await free()).toBe(2048 * 1_048_576)
      await finished(driver, await driver.stop(machine()))
      expect(before - await free()).toBe(2048 * 1_048_576)
    })
    it('an offline node offers nothing', async () => {
      bench.nodeOffline(bench.node)
      expect((await driver.listHeadroom()).map(entry => entry.node)).not.toContain(bench.node)
    })
  })
}
