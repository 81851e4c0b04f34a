import type { PowerState } from '#shared/vocabulary/machines.ts'
import type { MachineRef } from './access-ports.ts'

/** One of all machines, as a single list call tells it. `ownershipMark` comes from its tag; null where it shows none. Both prove nothing. */
export interface ListedMachine { readonly node: string, readonly vmid: number, readonly name: string, readonly ownershipMark: string | null, readonly power: PowerState, readonly cpuCores: number, readonly memoryTotalMiB: number, readonly diskGiB: number | null }
/** A machine whosever it is, read by itself. `marks`: all that it carries. `keptSnapshots`: those that were made by us, of whatever machine it was then. */
export interface StrangeMachine {
  readonly node: string, readonly vmid: number, readonly name: string, readonly power: PowerState, readonly lock: string | null, readonly template: boolean, readonly marks: readonly string[], readonly ipv4: string | null
  readonly cpuCores: number, readonly memoryTotalMiB: number, readonly diskGiB: number, readonly rateMbps: number | null, readonly keptSnapshots: readonly string[]
}

/** What a hypervisor has to guarantee that takes machines over and lets them go. @throws DriverError permanent without the capability */
export interface MachineAdoption {
  /** All machines but templates, also those of others, by number. Never a reason to act. */
  listMachines(): Promise<ListedMachine[]>
  /** Null when the number is free. Changes nothing. */
  readStranger(vmid: number): Promise<StrangeMachine | null>
  /**
   * Marks the machine of this number as ours, beside what its description and tags say already. It must carry no mark, or `instead` alone, which then is replaced; what it carries is read and written in one, so a mark that
   * somebody writes meanwhile is not lost. It carries our mark already: what is missing of it is written. `address`: what its guest is to be told from its next start on, where the hypervisor tells guests; null: as it is.
   * @throws DriverError not_found, not_ours when it carries another mark, retryable while it is locked
   */
  adoptMachine(machine: { readonly vmid: number, readonly ownershipMark: string, readonly instead: string | null, readonly address: { readonly ipv4: string, readonly prefixLength: number, readonly gateway: string } | null }): Promise<void>
  /** Writes what is missing of the mark of a machine that proves itself by the rest of it. Nothing is missing: nothing is sent. @throws DriverError not_found, not_ours */
  completeMark(machine: MachineRef): Promise<void>
  /** Takes our mark off and leaves the machine as it is. @throws DriverError not_found, not_ours when it does not carry it (any more) */
  releaseMachine(machine: MachineRef): Promise<void>
}
