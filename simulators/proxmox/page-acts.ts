import type { FaultBox } from '../support/faults.ts'
import type { ProxmoxFaults } from './faults.ts'
import { randomMac, storageUse } from './state.ts'
import type { ProxmoxState, SimMachine } from './state.ts'
import type { TaskRunner } from './task-runner.ts'

export interface PageDeps { readonly state: ProxmoxState, readonly tasks: TaskRunner, readonly faults: FaultBox<ProxmoxFaults>, readonly now: () => number, readonly changed: () => void }

/** What a person may make go wrong with one click; each lasts until it has struck as often as it says, or is taken back. */
export const presets: Readonly<Record<string, { readonly label: string, readonly faults: Partial<ProxmoxFaults> }>> = {
  'hold-tasks': { label: 'Tasks hang', faults: { holdTasks: true } },
  'fail-clones': { label: 'Clones fail', faults: { failTasks: '^qmclone$' } },
  'lose-answer': { label: 'Lose the next answer after the act', faults: { hangAfterAct: 1, match: '^(POST|PUT|DELETE) ' } },
  'refuse': { label: 'Refuse the next 3 changes', faults: { failNext: 3, match: '^(POST|PUT|DELETE) ' } },
  'slow': { label: 'Answer slowly (3 s)', faults: { latencyMs: 3000, match: '' } },
  'down': { label: 'Cut every connection', faults: { down: true, match: '' } },
}

const macPattern = /(?:[0-9A-F]{2}:){5}[0-9A-F]{2}/i
type MachineAct = (deps: PageDeps, machine: SimMachine) => void
/** Done at the hypervisor itself, as its administrator could: Gardu is not told. */
export const machineActs: Readonly<Record<string, { readonly label: string, readonly fits: (machine: SimMachine, state: ProxmoxState) => boolean, readonly act: MachineAct }>> = {
  stop: { label: 'Pull the plug', fits: ({ running }) => running, act: (_, machine) => void Object.assign(machine, { running: false, paused: false, startedAt: 0 }) },
  start: { label: 'Start', fits: ({ running, config }) => !running && config.lock !== 'clone', act: ({ now }, machine) => void Object.assign(machine, { running: true, startedAt: now() }) },
  lock: { label: 'Lock, as a backup does', fits: ({ config }) => !config.lock, act: (_, { config }) => void (config.lock = 'backup') },
  unlock: { label: 'Unlock', fits: ({ config }) => config.lock === 'backup', act: (_, { config }) => void Reflect.deleteProperty(config, 'lock') },
  unfilter: { label: 'Switch its IP filter off', fits: ({ vmid }, { firewalls }) => firewalls[vmid]?.options.enable === '1', act({ state }, { vmid }) {
    const firewall = state.firewalls[vmid]
    if (firewall) firewall.options.enable = '0'
  } },
  untag: { label: 'Take its tag away', fits: ({ config }) => (config.tags ?? '').includes('gardu-'), act: (_, { config }) => void Reflect.deleteProperty(config, 'tags') },
  halve: { label: 'Give it half the memory', fits: ({ running, config }) => !running && Number(config.memory) >= 512, act: (_, { config }) => void (config.memory = String(Math.floor(Number(config.memory) / 2))) },
  recard: { label: 'Give its card another address', fits: ({ config }) => macPattern.test(config.net0 ?? ''), act: (_, { config }) => void (config.net0 = (config.net0 ?? '').replace(macPattern, randomMac())) },
  unmark: { label: 'Take Gardu\'s mark away', fits: ({ config }) => `${config.tags} ${config.description}`.includes('gardu-'), act(_, { config }) {
    config.tags = 'somebody-else'
    config.description = 'Not Gardu\'s.'
  } },
  remove: { label: 'Delete', fits: ({ config }) => config.lock !== 'clone', act({ state }, { vmid }) {
    Reflect.deleteProperty(state.machines, vmid)
    Reflect.deleteProperty(state.firewalls, vmid)
  } },
}

function fill({ state }: PageDeps, at: number): void {
  const storage = state.storages[at]
  if (!storage) return
  if (storage.usedBefore !== undefined) {
    storage.otherUse = storage.usedBefore
    delete storage.usedBefore
    return
  }
  storage.usedBefore = storage.otherUse
  storage.otherUse += Math.max(0, storage.total - storageUse(state, storage))
}

/** Carries out what a form asks; false: there is no such act. What no longer fits (the page was old) is left alone. */
export function perform(deps: PageDeps, [kind, what = '', act = '']: readonly (string | undefined)[]): boolean {
  const { state, faults, tasks } = deps
  const preset = Object.hasOwn(presets, what) ? presets[what] : undefined
  const machineAct = Object.hasOwn(machineActs, act) ? machineActs[act] : undefined
  if (kind === 'faults' && what === 'clear') faults.clear()
  else if (kind === 'faults' && preset) faults.set(preset.faults)
  else if (kind === 'firewall') state.clusterFirewall.enable = state.clusterFirewall.enable === '1' ? '0' : '1'
  else if (kind === 'storages') fill(deps, Number(what))
  else if (kind === 'nodes') for (const node of state.nodes.filter(({ name }) => name === what)) node.online = !node.online
  else if (kind === 'tasks') for (const task of state.tasks.filter(({ pid, endtime }) => String(pid) === what && endtime === null)) tasks.abort(task)
  else if (kind === 'machines' && machineAct) {
    const machine = state.machines[Number(what)]
    if (machine && !machine.config.template && machineAct.fits(machine, state)) machineAct.act(deps, machine)
  } else return false
  tasks.settle()
  deps.changed()
  return true
}
