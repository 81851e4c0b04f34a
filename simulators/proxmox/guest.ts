import { createHash } from 'node:crypto'
import { machineAt, may, vm } from './call.ts'
import type { Call, CallDefinition } from './call.ts'
import { die, Refusal } from './replies.ts'
import { findStorage } from './state.ts'
import type { ProxmoxState, SimMachine, SimStorage } from './state.ts'

/** Kept as its hash: enough to tell whether a password is the one that was set. */
export const guestHash = (password: string): string => createHash('sha256').update(password).digest('hex')
const hasAgent = (machine: SimMachine) => machine.config.agent === '1' || machine.config.agent?.includes('enabled=1') === true

function setPassword(call: Call) {
  const machine = machineAt(call)
  const privilege = call.state.version.startsWith('8') ? 'VM.Monitor' : 'VM.GuestAgent.Unrestricted'
  if (!may(call.token, privilege)) throw new Refusal(403, `Permission check failed (/vms/${machine.vmid}, ${privilege})`)
  if (!hasAgent(machine)) die('No QEMU guest agent configured')
  if (!machine.running) die(`VM ${machine.vmid} is not running`)
  if (machine.guest?.agentSilent) die('QEMU guest agent is not running')
  const { username = '', password = '' } = call.params
  if (username !== machine.config.ciuser && username !== 'root') die('Agent error: child process has failed to set user password')
  machine.guest = { ...machine.guest, passwords: { ...machine.guest?.passwords, [username]: guestHash(password) } }
  call.changed()
  return { result: {} }
}

export const guestCalls: Readonly<Record<string, CallDefinition>> = {
  'POST /nodes/{node}/qemu/{vmid}/agent/set-user-password': { needs: [vm, 'VM.Audit'], handle: setPassword },
}

export const isoRows = (storage: SimStorage) => (storage.isos ?? []).map(({ name, bytes }) => ({ volid: `${storage.storage}:iso/${name}`, content: 'iso', format: 'iso', size: bytes, ctime: 1_780_000_000 }))

/** A CD image of a machine that is on none of its node's storages (any more); undefined: all are there. */
export function missingImage(state: ProxmoxState, machine: SimMachine): string | undefined {
  return Object.values(machine.config).map(value => /^([^:,]+):iso\/([^,]+)/.exec(value)).find(found => found && !findStorage(state, machine.node, found[1] ?? '')?.isos?.some(({ name }) => name === found[2]))?.[0]
}
