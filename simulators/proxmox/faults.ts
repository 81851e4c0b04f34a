import { noFaults } from '../support/faults.ts'
import type { CommonFaults } from '../support/faults.ts'

export interface ProxmoxFaults extends CommonFaults {
  /** Tasks go on running until this is taken back. */
  holdTasks: boolean
  /** Regular expression on the task type (`qmclone`, `qmstart` …): such tasks end with an error. */
  failTasks: string
  /** Successful tasks end as `WARNINGS: 1`. */
  taskWarnings: boolean
  /** What a refusal (`failNext`, `errorRate`) says in its status text, where the original says why it died. */
  failMessage: string
  /** The next ids that `nextid` answers although they are taken (the race of two creators). */
  staleNextId: number
}

export const noProxmoxFaults: ProxmoxFaults = { ...noFaults, failStatus: 500, holdTasks: false, failTasks: '', taskWarnings: false, failMessage: '', staleNextId: 0 }
