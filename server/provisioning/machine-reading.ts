import { DriverError } from '#shared/errors/driver-error.ts'
import type { HypervisorDriver, MachineRef, OpenHypervisor } from '../infrastructure/ports.ts'
import type { MachineFacts } from './ports.ts'

export interface MachineThere { readonly connectionId: string, readonly machine: MachineRef }

/** Where the machine of a service is, while it has one that may be asked; null otherwise. */
export function machineIn({ resource }: Pick<MachineFacts, 'resource'>): MachineThere | null {
  if (!resource || resource.connectionId === null || resource.node === null || resource.vmid === null) return null
  if (resource.status !== 'ready' && resource.status !== 'stopped_by_policy') return null
  return { connectionId: resource.connectionId, machine: { node: resource.node, vmid: resource.vmid, ownershipMark: resource.ownershipMark } }
}

/** Reads something of a machine for a page. A hypervisor that does not answer, or does not want to, is an answer of its own. */
export async function askMachine<T>(openHypervisor: OpenHypervisor, connectionId: string, ask: (driver: HypervisorDriver) => Promise<T>): Promise<{ readonly answered: true, readonly value: T } | { readonly answered: false }> {
  try {
    return { answered: true, value: await ask(await openHypervisor(connectionId)) }
  } catch (error) {
    if (error instanceof DriverError) return { answered: false }
    throw error
  }
}
