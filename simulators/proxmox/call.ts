import type { FaultBox } from '../support/faults.ts'
import type { ConsoleDoor } from './console/door.ts'
import type { ProxmoxFaults } from './faults.ts'
import { die, Refusal } from './replies.ts'
import type { ProxmoxState, SimMachine, SimNode, SimToken } from './state.ts'
import type { TaskRunner } from './task-runner.ts'

export interface Call {
  readonly state: ProxmoxState, readonly tasks: TaskRunner, readonly consoles: ConsoleDoor, readonly faults: FaultBox<ProxmoxFaults>, readonly token: SimToken, readonly now: number, readonly changed: () => void
  /** Decoded parts of the path; `guest`: whether it is one of virtual machines (`qemu`) or containers (`lxc`). */
  readonly path: Readonly<Record<string, string>>
  readonly params: Readonly<Record<string, string>>
}
export interface CallDefinition { /** Where (`{…}` from the path or parameters) and what the token must be allowed. */ readonly needs?: readonly [path: string, ...privileges: string[]], readonly handle: (call: Call) => unknown }

export const nodeOf = ({ state, path }: Call): SimNode => state.nodes.find(n => n.name === path.node) ?? die(`hostname lookup '${path.node}' failed - failed to get address info for: ${path.node}: Name or service not known`)
export function machineAt(call: Call): SimMachine {
  const machine = call.state.machines[Number(call.path.vmid)]
  const guest = call.path.guest ?? 'qemu'
  return machine && machine.node === call.path.node && (machine.kind ?? 'qemu') === guest ? machine : die(`Configuration file 'nodes/${call.path.node}/${guest === 'lxc' ? 'lxc' : 'qemu-server'}/${call.path.vmid}.conf' does not exist`)
}
export function unlocked(call: Call): SimMachine {
  const machine = machineAt(call)
  if (call.params.skiplock === '1') throw new Refusal(403, 'Only root may use this option.')
  if (machine.config.lock) die(machine.kind === 'lxc' ? `CT is locked (${machine.config.lock})` : `VM ${machine.vmid} is locked (${machine.config.lock})`)
  return machine
}
export const may = (token: SimToken, privilege: string): boolean => token.privileges.includes(privilege)

/** The path on which privileges for a machine are checked. */
export const vm = '/vms/{vmid}'
