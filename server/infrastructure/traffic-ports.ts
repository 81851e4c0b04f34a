import type { MachineRef, TaskHandle } from './access-ports.ts'

/** What a machine's running process has sent and received since it began, in bytes. */
export interface MachineCounters { readonly in: number, readonly out: number }
/** Of a driver: the rate of a machine's network card. */
export interface MachineRate {
  /** The rate alone, also while the machine runs, at once; nothing is sent when it is so already. @throws DriverError permanent without the capability `rateLimit` */
  setRate(machine: MachineRef, rateMbps: number): Promise<TaskHandle | null>
}

/** What a machine moved from one moment of its hypervisor's clock to another, as a sample of its rates says. */
export interface MovedInterval { readonly from: Date, readonly to: Date, readonly bytesIn: number, readonly bytesOut: number }
/** `at`: of the hypervisor's clock, by which all of its moments go. `intervals`: of each machine in the order in which they were asked for; they may overlap, and of what lies between them nothing is known. */
export interface MeasuredTraffic { readonly at: Date, readonly intervals: readonly (readonly MovedInterval[])[] }
/** A machine of a look; `since`: up to then it is counted, null: never. */
export interface MachineToMeasure { readonly ownershipMark: string, readonly vmid: number, readonly since: Date | null }
/** At most so many machines are measured by one call: a vCenter answers no longer query of its history. */
export const measuredAtOnce = 32
/**
 * Of hypervisors that tell rates instead of counters: what these machines moved since, as finely as samples are still kept. Nothing is made up for what no sample covers. At most `measuredAtOnce` machines, none for the clock alone.
 * @throws DriverError; one machine that cannot be asked for spoils the call
 */
export type MeasureTraffic = (machines: readonly MachineToMeasure[]) => Promise<MeasuredTraffic>

/** What was last read of a machine that has counters. */
export interface TrafficReading { readonly in: number, readonly out: number, readonly uptimeSeconds: number, readonly at: Date }
/** How far a machine that is measured is counted. `countedTo`: of its hypervisor's clock; what comes before is counted or missed for good. `off`: it was off at that moment. `lagSeconds`: how far that lay behind when it was read. */
export interface MeasuredTo { readonly countedTo: Date, readonly off: boolean, readonly lagSeconds: number }
export interface CountedMachine { readonly serviceId: string, readonly ownershipMark: string, readonly vmid: number, /** When it was last read, by our clock; null: never, or longer ago than last month. */ readonly readAt: Date | null, /** Null: never read, or longer ago than last month, or measured. */ readonly last: TrafficReading | null, /** Null: never measured, or longer ago than last month. `at`: of our clock. */ readonly measured: (MeasuredTo & { readonly at: Date }) | null }
/** What one look adds to a month, and what it read: counters, or how far samples go with the seconds that they cover and those that none does. */
export interface TrafficAdd { readonly serviceId: string, /** When the reading was made on which it builds; null: there was none. */ readonly after: Date | null, /** `2026-11`, in the business zone. */ readonly month: string, readonly bytesIn: number, readonly bytesOut: number, readonly reading: Omit<TrafficReading, 'at'> | (MeasuredTo & { readonly measuredSeconds: number, readonly missedSeconds: number }) }
export interface TrafficCounts {
  /** Machines of the books on a connection with their last reading of `sinceMonth` or later, in one query. */
  machines(connectionId: string, sinceMonth: string): Promise<CountedMachine[]>
  /**
   * Adds to the months and keeps the readings, all of one look, in one statement for each month or, where machines are counted in it for the first time, in two. One look of a connection at a time. A machine that was read by another look
   * after the reading on which its row builds is left out: nothing is counted twice, and the next look counts from there.
   */
  add(connectionId: string, rows: readonly TrafficAdd[], readAt: Date): Promise<void>
  /** At most so many. */
  forgetBefore(month: string, limit: number): Promise<void>
}
