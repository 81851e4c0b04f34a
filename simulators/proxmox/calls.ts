import { createHash, randomBytes } from 'node:crypto'
import { backupCalls, backupRows } from './backups.ts'
import { containerCalls, osTemplateRows, withHwaddr } from './containers.ts'
import { asContainerCall, isAlike } from './container-calls.ts'
import { machineAt, may, nodeOf, unlocked, vm } from './call.ts'
import type { Call, CallDefinition } from './call.ts'
import { firewallCalls } from './firewall.ts'
import { networkCalls } from './networks.ts'
import { firewallRuleCalls } from './firewall-rules.ts'
import { guestCalls, isoRows } from './guest.ts'
import { migrationCalls } from './migration.ts'
import { die, Refusal } from './replies.ts'
import { machineSamples, machineUse, nodeCpu, nodeSamples, storageView, trafficOf } from './samples.ts'
import { bootDisk, coresOf, digestOf, disksOf, findStorage, GiB, memoryOf, memoryUse, nameOf, parseDisk, randomMac, storageUse } from './state.ts'
import type { SimMachine } from './state.ts'
import { applyChanges, wantedSize } from './tasks.ts'
import type { TaskRunner } from './task-runner.ts'

/** The machine with this task under way refuses another act on its configuration, as the original's lock file does. */
const begin = (call: Call, machine: { node: string, vmid: number, kind?: 'lxc' }, type: string, seconds: number, effect: Parameters<TaskRunner['begin']>[0]['effect']) => call.tasks.begin({ node: machine.node, type: machine.kind === 'lxc' ? type.replace(/^qm/, 'vz') : type, id: String(machine.vmid), user: call.token.id, seconds, effect })

const status = (machine: SimMachine) => machine.running ? 'running' : 'stopped'
const seconds = (now: number) => Math.floor(now / 1000)

function machineView(call: Call, machine: SimMachine) {
  const use = machineUse(machine, seconds(call.now))
  const up = machine.running ? Math.max(1, seconds(call.now - machine.startedAt)) : 0
  return {
    vmid: machine.vmid, name: nameOf(machine), status: status(machine), cpu: use.cpu, mem: use.mem, maxmem: memoryOf(machine), disk: 0, maxdisk: bootDisk(machine)?.bytes ?? 0, uptime: up,
    netin: trafficOf(machine.vmid, up).in, netout: trafficOf(machine.vmid, up).out, diskread: use.diskread * up, diskwrite: use.diskwrite * up,
    ...(machine.config.template ? { template: 1 } : {}), ...(machine.config.tags ? { tags: machine.config.tags } : {}), ...(machine.config.lock ? { lock: machine.config.lock } : {}),
  }
}

function resources(call: Call) {
  const { state, params, token, now } = call
  const wanted = (type: string) => !params.type || params.type === type
  return [
    ...wanted('vm') && may(token, 'VM.Audit') ? Object.values(state.machines).map(m => ({ id: `${m.kind ?? 'qemu'}/${m.vmid}`, type: m.kind ?? 'qemu', node: m.node, maxcpu: coresOf(m), template: 0, ...machineView(call, m) })) : [],
    ...wanted('node')
      ? state.nodes.map(n => ({ id: `node/${n.name}`, type: 'node', node: n.name, status: n.online ? 'online' : 'offline', level: '', ...(n.online && may(token, 'Sys.Audit') ? { cpu: nodeCpu(n, seconds(now)), maxcpu: n.cores, mem: memoryUse(state, n.name), maxmem: n.memory, disk: 11 * GiB, maxdisk: 94 * GiB, uptime: seconds(now - n.bootedAt) } : {}) }))
      : [],
    ...wanted('storage') && may(token, 'Datastore.Audit')
      ? state.nodes.flatMap(n => state.storages.filter(s => s.node === null || s.node === n.name).map(s => ({ id: `storage/${n.name}/${s.storage}`, type: 'storage', node: n.name, storage: s.storage, plugintype: s.type, content: s.content, shared: s.node === null ? 1 : 0, status: n.online && s.active ? 'available' : 'unknown', disk: storageUse(state, s), maxdisk: s.total })))
      : [],
  ]
}

function nextId({ state, params, faults }: Call): string {
  if (params.vmid) {
    if (state.machines[params.vmid]) throw new Refusal(400, 'Parameter verification failed.', { vmid: `VM ${params.vmid} already exists` })
    return params.vmid
  }
  const stale = faults.current.staleNextId > 0 && Object.keys(state.machines).find(id => !state.machines[id]?.config.template)
  if (stale) {
    faults.current.staleNextId -= 1
    return stale
  }
  let id = 100
  while (state.machines[id]) id += 1
  return String(id)
}

function clone(call: Call) {
  const { params, state } = call
  const template = unlocked(call)
  const vmid = Number(params.newid)
  const node = params.target ?? template.node
  const full = params.full === '1' || !template.config.template
  if (!state.nodes.some(n => n.name === node)) throw new Refusal(400, 'Parameter verification failed.', { target: `no such cluster node '${node}'` })
  if (!full && params.storage) throw new Refusal(400, 'Parameter verification failed.', { storage: 'parameter \'storage\' not allowed for linked clones' })
  const sources = disksOf(template)
  if (node !== template.node && sources.some(d => findStorage(state, template.node, d.storage)?.node !== null)) die(`can't clone VM to node '${node}' (VM uses local storage)`)
  const existing = state.machines[vmid]
  if (existing) die(existing.node === template.node ? `unable to create VM ${vmid}: config file already exists` : `unable to create VM ${vmid}: VM ${vmid} already exists on node '${existing.node}'`)
  const storage = params.storage ?? sources[0]?.storage ?? 'local-lvm'
  const target = findStorage(state, node, storage)
  if (!target) die(`storage '${storage}' does not exist`)
  if (!target?.content.split(',').includes('images')) die(`storage '${storage}' does not support vm images`)
  // While the disks are copied only this stands in the configuration, on the template's node: neither name nor description yet.
  state.machines[vmid] = { vmid, node: template.node, running: false, paused: false, startedAt: 0, config: { lock: 'clone' }, pending: {}, snapshots: [], createdAt: call.now }
  // The template's firewall comes along, whatever the number's former owner left is replaced.
  const firewall = state.firewalls[template.vmid]
  if (firewall) state.firewalls[vmid] = structuredClone(firewall)
  else Reflect.deleteProperty(state.firewalls, vmid)
  call.changed()
  const config = { name: params.name ?? `Copy-of-VM-${template.config.name}`, ...(params.description === undefined ? {} : { description: params.description }) }
  return call.tasks.begin({ node: template.node, type: 'qmclone', id: String(template.vmid), user: call.token.id, seconds: 8, effect: { kind: 'clone', template: template.vmid, vmid, node, storage, config } })
}

const needsByOption: [RegExp, string][] = [
  [/^(cores|sockets|cpu|cpulimit|cpuunits|numa)$/, 'VM.Config.CPU'], [/^(memory|balloon|shares|swap)$/, 'VM.Config.Memory'], [/^(net\d+|nameserver|searchdomain|ipconfig\d+|hostname)$/, 'VM.Config.Network'],
  [/^(ciuser|cipassword|sshkeys|citype|ciupgrade)$/, 'VM.Config.Cloudinit'], [/^(scsi|virtio|sata)\d+$/, 'VM.Config.Disk'], [/^ide\d+$/, 'VM.Config.CDROM'], [/^(scsihw|machine|vga|serial\d+|bios)$/, 'VM.Config.HWType'],
]
const steering = new Set(['delete', 'digest', 'background_delay', 'force', 'skiplock', 'revert'])

/** What a configuration call changes, checked as the original does before its worker starts. */
function configChanges(call: Call): Record<string, string | null> {
  const { params, token } = call
  const machine = unlocked(call)
  if (params.digest && params.digest !== digestOf(machine.config)) die('detected modified configuration - file changed by other user? Try again.')
  const changes: Record<string, string | null> = {}
  for (const key of params.delete?.split(/[\s,;]+/).filter(Boolean) ?? []) changes[key] = null
  for (const [key, value] of Object.entries(params)) if (!steering.has(key)) changes[key] = value
  for (const key of Object.keys(changes)) {
    const privilege = needsByOption.find(([pattern]) => pattern.test(key))?.[1] ?? 'VM.Config.Options'
    if (!may(token, privilege) && !(privilege === 'VM.Config.Cloudinit' && may(token, 'VM.Config.Network'))) throw new Refusal(403, `Permission check failed (/vms/${machine.vmid}, ${privilege})`)
  }
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) continue
    if (/^net\d+$/.test(key)) changes[key] = machine.kind === 'lxc' ? withHwaddr(value) : withMac(value)
    // Kept only as a hash: never readable again.
    if (key === 'cipassword') changes[key] = `$5$${createHash('sha256').update(`${randomBytes(8).toString('hex')}${value}`).digest('base64url')}`
    if (key === 'tags') changes[key] = [...new Set(value.toLowerCase().split(/[\s,;]+/).filter(Boolean))].sort().join(';')
    if (/^(scsi|virtio|sata)\d+$/.test(key) && !parseDisk(value)) die(`unable to parse drive options for '${key}'`)
  }
  return changes
}
/** A network card written without its address gets a new one: the guest sees another card. */
const withMac = (value: string) => value.replace(/^(model=)?(virtio|e1000|vmxnet3|rtl8139)(?=,|$)/, (_, __, model: string) => `${model}=${randomMac()}`)

function resize(call: Call) {
  const machine = unlocked(call)
  if (call.params.digest && call.params.digest !== digestOf(machine.config)) die('detected modified configuration - file changed by other user? Try again.')
  const { disk = '', size = '' } = call.params
  const present = parseDisk(machine.config[disk] ?? '')
  if (!present) return die(`disk '${disk}' does not exist`)
  const bytes = wantedSize(present.bytes, size)
  if (bytes < present.bytes) die('shrinking disks is not supported')
  return begin(call, machine, 'resize', 1, { kind: 'resize', vmid: machine.vmid, disk, bytes })
}

function guestAddresses(call: Call) {
  const machine = machineAt(call)
  if (!machine.running) die(`VM ${machine.vmid} is not running`)
  if (machine.config.agent !== '1' && !machine.config.agent?.includes('enabled=1')) die('No QEMU guest agent configured')
  const mac = /=([0-9A-F:]{17})/i.exec(machine.config.net0 ?? '')?.[1]?.toLowerCase() ?? '00:00:00:00:00:00'
  const [ip = '10.0.0.10', prefix = '24'] = (/ip=([^,]+)/.exec(machine.config.ipconfig0 ?? '')?.[1] ?? '').split('/')
  const [ip6, prefix6] = (/ip6=([^,]+)/.exec(machine.config.ipconfig0 ?? '')?.[1] ?? '').split('/')
  return { result: [
    { 'name': 'lo', 'hardware-address': '00:00:00:00:00:00', 'ip-addresses': [{ 'ip-address': '127.0.0.1', 'ip-address-type': 'ipv4', 'prefix': 8 }] },
    { 'name': 'eth0', 'hardware-address': mac, 'ip-addresses': [...ip === 'dhcp' ? [] : [{ 'ip-address': ip, 'ip-address-type': 'ipv4', 'prefix': Number(prefix) }], ...ip6 ? [{ 'ip-address': ip6, 'ip-address-type': 'ipv6', 'prefix': Number(prefix6) }] : []] },
  ] }
}

function destroy(call: Call) {
  const machine = unlocked(call)
  if (machine.config.protection === '1') die(`can't remove VM ${machine.vmid} - protection mode enabled`)
  if (machine.running) die(machine.kind === 'lxc' ? `unable to destroy CT ${machine.vmid} - container is running` : `VM ${machine.vmid} is running - destroy failed`)
  return begin(call, machine, 'qmdestroy', 3, { kind: 'destroy', vmid: machine.vmid })
}

function taskAt(call: Call) {
  const { upid = '', node } = call.path
  const parts = /^UPID:([A-Za-z0-9][A-Za-z0-9-]*):[0-9A-Fa-f]{8}:[0-9A-Fa-f]{8,9}:[0-9A-Fa-f]{8}:[^:\s]+:[^:\s]*:[^:\s]+:$/.exec(upid)
  if (!parts) throw new Refusal(400, 'Parameter verification failed.', { upid: 'unable to parse worker upid' })
  const task = parts[1] === node ? call.tasks.find(upid) : undefined
  return task ?? die('no such task')
}
const taskView = (task: ReturnType<typeof taskAt>) => ({ upid: task.upid, node: task.node, pid: task.pid, pstart: task.pstart, starttime: task.starttime, type: task.type, id: task.id, user: task.user })

const power = (machine: string): readonly [string, ...string[]] => [machine, 'VM.PowerMgmt']

const ofMachines: Readonly<Record<string, CallDefinition>> = {
  'GET /version': { handle: ({ state }) => ({ version: state.version, release: state.release, repoid: '9c5b7a1f2d3e4a5b' }) },
  'GET /access/permissions': {
    handle: ({ token, params }) => {
      const privileges = Object.fromEntries(token.privileges.map(p => [p, 1]))
      const paths = params.path ? [params.path] : ['/', '/access', '/nodes', '/pool', '/sdn', '/storage', '/vms']
      return token.privileges.length ? Object.fromEntries(paths.map(path => [path, privileges])) : {}
    },
  },
  'GET /nodes': {
    handle: ({ state, token, now }) => state.nodes.map(n => ({
      id: `node/${n.name}`, type: 'node', node: n.name, status: n.online ? 'online' : 'offline', level: '', ssl_fingerprint: '',
      ...(n.online && may(token, 'Sys.Audit') ? { cpu: nodeCpu(n, seconds(now)), maxcpu: n.cores, mem: memoryUse(state, n.name), maxmem: n.memory, disk: 11 * GiB, maxdisk: 94 * GiB, uptime: seconds(now - n.bootedAt) } : {}),
    })),
  },
  'GET /nodes/{node}/status': {
    needs: ['/nodes/{node}', 'Sys.Audit'],
    handle: (call) => {
      const node = nodeOf(call)
      const used = memoryUse(call.state, node.name)
      const cpu = nodeCpu(node, seconds(call.now))
      const load = (cpu * node.cores).toFixed(2)
      return {
        cpu, 'wait': 0.001, 'loadavg': [load, load, load], 'memory': { total: node.memory, used, free: node.memory - used, available: node.memory - used }, 'rootfs': { total: 94 * GiB, used: 11 * GiB, avail: 83 * GiB, free: 83 * GiB }, 'swap': { total: 8 * GiB, used: 0, free: 8 * GiB },
        'cpuinfo': { cpus: node.cores, cores: node.cores / 2, sockets: 1, model: 'AMD EPYC 7302P 16-Core Processor', hvm: '1', mhz: '2994.374' }, 'uptime': seconds(call.now - node.bootedAt), 'pveversion': `pve-manager/${call.state.version}/9c5b7a1f2d3e4a5b`,
        'kversion': 'Linux 6.14.11-4-pve #1 SMP PREEMPT_DYNAMIC', 'current-kernel': { sysname: 'Linux', release: '6.14.11-4-pve', version: '#1 SMP PREEMPT_DYNAMIC', machine: 'x86_64' }, 'idle': 0,
      }
    },
  },
  'GET /nodes/{node}/rrddata': { needs: ['/nodes/{node}', 'Sys.Audit'], handle: call => nodeSamples(call.state, nodeOf(call), call.params.timeframe ?? 'hour', call.now) },
  'GET /nodes/{node}/storage': {
    handle: call => may(call.token, 'Datastore.Audit') || may(call.token, 'Datastore.AllocateSpace')
      ? storageView(call.state, nodeOf(call).name).filter(s => (!call.params.content || s.content.split(',').some(c => call.params.content?.split(',').includes(c))) && (!call.params.storage || s.storage === call.params.storage))
      : [],
  },
  'GET /nodes/{node}/storage/{storage}/content': {
    needs: ['/storage/{storage}', 'Datastore.Audit'],
    handle: (call) => {
      const storage = findStorage(call.state, nodeOf(call).name, call.path.storage ?? '') ?? die(`storage '${call.path.storage}' does not exist`)
      if (!storage.active) die(`storage '${storage.storage}' is not online`)
      if (call.params.content === 'iso') return isoRows(storage)
      if (call.params.content === 'vztmpl') return osTemplateRows(storage)
      const images = !call.params.content || call.params.content === 'images'
        ? Object.values(call.state.machines).filter(m => storage.node === null || m.node === storage.node).flatMap(m => disksOf(m).filter(d => d.storage === storage.storage && (!call.params.vmid || Number(call.params.vmid) === m.vmid)).map(d => ({ volid: d.volid, content: 'images', format: 'raw', size: d.bytes, vmid: m.vmid, ctime: seconds(m.createdAt) })))
        : []
      return [...images, ...!call.params.content || call.params.content === 'backup' ? backupRows(call, storage) : []]
    },
  },
  'GET /nodes/{node}/tasks': {
    handle: (call) => {
      const { params } = call
      const wanted = call.state.tasks.filter(t => t.node === nodeOf(call).name && (!params.vmid || t.id === params.vmid) && (!params.typefilter || t.type === params.typefilter) && (params.source === 'all' || (params.source === 'active') === (t.endtime === null)) && (!params.since || t.starttime >= Number(params.since)))
      const from = Number(params.start ?? 0)
      return wanted.reverse().slice(from, from + Number(params.limit ?? 50)).map(t => ({ ...taskView(t), ...(t.endtime === null ? {} : { endtime: t.endtime, status: t.exitstatus }) }))
    },
  },
  'GET /nodes/{node}/tasks/{upid}/status': { handle: (call) => {
    const task = taskAt(call)
    return task.endtime === null ? { ...taskView(task), status: 'running' } : { ...taskView(task), status: 'stopped', exitstatus: task.exitstatus }
  } },
  'GET /nodes/{node}/tasks/{upid}/log': { handle: (call) => {
    const start = Number(call.params.start ?? 0)
    return taskAt(call).log.map((t, i) => ({ n: i + 1, t })).slice(start, start + Number(call.params.limit ?? 50))
  } },
  'DELETE /nodes/{node}/tasks/{upid}': { handle: call => void call.tasks.abort(taskAt(call)) },
  'GET /cluster/resources': { handle: resources },
  'GET /cluster/nextid': { handle: nextId },
  'GET /nodes/{node}/qemu': { handle: call => may(call.token, 'VM.Audit') ? Object.values(call.state.machines).filter(m => m.node === nodeOf(call).name && (m.kind ?? 'qemu') === call.path.guest).map(m => ({ ...machineView(call, m), cpus: coresOf(m) })) : [] },
  'DELETE /nodes/{node}/qemu/{vmid}': { needs: [vm, 'VM.Allocate'], handle: destroy },
  'POST /nodes/{node}/qemu/{vmid}/clone': { needs: [vm, 'VM.Clone', 'VM.Allocate', 'Datastore.AllocateSpace'], handle: clone },
  'GET /nodes/{node}/qemu/{vmid}/config': { needs: [vm, 'VM.Audit'], handle: (call) => {
    const machine = machineAt(call)
    const shown = call.params.current === '1' ? machine.config : { ...machine.config, ...machine.pending }
    const numbers = new Set(['cores', 'sockets', 'onboot', 'template', 'protection', 'numa', 'balloon', 'ciupgrade', 'cpuunits', 'swap', 'unprivileged'])
    return { ...Object.fromEntries(Object.entries(shown).map(([key, value]) => [key, key === 'cipassword' ? '**********' : numbers.has(key) ? Number(value) : value])), digest: digestOf(machine.config) }
  } },
  'PUT /nodes/{node}/qemu/{vmid}/config': { handle: (call) => {
    const changes = configChanges(call)
    applyChanges(machineAt(call), changes)
    call.changed()
    return null
  } },
  'POST /nodes/{node}/qemu/{vmid}/config': { handle: (call) => {
    const changes = configChanges(call)
    const machine = machineAt(call)
    return begin(call, machine, 'qmconfig', 0.5, { kind: 'configure', vmid: machine.vmid, changes })
  } },
  'GET /nodes/{node}/qemu/{vmid}/pending': { needs: [vm, 'VM.Audit'], handle: (call) => {
    const machine = machineAt(call)
    return Object.keys({ ...machine.config, ...machine.pending }).map(key => ({ key, ...(machine.config[key] === undefined ? {} : { value: machine.config[key] }), ...(machine.pending[key] === undefined ? {} : { pending: machine.pending[key] }) }))
  } },
  'PUT /nodes/{node}/qemu/{vmid}/cloudinit': { needs: [vm, 'VM.Config.Cloudinit'], handle: call => void unlocked(call) },
  'PUT /nodes/{node}/qemu/{vmid}/resize': { needs: [vm, 'VM.Config.Disk'], handle: resize },
  'GET /nodes/{node}/qemu/{vmid}/status/current': { needs: [vm, 'VM.Audit'], handle: (call) => {
    const machine = machineAt(call)
    return { ...machineView(call, machine), cpus: coresOf(machine), ...machine.kind === 'lxc' ? { type: 'lxc' } : { qmpstatus: machine.paused ? 'paused' : status(machine) }, ha: { managed: 0 }, ...(machine.config.agent ? { agent: 1 } : {}), ...(machine.running && machine.kind !== 'lxc' ? { 'pid': 40_000 + machine.vmid, 'running-qemu': '10.0.2', 'running-machine': 'pc-i440fx-10.0+pve0' } : {}) }
  } },
  'POST /nodes/{node}/qemu/{vmid}/status/start': { needs: power(vm), handle: (call) => {
    const machine = unlocked(call)
    if (machine.config.template) die('you can\'t start a vm if it\'s a template')
    if (machine.kind === 'lxc' && machine.running) die(`CT ${machine.vmid} already running`)
    return begin(call, machine, 'qmstart', 2, { kind: 'start', vmid: machine.vmid })
  } },
  'POST /nodes/{node}/qemu/{vmid}/status/stop': { needs: power(vm), handle: (call) => {
    const machine = unlocked(call)
    if (machine.kind === 'lxc' && !machine.running) die(`CT ${machine.vmid} not running`)
    return begin(call, machine, 'qmstop', 1, { kind: 'stop', vmid: machine.vmid, guest: false })
  } },
  'POST /nodes/{node}/qemu/{vmid}/status/shutdown': { needs: power(vm), handle: (call) => {
    const machine = unlocked(call)
    return begin(call, machine, 'qmshutdown', machine.running ? 4 : 0.2, { kind: 'stop', vmid: machine.vmid, guest: true })
  } },
  'POST /nodes/{node}/qemu/{vmid}/status/reboot': { needs: power(vm), handle: (call) => {
    const machine = unlocked(call)
    if (!machine.running) die(`VM ${machine.vmid} not running`)
    return begin(call, machine, 'qmreboot', 4, { kind: 'reboot', vmid: machine.vmid })
  } },
  'POST /nodes/{node}/qemu/{vmid}/status/reset': { needs: power(vm), handle: (call) => {
    const machine = unlocked(call)
    if (!machine.running) die(`VM ${machine.vmid} not running`)
    return begin(call, machine, 'qmreset', 0.5, { kind: 'none' })
  } },
  'POST /nodes/{node}/qemu/{vmid}/status/suspend': { needs: power(vm), handle: (call) => {
    const machine = unlocked(call)
    if (!machine.running) die(`VM ${machine.vmid} not running`)
    return begin(call, machine, 'qmpause', 0.5, { kind: 'pause', vmid: machine.vmid, paused: true })
  } },
  'POST /nodes/{node}/qemu/{vmid}/status/resume': { needs: power(vm), handle: (call) => {
    const machine = unlocked(call)
    return begin(call, machine, 'qmresume', 0.5, { kind: 'pause', vmid: machine.vmid, paused: false })
  } },
  'POST /nodes/{node}/qemu/{vmid}/vncproxy': { needs: [vm, 'VM.Console'], handle: (call) => {
    const machine = machineAt(call)
    // Since qemu-server of April 2026 the ticket is never the password; before only when it was asked for.
    const opened = call.consoles.listen(machine, call.token, call.params['generate-password'] === '1' || !call.state.version.startsWith('8'))
    return { user: call.token.id, ticket: opened.ticket, port: opened.port, cert: '', upid: begin(call, machine, 'vncproxy', 0, { kind: 'none' }), ...(opened.password ? { password: opened.password } : {}) }
  } },
  'GET /nodes/{node}/qemu/{vmid}/rrddata': { needs: [vm, 'VM.Audit'], handle: call => machineSamples(call.state, machineAt(call), call.params.timeframe ?? 'hour', call.now) },
  'GET /nodes/{node}/qemu/{vmid}/snapshot': { needs: [vm, 'VM.Audit'], handle: (call) => {
    const machine = machineAt(call)
    return [...machine.snapshots.map(s => ({ name: s.name, description: s.description, snaptime: s.snaptime, vmstate: 0, ...(s.snapstate ? { snapstate: s.snapstate } : {}) })), { name: 'current', description: 'You are here!', running: machine.running ? 1 : 0, digest: digestOf(machine.config), ...(machine.snapshots.length ? { parent: machine.snapshots.at(-1)?.name } : {}) }]
  } },
  'POST /nodes/{node}/qemu/{vmid}/snapshot': { needs: [vm, 'VM.Snapshot'], handle: (call) => {
    const machine = unlocked(call)
    const name = call.params.snapname ?? ''
    if (machine.snapshots.some(s => s.name === name)) die(`snapshot name '${name}' already used`)
    // The original writes its entry first and locks the configuration until the disks followed.
    machine.snapshots.push({ name, description: call.params.description ?? '', snaptime: seconds(call.now), config: { ...machine.config }, snapstate: 'prepare' })
    machine.config.lock = 'snapshot'
    call.changed()
    return begin(call, machine, 'qmsnapshot', 2, { kind: 'snapshot', vmid: machine.vmid, name, description: call.params.description ?? '' })
  } },
  'DELETE /nodes/{node}/qemu/{vmid}/snapshot/{snapname}': { needs: [vm, 'VM.Snapshot'], handle: (call) => {
    const machine = unlocked(call)
    const name = call.path.snapname ?? ''
    if (!machine.snapshots.some(s => s.name === name)) die(`snapshot '${name}' does not exist`)
    machine.config.lock = 'snapshot-delete'
    call.changed()
    return begin(call, machine, 'qmdelsnapshot', 2, { kind: 'drop-snapshot', vmid: machine.vmid, name })
  } },
  'POST /nodes/{node}/qemu/{vmid}/snapshot/{snapname}/rollback': { needs: [vm, 'VM.Snapshot'], handle: (call) => {
    const machine = unlocked(call)
    if (!machine.snapshots.some(s => s.name === call.path.snapname)) die(`snapshot '${call.path.snapname}' does not exist`)
    machine.config.lock = 'rollback'
    call.changed()
    return begin(call, machine, 'qmrollback', 2, { kind: 'rollback', vmid: machine.vmid, name: call.path.snapname ?? '', start: call.params.start === '1' })
  } },
  'GET /nodes/{node}/qemu/{vmid}/agent/network-get-interfaces': { needs: [vm, 'VM.Audit'], handle: guestAddresses },
  ...guestCalls,
  ...migrationCalls,
  ...firewallCalls,
  ...firewallRuleCalls,
  ...backupCalls,
  ...networkCalls,
}

/** Every call that the simulator answers; what is missing answers 501 as an unknown method of the original does. */
export const calls: Readonly<Record<string, CallDefinition>> = { ...Object.fromEntries(Object.entries(ofMachines).filter(([call]) => isAlike(call)).map(([call, definition]) => [asContainerCall(call), definition])), ...ofMachines, ...containerCalls }
