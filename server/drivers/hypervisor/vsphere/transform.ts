import { isIPv6 } from 'node:net'
import { z } from 'zod'
import { canonical6, isLinkLocal6 } from '#shared/network/ipv6.ts'
import type { PowerState } from '#shared/vocabulary/machines.ts'
import type { MachineSpec } from '#server/infrastructure/ports.ts'
import { build, change, childOf, flag, list, mor, number, one, string, textOf } from './xml.ts'
import type { Mor, Value, XmlNode } from './xml.ts'

const mebiPerGibi = 1024
const kibiPerGibi = 1_048_576

// What we read: the keys are the paths that are asked for -----------------------------------------------------------------------------
export const hostRow = z.object({
  'name': z.string(), 'parent': mor.optional(), 'runtime.connectionState': z.string().default('disconnected'), 'runtime.inMaintenanceMode': flag.default(false), 'datastore': list('ManagedObjectReference', mor).optional(), 'network': list('ManagedObjectReference', mor).optional(),
  'summary.hardware.memorySize': number.default(0), 'summary.hardware.numCpuThreads': number.default(0), 'summary.hardware.numCpuCores': number.default(0), 'summary.hardware.cpuMhz': number.default(0),
  'summary.quickStats.overallCpuUsage': number.default(0), 'summary.quickStats.overallMemoryUsage': number.default(0), 'summary.quickStats.uptime': number.default(0), 'summary.config.product.version': z.string().optional(),
})
export type Host = { readonly obj: Mor, readonly props: z.output<typeof hostRow> }
export const datastoreRow = z.object({ 'name': z.string(), 'browser': mor.optional(), 'summary.capacity': number.default(0), 'summary.freeSpace': number.default(0), 'summary.accessible': flag.default(false), 'summary.type': z.string().default(''), 'summary.maintenanceMode': z.string().optional() })
export type Datastore = { readonly obj: Mor, readonly props: z.output<typeof datastoreRow> }
export const networkRow = z.object({ name: z.string() })
export const portGroupRow = z.object({ 'key': z.string(), 'config.distributedVirtualSwitch': mor.optional() })
const portSetting = z.object({ vlan: one(z.object({ vlanId: one(number) })) }).transform(({ vlan }) => vlan.vlanId)
/** A port group of a distributed switch with the VLAN of its ports: one number, or (a trunk, a private VLAN) none of its own. */
export const distributedRow = z.object({ 'name': z.string(), 'tag': list('Tag', z.object({ key: one(z.string()) })).optional(), 'config.defaultPortConfig': portSetting.optional().catch(undefined) })
export const hostPortGroupsRow = z.object({ 'config.network.portgroup': list('HostPortGroup', z.object({ spec: one(z.object({ name: one(z.string()), vlanId: one(number) })) })).optional() })
export const switchRow = z.object({ uuid: z.string() })
export const computeRow = z.object({ parent: mor.optional(), resourcePool: mor.optional() })
export const parentRow = z.object({ parent: mor.optional() })
export const datacenterRow = z.object({ name: z.string(), vmFolder: mor })
export const licenseRow = z.object({ licenses: list('LicenseManagerLicenseInfo', z.object({ editionKey: one(z.string()), name: one(z.string()) })).optional() })
export const taskRow = z.object({ 'info.state': z.string(), 'info.descriptionId': z.string().default('task'), 'info.error': z.unknown().optional(), 'info.result': z.unknown().optional() })

const live = {
  'name': z.string(), 'runtime.powerState': z.string().default('unknown'), 'runtime.connectionState': z.string().default('connected'), 'runtime.host': mor.optional(), 'config.instanceUuid': z.string().optional(), 'config.annotation': z.string().default(''), 'config.template': flag.default(false),
  'config.hardware.memoryMB': number.default(0), 'config.hardware.numCPU': number.default(0), 'summary.quickStats.overallCpuUsage': number.default(0), 'summary.quickStats.guestMemoryUsage': number.default(0), 'summary.quickStats.uptimeSeconds': number.default(0), 'runtime.maxCpuUsage': number.optional(),
}
/** One of many machines. While a clone is made it has no `config`. */
export const listedRow = z.object(live)
export type Listed = { readonly obj: Mor, readonly props: z.output<typeof listedRow> }
const option = z.object({ key: one(z.string()), value: z.array(z.unknown()).default([]) })
export const machineRow = z.object({
  ...live, 'config.extraConfig': list('OptionValue', option).optional(), 'config.hardware.device': z.unknown().optional(), 'recentTask': list('ManagedObjectReference', mor).optional(),
  'config.tools.pendingCustomization': z.string().default(''), 'guest.ipAddress': z.string().optional(), 'guest.net': list('GuestNicInfo', z.object({ ipAddress: z.array(z.string()).default([]) })).optional(),
})
/** Only its element as it came is used: a tree. */
export const snapshotRow = z.object({ name: z.string(), snapshot: z.unknown().optional() })
export type Machine = { readonly obj: Mor, readonly props: z.output<typeof machineRow>, readonly raw: (path: string) => XmlNode | undefined }

// Ownership ---------------------------------------------------------------------------------------------------------------------------
const markPattern = /gardu-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/gi
const marksIn = (text: string): string[] => [...text.matchAll(markPattern)].map(found => (found[1] ?? '').toLowerCase())
const keys = { mark: 'gardu.mark', number: 'gardu.number', address: 'gardu.address', address6: 'gardu.address6', metadata: 'guestinfo.metadata', metadataEncoding: 'guestinfo.metadata.encoding', userdata: 'guestinfo.userdata', userdataEncoding: 'guestinfo.userdata.encoding', /** How its guest is customised by VMware Tools; absent: it is not. */ identity: 'gardu.identity', /** That is over. */ settled: 'gardu.settled' } as const

/** Of keys that are there more than once the last one counts. */
export const optionsOf = (machine: Machine): ReadonlyMap<string, string> => new Map((machine.props['config.extraConfig'] ?? []).map(({ key, value: [first] }) => [key, typeof first === 'string' ? first : '']))

/**
 * Whose a machine is: its instance UUID is our mark, and its own settings say so too. A copy gets another UUID, so it is not ours; a
 * machine whose notes name another mark proves nothing.
 */
export function ownershipMarkOf(machine: Machine): string | null {
  const uuid = machine.props['config.instanceUuid']?.toLowerCase()
  const marks = new Set([...marksIn(optionsOf(machine).get(keys.mark) ?? ''), ...marksIn(machine.props['config.annotation'])])
  return uuid !== undefined && marks.size === 1 && marks.has(uuid) ? uuid : null
}
/** The same as far as a list tells it: for display alone. */
export function listedMarkOf({ props }: Listed): string | null {
  const marks = new Set(marksIn(props['config.annotation']))
  const uuid = props['config.instanceUuid']?.toLowerCase()
  return uuid !== undefined && marks.size === 1 && marks.has(uuid) ? uuid : null
}

/** `vps1.contoh.test (105)`: names are unique in their folder, so a name is given once. At most 80 characters. */
export const nameOf = (hostname: string, vmid: number): string => `${hostname.slice(0, 80 - ` (${vmid})`.length)} (${vmid})`
export const numberOf = (name: string): number | null => {
  const found = / \((\d{1,9})\)$/.exec(name)?.[1]
  return found === undefined ? null : Number(found)
}
/** vCenter escapes what its paths are made of. */
export const unescapeName = (name: string): string => name.replace(/%(2f|5c|25)/gi, code => decodeURIComponent(code))
export const vmidOf = (machine: Machine): number => Number(optionsOf(machine).get(keys.number) ?? numberOf(machine.props.name) ?? 0)

// What we write -----------------------------------------------------------------------------------------------------------------------
const setting = (key: string, value: string): XmlNode => build('OptionValue', { key, value: string(value) })
export const annotation = (ownershipMark: string): string => `gardu-${ownershipMark}\n\nManaged by Gardu. The line above proves whose machine this is: please leave it.`
/** What the call that creates a machine itself writes: from its first moment on the machine says whose it is. */
export const identity = (ownershipMark: string, vmid: number): Readonly<Record<string, Value>> => ({
  instanceUuid: ownershipMark, annotation: annotation(ownershipMark), extraConfig: [setting(keys.mark, `gardu-${ownershipMark}`), setting(keys.number, String(vmid))],
})

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64')
/** Cloud-init's VMware source: JSON is YAML. The default user of the image gets the login; the card is the only one. */
export const metadataOf = ({ hostname, address }: MachineSpec, ownershipMark: string): string => JSON.stringify({
  'instance-id': ownershipMark, 'local-hostname': hostname,
  'network': { version: 2, ethernets: { nic0: { match: { name: 'e*' }, dhcp4: false, addresses: [`${address.ipv4}/${address.prefixLength}`, ...(address.extra ?? []).map(({ ipv4, prefixLength }) => `${ipv4}/${prefixLength}`), ...address.ipv6 ? [`${address.ipv6.address}/${address.ipv6.length}`] : []], gateway4: address.gateway, ...(address.ipv6 ? { gateway6: address.ipv6.gateway } : {}), nameservers: { addresses: address.nameservers } } } },
})
export const userdataOf = ({ hostname, login }: MachineSpec): string => `#cloud-config\n${JSON.stringify({
  fqdn: hostname, user: login.username, disable_root: login.username !== 'root', password: login.password, chpasswd: { expire: false }, ssh_pwauth: true, ...(login.sshKey === null ? {} : { ssh_authorized_keys: login.sshKey.split('\n') }),
})}`

/** The change that turns a fresh machine into what was sold: only what differs. `cards`: changes of its devices. */
export function configureSpec(machine: Machine, spec: MachineSpec, ownershipMark: string, cards: readonly XmlNode[]): XmlNode | null {
  const present = optionsOf(machine)
  const cloudInit = { [keys.metadata]: base64(metadataOf(spec, ownershipMark)), [keys.metadataEncoding]: 'base64', [keys.userdata]: base64(userdataOf(spec)), [keys.userdataEncoding]: 'base64' }
  const wanted: Readonly<Record<string, string>> = {
    [keys.address]: spec.address.ipv4, ...(spec.address.ipv6 ? { [keys.address6]: spec.address.ipv6.address } : {}), ...(spec.identity === undefined || spec.identity === 'cloud_init' ? cloudInit : { [keys.identity]: spec.identity }),
  }
  const changed = Object.entries(wanted).filter(([key, value]) => present.get(key) !== value)
  const size = sizeFields(machine, spec)
  const notes = marksIn(machine.props['config.annotation']).includes(ownershipMark) ? {} : { annotation: annotation(ownershipMark) }
  if (changed.length === 0 && cards.length === 0 && Object.keys(size).length === 0 && Object.keys(notes).length === 0) return null
  return build('VirtualMachineConfigSpec', { ...size, ...notes, deviceChange: cards, extraConfig: changed.map(([key, value]) => setting(key, value)) })
}
export const sizeFields = ({ props }: Machine, { cpuCores, ramMiB }: Pick<MachineSpec, 'cpuCores' | 'ramMiB'>): Readonly<Record<string, Value>> => ({
  // One socket: a number of cores per socket that does not divide them would be refused.
  ...(props['config.hardware.numCPU'] === cpuCores ? {} : { numCPUs: cpuCores, numCoresPerSocket: cpuCores }),
  ...(props['config.hardware.memoryMB'] === ramMiB ? {} : { memoryMB: ramMiB }),
})
export const isCustomised = (machine: Machine): boolean => Boolean(optionsOf(machine).get(keys.identity))
export const isSettled = (machine: Machine): boolean => Boolean(optionsOf(machine).get(keys.settled))
/** An empty value removes a key. */
export const forgetSpec = (machine: Machine): XmlNode | null => isCustomised(machine) && !isSettled(machine) ? build('VirtualMachineConfigSpec', { extraConfig: [setting(keys.settled, '1')] }) : optionsOf(machine).get(keys.userdata) ? build('VirtualMachineConfigSpec', { extraConfig: [setting(keys.userdata, ''), setting(keys.userdataEncoding, '')] }) : null

/** What the guest is told that it is called; null: nothing is told. */
export function guestNameOf(machine: Machine): string | null {
  try {
    const told: unknown = JSON.parse(Buffer.from(optionsOf(machine).get(keys.metadata) ?? '', 'base64').toString('utf8'))
    return typeof told === 'object' && told !== null && 'local-hostname' in told && typeof told['local-hostname'] === 'string' ? told['local-hostname'] : null
  } catch {
    return null
  }
}
/** Another name in the inventory and for the guest, which is the same instance as before; null: it has it. */
export function renameSpec(machine: Machine, hostname: string): XmlNode | null {
  const name = nameOf(hostname, vmidOf(machine))
  const told = guestNameOf(machine)
  const metadata = told === null || told === hostname ? null : { ...JSON.parse(Buffer.from(optionsOf(machine).get(keys.metadata) ?? '', 'base64').toString('utf8')) as object, 'local-hostname': hostname }
  if (unescapeName(machine.props.name) === name && metadata === null) return null
  return build('VirtualMachineConfigSpec', { name, ...(metadata ? { extraConfig: [setting(keys.metadata, base64(JSON.stringify(metadata)))] } : {}) })
}

// Devices -----------------------------------------------------------------------------------------------------------------------------
const devicesOf = (machine: Machine): readonly XmlNode[] => machine.raw('config.hardware.device')?.children ?? []
const isCard = (device: XmlNode): boolean => childOf(device, 'macAddress') !== undefined || /^Virtual(E1000e?|PCNet32|Vmxnet[23]?|EthernetCard|SriovEthernetCard)$/.test(device.xsiType ?? '')
export const cardsOf = (machine: Machine): readonly XmlNode[] => devicesOf(machine).filter(isCard)
const place = (device: XmlNode): number => Number(textOf(device, 'controllerKey') ?? 0) * 1000 + Number(textOf(device, 'unitNumber') ?? 0)
/** The first disk of the first controller: what the machine boots from. */
export const systemDisk = (machine: Machine): XmlNode | null => devicesOf(machine).filter(device => device.xsiType === 'VirtualDisk').sort((a, b) => place(a) - place(b))[0] ?? null
export const diskGiBOf = (disk: XmlNode | null): number => Number(disk && (textOf(disk, 'capacityInKB') ?? 0)) / kibiPerGibi
const edit = (device: XmlNode): XmlNode => build('VirtualDeviceConfigSpec', { operation: 'edit', device })
export const add = (device: XmlNode): XmlNode => build('VirtualDeviceConfigSpec', { operation: 'add', device })

export const growSpec = (disk: XmlNode, diskGiB: number): XmlNode => build('VirtualMachineConfigSpec', { deviceChange: edit(change(disk, 'VirtualDisk', { capacityInKB: diskGiB * kibiPerGibi, capacityInBytes: diskGiB * kibiPerGibi * 1024 })) })

/** Plugged in or not: at every start and, while the machine runs, at once. */
function plugged(card: XmlNode, up: boolean, running: boolean): XmlNode | null {
  const now = childOf(card, 'connectable')
  const is = (name: string) => /^(true|1)$/.test(textOf(now ?? card, name) ?? '')
  if (now && is('startConnected') === up && (!running || is('connected') === up)) return null
  const connectable = now ? change(now, 'VirtualDeviceConnectInfo', { startConnected: up, ...(running ? { connected: up } : {}) }) : build('VirtualDeviceConnectInfo', { startConnected: up, allowGuestControl: true, connected: running && up })
  return change(card, 'VirtualEthernetCard', { connectable })
}
const runs = (machine: Machine): boolean => machine.props['runtime.powerState'] === 'poweredOn'
export const plugChanges = (machine: Machine, up: boolean): XmlNode[] => cardsOf(machine).map(card => plugged(card, up, runs(machine))).filter(card => card !== null).map(edit)

/** Every card on this network and plugged in; a machine without a card gets one. */
export function networkChanges(machine: Machine, backing: XmlNode): XmlNode[] {
  const cards = cardsOf(machine)
  if (cards.length === 0) return [add(newCard(backing))]
  return cards.flatMap((card) => {
    const there = childOf(card, 'backing')
    const same = there?.xsiType === backing.xsiType && backing.children.every(child => sameText(child, childOf(there, child.name)))
    const plug = plugged(card, true, runs(machine))
    if (same && !plug) return []
    return [edit(same ? plug ?? card : change(plug ?? card, 'VirtualEthernetCard', { backing }))]
  })
}
const sameText = (wanted: XmlNode, there: XmlNode | undefined): boolean => there !== undefined && wanted.text === there.text && wanted.children.every(child => sameText(child, childOf(there, child.name)))
export const newCard = (backing: XmlNode): XmlNode => build('VirtualVmxnet3', { key: -10, backing, connectable: build('VirtualDeviceConnectInfo', { startConnected: true, allowGuestControl: true, connected: true }), addressType: 'generated' })

/** A card that is unplugged now, or will be at the next start, has no network. */
const isUp = (machine: Machine): boolean => cardsOf(machine).length > 0 && cardsOf(machine).every(card => plugged(card, true, runs(machine)) === null)

// Its state ---------------------------------------------------------------------------------------------------------------------------
export const powerOf = (state: string): PowerState => state === 'poweredOn' ? 'running' : state === 'poweredOff' ? 'stopped' : 'unknown'
const isIpv4 = (text: string | undefined): text is string => text !== undefined && /^\d{1,3}(\.\d{1,3}){3}$/.test(text)

/** The address that the machine was given if its guest tells it, else what the guest tells first. */
function toldAddress(machine: Machine): string | null {
  const told = [machine.props['guest.ipAddress'], ...(machine.props['guest.net'] ?? []).flatMap(card => card.ipAddress)].filter(isIpv4)
  const given = optionsOf(machine).get(keys.address)
  return told.find(address => address === given) ?? told[0] ?? null
}
/** The same of IPv6, of which a guest tells its link-local address as well. */
function toldAddress6(machine: Machine): string | null {
  const told = [machine.props['guest.ipAddress'], ...(machine.props['guest.net'] ?? []).flatMap(card => card.ipAddress)].filter((text): text is string => text !== undefined && isIPv6(text) && !text.includes('%')).map(canonical6).filter(address => !isLinkLocal6(address))
  const given = optionsOf(machine).get(keys.address6)
  return told.find(address => address === given) ?? told[0] ?? null
}
export const shareOf = (usedMhz: number, ofMhz: number | undefined): number => ofMhz ? Math.min(1, usedMhz / ofMhz) : 0

export const toMachineState = (machine: Machine, node: string, lock: string | null) => {
  const { props } = machine
  // A standard port group is named by the card itself; of a distributed one it holds a key alone.
  const [card] = cardsOf(machine)
  const bridge = card ? textOf(childOf(card, 'backing'), 'deviceName') : null
  return {
    ...bridge === null ? {} : { network: { bridge, vlanTag: null } }, mac: (card && textOf(card, 'macAddress')?.toUpperCase()) || null, ...isCustomised(machine) ? { customised: true } : {},
    node, vmid: vmidOf(machine), name: unescapeName(props.name).replace(/ \(\d+\)$/, ''), power: powerOf(props['runtime.powerState']), lock, cpu: shareOf(props['summary.quickStats.overallCpuUsage'], props['runtime.maxCpuUsage']), cpuCores: props['config.hardware.numCPU'],
    memoryUsedMiB: props['summary.quickStats.guestMemoryUsage'], memoryTotalMiB: props['config.hardware.memoryMB'], diskGiB: diskGiBOf(systemDisk(machine)), uptimeSeconds: props['summary.quickStats.uptimeSeconds'],
    ownershipMark: ownershipMarkOf(machine), ipv4: toldAddress(machine), ipv6: toldAddress6(machine), rateMbps: null, startsAtBoot: null, networkUp: isUp(machine), filteredAddresses: null,
  }
}
export const memoryBytes = (mebi: number): number => mebi * mebiPerGibi * 1024
