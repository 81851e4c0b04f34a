import { afterEach, describe, expect, it } from 'vitest'
import { createProxmoxDriver } from '#server/drivers/hypervisor/proxmox/driver.ts'
import { classify } from '#server/drivers/hypervisor/proxmox/transform.ts'
import type { HypervisorAccess } from '#server/infrastructure/ports.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import { guestHash } from '../../simulators/proxmox/guest.ts'
import { filteredAddresses } from '../../simulators/proxmox/firewall.ts'
import type { ProxmoxOptions, ProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import { failureOf, finished, kindOf, mark, spec } from './hypervisor.bench.ts'
import { hypervisorContract } from './hypervisor.suite.ts'

const GiB = 1_073_741_824
const accessTo = (sim: ProxmoxSimulator, change: Partial<HypervisorAccess> = {}): HypervisorAccess => ({
  connectionId: 'test', url: sim.url, tokenId: sim.token.id, tokenSecret: sim.token.secret, tls: { mode: sim.fingerprint ? 'fingerprint' : 'system', caPem: null, fingerprint: sim.fingerprint }, storage: 'local-lvm', bridge: 'vmbr0', nodes: [], ...change,
})

/** The parameters that a request of ours may carry: what is not here is refused by some version of the original. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'clone': ['newid', 'name', 'full', 'storage', 'target', 'description'], 'config': ['name', 'cores', 'sockets', 'memory', 'balloon', 'onboot', 'tags', 'description', 'net0', 'ipconfig0', 'nameserver', 'ciuser', 'cipassword', 'sshkeys', 'boot', 'ide0', 'delete', 'digest'], 'agent/set-user-password': ['username', 'password', 'crypted'],
  'resize': ['disk', 'size'], 'firewall/options': ['enable', 'ipfilter', 'macfilter', 'dhcp', 'policy_in', 'policy_out'], 'firewall/ipset': ['name'], 'firewall/ipset/ipfilter-net0': ['cidr'], 'snapshot': ['snapname', 'description', 'vmstate'], 'snapshot/gardu-0123456789ab/rollback': [], 'migrate': ['target', 'online', 'with-local-disks'], 'status/start': [], 'status/stop': [], 'status/reboot': [], 'status/shutdown': ['timeout', 'forceStop'], 'vncproxy': ['websocket', 'generate-password'],
}

async function open(options: ProxmoxOptions = {}, change: Partial<HypervisorAccess> = {}) {
  const sim = await startProxmoxSimulator({ tls: false, ...options })
  const driver = createProxmoxDriver(accessTo(sim, { backupStorage: 'local', ...change }), { totalMilliseconds: 700 })
  const configOf = (vmid: number) => sim.state.machines[vmid]?.config ?? {}
  const [node = '', otherNode = ''] = sim.state.nodes.map(entry => entry.name)
  return {
    sim, driver, node, otherNode, network: 'vmbr0', template: { node, ref: '9000' },
    loseCloneAnswer: () => sim.faults.set({ hangAfterAct: 1, match: 'POST .*/clone' }),
    loseFilterAnswer: () => sim.faults.set({ hangAfterAct: 1, match: '^(POST|PUT|DELETE) .*/(firewall/.*|config)$' }),
    loseResizeAnswer: () => sim.faults.set({ hangAfterAct: 1, match: '^(POST|PUT) .*/(config|resize)$' }),
    loseSnapshotAnswer: () => sim.faults.set({ hangAfterAct: 1, match: '^(POST|DELETE) .*/snapshot(/.*)?$' }),
    loseBackupAnswer: () => sim.faults.set({ hangAfterAct: 1, match: '^(POST .*/(vzdump|qemu)|DELETE .*/content/.*)$' }),
    backUpByHand: (vmid: number) => void sim.state.backups.push({ volid: `local:backup/vzdump-qemu-${vmid}-2026_01_01-00_00_00.vma.zst`, storage: 'local', node, vmid, size: 1, ctime: 1, notes: 'malam', protected: false, config: { ...configOf(vmid) } }),
    forgeBackup(id: string) {
      for (const backup of sim.state.backups) if (backup.notes.includes(id)) backup.config = { ...backup.config, description: 'milik orang', tags: '' }
    },
    countBackups: () => sim.state.backups.length,
    loseMoveAnswer: () => sim.faults.set({ hangAfterAct: 1, match: '^POST .*/migrate$' }),
    takeByHand: (vmid: number, name: string) => void sim.state.machines[vmid]?.snapshots.push({ name, description: 'milik orang', snaptime: Math.floor(Date.now() / 1000), config: { ...configOf(vmid) } }),
    insideHas: (vmid: number, username: string, password: string) => sim.state.machines[vmid]?.guest?.passwords?.[username] === guestHash(password),
    silenceAgent(vmid: number) {
      const found = sim.state.machines[vmid]
      if (found) found.guest = { ...found.guest, agentSilent: true }
    },
    passwordOf: (vmid: number) => sim.state.machines[vmid]?.config.cipassword ?? null,
    letPass: (vmid: number, cidr: string) => void sim.state.firewalls[vmid]?.ipsets['ipfilter-net0']?.push({ cidr }),
    switchFilterOff(vmid: number) {
      const firewall = sim.state.firewalls[vmid]
      if (firewall) firewall.options.enable = '0'
    },
    ruleByHand(vmid: number, rule: Record<string, string>) {
      const firewall = sim.state.firewalls[vmid]
      if (firewall) firewall.rules = [rule, ...firewall.rules ?? []]
    },
    passes: (vmid: number) => filteredAddresses(sim.state, vmid),
    holdTasks(held: boolean) {
      sim.faults.set({ holdTasks: held })
      if (!held) sim.tasks.settle()
    },
    warnTasks: () => sim.faults.set({ taskWarnings: true }),
    failTasks: (type: string) => sim.faults.set({ failTasks: `qm${type}` }),
    lock(vmid: number, lock: string | null) {
      const found = sim.state.machines[vmid]
      if (found) found.config = { ...found.config, lock: lock ?? '' }
    },
    addForeign(vmid: number) {
      sim.state.machines[vmid] = { vmid, node, running: true, paused: false, startedAt: 0, pending: {}, snapshots: [], createdAt: 0, config: { name: 'milik-orang', memory: '4096', cores: '4', net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0', boot: 'order=scsi0', scsi0: `local-lvm:vm-${vmid}-disk-0,size=20G`, ide2: `local-lvm:vm-${vmid}-cloudinit,media=cdrom` } }
    },
    migrate(vmid: number, to: string) {
      const found = sim.state.machines[vmid]
      if (found) found.node = to
    },
    removeTemplate: () => void Reflect.deleteProperty(sim.state.machines, 9000),
    fillStorage() {
      for (const storage of sim.state.storages) storage.otherUse = storage.total
    },
    nodeOffline(name: string) {
      for (const entry of sim.state.nodes) if (entry.name === name) entry.online = false
    },
    copyMachine(vmid: number, to: number) {
      const found = sim.state.machines[vmid]
      if (found) sim.state.machines[to] = { ...structuredClone(found), vmid: to }
    },
    snapshot: (vmid: number) => JSON.stringify(sim.state.machines[vmid] ?? null),
    countMachines: () => Object.values(sim.state.machines).filter(entry => !entry.config.template).length,
    reads(vmid: number) {
      const config = configOf(vmid)
      const net = config.net0 ?? ''
      return {
        running: sim.state.machines[vmid]?.running ?? false, onboot: config.onboot === '1', linkDown: net.includes('link_down=1'), mac: /=(([0-9A-F]{2}:){5}[0-9A-F]{2})/.exec(net)?.[1] ?? null, rate: /rate=([\d.]+)/.exec(net)?.[1] ?? null,
        sshKeys: config.sshkeys ?? null, tags: config.tags ?? '', description: config.description ?? '', diskGiB: Number(/size=(\d+)G/.exec(config.scsi0 ?? '')?.[1] ?? 0),
      }
    },
    writes: () => sim.journal.filter(line => !line.startsWith('GET ')).length,
    async close() {
      driver.close()
      await sim.close()
    },
  }
}

/** The same cluster, building containers: what is said of their configuration is elsewhere, and their tasks have other names. */
async function openContainers() {
  const opened = await open()
  const { sim, node } = opened
  const ref = 'local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst'
  return {
    ...opened, template: { node, ref },
    loseCloneAnswer: () => sim.faults.set({ hangAfterAct: 1, match: 'POST .*/lxc$' }),
    loseBackupAnswer: () => sim.faults.set({ hangAfterAct: 1, match: '^(POST .*/(vzdump|lxc)|DELETE .*/content/.*)$' }),
    failTasks: (type: string) => sim.faults.set({ failTasks: type === 'clone' ? 'vzcreate' : `vz${type}` }),
    passwordOf: (vmid: number) => sim.state.machines[vmid]?.guest?.passwords?.root ?? null,
    addForeign(vmid: number) {
      sim.state.machines[vmid] = { kind: 'lxc', vmid, node, running: true, paused: false, startedAt: 0, pending: {}, snapshots: [], createdAt: 0, config: { hostname: 'milik-orang', memory: '4096', cores: '4', net0: 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=dhcp', rootfs: `local-lvm:vm-${vmid}-disk-0,size=20G` } }
    },
    removeTemplate() {
      for (const storage of sim.state.storages) delete storage.osTemplates
    },
    reads(vmid: number) {
      const found = sim.state.machines[vmid]
      return { ...opened.reads(vmid), sshKeys: found?.guest?.keys ?? null, diskGiB: Number(/size=(\d+)G/.exec(found?.config.rootfs ?? '')?.[1] ?? 0) }
    },
  }
}

hypervisorContract('Proxmox VE 9', 'proxmox', [], () => open())
hypervisorContract('Proxmox VE 9, containers', 'proxmox', [], () => openContainers(), 'container')
hypervisorContract('Proxmox VE 8, messages only in the status line', 'proxmox', [], () => open({ version: '8.4.5', messageInBody: false }))

describe('Proxmox VE', () => {
  const toClose: { close(): unknown }[] = []
  afterEach(async () => {
    for (const thing of toClose.splice(0)) await thing.close()
  })
  const bench = async (options: ProxmoxOptions = {}, change: Partial<HypervisorAccess> = {}) => {
    const opened = await open(options, change)
    toClose.push(opened)
    return opened
  }
  const stepsOf = async (driver: ReturnType<typeof createProxmoxDriver>) => {
    const steps = []
    for await (const step of driver.test()) steps.push(step)
    return steps
  }
  const withToken = (sim: ProxmoxSimulator, name: string, change: Partial<HypervisorAccess> = {}) => {
    const token = sim.state.tokens.find(entry => entry.id.endsWith(name))
    const driver = createProxmoxDriver(accessTo(sim, { tokenId: token?.id ?? '', tokenSecret: token?.secret ?? '', ...change }))
    toClose.push(driver)
    return driver
  }

  const containers = async () => {
    const opened = await openContainers()
    toClose.push(opened)
    return opened
  }
  const snapshot = { name: 'gardu-0123456789ab', title: 'Sebelum' }
  const built = async (options: ProxmoxOptions = {}) => {
    const opened = await bench(options)
    const machine = { node: opened.node, vmid: 105, ownershipMark: mark }
    await finished(opened.driver, await opened.driver.clone({ template: opened.template, vmid: 105, node: opened.node, hostname: spec.hostname, ownershipMark: mark }))
    await finished(opened.driver, await opened.driver.configure(machine, spec))
    return { ...opened, machine }
  }
  it('version 9 tells pressure and version 8 does not; a node that is off and a storage that is not active tell nothing of themselves', async () => {
    for (const version of ['9.2.3', '8.4.5']) {
      const { sim, driver, node, otherNode } = await bench({ version })
      const off = sim.state.nodes.find(entry => entry.name === otherNode)
      if (off) off.online = false
      for (const storage of sim.state.storages) if (storage.node === null) storage.active = false
      const nodes = await driver.listNodes()
      const strainOf = (name: string) => nodes.find(entry => entry.node === name)?.strain
      expect(strainOf(node)).toMatchObject({ netIn: expect.any(Number) as unknown, netOut: expect.any(Number) as unknown, ioWait: expect.any(Number) as unknown, pressureCpu: version === '9.2.3' ? expect.any(Number) as unknown : null })
      expect(Object.values(strainOf(otherNode) ?? {}).every(value => value === null)).toBe(true)
      const { storages } = await driver.look()
      expect(storages.find(storage => storage.shared)).toMatchObject({ node: null, active: false, used: null, total: null })
      expect(storages.find(storage => storage.node === node && storage.active)).toMatchObject({ used: expect.any(Number) as unknown, total: expect.any(Number) as unknown })
    }
  })
  it('a template is local while one of its volumes lies on the own storage of its node: there alone it is cloned', async () => {
    const { sim, driver, otherNode, template } = await bench()
    const local = async () => (await driver.listTemplates()).find(({ ref }) => ref === template.ref)?.nodes.includes(template.node)
    const clone = () => driver.clone({ template, vmid: 300, node: otherNode, hostname: spec.hostname, ownershipMark: mark })
    const config = sim.state.machines[9000]?.config ?? {}
    const [disk, drive] = [config.scsi0, config.ide2]
    expect(await local()).toBe(false)
    config.ide2 = 'local-lvm:vm-9000-cloudinit,media=cdrom'
    expect(await local()).toBe(true)
    Object.assign(config, { ide2: drive, scsi0: disk?.replace('ceph-vm', 'local-lvm') })
    expect(await local()).toBe(true)
    expect((await failureOf(clone())).message).toContain('local storage')
    Object.assign(config, { scsi0: disk })
    expect((await finished(driver, await clone())).state).toBe('done')
  })
  it('while a snapshot is made it is not told as one, and asked for again it is retryable, not made twice', async () => {
    const { driver, machine, ...held } = await built()
    held.holdTasks(true)
    await driver.createSnapshot(machine, snapshot)
    expect(await driver.listSnapshots(machine)).toEqual([])
    expect(await kindOf(driver.createSnapshot(machine, snapshot))).toBe('retryable')
    expect((await driver.inspect({ ...machine }))?.lock).toBe('snapshot')
    held.holdTasks(false)
    await expect.poll(async () => (await driver.listSnapshots(machine)).length, { timeout: 5000 }).toBe(1)
  })
  it('a snapshot that dies leaves none, no lock, and its reason', async () => {
    const { driver, machine, failTasks } = await built()
    failTasks('snapshot')
    expect(await finished(driver, await driver.createSnapshot(machine, snapshot))).toMatchObject({ state: 'failed', message: 'simulated failure' })
    expect(await driver.listSnapshots(machine)).toEqual([])
    expect((await driver.inspect({ ...machine }))?.lock).toBeNull()
  })
  it('what storages say about snapshots means what it means', () => {
    expect(['can\'t rollback, \'x\' is not most recent snapshot on \'vm-105-disk-0\'', 'snapshot feature is not available', 'snapshot \'x\' does not exist'].map(classify)).toEqual(['permanent', 'action_required', 'not_found'])
  })

  it('a good connection passes every step and tells its certificate', async () => {
    const { sim } = await bench({ tls: true })
    const driver = withToken(sim, '!gardu')
    const steps = await stepsOf(driver)
    expect(steps.map(({ step, ok }) => [step, ok])).toEqual(['dns', 'tcp', 'tls', 'auth', 'permissions', 'version', 'nodes', 'containers', 'firewall'].map(step => [step, true]))
    expect(steps.find(({ step }) => step === 'tls')?.fingerprint).toBe(sim.fingerprint)
  })
  it('a certificate that changed stops the test and every act, and the new one is shown', async () => {
    const { sim } = await bench({ tls: true })
    const driver = withToken(sim, '!gardu', { tls: { mode: 'fingerprint', caPem: null, fingerprint: Array.from({ length: 32 }, () => 'AA').join(':') } })
    expect((await stepsOf(driver)).at(-1)).toMatchObject({ step: 'tls', ok: false, fingerprint: sim.fingerprint })
    expect(await kindOf(driver.version())).toBe('action_required')
    expect(sim.journal).toEqual([])
  })
  it('an unknown CA is refused; as the own CA it is trusted', async () => {
    const { sim } = await bench({ tls: true })
    expect((await stepsOf(withToken(sim, '!gardu', { tls: { mode: 'system', caPem: null, fingerprint: null } }))).at(-1)).toMatchObject({ step: 'tls', ok: false, fingerprint: sim.fingerprint })
  })
  it('a token without a right: the test names each missing one', async () => {
    const { sim } = await bench()
    const steps = await stepsOf(withToken(sim, '!audit-only'))
    expect(steps.find(({ step }) => step === 'permissions')).toMatchObject({ ok: false, missingPermissions: expect.arrayContaining(['VM.Clone', 'VM.Allocate', 'VM.PowerMgmt', 'Datastore.AllocateSpace']) })
  })
  it('a token without a right: the act asks for the sysadmin and names the right', async () => {
    const { sim, template, node } = await bench()
    const error = await failureOf(withToken(sim, '!audit-only').clone({ template, vmid: 105, node, hostname: 'a.test', ownershipMark: mark }))
    expect(error).toMatchObject({ kind: 'action_required', who: 'sysadmin' })
    expect(error.message).toMatch(/VM\.(Clone|Allocate)/)
  })
  it('D10: a token that may not see machines never concludes that one is gone', async () => {
    const { sim, driver, template, node } = await bench()
    await finished(driver, await driver.clone({ template, vmid: 105, node, hostname: 'a.test', ownershipMark: mark }))
    const blind = withToken(sim, '!no-rights')
    expect(await kindOf(blind.destroy({ node, vmid: 105, ownershipMark: mark }))).toBe('action_required')
    expect(await kindOf(blind.inspect({ node, vmid: 105, ownershipMark: mark }))).toBe('action_required')
    expect(await kindOf(blind.findByMark(mark))).toBe('action_required')
  })
  it('a wrong secret asks for the sysadmin and does not appear in the message', async () => {
    const { sim } = await bench()
    const driver = withToken(sim, '!gardu', { tokenSecret: '99999999-2222-4333-8444-555555555555' })
    const error = await failureOf(driver.version())
    expect(error.kind).toBe('action_required')
    expect(error.message).not.toContain('99999999')
    expect((await stepsOf(driver)).at(-1)).toMatchObject({ step: 'auth', ok: false })
  })
  it('a host that refuses the connection ends the test at TCP and is retryable', async () => {
    const { sim } = await bench()
    const driver = withToken(sim, '!gardu', { url: 'http://127.0.0.1:1' })
    expect((await stepsOf(driver)).map(({ step, ok }) => [step, ok])).toEqual([['dns', true], ['tcp', false]])
    expect(await kindOf(driver.version())).toBe('retryable')
  })
  it('SSRF: a metadata address is refused at the first step', async () => {
    const { sim } = await bench()
    expect(await stepsOf(withToken(sim, '!gardu', { url: 'http://169.254.169.254' }))).toEqual([expect.objectContaining({ step: 'dns', ok: false })])
  })
  it('bridges and virtual networks are told with their kind, their VLAN and whether cards may choose one; a token that sees none is told which rights it lacks', async () => {
    const { sim, driver, node, otherNode } = await bench()
    sim.state.networks = [{ iface: 'vmbr0', type: 'bridge', vlanAware: true }, { iface: 'vmbr1', type: 'bridge', nodes: [node] }, { iface: 'vmbr2', type: 'OVSBridge' }, { iface: 'kantor', type: 'vnet', tag: 40 }]
    const both = [node, otherNode].sort()
    expect((await driver.listNetworks()).networks).toEqual([
      { name: 'kantor', kind: 'vnet', takesTags: null, vlanTag: null, nodes: both }, { name: 'vmbr0', kind: 'bridge', takesTags: true, vlanTag: null, nodes: both },
      { name: 'vmbr1', kind: 'bridge', takesTags: false, vlanTag: null, nodes: [node] }, { name: 'vmbr2', kind: 'ovs', takesTags: true, vlanTag: null, nodes: both },
    ])
    const token = sim.state.tokens.find(({ id }) => id === sim.token.id)
    token?.privileges.push('SDN.Audit')
    expect((await driver.listNetworks()).networks[0]).toMatchObject({ name: 'kantor', takesTags: false, vlanTag: 40 })
    if (token) token.privileges = token.privileges.filter(privilege => privilege !== 'Sys.Audit' && !privilege.startsWith('SDN.'))
    expect(await failureOf(driver.listNetworks())).toMatchObject({ kind: 'action_required', message: expect.stringMatching(/Sys\.Audit.*SDN\.Use/) as string })
  })

  it('a storage or bridge that a node lacks is found by the test', async () => {
    const { sim } = await bench()
    expect((await stepsOf(withToken(sim, '!gardu', { storage: 'nvme', bridge: 'vmbr9' }))).find(({ step }) => step === 'nodes')).toMatchObject({ ok: false, detail: expect.stringContaining('nvme') })
  })
  it('the storage for backups is proven by the test: there on every node, taking backups, with the rights for them', async () => {
    const { sim } = await bench()
    const step = async (backupStorage: string, token = '!gardu') => (await stepsOf(withToken(sim, token, { backupStorage }))).find(found => found.step === 'backups')
    expect(await step('local')).toMatchObject({ ok: true })
    expect(await step('nas')).toMatchObject({ ok: false, detail: expect.stringContaining('no storage nas') as string })
    expect(await step('local-lvm')).toMatchObject({ ok: false, detail: expect.stringContaining('does not take backups') as string })
    expect(await step('local', '!audit-only')).toMatchObject({ ok: false, missingPermissions: ['VM.Backup', 'Datastore.AllocateSpace'] })
    expect(await step('')).toBeUndefined()
  })
  it('a backup on the storage of one node is not restored on another: nothing is sent, and on a storage that nodes share it is', async () => {
    const { sim, driver, machine } = await built()
    const backup = { id: '01900000-0000-7000-8000-00000000b001', ownershipMark: mark, vmid: 105 }
    await finished(driver, await driver.createBackup(machine, backup.id))
    await finished(driver, await driver.stop(machine))
    const found = sim.state.machines[105]
    if (found) found.node = sim.state.nodes[1]?.name ?? ''
    expect(await kindOf(driver.restoreBackup(machine, backup, backup.id))).toBe('permanent')
    sim.state.storages.push({ storage: 'nas', node: null, type: 'nfs', content: 'backup', total: 1e15, otherUse: 0, active: true })
    const shared = withToken(sim, '!gardu', { backupStorage: 'nas', storage: 'ceph-vm' })
    await finished(shared, await shared.createBackup(machine, backup.id))
    expect(await finished(shared, await shared.restoreBackup(machine, backup, backup.id))).toMatchObject({ state: 'done' })
  })
  it('while a node that may keep backups is away, nothing is taken for gone', async () => {
    const { sim, driver, machine } = await built()
    await finished(driver, await driver.createBackup(machine, '01900000-0000-7000-8000-00000000b001'))
    const other = sim.state.nodes[1]
    if (other) other.online = false
    expect((await driver.listBackups(105)).complete).toBe(false)
    expect(await kindOf(driver.deleteBackup({ id: '01900000-0000-7000-8000-00000000b002', ownershipMark: mark, vmid: 105 }))).toBe('retryable')
    expect(await kindOf(withToken(sim, '!audit-only', { backupStorage: 'local' }).listBackups(105))).toBe('action_required')
  })
  it('a change by somebody else in between makes the configuration fail, retryable', async () => {
    const { sim, driver, template, node } = await bench()
    await finished(driver, await driver.clone({ template, vmid: 105, node, hostname: 'a.test', ownershipMark: mark }))
    sim.faults.set({ failNext: 1, failStatus: 500, failMessage: 'detected modified configuration - file changed by other user? Try again.', match: 'POST .*/config' })
    expect(await kindOf(driver.configure({ node, vmid: 105, ownershipMark: mark }, spec))).toBe('retryable')
  })
  it('a machine is on the bridge and in the VLAN of its address, and stays there when it is resized, suspended and taken back to a snapshot', async () => {
    const { sim, driver, machine } = await built()
    const network = async () => (await driver.inspect({ ...machine }))?.network
    expect(await network()).toEqual({ bridge: 'vmbr0', vlanTag: null })
    await finished(driver, await driver.configure(machine, { ...spec, address: { ...spec.address, bridge: 'vmbr1', vlanTag: 120 } }))
    expect(sim.state.machines[105]?.config.net0).toMatch(/^virtio=BC:24:11:[0-9A-F:]{8},.*bridge=vmbr1,.*tag=120/)
    const there = { bridge: 'vmbr1', vlanTag: 120 }
    await finished(driver, await driver.createSnapshot(machine, snapshot))
    await finished(driver, await driver.resize(machine, { cpuCores: 4, ramMiB: 4096, rateMbps: 300 }))
    expect(await network()).toEqual(there)
    await driver.setSuspended(machine, true)
    await driver.setSuspended(machine, false)
    expect(await network()).toEqual(there)
    await finished(driver, await driver.rollbackSnapshot(machine, snapshot.name))
    await finished(driver, await driver.resize(machine, { cpuCores: 4, ramMiB: 4096, rateMbps: 300 }))
    expect(await network()).toEqual(there)
  })
  it('without a VLAN of its own an address leaves the card in the one of its template', async () => {
    const { sim, driver, machine } = await built()
    Object.assign(sim.state.machines[105]?.config ?? {}, { net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr1,tag=7' })
    await finished(driver, await driver.configure(machine, spec))
    expect((await driver.inspect({ ...machine }))?.network).toEqual({ bridge: 'vmbr0', vlanTag: 7 })
  })
  it('a bridge that the node lacks is told when the machine starts, to the sysadmin', async () => {
    const { driver, machine } = await built()
    await finished(driver, await driver.configure(machine, { ...spec, address: { ...spec.address, bridge: 'vmbr9' } }))
    expect(await finished(driver, await driver.start(machine))).toMatchObject({ state: 'failed', kind: 'action_required', message: expect.stringContaining('vmbr9') as string })
  })
  it('a template\'s own SSH keys never reach a client\'s machine', async () => {
    const { sim, driver, template, node } = await bench()
    const source = sim.state.machines[9000]
    if (source) source.config.sshkeys = 'ssh-ed25519%20AAAA%20admin'
    await finished(driver, await driver.clone({ template, vmid: 105, node, hostname: 'a.test', ownershipMark: mark }))
    await finished(driver, await driver.configure({ node, vmid: 105, ownershipMark: mark }, { ...spec, login: { ...spec.login, sshKey: null } }))
    expect(sim.state.machines[105]?.config.sshkeys).toBeUndefined()
  })
  it('a template without a cloud-init drive asks for the sysadmin', async () => {
    const { sim, driver, template, node } = await bench()
    Reflect.deleteProperty(sim.state.machines[9000]?.config ?? {}, 'ide2')
    await finished(driver, await driver.clone({ template, vmid: 105, node, hostname: 'a.test', ownershipMark: mark }))
    expect(await kindOf(driver.configure({ node, vmid: 105, ownershipMark: mark }, spec))).toBe('action_required')
  })
  it('protection mode is not taken away: the sysadmin is asked', async () => {
    const { sim, driver, template, node } = await bench()
    await finished(driver, await driver.clone({ template, vmid: 105, node, hostname: 'a.test', ownershipMark: mark }))
    Object.assign(sim.state.machines[105]?.config ?? {}, { protection: '1' })
    expect(await kindOf(driver.destroy({ node, vmid: 105, ownershipMark: mark }))).toBe('action_required')
  })
  describe('address filter', () => {
    const machine = { node: 'pve-jkt1', vmid: 105, ownershipMark: mark }
    const cloned = async () => {
      const opened = await bench()
      const { driver, template, node } = opened
      return { ...opened, build: async () => {
        await finished(driver, await driver.clone({ template, vmid: 105, node, hostname: 'a.test', ownershipMark: mark }))
        await driver.filterAddresses(machine, ['203.0.113.10'])
      }, seen: async () => (await driver.inspect({ ...machine }))?.filteredAddresses }
    }
    it('whatever may come in still comes in, and neither another MAC nor DHCP gets around it', async () => {
      const { sim, build } = await cloned()
      await build()
      expect(sim.state.firewalls[105]?.options).toEqual({ enable: '1', ipfilter: '1', macfilter: '1', dhcp: '0', policy_in: 'ACCEPT', policy_out: 'ACCEPT' })
    })
    it('what the template lets pass never reaches a client\'s machine', async () => {
      const { sim, build, seen } = await cloned()
      sim.state.firewalls[9000] = { options: { enable: '1', ipfilter: '1', policy_in: 'DROP' }, ipsets: { 'ipfilter-net0': [{ cidr: '203.0.113.0/24' }, { cidr: '203.0.113.10', nomatch: true }] } }
      await build()
      expect(sim.state.firewalls[105]?.ipsets['ipfilter-net0']).toEqual([{ cidr: '203.0.113.10' }])
      expect(sim.state.firewalls[105]?.options.policy_in).toBe('ACCEPT')
      expect(await seen()).toEqual(['203.0.113.10'])
    })
    it('a second network card is behind the filter too, and has no address of its own', async () => {
      const { sim, build, seen } = await cloned()
      Object.assign(sim.state.machines[9000]?.config ?? {}, { net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0', net1: 'virtio=BC:24:11:00:00:02,bridge=vmbr1,tag=7' })
      await build()
      const { net0, net1 } = sim.state.machines[105]?.config ?? {}
      expect(net0).toMatch(/^virtio=BC:24:11:[0-9A-F:]{8},bridge=vmbr0,firewall=1$/)
      expect(net1).toMatch(/^virtio=BC:24:11:[0-9A-F:]{8},bridge=vmbr1,tag=7,firewall=1$/)
      Object.assign(sim.state.machines[105]?.config ?? {}, { net1: net1?.replace(',firewall=1', '') })
      expect(await seen()).toBeNull()
    })
    it.each([['macfilter', '0'], ['ipfilter', '0'], ['dhcp', '1'], ['enable', '0']])('with %s=%s there is a way around it: it counts as none', async (option, value) => {
      const { sim, build, seen } = await cloned()
      await build()
      Object.assign(sim.state.firewalls[105]?.options ?? {}, { [option]: value })
      expect(await seen()).toBeNull()
    })
    it('an incoming policy that staff chose for a filtered machine stays', async () => {
      const { sim, driver, build } = await cloned()
      await build()
      Object.assign(sim.state.firewalls[105]?.options ?? {}, { policy_in: 'DROP' })
      await driver.filterAddresses(machine, ['203.0.113.10'])
      expect(sim.state.firewalls[105]?.options.policy_in).toBe('DROP')
    })
    it('the data centre\'s firewall is off: the test passes with a finding, and the driver says so', async () => {
      const { sim } = await bench()
      sim.state.clusterFirewall.enable = '0'
      const driver = withToken(sim, '!gardu')
      expect((await stepsOf(driver)).at(-1)).toMatchObject({ step: 'firewall', ok: true, finding: 'firewall_off' })
      expect(await driver.filtersApply()).toBe(false)
      sim.state.clusterFirewall.enable = '1'
      expect(await driver.filtersApply()).toBe(true)
    })
    it('a token that may not read the data centre\'s options: not known, and the right is named', async () => {
      const { sim } = await bench()
      const driver = withToken(sim, '!no-rights')
      expect((await stepsOf(driver)).at(-1)).toMatchObject({ step: 'firewall', finding: 'firewall_unknown', missingPermissions: ['Sys.Audit'] })
      expect(await driver.filtersApply()).toBeNull()
    })
  })
  it('a container is made unprivileged by one call that says all of it: login, card, address; keys as they are, no swap, marked from the first moment', async () => {
    const { sim, driver, node, template } = await containers()
    sim.faults.set({ holdTasks: true })
    const handle = await driver.clone({ template, vmid: 105, node, hostname: spec.hostname, ownershipMark: mark, spec })
    const [task] = sim.state.tasks.slice(-1)
    expect(task?.effect).toMatchObject({ kind: 'create', config: { description: expect.stringContaining(`gardu-${mark}`) as string, tags: `gardu-${mark}`, unprivileged: '1', features: 'nesting=1', swap: '0' } })
    sim.faults.set({ holdTasks: false })
    sim.tasks.settle()
    await finished(driver, handle)
    const made = sim.state.machines[105]
    expect(made).toMatchObject({ kind: 'lxc', guest: { keys: spec.login.sshKey, passwords: { root: guestHash(spec.login.password) } }, config: { rootfs: 'local-lvm:vm-105-disk-0,size=40G', nameserver: '203.0.113.53 9.9.9.9' } })
    expect(made?.config.net0?.replace(/hwaddr=[^,]+,/, '').split(',').sort()).toEqual(['bridge=vmbr0', 'firewall=1', 'gw=203.0.113.1', 'ip=203.0.113.10/24', 'name=eth0', 'rate=11.92', 'type=veth'])
    expect(JSON.stringify(made?.config)).not.toContain(spec.login.password)
  })
  it('a container is not made where its template is not, nor without its size and login; each says what to do', async () => {
    const { sim, driver, node, otherNode, template } = await containers()
    expect((await driver.listTemplates()).find(({ ref }) => ref === template.ref)).toMatchObject({ nodes: [node, otherNode], machineType: 'container', username: 'root', name: 'debian-12-standard_12.12-1_amd64' })
    const input = { template, vmid: 105, node, hostname: spec.hostname, ownershipMark: mark }
    expect(await kindOf(driver.clone(input))).toBe('permanent')
    for (const storage of sim.state.storages) if (storage.node === node) delete storage.osTemplates
    expect(await failureOf(driver.clone({ ...input, spec }))).toMatchObject({ kind: 'action_required', message: expect.stringContaining(otherNode) as string })
    expect(sim.state.machines[105]).toBeUndefined()
  })
  it('an address in a container\'s own configuration passes its filter, and is told', async () => {
    const { sim, driver, node, template } = await containers()
    const machine = { node, vmid: 105, ownershipMark: mark }
    await finished(driver, await driver.clone({ template, vmid: 105, node, hostname: spec.hostname, ownershipMark: mark, spec }))
    await driver.filterAddresses(machine, ['203.0.113.10'])
    const config = sim.state.machines[105]?.config ?? {}
    config.net0 = config.net0?.replace('203.0.113.10/24', '203.0.113.66/24') ?? ''
    expect((await driver.inspect(machine))?.filteredAddresses).toEqual(['203.0.113.10', '203.0.113.66'])
  })
  it('a container is no machine and a machine no container: a backup of the other kind is not restored over it', async () => {
    const { sim, driver, node, template } = await containers()
    const machine = { node, vmid: 105, ownershipMark: mark }
    await finished(driver, await driver.clone({ template, vmid: 105, node, hostname: spec.hostname, ownershipMark: mark, spec }))
    sim.state.backups.push({ volid: 'local:backup/vzdump-qemu-105-2026_01_01-00_00_00.vma.zst', storage: 'local', node, vmid: 105, size: 1, ctime: 1, notes: `gardu-${mark} backup ${mark}`, protected: false, config: { name: 'x', description: `gardu-${mark}`, scsi0: 'local-lvm:vm-105-disk-0,size=10G' } })
    const before = JSON.stringify(sim.state.machines[105])
    expect(await kindOf(driver.restoreBackup(machine, { id: mark, ownershipMark: mark, vmid: 105 }, mark))).toBe('permanent')
    expect(JSON.stringify(sim.state.machines[105])).toBe(before)
  })
  it('the connection test tells container templates, and warns where the storage of machines takes none', async () => {
    const { sim, driver } = await bench()
    const said = async () => (await stepsOf(driver)).find(({ step }) => step === 'containers')
    expect(await said()).toMatchObject({ ok: true, detail: expect.stringContaining('debian-12-standard') as string })
    for (const storage of sim.state.storages) if (storage.storage === 'local-lvm') storage.content = 'images'
    expect(await said()).toMatchObject({ ok: true, finding: 'no_container_storage' })
    for (const storage of sim.state.storages) delete storage.osTemplates
    expect(await said()).not.toHaveProperty('finding')
  })
  it('what the storage takes is told for each node; what it does not take is neither made nor moved there, and the connection test says so', async () => {
    const { sim, driver, node, otherNode } = await bench({}, { storage: 'ceph-vm' })
    const storage = sim.state.storages.find(each => each.storage === 'ceph-vm')
    if (!storage) throw new Error('the simulator lost its storage')
    const takes = async () => [...new Set((await driver.listHeadroom()).flatMap(entry => entry.takes?.join() ?? '?'))]
    const said = async () => (await stepsOf(driver)).find(({ step }) => step === 'nodes')
    expect(await takes()).toEqual(['vm,container'])
    expect(await said()).not.toHaveProperty('finding')
    const machine = { node, vmid: 105, ownershipMark: mark }
    const template = (await driver.listTemplates()).find(({ machineType }) => machineType === 'vm') ?? { node, ref: '' }
    const clone = (vmid: number) => driver.clone({ template, vmid, node, hostname: spec.hostname, ownershipMark: mark, spec })
    await finished(driver, await clone(105))
    storage.content = 'rootdir'
    expect(await takes()).toEqual(['container'])
    expect(await said()).toMatchObject({ ok: true, finding: 'no_vm_storage' })
    expect(await driver.moveObstacle(machine, { node: otherNode, live: false })).toContain('images')
    expect(await kindOf(driver.moveMachine(machine, { node: otherNode, live: false }))).toBe('action_required')
    expect(sim.state.machines[105]?.node).toBe(node)
    await finished(driver, await driver.destroy(machine))
    expect(await kindOf(clone(106))).toBe('action_required')
    storage.content = 'backup'
    expect(await takes()).toEqual([''])
    expect(await said()).toMatchObject({ ok: false })
  })
  it('a shared storage counts once for all nodes', async () => {
    const { sim, driver } = await bench({}, { storage: 'ceph-vm' })
    const headroom = await driver.listHeadroom()
    expect(new Set(headroom.map(entry => entry.storageKey)).size).toBe(1)
    expect(headroom).toHaveLength(sim.state.nodes.length)
    expect(headroom[0]?.storageFree).toBeGreaterThan(100 * GiB)
  })
  it('every request carries only parameters that all supported versions know', async () => {
    const seen: [string, string[]][] = []
    const { sim, driver, template, node } = await bench()
    const { createServer, request } = await import('node:http')
    const relay = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = []
      incoming.on('data', chunk => chunks.push(chunk as Buffer))
      incoming.on('end', () => {
        const body = Buffer.concat(chunks)
        if (incoming.method !== 'GET' && incoming.method !== 'DELETE') seen.push([incoming.url ?? '', [...new URLSearchParams(body.toString()).keys()]])
        if (incoming.method === 'DELETE') expect(body.length).toBe(0)
        const onward = request(`${sim.url}${incoming.url}`, { method: incoming.method, headers: incoming.headers }, (answer) => {
          outgoing.writeHead(answer.statusCode ?? 500, answer.statusMessage, answer.headers)
          answer.pipe(outgoing)
        })
        onward.end(body)
      })
    })
    await new Promise<void>(resolve => relay.listen(0, '127.0.0.1', resolve))
    toClose.push({ close: () => new Promise((resolve) => {
      relay.close(resolve)
      relay.closeAllConnections()
    }) })
    const address = relay.address()
    const through = withToken(sim, '!gardu', { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}` })
    const machine = { node, vmid: 105, ownershipMark: mark }
    for (const act of [() => through.clone({ template, vmid: 105, node, hostname: 'a.test', ownershipMark: mark }), () => through.configure(machine, spec), () => through.growDisk(machine, 40), () => through.filterAddresses(machine, ['203.0.113.10']).then(() => null), () => through.start(machine), () => through.reboot(machine), () => through.shutdown(machine, { timeoutSeconds: 5, force: true }), () => through.start(machine), () => through.stop(machine)]) await finished(driver, await act())
    for (const act of [() => through.createSnapshot(machine, { name: 'gardu-0123456789ab', title: 'x' }), () => through.rollbackSnapshot(machine, 'gardu-0123456789ab'), () => through.deleteSnapshot(machine, 'gardu-0123456789ab')]) await finished(driver, await act())
    await through.setSuspended(machine, true)
    await finished(driver, await through.destroy(machine))
    expect(seen.length).toBeGreaterThanOrEqual(12)
    for (const [url, names] of seen) {
      const call = /\/qemu\/\d+\/(.+)$/.exec(url)?.[1] ?? url
      expect(Object.keys(allowed)).toContain(call)
      expect(names.filter(parameter => !allowed[call]?.includes(parameter))).toEqual([])
    }
  })
})
