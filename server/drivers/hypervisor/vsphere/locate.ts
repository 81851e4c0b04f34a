import { DriverError } from '#shared/errors/driver-error.ts'
import type { HypervisorAccess, MachineRef } from '#server/infrastructure/ports.ts'
import type { Vim } from './soap.ts'
import { computeRow, datacenterRow, datastoreRow, hostRow, listedRow, machineRow, networkRow, numberOf, ownershipMarkOf, parentRow, portGroupRow, switchRow } from './transform.ts'
import type { Datastore, Host, Listed, Machine } from './transform.ts'
import { build, morOf } from './xml.ts'
import type { Mor, XmlNode } from './xml.ts'

/** Where on a host machines are built. */
export interface Site { readonly host: Host, readonly pool: Mor, readonly datacenter: Mor, readonly folder: Mor, readonly datastore: Datastore }

/** Finds hosts and machines and proves whose machines are. Ids of managed objects are asked for anew each time. */
export function locator(vim: Vim, access: HypervisorAccess) {
  const wrong = (message: string) => new DriverError('action_required', `${vim.label}: ${message}`, { who: 'sysadmin' })
  const hosts = (): Promise<Host[]> => vim.readAll('HostSystem', hostRow)
  const machines = (): Promise<Listed[]> => vim.readAll('VirtualMachine', listedRow)
  const datastores = (): Promise<Datastore[]> => vim.readAll('Datastore', datastoreRow)
  const isUsable = ({ props }: Host) => props['runtime.connectionState'] === 'connected' && !props['runtime.inMaintenanceMode']

  async function details(obj: Mor): Promise<Machine | null> {
    return (await vim.read([obj], 'VirtualMachine', machineRow))[0] ?? null
  }

  /** What is not in a list or an index does not exist only if we may see everything. */
  async function proveSight(): Promise<void> {
    const { rootFolder } = await vim.content()
    if ((await vim.missingPrivileges([rootFolder], ['System.View', 'System.Read'])).length > 0) throw wrong('the user may not read the whole inventory, so it cannot be told whether a machine exists (System.View and System.Read on the root, propagating)')
  }

  async function storageOf(host: Host): Promise<Datastore> {
    const own = await vim.read(host.props.datastore ?? [], 'Datastore', datastoreRow)
    const found = own.find(({ props }) => props.name === access.storage)
    if (!found) throw wrong(`host ${host.props.name} has no datastore ${access.storage}`)
    if (!found.props['summary.accessible']) throw new DriverError('retryable', `${vim.label}: datastore ${access.storage} cannot be reached from ${host.props.name}`, { afterSeconds: 30 })
    return found
  }

  return {
    hosts, machines, datastores, details, proveSight, isUsable, storageOf, wrong,
    /** The host's place in the inventory. @throws DriverError action_required for what is missing */
    async site(node: string): Promise<Site> {
      const host = (await hosts()).find(({ props }) => props.name === node)
      if (!host) throw new DriverError('retryable', `${vim.label}: host ${node} does not exist (any more)`)
      if (!isUsable(host)) throw new DriverError('retryable', `${vim.label}: host ${node} is not available`, { afterSeconds: 30 })
      const [compute] = host.props.parent ? await vim.read([host.props.parent], host.props.parent.type, computeRow) : []
      if (!compute?.props.resourcePool) throw wrong(`host ${node} has no resource pool that we may see`)
      let above = compute.props.parent
      while (above && above.type !== 'Datacenter') above = (await vim.read([above], above.type, parentRow))[0]?.props.parent
      const [datacenter] = above ? await vim.read([above], 'Datacenter', datacenterRow) : []
      if (!datacenter) throw wrong(`host ${node} is in no datacenter that we may see`)
      return { host, pool: compute.props.resourcePool, datacenter: datacenter.obj, folder: datacenter.props.vmFolder, datastore: await storageOf(host) }
    },
    /** By the id of the host: the names of its networks and port groups. */
    async networkNames(of: readonly Host[]): Promise<ReadonlyMap<string, readonly string[]>> {
      const all = [...new Map(of.flatMap(({ props }) => props.network ?? []).map(network => [network.id, network])).values()]
      const rows = [...await vim.read(all.filter(({ type }) => type === 'Network'), 'Network', networkRow), ...await vim.read(all.filter(({ type }) => type === 'DistributedVirtualPortgroup'), 'DistributedVirtualPortgroup', networkRow)]
      const names = new Map(rows.map(({ obj, props }) => [obj.id, props.name]))
      return new Map(of.map(({ obj, props }) => [obj.id, (props.network ?? []).flatMap(({ id }) => names.get(id) ?? [])]))
    },
    /** What a card of a machine on this host has to be backed by to be on this network, by default the connection's. */
    async network(host: Mor, name: string = access.bridge): Promise<XmlNode> {
      const [found] = await vim.read([host], 'HostSystem', hostRow)
      const own = found?.props.network ?? []
      const named = [...await vim.read(own.filter(({ type }) => type === 'Network'), 'Network', networkRow), ...await vim.read(own.filter(({ type }) => type === 'DistributedVirtualPortgroup'), 'DistributedVirtualPortgroup', networkRow)]
      const network = named.find(({ props }) => props.name === name)
      if (!network) throw wrong(`host ${found?.props.name ?? ''} has no network or port group ${name}`)
      if (network.obj.type === 'Network') return build('VirtualEthernetCardNetworkBackingInfo', { deviceName: name })
      const [group] = await vim.read([network.obj], 'DistributedVirtualPortgroup', portGroupRow)
      const [uplink] = group?.props['config.distributedVirtualSwitch'] ? await vim.read([group.props['config.distributedVirtualSwitch']], group.props['config.distributedVirtualSwitch'].type, switchRow) : []
      if (!group || !uplink) throw wrong(`the switch of port group ${name} cannot be read`)
      return build('VirtualEthernetCardDistributedVirtualPortBackingInfo', { port: build('DistributedVirtualSwitchPortConnection', { switchUuid: uplink.props.uuid, portgroupKey: group.props.key }) })
    },
    /** The machine with our mark as its instance UUID, whatever else it says; null when none that we see has it. */
    async byUuid(ownershipMark: string): Promise<Machine | null> {
      const { searchIndex } = await vim.content()
      const obj = morOf((await vim.call('FindByUuidRequestType', searchIndex, { uuid: ownershipMark.toLowerCase(), vmSearch: true, instanceUuid: true }))[0])
      return obj && await details(obj)
    },
    /** @throws DriverError not_found when neither our mark nor our number is there, not_ours when the number is somebody else's, retryable when its host is silent */
    async prove(machine: MachineRef): Promise<Machine> {
      const mark = machine.ownershipMark.toLowerCase()
      const found = await this.byUuid(mark)
      if (!found) {
        const other = (await machines()).find(({ props }) => numberOf(props.name) === machine.vmid)
        if (other) throw new DriverError('not_ours', `${vim.label}: machine ${other.props.name} does not carry our mark; it was not touched`)
        await proveSight()
        throw new DriverError('not_found', `${vim.label}: machine ${machine.vmid} does not exist`)
      }
      if (ownershipMarkOf(found) !== mark) throw new DriverError('not_ours', `${vim.label}: machine ${found.props.name} has our UUID but not our mark; it was not touched`)
      return reachable(vim.label, found)
    },
    /** One machine at most carries a mark. @throws DriverError action_required for several, retryable while one is made that does not show yet whose it is */
    async marked(ownershipMark: string, vmid: number | null): Promise<Machine | null> {
      const mark = ownershipMark.toLowerCase()
      const all = await machines()
      const ours = all.filter(({ props }) => !props['config.template'] && props['config.instanceUuid']?.toLowerCase() === mark)
      if (ours.length > 1) throw wrong(`machines ${ours.map(({ props }) => props.name).join(' and ')} carry the same instance UUID; one of them is a copy that must lose it`)
      const found = ours[0] ? await details(ours[0].obj) : null
      if (found && ownershipMarkOf(found) !== mark) throw wrong(`machine ${found.props.name} has our UUID but not our mark (extra configuration gardu.mark)`)
      if (found) return reachable(vim.label, found)
      const stub = all.find(({ props }) => props['config.instanceUuid'] === undefined && (vmid === null || numberOf(props.name) === vmid))
      if (stub) throw new DriverError('retryable', `${vim.label}: machine ${stub.props.name} is still being made and does not show yet whose it is`, { afterSeconds: 5 })
      await proveSight()
      return null
    },
    async nodeOf(host: Mor | undefined): Promise<string> {
      const [found] = host ? await vim.read([host], 'HostSystem', networkRow) : []
      return found?.props.name ?? ''
    },
  }
}
export type Locator = ReturnType<typeof locator>

/** What a host says of its machines is old while it is silent: nothing is concluded from it and nothing is done. */
function reachable(label: string, machine: Machine): Machine {
  const state = machine.props['runtime.connectionState']
  if (state === 'connected') return machine
  throw new DriverError('retryable', `${label}: the host of machine ${machine.props.name} is not available (${state})`, { afterSeconds: 30 })
}
