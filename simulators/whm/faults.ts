import { noFaults } from '../support/faults.ts'
import type { CommonFaults } from '../support/faults.ts'

export interface WhmFaults extends CommonFaults {
  /** Regular expression on the name of the call (`createacct`): such calls say no, with `refuseReason`, and nothing is done. */
  refuseCalls: string
  refuseReason: string
  /** Regular expression on the name of the call: such calls say that it was done, and nothing is done. */
  lieAbout: string
  /** A right that is missing is told by status 403 as a bad token is, not by the result. */
  denyByStatus: boolean
  /** Flags and results are strings, as some versions send them. */
  stringFlags: boolean
}

export const noWhmFaults: WhmFaults = { ...noFaults, refuseCalls: '', refuseReason: 'Generic failure', lieAbout: '', denyByStatus: false, stringFlags: false }
