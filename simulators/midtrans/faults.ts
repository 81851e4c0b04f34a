import { noFaults } from '../support/faults.ts'
import type { CommonFaults } from '../support/faults.ts'

export interface MidtransFaults extends CommonFaults {
  /** So many notifications are never sent. */
  loseNotifications: number
  /** So many notifications are sent twice. */
  duplicateNotifications: number
  /** Gathers so many notifications and then sends them last first. */
  reorderNotifications: number
  /** While set, notifications leave changed: `amount` or `signature` spoil the proof, `status` claims a settlement with a valid signature of the present code. */
  tamperNotifications: '' | 'amount' | 'signature' | 'status'
  /** Nothing leaves until this is taken back; then everything does. */
  holdNotifications: boolean
  /** While set, the bank confirms no refund: only the first of its two notifications leaves. `confirm` makes up for it. */
  holdRefunds: boolean
}

export const noMidtransFaults: MidtransFaults = { ...noFaults, loseNotifications: 0, duplicateNotifications: 0, reorderNotifications: 0, tamperNotifications: '', holdNotifications: false, holdRefunds: false }
