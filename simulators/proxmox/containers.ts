import { machineAt, nodeOf, unlocked, vm } from './call.ts'
import type { Call, CallDefinition } from './call.ts'
import { restore } from './backups.ts'
import { guestHash } from './guest.ts'
import { die, Refusal } from './replies.ts'
import { disksOf, findStorage, formatSize, GiB, memoryOf, memoryUse, randomMac, storageUse } from './state.ts'
import type { Effect, ProxmoxState, SimStorage } from './state.ts'

/** Containers share number, locks, snapshots and firewall with virtual machines, and have a configuration and calls of their own. */

export const osTemplateRows = (storage: SimStorage) => (storage.osTemplates ?? []).map(({ name, bytes }) => ({ volid: `${storage.storage}:vztmpl/${name}`, content: 'vztmpl', format: name.endsWith('.zst') ? 'tzst' : 'txz', size: bytes, ctime: 1_780_000_000 }))
/** A card without an address gets one; written again without it, it gets another. */
export const withHwaddr = (net: string): string => net.includes('hwaddr=') ? net : net.replace(/(^|,)(name=[^,]+)/, `$1$2,hwaddr=${randomMac()}`)

/** What is not the machine's configuration in the call that creates. */
const creation = new Set(['vmid', 'ostemplate', 'password', 'ssh-public-keys', 'storage', 'pool', 'start', 'restore', 'force', 'unique', 'bwlimit', 'ignore-unpack-errors', 'rootfs'])

function create(call: Call): string {
  const { params, state } = call
  if (params.restore === '1') return restore(call)
  const node = nodeOf(call)
  const vmid = Number(params.vmid)
  const existing = state.machines[vmid]
  if (existing) return die(`${existing.kind === 'lxc' ? 'CT' : 'VM'} ${vmid} already exists on node '${existing.node}'`)
  const [, store = 'local', size = '4'] = /^([^:]+):(\d+(?:\.\d+)?)$/.exec(params.rootfs ?? `${params.storage ?? 'local'}:4`) ?? []
  const storage = findStorage(state, node.name, store) ?? die(`storage '${store}' does not exist`)
  if (!storage.content.split(',').includes('rootdir')) throw new Refusal(400, 'Parameter verification failed.', { storage: `storage '${store}' does not support container directories` })
  if (params.features && params.unprivileged === '0') throw new Refusal(403, 'Permission check failed (changing feature flags for privileged container is only allowed for root@pam)')
  if (params.features && params.features !== 'nesting=1') throw new Refusal(403, 'Permission check failed (changing feature flags (except nesting) is only allowed for root@pam)')
  const config = Object.fromEntries(Object.entries(params).filter(([key]) => !creation.has(key)).map(([key, value]) => [key, /^net\d+$/.test(key) ? withHwaddr(value) : value]))
  // Until the worker is done this alone stands there.
  state.machines[vmid] = { vmid, kind: 'lxc', node: node.name, running: false, paused: false, startedAt: 0, config: { lock: 'create' }, pending: {}, snapshots: [], createdAt: call.now }
  Reflect.deleteProperty(state.firewalls, vmid)
  call.changed()
  return call.tasks.begin({
    node: node.name, type: 'vzcreate', id: String(vmid), user: call.token.id, seconds: 8,
    effect: { kind: 'create', vmid, storage: store, bytes: Math.round(Number(size) * GiB), template: params.ostemplate ?? '', config: { memory: '512', swap: '512', arch: 'amd64', ostype: 'debian', ...config }, password: params.password === undefined ? null : guestHash(params.password), keys: params['ssh-public-keys'] ?? null },
  })
}

type Creation = Extract<Effect, { kind: 'create' }>
/** Null: it is there. */
export function finishCreation(state: ProxmoxState, effect: Creation): string | null {
  const machine = state.machines[effect.vmid]
  const storage = machine && findStorage(state, machine.node, effect.storage)
  if (!machine || !storage?.active) return `unable to create CT ${effect.vmid} - storage '${effect.storage}' is not online`
  const [from = '', name = ''] = effect.template.split(':vztmpl/')
  if (!findStorage(state, machine.node, from)?.osTemplates?.some(template => template.name === name)) return `unable to create CT ${effect.vmid} - volume '${effect.template}' does not exist`
  if (storageUse(state, storage) + effect.bytes > storage.total) return `unable to create CT ${effect.vmid} - storage '${effect.storage}': insufficient free space to allocate ${formatSize(effect.bytes)}`
  machine.config = { ...effect.config, rootfs: `${effect.storage}:vm-${effect.vmid}-disk-0,size=${formatSize(effect.bytes)}` }
  machine.guest = { passwords: effect.password === null ? {} : { root: effect.password }, ...(effect.keys === null ? {} : { keys: effect.keys }) }
  return null
}

function resize(call: Call): string {
  const machine = unlocked(call)
  const { disk = '', size = '' } = call.params
  const present = disksOf(machine).find(({ key }) => key === disk) ?? die(`unable to parse volume '${disk}'`)
  const bytes = size.startsWith('+') ? present.bytes + toBytes(size.slice(1)) : toBytes(size)
  if (bytes < present.bytes) return die('unable to shrink disk size')
  if (bytes === present.bytes) return die('disk is already at specified size')
  return call.tasks.begin({ node: machine.node, type: 'resize', id: String(machine.vmid), user: call.token.id, seconds: 1, effect: { kind: 'resize', vmid: machine.vmid, disk, bytes } })
}
const toBytes = (size: string) => Number.parseFloat(size) * ({ K: 1024, M: 1024 ** 2, G: GiB, T: 1024 * GiB }[/[KMGT]$/.exec(size)?.[0] ?? ''] ?? 1)

function migrate(call: Call): string {
  const machine = unlocked(call)
  const { target = '', restart, online } = call.params
  if (!call.state.nodes.some(({ name }) => name === target)) throw new Refusal(400, 'Parameter verification failed.', { target: `no such cluster node '${target}'` })
  if (target === machine.node) throw new Refusal(400, 'Parameter verification failed.', { target: 'target is local node.' })
  if (online === '1') return die('lxc live migration is currently not implemented')
  if (machine.running && restart !== '1') return die('cannot migrate running container without --online or --restart')
  machine.config.lock = 'migrate'
  call.changed()
  return call.tasks.begin({ node: machine.node, type: 'vzmigrate', id: String(machine.vmid), user: call.token.id, seconds: 12, effect: { kind: 'move-container', vmid: machine.vmid, to: target } })
}

/** Stopped, copied and, if it ran, started again there. Null: it is there. */
export function finishMove(state: ProxmoxState, { vmid, to }: Extract<Effect, { kind: 'move-container' }>, now: number): string | null {
  const machine = state.machines[vmid]
  const node = state.nodes.find(({ name }) => name === to)
  if (!machine || !node?.online) return 'migration aborted'
  for (const [name, own] of Map.groupBy(disksOf(machine), disk => disk.storage)) {
    const [here, there] = [findStorage(state, machine.node, name), findStorage(state, to, name)]
    if (!there?.active || !there.content.split(',').includes('rootdir') || (here !== there && storageUse(state, there) + own.reduce((sum, disk) => sum + disk.bytes, 0) > there.total)) return 'migration aborted'
  }
  if (machine.running && memoryUse(state, to) + memoryOf(machine) > node.memory) return 'migration aborted'
  machine.node = to
  if (machine.running) machine.startedAt = now
  Reflect.deleteProperty(machine.config, 'lock')
  return null
}

export const containerCalls: Readonly<Record<string, CallDefinition>> = {
  'POST /nodes/{node}/lxc': { needs: ['/vms', 'VM.Allocate', 'VM.Config.Disk', 'VM.Config.CPU', 'VM.Config.Memory', 'VM.Config.Network', 'VM.Config.Options', 'Datastore.AllocateSpace'], handle: create },
  'PUT /nodes/{node}/lxc/{vmid}/resize': { needs: [vm, 'VM.Config.Disk'], handle: resize },
  'POST /nodes/{node}/lxc/{vmid}/migrate': { needs: [vm, 'VM.Migrate'], handle: migrate },
  'GET /nodes/{node}/lxc/{vmid}/interfaces': { needs: [vm, 'VM.Audit'], handle: (call) => {
    const machine = machineAt(call)
    const net = machine.config.net0 ?? ''
    return machine.running ? [{ 'name': 'lo', 'hwaddr': '00:00:00:00:00:00', 'hardware-address': '00:00:00:00:00:00', 'inet': '127.0.0.1/8' }, { name: 'eth0', hwaddr: /hwaddr=([^,]+)/.exec(net)?.[1]?.toLowerCase() ?? '', inet: /(?:^|,)ip=([^,]+)/.exec(net)?.[1] }] : null
  } },
  'POST /nodes/{node}/lxc/{vmid}/vncproxy': { needs: [vm, 'VM.Console'], handle: (call) => {
    const machine = machineAt(call)
    // Here the ticket is the password.
    const opened = call.consoles.listen(machine, call.token, false)
    return { user: call.token.id, ticket: opened.ticket, port: opened.port, cert: '', upid: call.tasks.begin({ node: machine.node, type: 'vncproxy', id: String(machine.vmid), user: call.token.id, seconds: 0, effect: { kind: 'none' } }) }
  } },
}
