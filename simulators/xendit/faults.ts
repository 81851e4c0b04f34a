import type { DeliveryFaults } from '../support/deliveries.ts'
import { noFaults } from '../support/faults.ts'
import type { CommonFaults } from '../support/faults.ts'

export interface XenditFaults extends CommonFaults, DeliveryFaults {
  /** While set, webhooks leave changed: `token` spoils the proof, `status` claims a completed session under the true token. */
  tamperNotifications: '' | 'token' | 'status'
  /** Amounts in answers are text, as in the vendor's examples. */
  amountsAsText: boolean
  /** What becomes of a refund by itself: done at once (the default), `hold` until `confirm`, `fail`. */
  refunds: '' | 'hold' | 'fail'
}

export const noXenditFaults: XenditFaults = { ...noFaults, loseNotifications: 0, duplicateNotifications: 0, reorderNotifications: 0, holdNotifications: false, tamperNotifications: '', amountsAsText: false, refunds: '' }
