interface Size { readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number }
/** A machine that stands on a node and becomes larger. */
export interface Growth { readonly connectionId: string, readonly node: string, readonly from: Size, readonly to: Size }
/** A growth that was sold and that the newest look may not have told of: what the machine grows by, and what it is then (`whole`). */
export interface SoldGrowth extends Size { readonly serviceId: string, readonly node: string, readonly whole: Size }

/** Whether a machine becomes larger at all: what does not needs no room. */
export const grows = ({ from, to }: Pick<Growth, 'from' | 'to'>): boolean => to.cpuCores > from.cpuCores || to.ramMiB > from.ramMiB || to.diskGiB > from.diskGiB

/**
 * Whether the node can carry so much more than it does, its reserve left free; asked before a machine is sold larger, never inside a transaction.
 * @throws AppError node_full, or capacity_unknown when the hypervisor does not answer or does not know the node
 */
export type RoomCheck = (growth: Growth) => Promise<void>

/** A larger machine that was asked for and had no room on its node. */
export interface RefusedGrowth { readonly serviceId: string, readonly connectionId: string, readonly node: string, readonly from: Size, readonly to: Size }
export interface RefusedGrowthStore {
  /** The newest refusal of a service; one more of it is counted. */
  record(refused: RefusedGrowth, at: Date): Promise<void>
  forget(serviceId: string): Promise<void>
  /** What nobody asked for since then. */
  forgetBefore(moment: Date): Promise<void>
  /** Null: none, or it no longer stands: the machine moved, a change was opened since, or the service ended. */
  find(serviceId: string): Promise<(RefusedGrowth & { readonly connectionName: string, readonly times: number, readonly firstAt: Date, readonly lastAt: Date }) | null>
}
