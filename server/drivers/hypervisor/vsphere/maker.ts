import type { HypervisorAccess, HypervisorDriver, TaskHandle, TaskState } from '#server/infrastructure/ports.ts'
import type { Locator } from './locate.ts'
import type { Vim } from './soap.ts'
import type { Mor } from './xml.ts'

export type CloneInput = Parameters<HypervisorDriver['clone']>[0]

/** How machines come into being: the one thing that vCenter and a stand-alone ESXi do differently. */
export interface Maker {
  listTemplates: HypervisorDriver['listTemplates']
  /** Nothing of ours is there yet, and no machine has the number. */
  make(input: CloneInput): Promise<TaskHandle>
  /** Goes on with a handle of its own kind. */
  follow(parts: readonly string[]): Promise<TaskState>
  /** What is left over when the machine is gone. */
  tidy(ownershipMark: string): Promise<void>
}
export interface MakerTools {
  readonly vim: Vim, readonly find: Locator, readonly access: HypervisorAccess
  /** Null: the server has forgotten the task; it keeps them for some minutes. */
  readonly taskState: (task: Mor) => Promise<TaskState | null>
  /** Waits for a short task. @throws DriverError of its failure; unknown_outcome when it does not end */
  readonly toEnd: (task: Mor) => Promise<void>
}

/** A handle says what it follows: `task`, `made` (a machine that was found), `off` (a guest that was asked to shut down), or the maker's own. */
export const toHandle = (node: string, ...parts: readonly string[]): TaskHandle => ({ id: parts.map(encodeURIComponent).join('/'), node })
