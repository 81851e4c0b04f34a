import type { HypervisorAccess, NodeHeadroom, NodeStrain, ObservedMachine, RemoteNode, RemoteStorage } from '#server/infrastructure/ports.ts'
import { listedMarkOf, memoryBytes, numberOf, powerOf, shareOf } from './transform.ts'
import type { Datastore, Host, Listed } from './transform.ts'

const coresOf = ({ props }: Host): number => props['summary.hardware.numCpuThreads'] || props['summary.hardware.numCpuCores']
const holds = ({ props }: Host, { obj }: Datastore): boolean => props.datastore?.some(({ id }) => id === obj.id) ?? false
const usedOf = ({ props }: Datastore): number => Math.max(0, props['summary.capacity'] - props['summary.freeSpace'])

export function toObserved(hosts: readonly Host[], machines: readonly Listed[]): ObservedMachine[] {
  const nodes = new Map(hosts.map(({ obj, props }) => [obj.id, props.name]))
  return machines.flatMap((machine) => {
    const { props } = machine
    const ownershipMark = listedMarkOf(machine)
    const vmid = numberOf(props.name)
    if (!ownershipMark || vmid === null || props['config.template']) return []
    return [{
      node: nodes.get(props['runtime.host']?.id ?? '') ?? '', vmid, ownershipMark,
      // What a host that is away said last is old.
      power: props['runtime.connectionState'] === 'connected' ? powerOf(props['runtime.powerState']) : 'unknown', cpu: shareOf(props['summary.quickStats.overallCpuUsage'], props['runtime.maxCpuUsage']), cpuCores: props['config.hardware.numCPU'],
      memoryUsedMiB: props['summary.quickStats.guestMemoryUsage'], memoryTotalMiB: props['config.hardware.memoryMB'], diskGiB: null, uptimeSeconds: props['summary.quickStats.uptimeSeconds'],
    }]
  })
}

/** `usable`: hosts that machines may be built on. */
export function toHeadroom(access: HypervisorAccess, usable: readonly Host[], machines: readonly Listed[], stores: readonly Datastore[]): NodeHeadroom[] {
  const onHost = Map.groupBy(machines, machine => machine.props['runtime.host']?.id ?? '')
  return usable.flatMap((host) => {
    const store = stores.find(candidate => candidate.props.name === access.storage && candidate.props['summary.accessible'] && holds(host, candidate))
    if (!store) return []
    // What runs, and what is ours even when stopped: it must be able to start.
    const given = (onHost.get(host.obj.id) ?? []).filter(machine => !machine.props['config.template'] && (machine.props['runtime.powerState'] === 'poweredOn' || listedMarkOf(machine) !== null))
    const memory = given.reduce((sum, machine) => sum + memoryBytes(machine.props['config.hardware.memoryMB']), 0)
    const total = host.props['summary.hardware.memorySize']
    return [{ node: host.props.name, memoryTotal: total, memoryFree: total - memory, storageFree: store.props['summary.freeSpace'], cpuCores: coresOf(host), storageKey: store.obj.id }]
  })
}

/** `network`: by the host's id. */
export const toNodes = (access: HypervisorAccess, hosts: readonly Host[], stores: readonly Datastore[], network: ReadonlyMap<string, Pick<NodeStrain, 'netIn' | 'netOut'>>): RemoteNode[] => hosts.map((host) => {
  const { props } = host
  const store = stores.find(candidate => candidate.props.name === access.storage && holds(host, candidate))
  return {
    node: props.name, online: props['runtime.connectionState'] === 'connected', cpu: shareOf(props['summary.quickStats.overallCpuUsage'], props['summary.hardware.cpuMhz'] * props['summary.hardware.numCpuCores']), cpuCores: coresOf(host),
    memoryUsed: memoryBytes(props['summary.quickStats.overallMemoryUsage']), memoryTotal: props['summary.hardware.memorySize'], diskUsed: store ? usedOf(store) : 0, diskTotal: store?.props['summary.capacity'] ?? 0,
    loadAverage: null, uptimeSeconds: props['summary.quickStats.uptime'], version: props['summary.config.product.version'] ?? null,
    strain: { netIn: network.get(host.obj.id)?.netIn ?? null, netOut: network.get(host.obj.id)?.netOut ?? null, ioWait: null, pressureCpu: null, pressureMemory: null, pressureIo: null },
  }
})

export const toStorages = (hosts: readonly Host[], stores: readonly Datastore[]): RemoteStorage[] => stores.map((store) => {
  const { obj, props } = store
  const users = hosts.filter(host => holds(host, store))
  const shared = users.length > 1
  const active = props['summary.accessible']
  return { key: obj.id, name: props.name, node: shared ? null : users[0]?.props.name ?? null, type: props['summary.type'], shared, active, used: active ? usedOf(store) : null, total: active && props['summary.capacity'] > 0 ? props['summary.capacity'] : null }
})
