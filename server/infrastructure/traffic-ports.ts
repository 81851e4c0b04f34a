import type { MachineRef, TaskHandle } from './access-ports.ts'

/** What a machine's running process has sent and received since it began, in bytes. */
export interface MachineCounters { readonly in: number, readonly out: number }
/** Of a driver: the rate of a machine's network card. */
export interface MachineRate {
  /** The rate alone, also while the machine runs, at once; nothing is sent when it is so already. @throws DriverError permanent without the capability `rateLimit` */
  setRate(machine: MachineRef, rateMbps: number): Promise<TaskHandle | null>
}

/** What was last read of a machine. */
export interface TrafficReading { readonly in: number, readonly out: number, readonly uptimeSeconds: number, readonly at: Date }
export interface CountedMachine { readonly serviceId: string, readonly ownershipMark: string, readonly vmid: number, /** Null: never read, or longer ago than last month. */ readonly last: TrafficReading | null }
export interface TrafficAdd { readonly serviceId: string, /** `2026-11`, in the business zone. */ readonly month: string, readonly bytesIn: number, readonly bytesOut: number, readonly reading: TrafficReading }
export interface TrafficCounts {
  /** Machines of the books on a connection with their last reading of `sinceMonth` or later, in one query. */
  machines(connectionId: string, sinceMonth: string): Promise<CountedMachine[]>
  /** Adds to the months and keeps the readings, in one statement. */
  add(rows: readonly TrafficAdd[]): Promise<void>
  /** At most so many. */
  forgetBefore(month: string, limit: number): Promise<void>
}
