import type { Persisted } from '../support/persist.ts'
import type { FaultBox } from '../support/faults.ts'
import type { ProxmoxFaults } from './faults.ts'
import { missingImage } from './guest.ts'
import { carryOutBackup, undoBackup } from './backups.ts'
import { finishCreation, finishMove } from './containers.ts'
import { coresOf, disksOf, findStorage, formatSize, memoryOf, memoryUse, parseDisk, parseSize, randomMac, storageUse } from './state.ts'
import { finishMigration } from './migration.ts'
import { hasNetwork } from './networks.ts'
import type { Effect, ProxmoxState, SimMachine, SimTask } from './state.ts'
import type { TaskRunner } from './task-runner.ts'

const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, '0')
export const formatUpid = (task: Pick<SimTask, 'node' | 'pid' | 'pstart' | 'starttime' | 'type' | 'id' | 'user'>) => `UPID:${task.node}:${hex(task.pid)}:${hex(task.pstart)}:${hex(task.starttime)}:${task.type}:${task.id}:${task.user}:`

/** Workers: a task holds its effect until its time has come, then does it or ends with the message why not. */
export function taskRunner(store: Persisted<ProxmoxState>, options: { delayFactor: number, taskSeconds?: number, now: () => number, faults: FaultBox<ProxmoxFaults> }): TaskRunner {
  const { state } = store
  let timer: NodeJS.Timeout | null = null
  const open = () => state.tasks.filter(task => task.endtime === null)
  const finish = (task: SimTask) => {
    let message: string | null
    const planned = options.faults.current.failTasks
    const failing = planned && new RegExp(planned).test(task.type)
    try {
      message = failing ? 'simulated failure' : carryOut(state, task.effect, options.now())
    } catch (error) {
      message = error instanceof Error ? error.message : String(error)
    }
    if (message !== null) undo(state, task.effect)
    task.endtime = Math.floor(options.now() / 1000)
    // Of a task that gives its reasons in its log alone: the first line is its end.
    const [ending, ...reasons] = message?.split('\n') ?? []
    task.exitstatus = ending ?? (options.faults.current.taskWarnings ? 'WARNINGS: 1' : 'OK')
    task.log.push(...reasons, ending === undefined ? 'TASK OK' : `TASK ERROR: ${ending}`)
    // The original keeps its archive bounded, too.
    if (state.tasks.length > 1000) state.tasks.splice(0, state.tasks.length - 1000)
    store.touch()
  }
  const settle = () => {
    if (timer) clearTimeout(timer)
    timer = null
    if (options.faults.current.holdTasks) {
      if (open().length > 0) timer = setTimeout(settle, 50)
      timer?.unref()
      return
    }
    for (const task of open()) if (task.dueAt <= options.now()) finish(task)
    const next = Math.min(...open().map(task => task.dueAt))
    if (!Number.isFinite(next)) return
    timer = setTimeout(settle, Math.max(5, next - options.now()))
    timer.unref()
  }
  settle()
  return {
    settle,
    find: upid => state.tasks.find(task => task.upid === upid),
    begin(input) {
      const at = options.now()
      const task: SimTask = {
        node: input.node, pid: state.nextPid++, pstart: Math.floor(at / 10) % 0xFFFFFFF, starttime: Math.floor(at / 1000), dueAt: at + 1000 * (options.taskSeconds ?? input.seconds * options.delayFactor),
        type: input.type, id: input.id, user: input.user, endtime: null, exitstatus: null, log: [`starting task ${input.type} ${input.id}`], effect: input.effect, upid: '',
      }
      task.upid = formatUpid(task)
      state.tasks.push(task)
      store.touch()
      settle()
      return task.upid
    },
    abort(task) {
      if (task.endtime !== null) return
      undo(state, task.effect)
      task.endtime = Math.floor(options.now() / 1000)
      task.exitstatus = 'interrupted by signal'
      task.log.push('TASK ERROR: interrupted by signal')
      store.touch()
    },
    close() {
      if (timer) clearTimeout(timer)
      store.flush()
    },
  }
}

const machineOf = (state: ProxmoxState, vmid: number): SimMachine => {
  const machine = state.machines[vmid]
  if (!machine) throw new Error(`Configuration file 'nodes/${state.nodes[0]?.name}/qemu-server/${vmid}.conf' does not exist`)
  return machine
}

/** What a failed or interrupted task leaves behind: a half-made clone is removed, as the original does. */
function undo(state: ProxmoxState, effect: Effect): void {
  if (effect.kind === 'snapshot' || effect.kind === 'rollback' || effect.kind === 'drop-snapshot') {
    const machine = state.machines[effect.vmid]
    if (!machine) return
    Reflect.deleteProperty(machine.config, 'lock')
    if (effect.kind === 'snapshot') machine.snapshots = machine.snapshots.filter(s => s.snapstate !== 'prepare')
  }
  if (effect.kind === 'backup' || effect.kind === 'restore' || effect.kind === 'drop-backup') undoBackup(state, effect)
  if (effect.kind === 'migrate' || effect.kind === 'move-container') {
    // It goes on where it was.
    const machine = state.machines[effect.vmid]
    if (machine) Reflect.deleteProperty(machine.config, 'lock')
  }
  if (effect.kind !== 'clone' && effect.kind !== 'create' && effect.kind !== 'create-empty') return
  Reflect.deleteProperty(state.machines, effect.vmid)
  Reflect.deleteProperty(state.firewalls, effect.vmid)
}

const insufficient = (storage: string, bytes: number) => `clone failed: storage '${storage}': insufficient free space to allocate ${formatSize(bytes)}`

/** Null: done. A text: why it could not be done. */
function carryOut(state: ProxmoxState, effect: Effect, now: number): string | null {
  switch (effect.kind) {
    case 'none': return null
    case 'backup': case 'restore': case 'drop-backup': return carryOutBackup(state, effect, now)
    case 'fail': return effect.message
    case 'clone': return finishClone(state, effect, now)
    case 'create': return finishCreation(state, effect)
    case 'create-empty': {
      machineOf(state, effect.vmid).config = effect.config
      return null
    }
    case 'move-container': return finishMove(state, effect, now)
    case 'configure': {
      applyChanges(machineOf(state, effect.vmid), effect.changes)
      return null
    }
    case 'resize': return finishResize(state, effect)
    case 'start': return startMachine(state, machineOf(state, effect.vmid), now)
    case 'stop': {
      const machine = machineOf(state, effect.vmid)
      Object.assign(machine, { running: false, paused: false, startedAt: 0 })
      takePending(machine)
      return null
    }
    case 'reboot': {
      const machine = machineOf(state, effect.vmid)
      machine.running = false
      takePending(machine)
      return startMachine(state, machine, now)
    }
    case 'pause': {
      machineOf(state, effect.vmid).paused = effect.paused
      return null
    }
    case 'destroy': {
      Reflect.deleteProperty(state.machines, effect.vmid)
      Reflect.deleteProperty(state.firewalls, effect.vmid)
      return null
    }
    case 'migrate': return finishMigration(state, machineOf(state, effect.vmid), effect)
    case 'snapshot': {
      const machine = machineOf(state, effect.vmid)
      const made = machine.snapshots.find(s => s.name === effect.name)
      if (!made) return `snapshot '${effect.name}' does not exist`
      Object.assign(made, { description: effect.description, snaptime: Math.floor(now / 1000) })
      Reflect.deleteProperty(made, 'snapstate')
      Reflect.deleteProperty(machine.config, 'lock')
      return null
    }
    case 'rollback': {
      const machine = machineOf(state, effect.vmid)
      const snapshot = machine.snapshots.find(s => s.name === effect.name)
      if (!snapshot) return `snapshot '${effect.name}' does not exist`
      Object.assign(machine, { config: { ...snapshot.config }, pending: {}, running: false })
      return effect.start ? startMachine(state, machine, now) : null
    }
    case 'drop-snapshot': {
      const machine = machineOf(state, effect.vmid)
      machine.snapshots = machine.snapshots.filter(s => s.name !== effect.name)
      Reflect.deleteProperty(machine.config, 'lock')
      return null
    }
  }
}

function finishClone(state: ProxmoxState, effect: Extract<Effect, { kind: 'clone' }>, now: number): string | null {
  const template = machineOf(state, effect.template)
  const storage = findStorage(state, effect.node, effect.storage)
  if (!storage?.active) return `clone failed: storage '${effect.storage}' is not online`
  const size = disksOf(template).reduce((sum, disk) => sum + disk.bytes, 0)
  if (storageUse(state, storage) + size > storage.total) return insufficient(effect.storage, size)
  const config: Record<string, string> = { ...template.config, ...effect.config, smbios1: `uuid=${crypto.randomUUID()}` }
  delete config.template
  let number = 0
  for (const [key, value] of Object.entries(config)) {
    if (/^net\d+$/.test(key)) config[key] = value.replace(/^(\w+)=[0-9A-F:]+/i, (_, model: string) => `${model}=${randomMac()}`)
    const disk = parseDisk(value)
    if (disk) config[key] = value.replace(disk.volid, `${effect.storage}:vm-${effect.vmid}-disk-${number++}`)
    else if (value.includes('-cloudinit')) config[key] = `${effect.storage}:vm-${effect.vmid}-cloudinit,media=cdrom`
  }
  state.machines[effect.vmid] = { vmid: effect.vmid, node: effect.node, running: false, paused: false, startedAt: 0, config, pending: {}, snapshots: [], createdAt: now }
  return null
}

function finishResize(state: ProxmoxState, effect: Extract<Effect, { kind: 'resize' }>): string | null {
  const machine = machineOf(state, effect.vmid)
  const value = machine.config[effect.disk] ?? ''
  const disk = parseDisk(value)
  const storage = disk && findStorage(state, machine.node, disk.storage)
  if (!disk || !storage) return `disk '${effect.disk}' does not exist`
  if (storageUse(state, storage) - disk.bytes + effect.bytes > storage.total) return `resize failed: storage '${disk.storage}': insufficient free space to extend volume to ${formatSize(effect.bytes)}`
  machine.config[effect.disk] = value.replace(/size=[^,]+/, `size=${formatSize(effect.bytes)}`)
  return null
}

function startMachine(state: ProxmoxState, machine: SimMachine, now: number): string | null {
  if (machine.running) return `${machine.kind === 'lxc' ? 'CT' : 'VM'} ${machine.vmid} already running`
  takePending(machine)
  const node = state.nodes.find(n => n.name === machine.node)
  if (!node || memoryUse(state, machine.node) + memoryOf(machine) > node.memory) return 'start failed: QEMU exited with code 1: cannot set up guest memory \'pc.ram\': Cannot allocate memory'
  if (machine.kind !== 'lxc' && coresOf(machine) > node.cores) return `MAX ${node.cores} vcpus allowed per VM on this node`
  const missing = Object.keys(machine.config).filter(key => /^net\d+$/.test(key)).map(key => /(?:^|,)bridge=([^,]+)/.exec(machine.config[key] ?? '')?.[1]).find(bridge => bridge !== undefined && !hasNetwork(state, machine.node, bridge))
  if (missing !== undefined) return `bridge '${missing}' does not exist`
  const image = missingImage(state, machine)
  if (image !== undefined) return `volume '${image}' does not exist`
  Object.assign(machine, { running: true, paused: false, startedAt: now })
  return null
}

function takePending(machine: SimMachine): void {
  Object.assign(machine.config, machine.pending)
  machine.pending = {}
}

/** Null removes. What a running machine cannot take at once waits for its next start. */
export function applyChanges(machine: SimMachine, changes: Record<string, string | null>): void {
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) {
      Reflect.deleteProperty(machine.config, key)
      Reflect.deleteProperty(machine.pending, key)
    } else if (machine.running && machine.kind !== 'lxc' && ['cores', 'sockets', 'memory', 'cpu', 'balloon', 'scsihw', 'machine', 'bios', 'boot', 'ide0', 'ide1'].includes(key)) {
      machine.pending[key] = value
    } else {
      machine.config[key] = value
    }
  }
}

/** The size that `40G` or `+10G` asks for. */
export const wantedSize = (now: number, size: string): number => size.startsWith('+') ? now + parseSize(size.slice(1)) : parseSize(size)
