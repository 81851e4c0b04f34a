import { money } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { LateFee } from './late-fee.ts'

/**
 * The house's calendar of collecting money. Days are calendar days of the business zone, counted from an invoice's due time
 * (`renewalLeadDays`: before the end of what is paid).
 */
export interface BillingPolicy {
  readonly series: string
  readonly creditNoteSeries: string
  readonly renewalLeadDays: number
  /** A renewal invoice that is issued late still leaves this long to pay. */
  readonly minimumTermDays: number
  /** An order is reserved, and its invoice payable, for this long. */
  readonly orderTermDays: number
  /** An upgrade waits for its money this long. */
  readonly changeTermDays: number
  readonly reminderDays: readonly number[]
  readonly orderReminderDays: readonly number[]
  readonly suspendAfterDays: number
  readonly terminateAfterDays: number
  /** The final notice has been out for at least this long when a service is suspended. */
  readonly noticeHours: number
  /** From the final notice to termination at least this long, however late the calendar runs. */
  readonly noticeToTerminationDays: number
  /** A payment under way postpones suspension and termination by at most this long, once each. */
  readonly freezeHours: number
  /** A higher price is told at least this long before the first period that costs it. */
  readonly priceNoticeDays: number
  /** What a renewal that stays unpaid costs besides. */
  readonly lateFee: LateFee
  /** A late fee is due so long after it is charged. */
  readonly lateFeeTermDays: number
  readonly brake: BrakePolicy
  /** Entries by hand whose debits are more than this wait for a second person. */
  readonly manualEntryLimit: Money
}

/** A run that would suspend or terminate more than `count` services AND more than `percent` of all live ones is stopped. */
export interface BrakePolicy {
  readonly suspensions: { readonly count: number, readonly percent: number }
  readonly terminations: { readonly count: number, readonly percent: number }
  /** More business time than this since the last run, or time that runs backwards, looks like a wrong clock or a restored backup. */
  readonly maximumGapDays: number
}

export const defaultPolicy: BillingPolicy = {
  series: 'INV',
  creditNoteSeries: 'CN',
  renewalLeadDays: 14,
  minimumTermDays: 7,
  orderTermDays: 3,
  changeTermDays: 2,
  reminderDays: [-7, -3, 0, 1],
  orderReminderDays: [-1],
  suspendAfterDays: 3,
  terminateAfterDays: 15,
  noticeHours: 24,
  noticeToTerminationDays: 4,
  freezeHours: 24,
  priceNoticeDays: 30,
  lateFee: { kind: 'none' },
  lateFeeTermDays: 7,
  brake: { suspensions: { count: 20, percent: 5 }, terminations: { count: 5, percent: 2 }, maximumGapDays: 7 },
  manualEntryLimit: money(5_000_000),
}
