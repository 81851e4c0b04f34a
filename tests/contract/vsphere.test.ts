import { afterEach, describe, expect, it } from 'vitest'
import { createEsxiDriver, createVcenterDriver } from '#server/drivers/hypervisor/vsphere/driver.ts'
import { build } from '#server/drivers/hypervisor/vsphere/xml.ts'
import type { HypervisorAccess, HypervisorDriver } from '#server/infrastructure/ports.ts'
import { measuredAtOnce } from '#server/infrastructure/traffic-ports.ts'
import { metricRanges } from '#shared/vocabulary/machines.ts'
import { optionsOf } from '#server/drivers/hypervisor/vsphere/transform.ts'
import { cardOf, creates, diskOf, snapshotOf, vsphereWorld } from '../support/vcsim.ts'
import type { VsphereMode, VsphereWorld } from '../support/vcsim.ts'
import { furtherVmwareRights } from '#shared/vocabulary/vmware-rights.ts'
import { failureOf, finished, kindOf, mark, otherMark, spec } from './hypervisor.bench.ts'
import { hypervisorContract } from './hypervisor.suite.ts'
import type { HypervisorBench } from './hypervisor.bench.ts'

async function bench(mode: VsphereMode): Promise<HypervisorBench> {
  const world = await vsphereWorld(mode)
  const { proxy, vim, find } = world
  return {
    driver: world.driver, template: world.template, node: world.node, otherNode: world.otherNode, network: 'VM Network',
    loseCloneAnswer: () => void (proxy.lose = creates),
    loseFilterAnswer: () => {},
    loseResizeAnswer: () => void (proxy.lose = /^ReconfigVM_Task$/),
    loseSnapshotAnswer: () => void (proxy.lose = /Snapshot_Task$/),
    loseBackupAnswer: () => {}, backUpByHand: () => {}, forgeBackup: () => {}, countBackups: () => 0,
    loseMoveAnswer: () => void (proxy.lose = /^RelocateVM_Task$/),
    takeByHand: (vmid, name) => world.takeByHand(vmid, name),
    passwordOf: async vmid => world.decoded(await world.machineOf(vmid), 'guestinfo.userdata'),
    letPass: () => {},
    switchFilterOff: () => {},
    holdTasks: held => void (proxy.holdTasks = held),
    warnTasks: () => {},
    failTasks: () => void (proxy.failTasks = { calls: creates, fault: 'GenericVmConfigFault' }),
    lock: () => void (proxy.refuse = { calls: /_Task$/, fault: 'TaskInProgress' }),
    addForeign: vmid => world.makeMachine(`milik-orang (${vmid})`),
    async migrate(vmid, node) {
      const machine = await world.machineOf(vmid)
      const host = (await find.hosts()).find(({ props }) => props.name === node)
      if (machine && host) await world.relocate(machine.obj, host.obj)
    },
    removeTemplate: () => world.removeTemplate(),
    fillStorage: () => void (proxy.failTasks = { calls: /^(CloneVM|CopyVirtualDisk|ReconfigVM)_Task$/, fault: 'NoDiskSpace' }),
    nodeOffline: () => void (proxy.hostsAway = true),
    async copyMachine(vmid, to) {
      const machine = await world.machineOf(vmid)
      if (machine) await world.copyMachine(machine, to)
    },
    snapshot: async vmid => snapshotOf(await world.machineOf(vmid)),
    countMachines: async () => (await world.numbered()).length,
    async reads(vmid) {
      const machine = await world.machineOf(vmid)
      const userdata = JSON.parse(world.decoded(machine, 'guestinfo.userdata')?.replace('#cloud-config\n', '') ?? '{}') as { ssh_authorized_keys?: string[] }
      const { mac, linkDown } = cardOf(machine)
      return {
        running: machine?.props['runtime.powerState'] === 'poweredOn', onboot: false, linkDown, mac, rate: null, sshKeys: userdata.ssh_authorized_keys === undefined ? null : encodeURIComponent(userdata.ssh_authorized_keys.join('\n')),
        tags: (machine && optionsOf(machine).get('gardu.mark')) ?? '', description: machine?.props['config.annotation'] ?? '', diskGiB: diskOf(machine),
      }
    },
    passes: () => null,
    writes: () => proxy.writes(),
    async close() {
      vim.close()
      await world.close()
    },
  }
}

const lacking = ['task warnings', 'clones that do not show whose they are', 'locks that are told', 'sizes that wait for the next start', 'snapshots that keep the configuration', 'traffic counters'] as const
hypervisorContract('VMware vCenter', 'vcenter', lacking, () => bench('vcenter'))
hypervisorContract('VMware ESXi', 'esxi', [...lacking, 'migration', 'machines made by one call'], () => bench('esxi'))

describe.each(['vcenter', 'esxi'] as const)('VMware (%s)', (mode) => {
  const open: { close(): unknown }[] = []
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close()
  })
  const world = async () => {
    const made = await vsphereWorld(mode)
    open.push(made)
    return made
  }
  const machine = ({ node }: VsphereWorld) => ({ node, vmid: 105, ownershipMark: mark })
  const clone = ({ driver, template, node }: VsphereWorld) => driver.clone({ template, vmid: 105, node, hostname: spec.hostname, ownershipMark: mark })
  const built = async () => {
    const made = await world()
    await finished(made.driver, await clone(made))
    await finished(made.driver, await made.driver.configure(machine(made), spec))
    await finished(made.driver, await made.driver.start(machine(made)))
    return made
  }
  const other = (kind: VsphereMode, access: HypervisorAccess) => {
    const driver = (kind === 'vcenter' ? createVcenterDriver : createEsxiDriver)(access)
    open.push(driver)
    return driver
  }
  const stepsOf = async (driver: HypervisorDriver) => {
    const steps = []
    for await (const step of driver.test()) steps.push(step)
    return steps
  }

  it('a pinned certificate is trusted, another one stops the test before anything is sent, and the one shown is told', async () => {
    const { access, simulator } = await world()
    const shown = (await stepsOf(other(mode, access(simulator.url)))).at(-1)
    expect(shown).toMatchObject({ step: 'tls', ok: false, fingerprint: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/) as string })
    const steps = await stepsOf(other(mode, { ...access(simulator.url), tls: { mode: 'fingerprint', caPem: null, fingerprint: shown?.fingerprint ?? '' } }))
    expect(steps.map(({ step, ok }) => [step, ok])).toEqual(['dns', 'tcp', 'tls', 'auth', 'permissions', 'version', 'nodes'].map(step => [step, true]))
  })
  it('a wrong password is told at the connection test and by every act, and stands in no message', async () => {
    const { access, proxy } = await world()
    const driver = other(mode, { ...access(proxy.url), tokenSecret: 'salah-sekali' })
    expect((await stepsOf(driver)).at(-1)).toMatchObject({ step: 'auth', ok: false })
    const error = await failureOf(driver.listNodes())
    expect(error).toMatchObject({ kind: 'action_required', who: 'sysadmin' })
    expect(error.message).not.toContain('salah-sekali')
    // Asked every minute a server would lock the account.
    const logins = () => proxy.journal.filter(call => call === 'Login').length
    const before = logins()
    expect(await kindOf(driver.listNodes())).toBe('action_required')
    expect(logins()).toBe(before)
  })
  it('the other product behind the address is told', async () => {
    const { access, proxy } = await world()
    expect((await stepsOf(other(mode === 'vcenter' ? 'esxi' : 'vcenter', access(proxy.url)))).find(({ step }) => step === 'version')).toMatchObject({ ok: false, detail: expect.stringMatching(/this is a/) as string })
  })
  it('hosts, datastores and networks that are not there are named', async () => {
    const { access, proxy } = await world()
    const nodes = async (change: Partial<HypervisorAccess>) => (await stepsOf(other(mode, { ...access(proxy.url), ...change }))).find(({ step }) => step === 'nodes')
    expect(await nodes({ nodes: ['esx-99'] })).toMatchObject({ ok: false, detail: expect.stringContaining('esx-99') as string, choices: { nodes: expect.not.arrayContaining(['esx-99']) as string[] } })
    expect(await nodes({ storage: 'gudang', bridge: 'VLAN 99' })).toMatchObject({ ok: false, detail: expect.stringMatching(/gudang.*VLAN 99/) as string })
  })
  it('standard and distributed port groups are told', async () => {
    const { driver } = await world()
    const { networks } = await driver.listNetworks()
    expect(networks.find(({ name }) => name === 'VM Network')).toMatchObject({ kind: 'port_group', takesTags: false, vlanTag: null })
    // vcsim does not tag the port groups of uplinks, which a vCenter does, so they are among them here.
    expect(networks.filter(({ kind, name }) => kind === 'distributed' && !name.includes('DVUplinks')).map(({ name }) => name)).toEqual(mode === 'vcenter' ? ['DC0_DVPG0'] : [])
  })
  it('an address names the network of its machine, in place of the connection\'s', async () => {
    const made = await built()
    const on = (bridge: string) => ({ ...spec, address: { ...spec.address, bridge } })
    expect(await failureOf(made.driver.configure(machine(made), on('VLAN 99')))).toMatchObject({ kind: 'action_required', who: 'sysadmin', message: expect.stringContaining('VLAN 99') as string })
    const backing = async () => cardOf(await made.machineOf(105)).backing
    expect(await backing()).toBe('VirtualEthernetCardNetworkBackingInfo')
    expect((await made.driver.inspect(machine(made)))?.network).toEqual({ bridge: 'VM Network', vlanTag: null })
    if (mode === 'esxi') return
    await finished(made.driver, await made.driver.configure(machine(made), on('DC0_DVPG0')))
    expect(await backing()).toBe('VirtualEthernetCardDistributedVirtualPortBackingInfo')
    expect((await made.driver.inspect(machine(made)))?.network).toBeUndefined()
    await finished(made.driver, await made.driver.configure(machine(made), spec))
    expect(await backing()).toBe('VirtualEthernetCardNetworkBackingInfo')
  })
  it('a privilege that is missing is named and asks for the sysadmin', async () => {
    const made = await world()
    made.proxy.refuse = { calls: creates, fault: 'NoPermission', inside: '<object type="Folder">group-v3</object><privilegeId>VirtualMachine.Inventory.Create</privilegeId>' }
    expect(await failureOf(clone(made))).toMatchObject({ kind: 'action_required', who: 'sysadmin', message: expect.stringContaining('VirtualMachine.Inventory.Create') as string })
  })
  it('a free licence is told as what it is', async () => {
    const made = await world()
    made.proxy.refuse = { calls: creates, fault: 'RestrictedVersion' }
    expect(await failureOf(clone(made))).toMatchObject({ kind: 'action_required', message: expect.stringContaining('paid licence') as string })
  })
  it('a session that lapsed is opened once more, and the act is done once', async () => {
    const made = await built()
    const logins = () => made.proxy.journal.filter(call => call === 'Login').length
    const before = logins()
    made.proxy.dropSession = true
    await finished(made.driver, await made.driver.stop(machine(made)))
    expect(logins()).toBe(before + 1)
    expect(made.proxy.journal.filter(call => call === 'PowerOffVM_Task')).toHaveLength(1)
  })
  it('D10: a machine that has our UUID but lost our mark is not touched', async () => {
    const made = await built()
    const found = await made.machineOf(105)
    await made.ended(await made.vim.start('ReconfigVMRequestType', found?.obj ?? { type: '', id: '' }, { spec: build('VirtualMachineConfigSpec', { annotation: `gardu-${otherMark}` }) }))
    const before = snapshotOf(await made.machineOf(105))
    for (const act of [() => made.driver.stop(machine(made)), () => made.driver.destroy(machine(made)), () => made.driver.setSuspended(machine(made), true)]) expect(await kindOf(act())).toBe('not_ours')
    expect(await kindOf(made.driver.findByMark(mark))).toBe('action_required')
    expect(snapshotOf(await made.machineOf(105))).toBe(before)
  })
  it('a machine that somebody renamed is still found, with its number', async () => {
    const made = await built()
    const found = await made.machineOf(105)
    await made.ended(await made.vim.start('ReconfigVMRequestType', found?.obj ?? { type: '', id: '' }, { spec: build('VirtualMachineConfigSpec', { name: 'toko-budi' }) }))
    expect(await made.driver.findByMark(mark)).toEqual({ node: made.node, vmid: 105 })
    expect(await made.driver.inspect({ ...machine(made) })).toMatchObject({ vmid: 105, power: 'running' })
  })
  it('its notes hold nothing secret, and the guest is told its address, name and login by cloud-init', async () => {
    const made = await built()
    const found = await made.machineOf(105)
    expect(found?.props['config.annotation']).not.toContain(spec.login.password)
    expect(JSON.parse(made.decoded(found, 'guestinfo.metadata') ?? '')).toMatchObject({ 'instance-id': mark, 'local-hostname': spec.hostname, 'network': { ethernets: { nic0: { addresses: ['203.0.113.10/24'], gateway4: '203.0.113.1' } } } })
    expect(made.decoded(found, 'guestinfo.userdata')).toMatch(/^#cloud-config\n\{.*"password":"Rahasia-123"/)
  })
  it('a disk does not grow while its machine has snapshots, and does when they are gone', async () => {
    const made = await built()
    await finished(made.driver, await made.driver.createSnapshot(machine(made), { name: 'gardu-0123456789ab', title: 'x' }))
    expect(await failureOf(made.driver.growDisk(machine(made), 80))).toMatchObject({ kind: 'action_required', who: 'sysadmin', message: expect.stringContaining('snapshots') as string })
    await finished(made.driver, await made.driver.deleteSnapshot(machine(made), 'gardu-0123456789ab'))
    await finished(made.driver, await made.driver.growDisk(machine(made), 80))
    expect((await made.driver.inspect({ ...machine(made) }))?.diskGiB).toBe(80)
  })
  it('the performance manager tells what machines used and hosts sent, by the counters\' names; without the call hosts are still told', async () => {
    const made = await built()
    for (const range of metricRanges) {
      const points = await made.driver.metrics(machine(made), range)
      for (const figure of ['cpu', 'memoryUsed', 'diskRead', 'diskWrite', 'netIn', 'netOut'] as const) expect(points.some(point => point[figure] !== null), `${range}: ${figure}`).toBe(true)
      expect(points.every(({ cpu, memoryTotal }) => (cpu ?? 0) <= 1 && memoryTotal === spec.ramMiB * 1_048_576)).toBe(true)
    }
    const strain = async () => (await made.driver.look()).nodes.find(({ node }) => node === made.node)?.strain
    expect(await strain()).toMatchObject({ netIn: expect.any(Number) as number, netOut: expect.any(Number) as number, ioWait: null })
    made.proxy.refuse = { calls: /^QueryPerf$/, fault: 'NoPermission' }
    expect(await strain()).toMatchObject({ netIn: null, netOut: null })
  })
  it('the traffic of many machines is asked for by one call, and refused it is a failure that counts nothing; the hypervisor is looked at all the same', async () => {
    const made = await built()
    const { measure } = await made.driver.look()
    const sent = () => made.proxy.journal.filter(call => call === 'QueryPerf').length
    const before = sent()
    const wanted = Array.from({ length: measuredAtOnce }, (_, n) => ({ ownershipMark: mark, vmid: 105 + n, since: null }))
    expect((await measure?.(wanted))?.intervals).toHaveLength(measuredAtOnce)
    expect(sent() - before).toBe(1)
    made.proxy.refuse = { calls: /^QueryPerf$/, fault: 'NoPermission' }
    const look = await made.driver.look()
    expect(look.machines).toHaveLength(1)
    expect(await kindOf(look.measure?.(wanted) ?? Promise.resolve())).toBe('action_required')
  })
  it('a guest without VMware Tools is switched off by force, and left alone without it', async () => {
    const made = await built()
    made.proxy.refuse = { calls: /^ShutdownGuest$/, fault: 'ToolsUnavailable' }
    expect(await kindOf(made.driver.shutdown(machine(made), { timeoutSeconds: 5, force: false }))).toBe('permanent')
    expect((await made.driver.inspect(machine(made)))?.power).toBe('running')
    await finished(made.driver, await made.driver.shutdown(machine(made), { timeoutSeconds: 5, force: true }))
    expect((await made.driver.inspect(machine(made)))?.power).toBe('stopped')
  })
  it('a guest that takes too long is switched off by force when its time is over, and not before', async () => {
    const made = await built()
    made.proxy.ignore = /^ShutdownGuest$/
    const patient = await made.driver.shutdown(machine(made), { timeoutSeconds: 600, force: true })
    expect(patient && await made.driver.task(patient)).toEqual({ state: 'running' })
    expect((await made.driver.inspect(machine(made)))?.power).toBe('running')
    const late = await made.driver.shutdown(machine(made), { timeoutSeconds: -1, force: false })
    expect(late && await made.driver.task(late)).toMatchObject({ state: 'failed' })
    const forced = await made.driver.shutdown(machine(made), { timeoutSeconds: -1, force: true })
    expect(await finished(made.driver, forced)).toMatchObject({ state: 'done' })
    expect((await made.driver.inspect(machine(made)))?.power).toBe('stopped')
  })
  it('a user who may not read everything never concludes that a machine is gone', async () => {
    const made = await world()
    made.proxy.refusePrivileges = true
    expect(await kindOf(made.driver.findByMark(mark))).toBe('action_required')
    expect(await kindOf(made.driver.destroy(machine(made)))).toBe('action_required')
    expect((await stepsOf(made.driver)).find(({ step }) => step === 'permissions')).toMatchObject({ ok: false, missingPermissions: expect.arrayContaining(['VirtualMachine.Interact.PowerOn']) as string[] })
  })
  it('the connection test names each right that only some things need, and passes with a warning; one that machines need fails it', async () => {
    const made = await world()
    const permissions = async () => (await stepsOf(made.driver)).find(({ step }) => step === 'permissions')
    expect(await permissions()).not.toHaveProperty('finding')
    for (const right of furtherVmwareRights[mode]) {
      made.proxy.refusedRights = [right]
      expect(await permissions()).toMatchObject({ ok: true, finding: 'limited_privileges', missingPermissions: [right] })
    }
    made.proxy.refusedRights = [...furtherVmwareRights[mode], 'Network.Assign']
    expect(await permissions()).toMatchObject({ ok: false, missingPermissions: expect.arrayContaining(['Network.Assign', ...furtherVmwareRights[mode]]) as string[] })
  })
  const itOnEsxi = mode === 'esxi' ? it : (_name: string, _run: () => Promise<void>) => {}
  itOnEsxi('ESXi: the answer to the copy, or to the making, is lost: said again, there is one machine on one whole disk', async () => {
    for (const lost of [/^MakeDirectory$/, /^CopyVirtualDisk_Task$/]) {
      const made = await world()
      made.proxy.lose = lost
      expect(await kindOf(clone(made))).toBe('unknown_outcome')
      expect(await made.driver.findByMark(mark)).toBeNull()
      expect(await finished(made.driver, await clone(made))).toMatchObject({ state: 'done' })
      expect(await made.numbered()).toHaveLength(1)
    }
    const made = await world()
    const handle = await clone(made)
    made.proxy.lose = /^CreateVM_Task$/
    expect(await kindOf(made.driver.task(handle))).toBe('unknown_outcome')
    expect(await made.driver.task(handle)).toEqual({ state: 'done', warnings: false })
    expect(await made.numbered()).toHaveLength(1)
  })
})
