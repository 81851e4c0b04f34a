import { DriverError } from '#shared/errors/driver-error.ts'
import { canonical6, networkOf6, toNumber6 } from '#shared/network/ipv6.ts'
import { guessOs } from '#server/infrastructure/os-family.ts'
import type { HypervisorAccess, MachineSpec, MachineState, RemoteTemplate } from '#server/infrastructure/ports.ts'
import { path } from './api.ts'
import type { ProxmoxApi } from './api.ts'
import { eachOf } from './locate.ts'
import type { Found } from './locate.ts'
import * as reply from './schema.ts'
import type { Config, MachineStatus } from './schema.ts'
import { bytesOf, changeNet, macOf, markDescription, markTag, megabitsOf, optionOf, ownershipMarkOf, powerOf, rateOf, splitTags } from './transform.ts'

const mebi = 1_048_576
const gibi = 1_073_741_824

/** What is different of containers: they are unpacked from an archive by one call that says all of them, login included, and know no cloud-init. */
export const isOsTemplate = (ref: string): boolean => /^[^:/]+:vztmpl\/./.test(ref)
const nameOf = (volid: string): string => volid.replace(/^.*:vztmpl\//, '').replace(/\.tar(\.\w+)?$|\.t[gx]z$/, '')

// What we write -----------------------------------------------------------------------------------------------------------------------
const networkOptions = ({ address, rateMbps }: Pick<MachineSpec, 'address' | 'rateMbps'>, bridge: string): Readonly<Record<string, string | null>> => ({
  bridge: address.bridge ?? bridge, ip: `${address.ipv4}/${address.prefixLength}`, gw: address.gateway, ip6: address.ipv6 ? `${address.ipv6.address}/${address.ipv6.length}` : null, gw6: address.ipv6?.gateway ?? null, rate: rateOf(rateMbps), link_down: null, ...(address.vlanTag ? { tag: String(address.vlanTag) } : {}),
})
/** Size, name and network; memory is what was sold, without swap beside it. */
const sharedOptions = (spec: MachineSpec) => ({ hostname: spec.hostname, cores: String(spec.cpuCores), memory: String(spec.ramMiB), swap: '0', onboot: '1', nameserver: spec.address.nameservers.join(' ') })

/**
 * The form of `POST lxc`. Unprivileged: root inside is nobody on the node. Nesting is what systemd needs inside, and the one feature that a token may set.
 * Keys go as plain text, unlike those of virtual machines.
 */
export function createForm(input: { readonly ref: string, readonly vmid: number, readonly ownershipMark: string, readonly spec: MachineSpec, readonly storage: string, readonly bridge: string }): Record<string, string> {
  const { spec } = input
  return {
    vmid: String(input.vmid), ostemplate: input.ref, unprivileged: '1', features: 'nesting=1', rootfs: `${input.storage}:${spec.diskGiB}`, description: markDescription(input.ownershipMark), tags: markTag(input.ownershipMark), ...sharedOptions(spec),
    net0: changeNet('name=eth0', { ...networkOptions(spec, input.bridge), firewall: '1', type: 'veth' }), password: spec.login.password, ...(spec.login.sshKey === null ? {} : { 'ssh-public-keys': spec.login.sshKey.trim() }),
  }
}
/** The form of `PUT config` that turns a container into what was sold; its login is what it was made with. */
export function configureContainerForm(config: Config, spec: MachineSpec, ownershipMark: string, bridge: string): Record<string, string> {
  const tags = [...new Set([...splitTags(config.tags).filter(tag => !tag.startsWith('gardu-')), markTag(ownershipMark)])]
  return {
    ...sharedOptions(spec), tags: tags.join(';'), ...((config.description ?? '').toLowerCase().includes(markTag(ownershipMark)) ? {} : { description: markDescription(ownershipMark) }),
    net0: changeNet(config.net0 ?? 'name=eth0', networkOptions(spec, bridge)), ...(config.digest ? { digest: config.digest } : {}),
  }
}
const coresOf = (config: Config): number | null => config.cores === undefined ? null : Number(config.cores)
const memoryOf = (config: Config): number => Number(config.memory ?? 512)
/** Null: it has that size. */
export function resizeContainerForm(config: Config, { cpuCores, ramMiB, rateMbps }: Pick<MachineSpec, 'cpuCores' | 'ramMiB' | 'rateMbps'>): Record<string, string> | null {
  const rate = rateOf(rateMbps)
  const form = {
    ...(coresOf(config) === cpuCores ? {} : { cores: String(cpuCores) }), ...(memoryOf(config) === ramMiB ? {} : { memory: String(ramMiB) }),
    ...(config.net0 === undefined || optionOf(config.net0, 'rate') === rate ? {} : { net0: changeNet(config.net0, { rate }) }),
  }
  return Object.keys(form).length === 0 ? null : { ...form, ...(config.digest ? { digest: config.digest } : {}) }
}

// What we read ------------------------------------------------------------------------------------------------------------------------
export function rootDisk(config: Config): { readonly key: string, readonly sizeGiB: number | null } | null {
  if (config.rootfs === undefined) return null
  const bytes = bytesOf(optionOf(config.rootfs, 'size') ?? '')
  return { key: 'rootfs', sizeGiB: bytes === null ? null : bytes / gibi }
}
const hostOf = (net: string | undefined, key: 'ip' | 'ip6'): string | null => /^([\da-f.:]+)\/\d+$/i.exec(optionOf(net, key) ?? '')?.[1] ?? null

export function toContainerState(at: { readonly node: string, readonly vmid: number }, config: Config, status: MachineStatus, filteredAddresses: readonly string[] | null): MachineState {
  const rate = optionOf(config.net0, 'rate')
  const ip6 = hostOf(config.net0, 'ip6')
  return {
    node: at.node, vmid: at.vmid, name: config.hostname ?? status.name ?? '', power: powerOf(status.status), lock: (status.lock ?? config.lock) || null,
    cpu: status.cpu, cpuCores: coresOf(config) ?? status.cpus, memoryUsedMiB: status.mem / mebi, memoryTotalMiB: memoryOf(config), diskGiB: rootDisk(config)?.sizeGiB ?? status.maxdisk / gibi, uptimeSeconds: status.uptime,
    ownershipMark: ownershipMarkOf(config), ipv4: hostOf(config.net0, 'ip'), ipv6: ip6 === null ? null : canonical6(ip6), rateMbps: rate === null ? null : megabitsOf(rate), startsAtBoot: config.onboot === '1', networkUp: optionOf(config.net0, 'link_down') !== '1', filteredAddresses,
    network: { bridge: optionOf(config.net0, 'bridge'), vlanTag: Number(optionOf(config.net0, 'tag')) || null }, mac: macOf(config.net0),
  }
}

/** What Proxmox lets a container's cards send from by itself, beside the set: the fixed addresses in its own configuration. */
export const ownAddresses = ({ kind, config }: Pick<Found, 'kind' | 'config'>): string[] => kind === 'lxc' ? Object.entries(config).filter(([key]) => /^net\d+$/.test(key)).flatMap(([, net]) => [hostOf(net, 'ip'), hostOf(net, 'ip6')].filter(address => address !== null)) : []
/** Whether an address is among these, or of one of these IPv6 networks. */
export const coveredBy = (allowed: readonly string[], address: string): boolean => allowed.some((entry) => {
  if (entry === address || !address.includes(':') || !entry.includes(':') || entry.startsWith('!')) return entry === address
  const [network = '', length = '128'] = entry.split('/')
  return networkOf6(toNumber6(address), Number(length)) === networkOf6(toNumber6(network), Number(length))
})

// Templates and machines of them ------------------------------------------------------------------------------------------------------
/** The archives from which containers are made, and the making of one. */
export function containersOf(api: ProxmoxApi, access: HypervisorAccess) {
  async function archivesOn(node: string) {
    const storages = (await api.get(path('nodes', node, 'storage'), reply.storages, { content: 'vztmpl', enabled: '1' })).filter(({ active }) => active)
    return (await eachOf(storages, 2, async ({ storage, shared }) => (await api.get(path('nodes', node, 'storage', storage, 'content'), reply.storageContent, { content: 'vztmpl' })).map(row => ({ ...row, node, shared })))).flat()
  }
  const online = async () => (await api.get('/nodes', reply.nodeList)).filter(({ status }) => status === 'online').map(({ node }) => node)
  return {
    /** One entry for each archive, also where several nodes have one of that name on storage of their own. */
    async listTemplates(): Promise<RemoteTemplate[]> {
      const seen = new Map<string, RemoteTemplate>()
      for (const { volid, size, node, shared } of (await eachOf(await online(), 4, archivesOn)).flat()) {
        const before = seen.get(volid)
        const name = nameOf(volid)
        // Unpacked it takes more than its archive: how much, nobody tells.
        seen.set(volid, before ? { ...before, nodes: shared ? [] : [...before.nodes, node].sort() } : { node, ref: volid, name, osFamily: guessOs(name).family, username: 'root', diskGiB: size / gibi, nodes: shared ? [] : [node], machineType: 'container' })
      }
      return [...seen.values()].sort((a, b) => a.ref.localeCompare(b.ref))
    },
    /**
     * Looks first: a missing archive is told by the making alone, after it was begun.
     * @throws DriverError permanent when no node has the archive, action_required when another one has it
     */
    async create(input: { readonly template: { readonly node: string, readonly ref: string }, readonly vmid: number, readonly node: string, readonly ownershipMark: string, readonly spec: MachineSpec | undefined }): Promise<string> {
      const { template: { ref }, vmid, node, ownershipMark, spec } = input
      if (!spec) throw new DriverError('permanent', 'Proxmox: a container is made with its size, address and login, and none were given')
      if (!(await archivesOn(node)).some(({ volid }) => volid === ref)) {
        const elsewhere = (await eachOf((await online()).filter(name => name !== node), 4, archivesOn)).flat().find(({ volid }) => volid === ref)
        if (elsewhere) throw new DriverError('action_required', `Proxmox: ${node} does not have template ${ref}, ${elsewhere.node} has; download it there too, or keep it on a storage that the nodes share`, { who: 'sysadmin' })
        throw new DriverError('permanent', `Proxmox: template ${ref} does not exist any more`)
      }
      return api.post(path('nodes', node, 'lxc'), createForm({ ref, vmid, ownershipMark, spec, storage: access.storage, bridge: access.bridge }), reply.upid)
    },
  }
}

/** The login of a container is set by the call that makes it: nobody inside takes orders. @throws always */
export function refuseLogin(): never {
  throw new DriverError('permanent', 'Proxmox: the login of a container is set when it is made; it cannot be changed from outside')
}
