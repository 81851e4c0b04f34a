import type { MachineType, PlacementPolicy } from '#shared/vocabulary/machines.ts'
import type { MachineRef, TaskHandle } from './access-ports.ts'

/** To which node, and whether it goes on running meanwhile. */
export interface MoveTarget { readonly node: string, readonly live: boolean }

/** What a hypervisor of several nodes has to guarantee about moves. @throws DriverError permanent without the capability */
export interface MachineMoves {
  /** Why the hypervisor would not move the machine there as it is now, in words for staff; null: it sees no reason. Changes nothing. */
  moveObstacle(machine: MachineRef, to: MoveTarget): Promise<string | null>
  /**
   * Moves the machine with its disks; number, mark, network card and filter go with it. One machine at every moment: when the move fails, it is where it was. Is it there already, nothing is done.
   * Without `live` it has to be stopped (retryable otherwise).
   */
  moveMachine(machine: MachineRef, to: MoveTarget): Promise<TaskHandle | null>
}

/** A node that could take a machine, with what it has left of all that is given and sold. Bytes. */
export interface NodeRoom { readonly node: string, readonly memoryTotal: number, readonly memoryFree: number, readonly storageFree: number, readonly cpuCores: number, /** What the machine's disks would take there; 0: on a storage that it shares with the machine's node. */ readonly diskGiB: number, readonly fits: boolean, /** False: the storage there takes no disks of such machines. */ readonly takesDisks: boolean }
/**
 * The nodes of a connection that take machines now, by name, and whether one of this size that stands on `from` fits beside everything that is sold and promised. Looks at the hypervisor, so never inside a transaction.
 * @throws AppError capacity_unknown when it does not answer
 */
export type RoomOnNodes = (input: { readonly connectionId: string, readonly from: string, readonly forServiceId: string, readonly machineType: MachineType, readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number }) => Promise<NodeRoom[]>

/** A machine that leaves `from`. `to` null: for whichever node has room. `servedNodes`: those that its address serves; empty: all. */
interface LeavingMachine { readonly serviceId: string, readonly clientId: string, readonly policy: PlacementPolicy, readonly machineType: MachineType, readonly from: string, readonly to: string | null, readonly servedNodes: readonly string[], readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number }
/**
 * To which node each of these machines of one connection could go, all of them together, in their order; null: to none. Holds nothing. Looks at the hypervisor, so never inside a transaction.
 * @throws AppError capacity_unknown when it does not answer
 */
export type PlanMoves = (input: { readonly connectionId: string, readonly machines: readonly LeavingMachine[] }) => Promise<ReadonlyMap<string, string | null>>
