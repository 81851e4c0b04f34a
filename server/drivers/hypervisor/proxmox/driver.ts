import { DriverError } from '#shared/errors/driver-error.ts'
import { hypervisorCapabilities } from '#shared/vocabulary/machines.ts'
import type { HypervisorAccess, HypervisorDriver, MachineRef, RemoteNode, TaskHandle } from '#server/infrastructure/ports.ts'
import { accessOf } from './access.ts'
import { adoptionOf } from './adoption.ts'
import { path, proxmoxApi } from './api.ts'
import type { Params } from './api.ts'
import { backupsOf } from './backups.ts'
import { addressFilter } from './filter.ts'
import { firewallOf } from './firewall.ts'
import { configureContainerForm, containersOf, isOsTemplate, resizeContainerForm, rootDisk, toContainerState } from './containers.ts'
import { eachOf, guestPath, locator } from './locate.ts'
import type { Found, Place } from './locate.ts'
import { toMetrics, toStorages, toStrain } from './metrics.ts'
import { movesOf } from './moves.ts'
import { networkOf } from './network.ts'
import { networksOf } from './networks.ts'
import { probe } from './probe.ts'
import * as reply from './schema.ts'
import type { Resource } from './schema.ts'
import { snapshotsOf } from './snapshots.ts'
import { configureForm, handleOf, hasCloudInit, isTaken, markDescription, ownershipMarkOf, rateForm, resizeForm, suspensionForm, systemDisk, toHeadroom, toMachineState, toObserved, toTaskState, toTemplates, upidParts } from './transform.ts'

export interface ProxmoxOptions { readonly connectMilliseconds?: number, readonly totalMilliseconds?: number }

/** A handle for a clone that was found instead of started: its task is unknown, the machine itself tells how far it is. */
const foundClone = (vmid: number, ownershipMark: string): string => `clone-of:${vmid}:${ownershipMark}`
const foundClonePattern = /^clone-of:(\d+):([0-9a-f-]+)$/

/** Proxmox VE 7 to 9 over its API, by API token. Guarantees: see the port. Opens no connection before the first call. */
export function createProxmoxDriver(access: HypervisorAccess, options: ProxmoxOptions = {}): HypervisorDriver & { close(): void } {
  const api = proxmoxApi(access, options)
  const find = locator(api)
  const filter = addressFilter(api)
  const containers = containersOf(api, access)
  const of = (place: Place, ...more: string[]) => guestPath(place, ...more)
  const handle = (upid: string | null): TaskHandle | null => upid === null ? null : handleOf(upid)
  /** Writes settings: those of a container are there with the answer, those of a virtual machine with the end of the task. */
  async function write(found: Found, form: Record<string, string>): Promise<TaskHandle | null> {
    if (found.kind === 'qemu') return handle(await api.post(of(found, 'config'), form, reply.maybeUpid))
    await api.put(of(found, 'config'), form, reply.anything)
    return null
  }
  const statusOf = (place: Place) => api.get(of(place, 'status', 'current'), reply.machineStatus)

  /** An act whose effect may be there already: then nothing is sent, and what the hypervisor says about it counts as done. */
  async function power(machine: MachineRef, verb: string, form: Params, isDone: (status: string) => boolean): Promise<TaskHandle | null> {
    const found = await find.prove(machine)
    if (isDone((await statusOf(found)).status)) return null
    try {
      return handle(await api.post(of(found, 'status', verb), form, reply.upid))
    } catch (error) {
      // Of a virtual machine its task says so, of a container the call itself.
      if (error instanceof DriverError && /already running|not running/i.test(error.message) && isDone((await statusOf(found)).status)) return null
      throw error
    }
  }

  /** Told "taken" by the clone call: ours, made by an earlier try, or somebody else's. */
  async function afterTaken(vmid: number, ownershipMark: string, error: DriverError): Promise<TaskHandle> {
    const there = await find.at(vmid)
    if (there && ownershipMarkOf(there.config) === ownershipMark.toLowerCase()) return { id: foundClone(vmid, ownershipMark), node: there.node }
    throw new DriverError('retryable', `Proxmox: number ${vmid} was taken meanwhile`, { afterSeconds: 1, cause: error })
  }

  async function foundCloneState(vmid: number, ownershipMark: string): ReturnType<HypervisorDriver['task']> {
    const there = await find.at(vmid)
    if (!there || ownershipMarkOf(there.config) !== ownershipMark) return { state: 'failed', message: `machine ${vmid} is gone`, kind: 'retryable' }
    return there.config.lock === 'create' || there.config.lock === 'clone' ? { state: 'running' } : { state: 'done', warnings: false }
  }

  /** One machine, however often it is asked for: what an earlier try made, its answer lost, has this number, or our name. */
  async function makeOnce({ vmid, hostname, ownershipMark }: { readonly vmid: number, readonly hostname: string, readonly ownershipMark: string }, send: () => Promise<string>, guests?: readonly Resource[]): Promise<TaskHandle> {
    const mark = ownershipMark.toLowerCase()
    const there = await find.marked(mark, (guests ?? await find.guests()).filter(row => row.vmid === vmid || row.name === hostname || ownershipMarkOf({ tags: row.tags }) === mark), vmid)
    if (there && there.vmid !== vmid) throw new DriverError('unknown_outcome', `Proxmox: the machine exists already under number ${there.vmid}`)
    if (there) return { id: foundClone(vmid, mark), node: there.node }
    try {
      return handleOf(await send())
    } catch (error) {
      if (error instanceof DriverError && isTaken(error.message)) return afterTaken(vmid, mark, error)
      throw error
    }
  }

  /** A backup that failed ends as `job errors`; why, stands in its log alone. */
  async function whyNoBackup(node: string, upid: string): Promise<string> {
    const lines = await api.get(path('nodes', node, 'tasks', upid, 'log'), reply.taskLog, { start: '0', limit: '5000' })
    return lines.findLast(({ t }) => t.startsWith('ERROR: '))?.t.slice(7) ?? 'job errors'
  }

  async function inspectAt(found: Found) {
    const [status, filteredAddresses] = await Promise.all([statusOf(found), filter.read(found)])
    return (found.kind === 'lxc' ? toContainerState : toMachineState)(found, found.config, status, filteredAddresses)
  }

  async function listNodes(): Promise<RemoteNode[]> {
    const nodes = await api.get('/nodes', reply.nodeList)
    return eachOf(nodes, 4, async (node) => {
      const online = node.status === 'online'
      // A node that does not tell its details is still shown with what the cluster knows of it.
      const [details, samples] = await Promise.all(online ? [api.get(path('nodes', node.node, 'status'), reply.nodeStatus).catch(() => null), api.get(path('nodes', node.node, 'rrddata'), reply.nodeSamples, { timeframe: 'hour', cf: 'AVERAGE' }).catch(() => [])] : [null, []])
      return {
        node: node.node, online, cpu: node.cpu, cpuCores: node.maxcpu, memoryUsed: node.mem, memoryTotal: node.maxmem, diskUsed: node.disk, diskTotal: node.maxdisk,
        loadAverage: details?.loadavg?.[0] ?? null, uptimeSeconds: node.uptime, version: details?.pveversion?.split('/')[1] ?? null, strain: toStrain(samples, details?.wait),
      }
    })
  }

  return {
    capabilities: hypervisorCapabilities.proxmox,
    close: () => api.close(),
    test: () => probe(access, () => proxmoxApi(access, options)),
    version: async () => (await api.get('/version', reply.version)).version,
    filtersApply: () => filter.apply(),
    async listTemplates() {
      const rows = await api.get('/cluster/resources', reply.resources)
      const places = rows.flatMap(row => row.type === 'qemu' && row.template && row.vmid !== undefined && row.node ? [{ node: row.node, vmid: row.vmid, kind: 'qemu' as const }] : [])
      // A node that is silent keeps the others' templates from nobody: of its own it is not known where they lie.
      const configs = await eachOf(places, 8, async place => [place.vmid, await find.configOf(place).catch((error: unknown) => {
        if (error instanceof DriverError && (error.kind === 'not_found' || error.kind === 'retryable')) return null
        throw error
      })] as const)
      return [...toTemplates(rows, new Map(configs)), ...await containers.listTemplates()]
    },
    listMarkedMachines: async () => toObserved(await find.guests()),
    async look() {
      const [nodes, rows, filtersApply] = await Promise.all([listNodes(), api.get('/cluster/resources', reply.resources), filter.apply()])
      return { nodes, storages: toStorages(rows), machines: toObserved(rows), headroom: toHeadroom(rows, access.storage, access.nodes), filtersApply }
    },
    listHeadroom: async () => toHeadroom(await api.get('/cluster/resources', reply.resources), access.storage, access.nodes),
    listNodes,
    nextFreeId: () => api.get('/cluster/nextid', reply.nextId),
    async findByMark(ownershipMark, vmid = null) {
      const found = await find.marked(ownershipMark, await find.guests(), vmid)
      return found && { node: found.node, vmid: found.vmid }
    },
    async clone({ template, vmid, node, hostname, ownershipMark, spec }) {
      const guests = await find.guests()
      const container = isOsTemplate(template.ref)
      const source = guests.find(row => String(row.vmid) === template.ref && row.type === 'qemu' && row.template)
      if (!container && !source?.node) throw new DriverError('permanent', `Proxmox: template ${template.ref} does not exist any more`)
      const send = async () => {
        if (container) return containers.create({ template, vmid, node, ownershipMark: ownershipMark.toLowerCase(), spec })
        const from: Place = { node: source?.node ?? template.node, vmid: Number(template.ref), kind: 'qemu' }
        return api.post(of(from, 'clone'), {
          newid: String(vmid), name: hostname, full: '1', storage: access.storage, description: markDescription(ownershipMark.toLowerCase()), ...(node === from.node ? {} : { target: node }),
        }, reply.upid)
      }
      return makeOnce({ vmid, hostname, ownershipMark }, () => send().catch((error: unknown) => {
        throw error instanceof DriverError && error.kind === 'not_found' ? new DriverError('permanent', `Proxmox: template ${template.ref} does not exist any more`, { cause: error }) : error
      }), guests)
    },
    async task({ id }) {
      const clone = foundClonePattern.exec(id)
      if (clone) return foundCloneState(Number(clone[1]), clone[2] ?? '')
      const { node, type } = upidParts(id)
      const told = await api.get(path('nodes', node, 'tasks', id, 'status'), reply.taskStatus)
      return toTaskState(told.type ?? type, told.status, type === 'vzdump' && told.exitstatus === 'job errors' ? await whyNoBackup(node, id) : told.exitstatus)
    },
    async configure(machine, spec) {
      const found = await find.prove(machine)
      if (found.kind === 'lxc') return write(found, configureContainerForm(found.config, spec, machine.ownershipMark.toLowerCase(), access.bridge))
      if (!hasCloudInit(found.config)) throw new DriverError('action_required', `Proxmox: machine ${machine.vmid} has no cloud-init drive; its template needs one`, { who: 'sysadmin' })
      return write(found, configureForm(found.config, spec, machine.ownershipMark.toLowerCase(), access.bridge))
    },
    async growDisk(machine, diskGiB) {
      const found = await find.prove(machine)
      const disk = found.kind === 'lxc' ? rootDisk(found.config) : systemDisk(found.config)
      if (!disk) throw new DriverError('action_required', `Proxmox: machine ${machine.vmid} has no disk to boot from`, { who: 'sysadmin' })
      if (disk.sizeGiB !== null && disk.sizeGiB >= diskGiB) return null
      try {
        return handle(await api.put(of(found, 'resize'), { disk: disk.key, size: `${diskGiB}G` }, reply.maybeUpid))
      } catch (error) {
        if (error instanceof DriverError && /shrinking disks|unable to shrink disk|already at specified size/i.test(error.message)) return null
        throw error
      }
    },
    async filterAddresses(machine, addresses, policyIn = 'accept') {
      await filter.set(await find.prove(machine), addresses, policyIn)
    },
    ...firewallOf(api, find),
    async resize(machine, size) {
      const found = await find.prove(machine)
      const form = (found.kind === 'lxc' ? resizeContainerForm : resizeForm)(found.config, size)
      return form && write(found, form)
    },
    async setRate(machine, rateMbps) {
      const found = await find.prove(machine)
      const form = rateForm(found.config, rateMbps)
      return form && write(found, form)
    },
    start: machine => power(machine, 'start', {}, status => status === 'running'),
    shutdown: (machine, { timeoutSeconds, force }) => power(machine, 'shutdown', { timeout: String(timeoutSeconds), forceStop: force ? '1' : '0' }, status => status === 'stopped'),
    stop: machine => power(machine, 'stop', {}, status => status === 'stopped'),
    async reboot(machine) {
      const found = await find.prove(machine)
      const verb = (await statusOf(found)).status === 'stopped' ? 'start' : 'reboot'
      return handle(await api.post(of(found, 'status', verb), {}, reply.upid))
    },
    // Cloud-init's drive keeps a hash of the password and is read at every boot.
    forgetFirstBoot: () => Promise.resolve(),
    async setSuspended(machine, suspended) {
      const found = await find.prove(machine)
      await api.put(of(found, 'config'), suspensionForm(found.config, suspended), reply.anything)
    },
    async inspect({ ownershipMark, vmid }) {
      const there = vmid === null ? null : await find.at(vmid)
      if (there && ownershipMarkOf(there.config) === ownershipMark.toLowerCase()) return inspectAt(there)
      const found = await find.marked(ownershipMark, await find.guests(), vmid)
      return found && inspectAt(found)
    },
    async openConsole(machine) {
      const found = await find.prove(machine)
      if ((await statusOf(found)).status !== 'running') return null
      // A password of its own: the first eight letters of the ticket, which would count else, are nearly the same for everybody. Of containers there is none to be asked for.
      const opened = await api.post(of(found, 'vncproxy'), { websocket: '1', ...found.kind === 'qemu' ? { 'generate-password': '1' } : {} }, reply.vncProxy)
      const query = new URLSearchParams({ port: String(opened.port), vncticket: opened.ticket })
      return {
        label: 'Proxmox', url: `${access.url.replace(/\/+$/, '').replace(/^http/, 'ws')}/api2/json${of(found, 'vncwebsocket')}?${query.toString()}`, protocols: ['binary'], tls: access.tls,
        // It has to be asked for with what the ticket was asked for with.
        headers: { authorization: `PVEAPIToken=${access.tokenId}=${access.tokenSecret}` }, password: opened.password ?? opened.ticket,
      }
    },
    ...snapshotsOf(api, find),
    ...accessOf(api, find),
    ...backupsOf(api, find, access, makeOnce),
    ...movesOf(api, find),
    ...networkOf(api, find),
    ...networksOf(api, access),
    ...adoptionOf(api, find),
    async metrics(machine, range) {
      const found = await find.prove(machine)
      return toMetrics(await api.get(of(found, 'rrddata'), reply.samples, { timeframe: range, cf: 'AVERAGE' }))
    },
    async destroy(machine) {
      try {
        const found = await find.prove(machine)
        return handle(await api.delete(of(found), { 'purge': '1', 'destroy-unreferenced-disks': '1' }, reply.upid))
      } catch (error) {
        if (!(error instanceof DriverError) || error.kind !== 'not_found') throw error
        // Gone, or moved to another node between the proof and the act: only a free number says that it is gone.
        if (await find.at(machine.vmid)) throw new DriverError('retryable', error.message, { afterSeconds: 2, cause: error })
        return null
      }
    },
  }
}
