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
export interface TrafficAdd { readonly serviceId: string, /** `2026-11`, in the business zone. */ readonly month: string, readonly bytesIn: number, readonly bytesOut: number, readonly reading: Omit<TrafficReading, 'at'> }
export interface TrafficCounts {
  /** Machines of the books on a connection with their last reading of `sinceMonth` or later, in one query. */
  machines(connectionId: string, sinceMonth: string): Promise<CountedMachine[]>
  /** Adds to the months and keeps the readings, all of one look, in one statement for each month or, where machines are counted in it for the first time, in two. Under the lock of the connection. */
  add(rows: readonly TrafficAdd[], readAt: Date): Promise<void>
  /** At most so many. */
  forgetBefore(month: string, limit: number): Promise<void>
}
