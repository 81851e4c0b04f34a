import { setTimeout as pause } from 'node:timers/promises'
import { DriverError } from '#shared/errors/driver-error.ts'
import { hypervisorCapabilities } from '#shared/vocabulary/machines.ts'
import type { HypervisorAccess, HypervisorDriver, MachineRef, TaskHandle, TaskState } from '#server/infrastructure/ports.ts'
import type { MeasureTraffic } from '#server/infrastructure/traffic-ports.ts'
import { accessOf } from './access.ts'
import { consoleOf } from './console.ts'
import { isFault, isSoAlready, localizedFault, toTaskState, toVsphereError } from './faults.ts'
import { customisationOf } from './customise.ts'
import { locator } from './locate.ts'
import { toHeadroom, toNodes, toObserved, toStorages } from './look.ts'
import { esxiMaker } from './make-esxi.ts'
import { vcenterMaker } from './make-vcenter.ts'
import { toHandle } from './maker.ts'
import { performanceOf } from './performance.ts'
import { movesOf } from './moves.ts'
import { networksOf } from './networks.ts'
import { probe } from './probe.ts'
import { vimOver } from './soap.ts'
import type { SoapOptions } from './soap.ts'
import { snapshotsOf } from './snapshots.ts'
import { configureSpec, diskGiBOf, forgetSpec, growSpec, listedMarkOf, networkChanges, numberOf, ownershipMarkOf, plugChanges, sizeFields, systemDisk, taskRow, toMachineState, vmidOf } from './transform.ts'
import type { Host, Listed, Machine } from './transform.ts'
import { build } from './xml.ts'
import type { Mor, XmlNode } from './xml.ts'

const gone = { state: 'failed', message: 'the server no longer knows the task', kind: 'unknown_outcome' } as const satisfies TaskState

/** VMware vSphere 6.5 and newer over its SOAP API. Guarantees: see the port. Opens no connection before the first call. */
function createDriver(kind: 'vcenter' | 'esxi', access: HypervisorAccess, options: SoapOptions): HypervisorDriver & { close(): void } {
  const label = kind === 'vcenter' ? 'vCenter' : 'ESXi'
  const vim = vimOver(label, access, options)
  const find = locator(vim, access)
  const { of: snapshotsIn, ...snapshots } = snapshotsOf(vim, find)

  /** Null: the server has forgotten it; they are kept for some minutes. */
  async function taskState(task: Mor): Promise<TaskState | null> {
    const [row] = await vim.read([task], 'Task', taskRow)
    return row ? toTaskState(label, row.props['info.state'], row.raw('info.error')) : null
  }
  const handle = (node: string, task: Mor): TaskHandle => toHandle(node, 'task', task.id)
  const reconfigure = async (machine: MachineRef, found: Machine, spec: XmlNode | null): Promise<TaskHandle | null> => spec && handle(machine.node, await vim.start('ReconfigVMRequestType', found.obj, { spec }))

  /** With the fault's name, for those who know what it means to them. */
  async function failureOf(task: Mor, { kind: told, message }: Extract<TaskState, { state: 'failed' }>): Promise<DriverError> {
    const [row] = await vim.read([task], 'Task', taskRow)
    return row ? toVsphereError(label, localizedFault(row.raw('info.error')), false) : new DriverError(told, message)
  }
  /** Waits for a short task: for acts whose callers are not given a handle. */
  async function toEnd(task: Mor): Promise<void> {
    for (let looks = 0; looks < 100; looks++) {
      const state = await taskState(task)
      if (state?.state === 'done') return
      if (state?.state === 'failed') throw await failureOf(task, state)
      if (!state) throw new DriverError('unknown_outcome', `${label}: ${gone.message}`)
      await pause(100 + looks * 10)
    }
    throw new DriverError('unknown_outcome', `${label}: the task does not end`)
  }

  const customisation = customisationOf(label, vim)
  const performance = performanceOf(vim, kind)
  const maker = (kind === 'vcenter' ? vcenterMaker : esxiMaker)({ vim, find, access, taskState, toEnd })

  /** Nothing is sent for what is so already, and what the server says about it counts as done. */
  async function power(machine: MachineRef, request: 'PowerOnVMRequestType' | 'PowerOffVMRequestType', wanted: string): Promise<TaskHandle | null> {
    const found = await find.prove(machine)
    if (found.props['runtime.powerState'] === wanted) return null
    try {
      return handle(machine.node, await vim.start(request, found.obj))
    } catch (error) {
      if (isFault(error, 'InvalidPowerState') && isSoAlready(error.fault)) return null
      throw error
    }
  }

  async function shutdown(machine: MachineRef, { timeoutSeconds, force }: Parameters<HypervisorDriver['shutdown']>[1]): Promise<TaskHandle | null> {
    const found = await find.prove(machine)
    if (found.props['runtime.powerState'] === 'poweredOff') return null
    try {
      await vim.call('ShutdownGuestRequestType', found.obj)
    } catch (error) {
      if (!isFault(error, 'ToolsUnavailable', 'InvalidPowerState')) throw error
      if (force) return power(machine, 'PowerOffVMRequestType', 'poweredOff')
      throw new DriverError('permanent', `${label}: the guest cannot be asked to shut down, VMware Tools do not run in it`, { cause: error })
    }
    // The call has no task: the handle carries until when the guest may take its time.
    return toHandle(machine.node, 'off', machine.ownershipMark, String(machine.vmid), String(Date.now() + timeoutSeconds * 1000), force ? '1' : '0')
  }
  async function followShutdown(node: string, [ownershipMark = '', vmid = '', deadline = '', force = '']: readonly string[]): Promise<TaskState> {
    const machine = { node, ownershipMark, vmid: Number(vmid) }
    const found = await find.prove(machine)
    if (found.props['runtime.powerState'] === 'poweredOff') return { state: 'done', warnings: false }
    if (Date.now() < Number(deadline)) return { state: 'running' }
    if (force !== '1') return { state: 'failed', message: 'the guest did not shut down in time', kind: 'retryable' }
    await power(machine, 'PowerOffVMRequestType', 'poweredOff')
    return { state: 'running' }
  }

  const usable = (hosts: readonly Host[]) => hosts.filter(host => find.isUsable(host) && (access.nodes.length === 0 || access.nodes.includes(host.props.name)))

  /** Hosts and machines are still shown where the performance manager tells nothing. */
  const told = <T>(asked: Promise<T>, otherwise: T): Promise<T> => asked.catch((error: unknown) => {
    if (error instanceof DriverError) return otherwise
    throw error
  })
  const networkOf = (hosts: readonly Host[]) => told(performance.network(hosts.filter(find.isUsable).map(({ obj }) => obj)), new Map<string, never>())

  /** By mark and number together: a copy of a machine carries its mark. */
  const measureOf = (machines: readonly Listed[]): MeasureTraffic => {
    const byNumber = Map.groupBy(machines, ({ props }) => numberOf(props.name))
    return async (wanted) => {
      const found = wanted.map(({ ownershipMark, vmid }) => byNumber.get(vmid)?.find(machine => listedMarkOf(machine) === ownershipMark.toLowerCase())?.obj)
      const asked = wanted.flatMap(({ since }, index) => found[index] ? [{ entity: found[index], since }] : [])
      const { at, intervals } = await performance.moved(asked)
      const byEntity = new Map(asked.map(({ entity }, index) => [entity, intervals[index] ?? []]))
      return { at, intervals: found.map(entity => entity ? byEntity.get(entity) ?? [] : []) }
    }
  }

  async function inspect(found: Machine) {
    const tasks = await vim.read(found.props.recentTask ?? [], 'Task', taskRow)
    const held = tasks.find(({ props }) => props['info.state'] === 'running' || props['info.state'] === 'queued')
    const setup = await customisation.read(found)
    return { ...toMachineState(found, await find.nodeOf(found.props['runtime.host']), held?.props['info.descriptionId'] ?? null), ...setup ? { setup } : {} }
  }

  // vSphere's own backups are a product of somebody else's on top of it.
  const noBackups = () => Promise.reject(new DriverError('permanent', `${label}: machines are not backed up from here`))
  // A machine is proven by its instance UUID, which is also what backup and recovery products know it by: given another one, they would lose it.
  const noAdoption = () => Promise.reject(new DriverError('permanent', `${label}: machines are neither taken over nor let go from here`))
  return {
    capabilities: { ...hypervisorCapabilities[kind], console: access.console === true },
    close: () => vim.close(),
    test: () => probe(kind, access, () => vimOver(label, access, options)),
    version: async () => (await vim.content()).about.version,
    filtersApply: () => Promise.resolve(null),
    listTemplates: () => maker.listTemplates(),
    async listMarkedMachines() {
      const [hosts, machines] = await Promise.all([find.hosts(), find.machines()])
      return toObserved(hosts, machines)
    },
    async listHeadroom() {
      const [hosts, machines, stores] = await Promise.all([find.hosts(), find.machines(), find.datastores()])
      return toHeadroom(access, usable(hosts), machines, stores)
    },
    async listNodes() {
      const [hosts, stores] = await Promise.all([find.hosts(), find.datastores()])
      return toNodes(access, hosts, stores, await networkOf(hosts))
    },
    async look() {
      const [hosts, machines, stores] = await Promise.all([find.hosts(), find.machines(), find.datastores()])
      const seen = { nodes: toNodes(access, hosts, stores, await networkOf(hosts)), storages: toStorages(hosts, stores), machines: toObserved(hosts, machines), headroom: toHeadroom(access, usable(hosts), machines, stores), filtersApply: null }
      return await told(performance.tellsTraffic(), false) ? { ...seen, measure: measureOf(machines) } : seen
    },
    async nextFreeId() {
      const taken = new Set((await find.machines()).map(({ props }) => numberOf(props.name)))
      let free = 100
      while (taken.has(free)) free++
      return free
    },
    async findByMark(ownershipMark, vmid = null) {
      const found = await find.marked(ownershipMark, vmid)
      return found && { node: await find.nodeOf(found.props['runtime.host']), vmid: vmidOf(found) }
    },
    async clone(input) {
      const mark = input.ownershipMark.toLowerCase()
      // What an earlier try made, its answer lost, has our UUID; while it is being made it has only our name.
      const there = await find.marked(mark, input.vmid)
      if (there && vmidOf(there) !== input.vmid) throw new DriverError('unknown_outcome', `${label}: the machine exists already under number ${vmidOf(there)}`)
      if (there) return toHandle(input.node, 'made', mark)
      const other = (await find.machines()).find(({ props }) => numberOf(props.name) === input.vmid)
      if (other) throw new DriverError('retryable', `${label}: number ${input.vmid} was taken meanwhile`, { afterSeconds: 1 })
      return maker.make({ ...input, ownershipMark: mark })
    },
    async task({ id, node }) {
      const [what = '', ...rest] = id.split('/').map(decodeURIComponent)
      if (what === 'task') return await taskState({ type: 'Task', id: rest[0] ?? '' }) ?? gone
      if (what === 'off') return followShutdown(node, rest)
      if (what === 'made') return await find.marked(rest[0] ?? '', null) ? { state: 'done', warnings: false } : { state: 'failed', message: 'the machine is gone', kind: 'retryable' }
      return maker.follow([what, ...rest])
    },
    async configure(machine, spec) {
      const found = await find.prove(machine)
      if (!found.props['runtime.host']) throw new DriverError('retryable', `${label}: machine ${machine.vmid} is on no host`)
      const { identity = 'cloud_init' } = spec
      if (identity !== 'cloud_init' && kind === 'esxi') throw new DriverError('permanent', `${label}: guests are customised by a vCenter alone; this template needs cloud-init`)
      if (identity !== 'cloud_init') customisation.prove(identity, spec)
      const change = configureSpec(found, spec, machine.ownershipMark.toLowerCase(), networkChanges(found, await find.network(found.props['runtime.host'], spec.address.bridge ?? undefined)))
      if (identity === 'cloud_init') return reconfigure(machine, found, change)
      // Its cards must stand as they will be: VMware counts them.
      if (change) await toEnd(await vim.start('ReconfigVMRequestType', found.obj, { spec: change }))
      const task = await customisation.ask(change ? await find.prove(machine) : found, identity, spec)
      return task && handle(machine.node, task)
    },
    async growDisk(machine, diskGiB) {
      const found = await find.prove(machine)
      const disk = systemDisk(found)
      if (!disk) throw new DriverError('action_required', `${label}: machine ${machine.vmid} has no disk to boot from`, { who: 'sysadmin' })
      if (diskGiBOf(disk) >= diskGiB) return null
      // Real servers refuse it with words that nobody understands; the snapshots may be the client's.
      if ((await snapshotsIn(found)).length > 0) throw new DriverError('action_required', `${label}: the disk of machine ${machine.vmid} cannot grow while it has snapshots; remove them, then try again`, { who: 'sysadmin' })
      return reconfigure(machine, found, growSpec(disk, diskGiB))
    },
    // The caller asks the capability first; whoever does not is told, instead of believing that something is filtered.
    async filterAddresses(machine) {
      await find.prove(machine)
      throw new DriverError('permanent', `${label}: sender addresses are not filtered by standard switches`)
    },
    async readFirewall(machine) {
      await find.prove(machine)
      throw new DriverError('permanent', `${label}: standard switches have no firewall rules`)
    },
    async setFirewall(machine) {
      await find.prove(machine)
      throw new DriverError('permanent', `${label}: standard switches have no firewall rules`)
    },
    async resize(machine, size) {
      const found = await find.prove(machine)
      const fields = sizeFields(found, size)
      if (Object.keys(fields).length === 0) return null
      if (found.props['runtime.powerState'] !== 'poweredOff') throw new DriverError('retryable', `${label}: machine ${machine.vmid} runs; CPU and memory are changed while it is stopped`)
      return reconfigure(machine, found, build('VirtualMachineConfigSpec', fields))
    },
    async forgetFirstBoot(machine) {
      const found = await find.prove(machine)
      const spec = forgetSpec(found)
      if (spec) await toEnd(await vim.start('ReconfigVMRequestType', found.obj, { spec }))
    },
    setRate: () => Promise.reject(new DriverError('permanent', `${label}: the rate of a machine is not limited from here`)),
    start: machine => power(machine, 'PowerOnVMRequestType', 'poweredOn'),
    stop: machine => power(machine, 'PowerOffVMRequestType', 'poweredOff'),
    shutdown,
    async reboot(machine) {
      const found = await find.prove(machine)
      if (found.props['runtime.powerState'] !== 'poweredOn') return power(machine, 'PowerOnVMRequestType', 'poweredOn')
      try {
        await vim.call('RebootGuestRequestType', found.obj)
        return null
      } catch (error) {
        if (!isFault(error, 'ToolsUnavailable')) throw error
        return handle(machine.node, await vim.start('ResetVMRequestType', found.obj))
      }
    },
    async setSuspended(machine, suspended) {
      const found = await find.prove(machine)
      const deviceChange = plugChanges(found, !suspended)
      if (deviceChange.length > 0) await toEnd(await vim.start('ReconfigVMRequestType', found.obj, { spec: build('VirtualMachineConfigSpec', { deviceChange }) }))
    },
    async inspect({ ownershipMark, vmid }) {
      const mark = ownershipMark.toLowerCase()
      const found = await find.byUuid(mark)
      if (found && ownershipMarkOf(found) === mark && found.props['runtime.connectionState'] === 'connected') return inspect(found)
      const searched = await find.marked(mark, vmid)
      return searched && inspect(searched)
    },
    ...consoleOf(vim, find, access),
    ...snapshots,
    ...movesOf(kind, vim, find),
    ...networksOf(vim, find, access),
    listMachines: noAdoption, readStranger: noAdoption, adoptMachine: noAdoption, completeMark: noAdoption, releaseMachine: noAdoption,
    listBackups: noBackups, createBackup: noBackups, deleteBackup: noBackups, restoreBackup: noBackups, readBackup: noBackups, makeForBackup: noBackups,
    ...accessOf(label, find, async (found, spec) => toEnd(await vim.start('ReconfigVMRequestType', found.obj, { spec }))),
    metrics: async (machine, range) => performance.metrics(await find.prove(machine), range),
    async destroy(machine) {
      try {
        const found = await find.prove(machine)
        if (found.props['runtime.powerState'] !== 'poweredOff') throw new DriverError('retryable', `${label}: machine ${machine.vmid} runs and is not destroyed`, { afterSeconds: 5 })
        return handle(machine.node, await vim.start('DestroyRequestType', found.obj))
      } catch (error) {
        if (!(error instanceof DriverError) || error.kind !== 'not_found') throw error
        await maker.tidy(machine.ownershipMark.toLowerCase())
        return null
      }
    },
  }
}

export const createVcenterDriver = (access: HypervisorAccess, options: SoapOptions = {}) => createDriver('vcenter', access, options)
export const createEsxiDriver = (access: HypervisorAccess, options: SoapOptions = {}) => createDriver('esxi', access, options)
